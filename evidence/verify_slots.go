package evidence

import (
	"fmt"
	"strings"
	"time"
)

// checkSlots computes the slots and says what is wrong with each, and with the slots that entries
// claim.
func (v *Verification) checkSlots(o VerifyOptions) {
	if len(v.Entries) == 0 {
		return
	}
	asOf := o.AsOf
	if asOf.IsZero() {
		asOf = v.Entries[len(v.Entries)-1].Time
	}
	v.Slots = Slots(v.Entries, asOf)
	for i := range v.Slots {
		if sentence := v.Slots[i].complaint(asOf); sentence != "" {
			s := &v.Slots[i]
			v.add(Finding, s.Closing, "", "the %s of series %s due %s %s", s.Kind, s.Series, s.Due.Format(time.RFC3339), sentence)
		}
		v.retried(&v.Slots[i])
	}
	v.checkClaims()
}

// complaint says what is wrong with a slot; "" when it passed, or can still pass.
func (s *Slot) complaint(asOf time.Time) string {
	switch s.Verdict {
	case VerdictPassed:
		return ""
	case VerdictOpen:
		if s.Overdue(asOf) {
			return "is overdue: nothing has closed it within its tolerance"
		}
		return ""
	case VerdictMissed:
		if s.Closing < 0 {
			return "was missed, and nobody has entered that yet" + s.attemptsNote()
		}
		return fmt.Sprintf("was missed (entered by entry %d)%s", s.Closing, s.attemptsNote())
	case VerdictFailed:
		return "failed"
	case VerdictError:
		return "ended in an error"
	case VerdictStale:
		return "is stale: it was validated with a restore that was not started in its period"
	case VerdictLate:
		return "passed late, after its tolerance"
	}
	return fmt.Sprintf("has the verdict %q", s.Verdict)
}

// attemptsNote tells of attempts whose verdict came too late to count, or never.
func (s *Slot) attemptsNote() string {
	if len(s.Attempts) == 0 {
		return ""
	}
	var parts []string
	for _, a := range s.Attempts {
		switch {
		case a.Verdict != "":
			parts = append(parts, fmt.Sprintf("entry %d: %s, too late to count", a.Closing, a.Verdict))
		case a.Abandoned:
			parts = append(parts, fmt.Sprintf("entry %d: abandoned", a.Started))
		default:
			parts = append(parts, fmt.Sprintf("entry %d: no verdict", a.Started))
		}
	}
	return " (attempts: " + strings.Join(parts, ", ") + ")"
}

// retried tells of a slot that passed at a later attempt than its first: whoever runs until it is green
// is seen doing so.
func (v *Verification) retried(s *Slot) {
	if len(s.Attempts) > 1 {
		v.add(Note, s.Closing, "", "the %s of series %s due %s had %d attempts; the first verdict counts", s.Kind, s.Series, s.Due.Format(time.RFC3339), len(s.Attempts))
	}
}

// checkClaims computes again, from the entries before each, which slots a start may claim, and looks
// whether closings keep to their starts.
func (v *Verification) checkClaims() {
	ts := timelines{}
	started := map[int64]*claim{}
	for i := range v.Entries {
		e := &v.Entries[i].Entry
		ts.apply(e)
		switch {
		case e.Type == TypeStarted:
			started[e.Sequence] = newClaim(ts, e)
			v.checkStartClaims(ts, e)
		case e.Type == TypeSlotMissed:
			v.checkMissedClaims(ts, e)
		case e.StartedSequence != nil:
			v.checkClosing(started[*e.StartedSequence], e)
		}
	}
}

// claim is a start and the kinds of slots that it left unclaimed although one was due.
type claim struct {
	*Entry
	unclaimed map[string]SlotRef
}

func newClaim(ts timelines, e *Entry) *claim {
	c := &claim{Entry: e, unclaimed: map[string]SlotRef{}}
	for _, kind := range []string{SlotBackup, SlotReport} {
		if slot, ok := ts.slotFor(e.Series, kind, e.Time); ok && !hasSlot(e.Slots, slot.SlotRef) {
			c.unclaimed[kind] = slot.SlotRef
		}
	}
	return c
}

