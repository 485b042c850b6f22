package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// await polls until no job runs.
func (d *driver) await() {
	d.t.Helper()
	for _, j := range d.c.jobs {
		select {
		case <-j.Done():
		case <-time.After(2 * time.Minute):
			d.t.Fatalf("%s does not end", j.label())
		}
	}
	d.poll()
	if len(d.c.runningJobs()) > 0 {
		d.t.Fatal("a job that has ended counts as running")
	}
}

// TestChecksAreJobs runs the jobs that only read on the stored year, in a console that may not write.
func TestChecksAreJobs(t *testing.T) {
	year, desk := storedYear(t), yearDesk(t)
	desk.Command = "kustody --batch" // nothing is configured
	trusted, err := evidence.LoadPublicKey(year.PublicKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	desk.Archive = func(context.Context) (engine.QueryOptions, error) {
		q := year.Query()
		q.Trusted = trusted // which knows its file, unlike the stored one
		return q, nil
	}
	d := drive(t, desk, 120, 36, ThemeDark)
	d.keys(":check enter")
	d.has("How deep shall it look?", "● Sizes and sidecars", "checked with the trusted key", year.BackupID)
	if _, line := d.c.screen().(copier).copied(d.c); line != "kustody --batch validate --path file:///demo/archive --backup-id "+year.BackupID+" --public-key "+evidence.ShellWord(trusted.File()) {
		t.Errorf("as a batch line: %s", line)
	}
	d.keys("d")
	d.has("● Deep", "segments of")
	d.keys("enter")
	d.await()
	d.c.toast = nil
	d.has("j-1 check "+year.BackupID+", every segment", "✓ Done", "exit 0", "signatures            checked")
	if !strings.Contains(d.c.jobs[0].batch, " --deep ") {
		t.Errorf("the batch line of a deep check: %s", d.c.jobs[0].batch)
	}

	d.keys(":verify enter")
	d.await()
	d.c.toast = nil
	d.has("j-2 verify all evidence", "! Findings", "reports")
	d.keys("tab")
	d.has("WHAT", "CHECKED → OF", "✓ done")
	d.lacks("PART")
	if v := d.c.verified; v == nil || v.Ledger == nil || len(v.Reports) == 0 || d.c.verifiedAt != year.Now() {
		t.Errorf("what was found is not kept: %+v at %s", v, d.c.verifiedAt)
	}
	if d.c.data.backups.stale {
		t.Error("a job that only reads makes the console read again")
	}
	d.keys("2")
	d.has("validate", "verify")
}

func TestCheckThatCannotBegin(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	d.keys(":check enter")
	d.has("which one? Name it: :check ARCHIVE")
	d.c.desk.Archive = func(context.Context) (engine.QueryOptions, error) {
		return engine.QueryOptions{}, errors.New("access denied")
	}
	d.keys(":check", "space", "orders", "enter")
	d.has("Cannot read the archive in s3://kvault/prod-eu", "access denied", "R try again")
	d.keys("esc enter")
	if len(d.c.jobs) != 0 {
		t.Error("a job was begun on an archive that cannot be opened")
	}
	d.keys("esc esc :verify enter")
	d.has("no evidence was named")
	d.c.desk.Evidence = func(context.Context) (engine.LedgerOptions, error) { return engine.LedgerOptions{}, errors.New("gone") }
	d.keys(":verify enter")
	d.has("cannot verify the evidence in s3://kvault/prod-eu: gone")
}
