package demo

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

// today is the main job, step by step: a backup, three topics restored for the window in which something
// went wrong, and a drill over everything.
func (d *demo) today(ctx context.Context) error {
	d.say("today, %s:", Now().Format("Monday 2 January 2006"))
	for _, part := range []struct {
		to time.Time
		n  int
	}{{d.incident.start, d.payments(d.Weeks)}, {d.incident.end, d.Payments / 2}, {Now().Add(-time.Hour), d.Payments / 4}} {
		if err := d.live(ctx, part.to, part.n); err != nil {
			return err
		}
	}
	d.clock.Set(Now().Add(-50 * time.Minute))
	s, err := expect(engine.Backup(ctx, d.backupOptions()), engine.ExitDone)
	if err != nil {
		return err
	}
	d.result.Runs++
	d.result.RunID, d.result.manifestSHA256 = text(s, "run_id"), text(s, "manifest_sha256")
	d.say("  backup %s: %v records of %v topics", d.result.RunID, s.Get("records"), s.Get("topics"))
	d.clock.Set(Now().Add(-40 * time.Minute))
	o := d.restoreOptions(d.incident.window())
	o.Topics = selection(incidentTopics)
	o.Groups = func(id string) (string, bool) { return "restored." + id, true }
	if s, err = expect(engine.Restore(ctx, o), engine.ExitDone); err != nil {
		return err
	}
	d.result.RestoreID = text(s, "restore_id")
	d.say("  restore %s: %v records of %s to %s UTC, in %v fresh topics", d.result.RestoreID, s.Get("records"),
		d.incident.start.Format("15:04"), d.incident.end.Format("15:04"), s.Get("topics"))
	return d.fullDrill(ctx)
}

// fullDrill restores and compares the whole year.
func (d *demo) fullDrill(ctx context.Context) error {
	d.clock.Set(Now().Add(-30 * time.Minute))
	o := d.drillOptions(archive.Window{})
	o.Restore.Groups = func(id string) (string, bool) { return id, true }
	s, err := expect(engine.Drill(ctx, o), engine.ExitDone)
	if err != nil {
		return err
	}
	d.result.Runs++
	d.result.DrillID, d.result.ReportID = text(s, "drill_id"), text(s, "report_id")
	if n, ok := s.Get("restore_records").(int64); ok {
		d.result.Records = n
	}
	d.say("  drill %s: %v records restored and compared, all equal; %s", d.result.DrillID, d.result.Records, d.result.ReportID)
	return nil
}

// verify checks the evidence with the public key alone, as an auditor would.
func (d *demo) verify(ctx context.Context) error {
	pub, err := evidence.LoadPublicKey(filepath.Join(d.Dir, keysDir, publicFile))
	if err != nil {
		return err
	}
	if err := d.verifyReport(ctx, pub); err != nil {
		return err
	}
	entries := d.witness.Ledger.Entries()
	d.result.Genesis, d.result.Head = entries[0].SHA256, d.witness.Ledger.Head()
	v, err := evidence.Verify(ctx, d.store, evidence.VerifyOptions{Prefix: evidencePrefix, PublicKey: pub, GenesisSHA256: d.result.Genesis,
		Head: d.result.Head.String(), AsOf: Now(), Stores: map[string]evidence.Store{evidence.RootArchive: d.store}})
	if err != nil {
		return err
	}
	for _, f := range v.Findings {
		if f.Severity == evidence.Broken {
			return fmt.Errorf("the ledger does not verify: %s", f)
		}
	}
	d.result.take(v)
	d.result.lines()
	d.say("evidence: report %s VERIFIED; ledger of %d entries unbroken; %s", d.result.ReportID, d.result.Entries, d.result.slotWords())
	return nil
}

// verifyReport reads the last drill's report back and checks it.
func (d *demo) verifyReport(ctx context.Context, pub *evidence.PublicKey) error {
	for _, e := range d.witness.Ledger.Entries() {
		for _, f := range e.Files {
			if e.Type == evidence.TypeReport && e.Subject["report_id"] == d.result.ReportID && path.Ext(f.Key) == ".json" {
				d.result.ReportKey = f.Key
			}
		}
	}
	if d.result.ReportKey == "" {
		return fmt.Errorf("the ledger names no report %q", d.result.ReportID)
	}
	d.result.SignatureKey = evidence.ReportSignatureKey(d.result.ReportKey)
	body, err := d.read(ctx, d.result.ReportKey)
	if err != nil {
		return err
	}
	sig, err := d.read(ctx, d.result.SignatureKey)
	if err != nil {
		return err
	}
	_, err = evidence.VerifyReport(body, sig, pub, evidence.ReportPlace{Key: d.result.ReportKey})
	return err
}

func (d *demo) read(ctx context.Context, key string) ([]byte, error) {
	r, err := d.store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
