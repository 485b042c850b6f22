package tui

import (
	"strings"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// nasty is text that a terminal would act on, that turns the direction of writing, breaks lines, or has
// another width than it seems to.
const nasty = "\x1b[31mred\x1b]0;title\a\u202eevil\u2066\r\nnew line\ttab 日本語 e\u0301 👩‍👩‍👧 \x00\x9b2J " // and then long

// nastyBook is a ledger of which every text was written by somebody else.
func nastyBook() (*engine.LedgerVerification, *engine.ReportList) {
	long := nasty + strings.Repeat("x", 300)
	due := time.Date(2026, time.November, 15, 2, 0, 0, 0, time.UTC)
	declared := evidence.Declared{Value: long, Source: nasty}
	entry := func(n int64, typ evidence.EntryType) evidence.Sealed {
		return evidence.Sealed{Key: "evidence/ledger/" + nasty + ".json", SHA256: strings.Repeat("ab", 32), Entry: evidence.Entry{Sequence: n, Type: typ, Time: due, Series: long,
			PreviousSHA256: nasty, Job: nasty, Subject: map[string]string{nasty: long, "report_id": "validation-0badc0de", "action": long}, Host: nasty, KeyID: long, Detail: long, Operator: declared,
			Files: []evidence.RootedFile{{Root: evidence.RootEvidence, File: evidence.File{Key: long, SHA256: nasty}}}, Slots: []evidence.SlotRef{{Kind: nasty, Due: due}}}}
	}
	v := &evidence.Verification{Genesis: nasty, Head: evidence.Head{Sequence: 2, SHA256: long},
		Entries: []evidence.Sealed{entry(0, evidence.EntryType(long)), entry(1, evidence.TypeReport), entry(2, evidence.TypeSlotMissed)},
		Findings: []evidence.Found{{Severity: evidence.Finding, Sequence: 1, Sentence: long}, {Severity: evidence.Broken, Sequence: -1, Key: long, Sentence: long},
			{Severity: evidence.Note, Sequence: 2, Sentence: nasty}}}
	slot := func(days int, verdict evidence.Verdict, closing int64) evidence.Slot {
		at := due.AddDate(0, 0, days)
		return evidence.Slot{Series: long, SlotRef: evidence.SlotRef{Kind: nasty, Due: at}, InTime: at.Add(time.Hour), Next: at.AddDate(0, 0, 7), Verdict: verdict, Closing: closing,
			Attempts: []evidence.Attempt{{Job: long, Started: 0, StartedAt: at, Closing: closing, ClosedAt: at, Verdict: verdict, ReportID: map[bool]string{true: "validation-0badc0de"}[closing == 1]}}}
	}
	v.Slots = []evidence.Slot{slot(-7, evidence.VerdictPassed, 1), slot(0, evidence.VerdictMissed, 2), slot(7, evidence.Verdict(nasty), -1)}
	item := engine.ReportItem{ReportID: "validation-0badc0de", Key: long, Level: evidence.Level(long), Overall: evidence.Passed, Signature: evidence.SignatureValid, BackupTopics: 3, Topics: 1, RunID: long, Records: 1 << 60}
	return &engine.LedgerVerification{Verification: v, Folder: "evidence/ledger/"},
		&engine.ReportList{Reports: []engine.ReportItem{item}, Broken: []engine.BrokenObject{{Key: "a/" + long + ".json", Problem: long}}}
}

// nastyReport is a report of which every text was written by somebody else.
func nastyReport() *evidence.Report {
	long := nasty + strings.Repeat("x", 300)
	declared := evidence.Declared{Value: long, Source: nasty}
	cluster := evidence.ClusterRef{Declared: long, Observed: nasty}
	r := &evidence.Report{ReportID: long, Overall: evidence.Outcome(long), Level: evidence.Level(long), Coverage: []string{long, ""}, NotProved: []string{long}, Findings: []string{long}, Notes: []string{nasty},
		Exceptions: []string{nasty}, Series: long, Slot: &evidence.SlotRef{Kind: long}, TriggeredBy: declared, Operator: declared,
		Backup:  evidence.Backup{BackupID: long, RunID: nasty, ManifestSHA256: long, SourceCluster: cluster, Records: 1 << 60},
		Restore: evidence.Restore{RestoreID: long, TargetCluster: cluster, Topics: []evidence.RestoredTopic{{Source: long, Records: 1 << 60, Partitions: 1 << 30}}, EarlierReports: []string{long}},
		Checks: []evidence.Check{{Name: long, Outcome: evidence.Outcome(nasty), Detail: long, Problems: []string{long}, Topics: []evidence.TopicCheck{{Topic: long,
			Partitions: []evidence.PartitionCheck{{Partition: 1, Outcome: evidence.Failed, Detail: long, Differences: []evidence.Difference{{Field: long, ExpectedSHA256: nasty}}}}}}}},
		Key: &evidence.KeyRef{KeyID: long, Fingerprint: long}, Ledger: &evidence.LedgerRef{HeadSHA256: long}, Tool: evidence.Tool{Name: long, BinarySHA256: nasty}}
	r.ComplianceMappings = map[string]evidence.Mapping{"soc2": {Control: long, FailedBy: []string{long}, Notes: []string{long}}}
	return r
}

// TestHostileEvidence draws every page of the evidence with hostile text; the driver's frames hold that
// nothing gets through and that no line has another width.
func TestHostileEvidence(t *testing.T) {
	heavy(t)
	long := nasty + strings.Repeat("x", 300)
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		for _, ascii := range []bool{false, true} {
			d := drive(t, Desk{Location: long, Cluster: nasty}, size.x, size.y, ThemeDark)
			d.c.theme = newTheme(ThemeDark, ascii)
			l, list := nastyBook()
			d.c.data.ledger = loader[*engine.LedgerVerification]{value: l, has: true, asOf: testNow}
			d.c.data.reports = loader[*engine.ReportList]{value: list, has: true, asOf: testNow}
			d.keys("3")
			for range 5 {
				d.frame()
				d.keys("down")
			}
			for _, r := range newEvidenceBook(l, list).rows {
				d.run(d.c.push(newGapScreen(r)))
				d.frame()
				d.keys("pgdown")
				d.frame()
				d.keys("esc")
			}
			d.keys("L")
			for range 4 {
				d.frame()
				d.keys("enter")
				d.frame()
				d.keys("pgdown")
				d.frame()
				d.c.toast = nil
				if _, deep := d.c.screen().(*entryScreen); deep {
					d.keys("esc")
				}
				d.keys("down")
			}
			check := &reportCheck{id: long, key: long, report: nastyReport(), sha256: long, ledger: l, entry: &l.Entries[1], before: &l.Entries[0],
				steps: []evidence.Step{{Name: long, Checked: true, Expected: long, Computed: nasty, Sentence: long, ByHand: long}, {Name: evidence.StepChain, Checked: true, Sentence: nasty, ByHand: nasty}},
				files: []namedFile{{key: long, root: nasty, named: long, broken: long}, {key: nasty, computed: long}}}
			page := &reportScreen{id: long}
			page.check = loader[*reportCheck]{value: check, has: true, asOf: testNow}
			d.run(d.c.push(page))
			for range panes {
				for range 12 {
					d.frame()
					d.keys("pgdown")
				}
				d.keys("tab")
			}
			for i := range check.steps {
				d.run(d.c.push(&stepScreen{check: check, at: i}))
				d.frame()
				d.keys("pgdown")
				d.frame()
				d.keys("esc")
			}
		}
	}
}

