package evidence

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// story writes a ledger with an entry of every type that this version makes, and a report. Everything
// but the signatures is the same each time.
func story(t *testing.T) *world {
	w := newWorld(t, "2026-11-16 09:00")
	l := w.open()
	spec := weekly()
	spec.Schedules = append(spec.Schedules, ScheduleSpec{Kind: SlotBackup, Cron: "weekly", Zone: "Europe/Berlin", ToleranceSeconds: 3600})
	ensure := func() {
		_, err := l.EnsureSeries(w.ctx, spec)
		must(t, err)
	}
	start := func(id string) *Run {
		r, err := l.Start(w.ctx, Job{ID: id, Series: "weekly", Closes: []string{SlotBackup, SlotReport},
			Subject: map[string]string{"backup_id": "financial-data-weekly", "config_sha256": Digest([]byte("config")), "plan_sha256": Digest([]byte("plan"))}})
		must(t, err)
		return r
	}
	ensure()
	w.clock.set("2026-11-22 02:00")
	start("0000000000000001").Drop()
	w.clock.set("2026-11-30 10:00")
	spec.Checks = append(spec.Checks, ContentCheck)
	ensure()
	w.clock.set("2026-12-06 01:30")
	r := start("0000000000000002")
	manifest := NewFile("production/weekly/financial-data-weekly/runs/20261206T013000Z-abc123/manifest.json", []byte("manifest"))
	_, err := r.Record(w.ctx, Closing{Type: TypeBackup, Verdict: VerdictPassed, Subject: map[string]string{"run_id": "20261206T013000Z-abc123"}, Files: []RootedFile{manifest.In(RootArchive)}})
	must(t, err)
	receipt := NewFile("production/weekly/financial-data-weekly/restores/r1/receipt.json", []byte("receipt"))
	_, err = r.Record(w.ctx, Closing{Type: TypeRestore, Verdict: VerdictPassed, Subject: map[string]string{"restore_id": "r1"}, Files: []RootedFile{receipt.In(RootArchive)}})
	must(t, err)
	w.clock.set("2026-12-06 02:10")
	rep := sampleReport()
	rep.GeneratedAt, rep.Ledger, rep.Slot = w.clock.clock(), ptr(r.Ref()), &r.Slot(SlotReport).SlotRef
	rep.Checks = append(rep.Checks, failedCheck())
	rep.Seal()
	stored, err := PutReport(w.ctx, w.st, "e/", rep, w.s)
	must(t, err)
	_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictFailed, Subject: map[string]string{"report_id": rep.ReportID}, Files: []RootedFile{stored.File.In(RootEvidence)}, Detail: "ContentCheck failed"})
	must(t, err)
	return w
}

func failedCheck() Check {
	c := passedCheck(ContentCheck)
	c.Topics[0].Partitions[0].Outcome = Failed
	c.Topics[0].Partitions[0].AddDifference(Difference{SourceOffset: ptr(Int64(103)), TargetOffset: ptr(Int64(3)), Field: "value",
		ExpectedLen: 5, ActualLen: -1, ExpectedSHA256: Digest([]byte("value"))})
	c.Settle()
	return c
}

func TestGoldenDocuments(t *testing.T) {
	w := story(t)
	for key, data := range w.st.objects {
		switch {
		case strings.HasPrefix(key, "e/ledger/") && strings.HasSuffix(key, ".json"):
			golden(t, path.Base(key), data)
		case strings.HasSuffix(key, ".json"):
			golden(t, "report.json", data)
		}
	}
}

// fixture is a ledger with its signatures as format 1 was released. It is never written again: whatever
// kustody becomes, it must verify.
const fixture = "testdata/format-1"

func TestWriteFixture(t *testing.T) {
	if _, err := os.Stat(fixture); !*update || err == nil {
		t.Skip("the fixture is written once, with -update, when it is not there")
	}
	w := story(t)
	w.st.writeTo(t, fixture)
	must(t, os.WriteFile(fixture+"/pub.pem", w.s.PublicKey().PEM(), 0o644))
	must(t, os.WriteFile(fixture+"/HEAD", []byte(w.open().Head().String()+"\n"), 0o644))
	must(t, os.WriteFile(fixture+"/GENESIS", []byte(w.open().Entries()[0].SHA256+"\n"), 0o644))
}

func TestFormat1VerifiesForEver(t *testing.T) {
	st := dirStore(fixture)
	pub, err := LoadPublicKey(fixture + "/pub.pem")
	must(t, err)
	read := func(name string) string { return strings.TrimSpace(string(readFile(t, filepath.Join(fixture, name)))) }
	v, err := Verify(t.Context(), st, VerifyOptions{Prefix: "e/", PublicKey: pub, Head: read("HEAD"), GenesisSHA256: read("GENESIS"), AsOf: utc("2026-12-07 00:00")})
	must(t, err)
	var text strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintf(&text, "%s: %s\n", f.Severity, f)
	}
	for _, s := range v.Slots {
		fmt.Fprintf(&text, "slot %s %s %s %s closing %d attempts %d\n", s.Series, s.Kind, s.Due.Format(time.RFC3339), s.Verdict, s.Closing, len(s.Attempts))
	}
	golden(t, "format-1.txt", []byte(text.String()))
	if v.Worst() != Finding || len(v.Entries) != 9 || v.Objects != 1 {
		t.Errorf("worst %s, %d entries, %d objects", v.Worst(), len(v.Entries), v.Objects)
	}
	out, ok := shell(t, ".", "sh verify-ledger.sh "+fixture+"/pub.pem "+fixture+"/e/ledger "+read("GENESIS")+" "+read("HEAD"))
	if !ok || !strings.HasPrefix(out, "OK: 9 entries") {
		t.Errorf("by hand: %s", out)
	}
	must(t, fs.WalkDir(os.DirFS(fixture), "e", func(key string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(path.Base(key), "validation-") || !strings.HasSuffix(key, ".json") {
			return err
		}
		v, err := VerifyReport(readFile(t, filepath.Join(fixture, key)), readFile(t, filepath.Join(fixture, ReportSignatureKey(key))), pub, ReportPlace{Key: key})
		if err == nil && v.Report.Overall != Failed {
			t.Errorf("the report says %s", v.Report.Overall)
		}
		return err
	}))
}
