package tui

import (
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// TestResults: each way a slot can end has a mark and words of its own, with level and coverage, and
// without a trusted key none of them is good.
func TestResults(t *testing.T) {
	due := time.Date(2026, time.November, 15, 2, 0, 0, 0, time.UTC)
	key, err := evidence.ParsePublicKey(publicPEM(t))
	if err != nil {
		t.Fatal(err)
	}
	report := func(o evidence.Outcome, l evidence.Level, topics int, stale bool) *engine.ReportItem {
		return &engine.ReportItem{ReportID: "validation-0badc0de", Overall: o, Level: l, Topics: topics, BackupTopics: 14, Stale: stale, Signature: evidence.SignatureValid}
	}
	whole := report(evidence.Passed, evidence.LevelEveryRecord, 14, false)
	for _, x := range []struct {
		verdict evidence.Verdict
		report  *engine.ReportItem
		kind    string
		mark    mark
		words   string
		without mark // a trusted key
	}{
		{evidence.VerdictPassed, whole, "report", markOK, "every record", markAbout},
		{evidence.VerdictPassed, report(evidence.Passed, evidence.LevelEveryRecord, 3, false), "report", markOK, "3 of 14 topics", markAbout},
		{evidence.VerdictPassed, report(evidence.Passed, evidence.LevelCounts, 14, false), "report", markFinding, "counts only", markAbout},
		{evidence.VerdictPassed, report(evidence.Passed, evidence.LevelCounts, 3, false), "report", markFinding, "counts only, 3 of 14 topics", markAbout},
		{evidence.VerdictPassed, nil, "report", markAbout, "passed, unread", markAbout},
		{evidence.VerdictPassed, report(evidence.Failed, evidence.LevelEveryRecord, 14, false), "report", markBad, "FAILED", markBad},
		{evidence.VerdictPassed, nil, "backup", markOK, "backed up", markAbout},
		{evidence.VerdictLate, whole, "report", markFinding, "late, every record", markFinding},
		{evidence.VerdictStale, report(evidence.Passed, evidence.LevelEveryRecord, 14, true), "report", markFinding, "stale restore", markFinding},
		{evidence.VerdictFailed, report(evidence.Failed, evidence.LevelEveryRecord, 14, false), "report", markBad, "FAILED", markBad},
		{evidence.VerdictFailed, report(evidence.Indeterminate, evidence.LevelEveryRecord, 14, false), "report", markFinding, "indeterminate", markFinding},
		{evidence.VerdictError, nil, "report", markBad, "ERROR", markBad},
		{evidence.VerdictMissed, nil, "report", markGap, "MISSED", markGap},
		{evidence.VerdictOpen, nil, "report", markFinding, "overdue", markFinding},
	} {
		id := ""
		if x.report != nil {
			id = x.report.ReportID
		} else if x.kind == "report" && x.verdict == evidence.VerdictPassed {
			id = "validation-11111111"
		}
		start := int64(1)
		v := &evidence.Verification{
			Entries: []evidence.Sealed{{Entry: evidence.Entry{Sequence: 2, Type: evidence.TypeReport, StartedSequence: &start}}},
			Slots: []evidence.Slot{{Series: "s", SlotRef: evidence.SlotRef{Kind: x.kind, Due: due}, InTime: due.Add(time.Hour), Verdict: x.verdict, Closing: 2,
				Attempts: []evidence.Attempt{{Started: start, Closing: 2, Verdict: x.verdict, ReportID: id}}}},
		}
		list := &engine.ReportList{}
		if x.report != nil {
			list.Reports = []engine.ReportItem{*x.report}
		}
		for _, trusted := range []bool{true, false} {
			l := &engine.LedgerVerification{Verification: v}
			want := x.without
			if trusted {
				l.Options.PublicKey, want = key, x.mark
			}
			b := newEvidenceBook(l, list)
			if m, words := b.result(b.rows[0], testNow); m != want || words != x.words {
				t.Errorf("%s %s, trusted %v: mark %d %q, want %d %q", x.verdict, x.kind, trusted, m, words, want, x.words)
			}
		}
	}
}

func publicPEM(t *testing.T) []byte {
	t.Helper()
	_, pem, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return pem
}
