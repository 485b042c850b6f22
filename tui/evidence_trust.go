package tui

import (
	"errors"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// ahead is how far clocks may differ before a time counts as one that is still to come.
const ahead = 5 * time.Minute

// evidenceBook joins what was read of the evidence with what was found since then, report by report.
func (c *console) evidenceBook() *evidenceBook {
	b := newEvidenceBook(c.data.ledger.value, c.data.reports.value)
	if b.ledger == nil {
		b.why = c.data.ledger.err
	}
	for i := range b.rows {
		r := &b.rows[i]
		if x, done := c.checkOf(r.reportID); done && x.mark == markBad {
			r.broken = first(r.broken, x.words)
		}
	}
	return b
}

// checked is when one report was verified by itself, and what came of it.
type checked struct {
	at    time.Time
	mark  mark
	words string
}

// checkOf is what came of verifying a report by itself, unless what is shown was read later.
func (c *console) checkOf(id string) (checked, bool) {
	x, done := c.checks[id]
	if !done || id == "" || x.at.Before(c.data.reports.asOf) || x.at.Before(c.data.ledger.asOf) {
		return checked{}, false
	}
	return x, true
}

// take takes a report in. An id is never used twice: where two files claim one, neither can be believed.
func (b *evidenceBook) take(x *engine.ReportItem) {
	if other := b.items[x.ReportID]; other != nil && other.Key != x.Key {
		b.bad[x.ReportID] = "two files claim this id, which is never used twice: " + other.Key + " and " + x.Key
		return
	}
	b.items[x.ReportID] = x
}

// unread says that a row stands on objects of the archive, and that nobody has looked at them.
func (b *evidenceBook) unread(r evidenceRow) bool {
	if r.closing == nil || b.ledger.Archive != "" {
		return false
	}
	for _, f := range r.closing.Files {
		if f.Root == evidence.RootArchive {
			return true
		}
	}
	return false
}

// inTime is levelled for what is not dated ahead of this machine's clock.
func (b *evidenceBook) inTime(r evidenceRow, now time.Time, before string) (mark, string) {
	m, words := b.levelled(r, before)
	late := now.Add(ahead)
	if (m == markOK || m == markAbout) && (r.report != nil && r.report.GeneratedAt.After(late) || r.closing != nil && r.closing.Time.After(late)) {
		return markFinding, "from the future"
	}
	return m, words
}

// doubt stands before what is told by a ledger that cannot be believed.
func (b *evidenceBook) doubt() string {
	if b.ledger != nil && b.good(markOK) != markOK {
		return "not verified: "
	}
	return ""
}

// noLedger says that there is none, or why it could not be looked at.
func (b *evidenceBook) noLedger() (mark, string) {
	if why := unlooked(b.why); why != "" {
		return markBad, "the ledger cannot be verified: " + why
	}
	return markFinding, "no ledger here: what is missing cannot be noticed"
}

// unlooked says why a ledger that is there could not be looked at; "" where there is none.
func unlooked(err error) string {
	var p *engine.Problem
	switch {
	case err == nil || errors.As(err, &p) && p.Exit == engine.ExitNoArchive:
		return ""
	case p != nil:
		return p.Err.Error()
	}
	return err.Error()
}

// takeLedger takes over what a newer verification of the ledger found; none: why there is nothing any more.
func (c *console) takeLedger(l *engine.LedgerVerification, none error, at time.Time) {
	d := &c.data.ledger
	if l == nil {
		d.value, d.has, d.err, d.asOf = nil, false, none, at
		return
	}
	d.value, d.has, d.err, d.asOf = l, true, nil, at
}

// good is a mark of success, as far as anything can be one: without a trusted key nothing is, nor is what
// stands on a ledger that does not verify.
func (b *evidenceBook) good(m mark) mark {
	if m == markOK && (!b.trusted || b.inTrouble() || b.ledger == nil && unlooked(b.why) != "") {
		return markAbout
	}
	return m
}
