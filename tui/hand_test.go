package tui

import (
	"context"
	"strings"
	"testing"

	"kustody/engine"
	"kustody/evidence"
)

// newestReport is the id of the report that the last entries of the ledger name.
func newestReport(t testing.TB, l *engine.LedgerVerification) (id string, at int) {
	t.Helper()
	for i := len(l.Entries) - 1; i >= 0; i-- {
		if e := l.Entries[i]; e.Type == evidence.TypeReport {
			return e.Subject["report_id"], i
		}
	}
	t.Fatal("no entry names a report")
	return "", 0
}

// A report that was written after the ledger was read is judged by the ledger as it is now: whoever opens
// the report of a drill that has just ended must not read that no entry names it.
func TestReportYoungerThanTheLedgerInSight(t *testing.T) {
	for _, stale := range []bool{true, false} { // by a job of this console, and by another process
		d := drive(t, yearDesk(t), 120, 36, ThemeDark)
		d.keys("3")
		l := *d.c.data.ledger.value
		id, at := newestReport(t, &l)
		l.Entries = l.Entries[:at]
		d.c.data.ledger.value, d.c.data.ledger.stale = &l, stale
		d.keys("1", ":")
		d.text("report " + id)
		d.keys("enter")
		d.has(id, "genuine and unchanged")
		d.lacks("no ledger entry names this file", "no entry of the ledger names it")
	}
}

// After a job the topics are asked for again, and until they have answered the old ones stay.
func TestTopicsAreAskedAgainAfterAJob(t *testing.T) {
	d := atTopics(t, aCoverage(), 120, 36)
	asked := 0
	d.c.desk.Source = func(context.Context) (engine.CoverageOptions, func(), error) {
		asked++
		return engine.CoverageOptions{}, nil, context.DeadlineExceeded
	}
	d.keys("1", "4")
	if asked != 0 {
		t.Fatalf("nothing has changed, and the cluster was asked %d times", asked)
	}
	d.c.data.topics.stale = true
	d.keys("1", "4")
	if asked != 1 {
		t.Errorf("a job has changed the cluster, and it was asked %d times", asked)
	}
	d.has("orders.v2", strings.TrimSpace("cannot read the topics of prod-eu"))
}