func (v *Verification) checkStartClaims(ts timelines, e *Entry) {
	for _, ref := range e.Slots {
		slot, ok := ts.slotFor(e.Series, ref.Kind, e.Time)
		if !ok {
			v.add(Finding, e.Sequence, "", "it claims the %s slot due %s, and nothing was due", ref.Kind, ref.Due.Format(time.RFC3339))
		} else if !slot.Due.Equal(ref.Due) {
			v.add(Finding, e.Sequence, "", "it claims the %s slot due %s, and by its time belongs to the one due %s", ref.Kind, ref.Due.Format(time.RFC3339), slot.Due.Format(time.RFC3339))
		}
	}
}

func (v *Verification) checkMissedClaims(ts timelines, e *Entry) {
	for _, ref := range e.Slots {
		tl := ts[[2]string{e.Series, ref.Kind}]
		i := -1
		if tl != nil {
			i = tl.index(ref.Due)
		}
		switch {
		case i < 0:
			v.add(Finding, e.Sequence, "", "it calls a %s slot due %s missed, and nothing was due then", ref.Kind, ref.Due.Format(time.RFC3339))
		case tl.next(i).IsZero() || e.Time.Before(tl.next(i)):
			v.add(Finding, e.Sequence, "", "it calls the %s slot due %s missed, which could still be closed then", ref.Kind, ref.Due.Format(time.RFC3339))
		}
	}
}

func (v *Verification) checkClosing(start *claim, e *Entry) {
	if start == nil {
		v.add(Finding, e.Sequence, "", "it closes entry %d, which is no start", *e.StartedSequence)
		return
	}
	if start.Series != e.Series || (e.Type != TypeAbandoned && start.Job != e.Job) {
		v.add(Finding, e.Sequence, "", "it closes entry %d, which is of another job", *e.StartedSequence)
	}
	if ref, some := start.unclaimed[string(e.Type)]; some {
		v.add(Finding, e.Sequence, "", "it is a trial outside its slot: its start did not claim the %s slot due %s", ref.Kind, ref.Due.Format(time.RFC3339))
	}
	good := e.Verdict == VerdictPassed || e.Verdict == VerdictStale
	for _, ref := range e.Slots {
		switch {
		case !hasSlot(start.Slots, ref):
			v.add(Finding, e.Sequence, "", "it judges the %s slot due %s, which its start did not claim", ref.Kind, ref.Due.Format(time.RFC3339))
		case good && string(e.Type) != ref.Kind:
			v.add(Finding, e.Sequence, "", "a %s entry cannot pass a %s slot", e.Type, ref.Kind)
		}
	}
}

// checkStarts looks for jobs that started and have no end, and for starts with two.
func (v *Verification) checkStarts(o VerifyOptions) {
	ends := map[int64]int64{}
	for _, e := range v.Entries {
		if !e.Closes || e.StartedSequence == nil {
			continue
		}
		if first, twice := ends[*e.StartedSequence]; twice {
			v.add(Finding, e.Sequence, e.Key, "it closes entry %d, which entry %d had closed", *e.StartedSequence, first)
		} else {
			ends[*e.StartedSequence] = e.Sequence
		}
		if e.Type == TypeAbandoned {
			v.add(Finding, e.Sequence, e.Key, "the job that entry %d started was abandoned: %s", *e.StartedSequence, e.Detail)
		}
	}
	for _, e := range unclosed(v.Entries) {
		if o.Running != nil && o.Running(e) {
			v.add(Note, e.Sequence, e.Key, "the job %s is running", e.Job)
			continue
		}
		v.add(Finding, e.Sequence, e.Key, "the job %s started %s on %s and never closed", e.Job, e.Time.Format(time.RFC3339), e.Host)
	}
}