// TestSeveralSeries shows series and kinds in a column of their own, and the strip of the one under the
// cursor.
func TestSeveralSeries(t *testing.T) {
	due := time.Date(2026, time.November, 1, 2, 0, 0, 0, time.UTC)
	v := &evidence.Verification{}
	for i, name := range []string{"payments", "orders"} {
		for day := range 14 * (i + 1) {
			at := due.AddDate(0, 0, day/(i+1)).Add(time.Duration(day%(i+1)) * 12 * time.Hour)
			v.Slots = append(v.Slots, evidence.Slot{Series: name, SlotRef: evidence.SlotRef{Kind: evidence.SlotBackup, Due: at}, InTime: at.Add(time.Hour), Next: at.AddDate(0, 0, 1), Verdict: evidence.VerdictMissed, Closing: -1})
		}
	}
	l := &engine.LedgerVerification{Verification: v}
	d := drive(t, Desk{}, 120, 36, ThemeDark)
	d.c.data.ledger = loader[*engine.LedgerVerification]{value: l, has: true, asOf: testNow}
	d.c.data.reports = loader[*engine.ReportList]{value: &engine.ReportList{}, has: true, asOf: testNow}
	d.keys("3")
	d.has("SERIES", "orders backup", "payments backup", "42 slots due · 42 missed")
	d.keys("/payments", "enter")
	if strip := d.lineWith("? ? ?"); strings.Count(strip, "?") != 14 {
		t.Errorf("the strip of the series under the cursor is %q", strip)
	}
	d.keys("enter")
	d.has("Nobody has entered the miss", "Nothing for the slot due 2026-11-13 02:00 UTC (series payments)", "No job started in its period")
}
