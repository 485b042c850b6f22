package evidence

import "time"

// Slot is a time at which something of a series was due, and what became of it. The rules:
//
//   - Due times come from the schedules in the ledger. A changed schedule rules from its From on, and
//     never before the entry that brought it; until then the old one does.
//   - A job belongs to the slot in whose period it started. The period begins one tolerance before the
//     due time (but at most half the way back to the due time before) and ends where the next begins,
//     so every moment belongs to one slot.
//   - The first verdict closes the slot, if it comes before the next due time: passed within the
//     tolerance is passed, after it late; failed, error and stale are what the closing entry says.
//     Whatever follows is an attempt more, and changes nothing.
//   - Without a verdict before the next due time the slot is missed.
type Slot struct {
	Series string
	SlotRef
	PeriodStart, PeriodEnd time.Time // PeriodEnd and Next are zero when nothing is due afterwards
	InTime                 time.Time // the last moment of the tolerance
	Next                   time.Time // the next due time of the same kind
	Verdict                Verdict
	Closing                int64 // sequence of the entry with the verdict, or of slot_missed; -1: none
	Attempts               []Attempt
}

// Attempt is a job that started in a slot's period.
type Attempt struct {
	Job       string
	Started   int64 // sequence of its started entry
	StartedAt time.Time
	Closing   int64 // sequence of the entry with its verdict on the slot, or that closed the job; -1: still open
	ClosedAt  time.Time
	Verdict   Verdict // "" when it gave none
	Abandoned bool
	ReportID  string
	Subject   map[string]string
}

// Overdue says that the tolerance has passed at a time and nothing closed the slot.
func (s *Slot) Overdue(at time.Time) bool { return s.Verdict == VerdictOpen && at.After(s.InTime) }

// Slots computes every slot due up to a time, by series, kind and due time, from the entries of a
// ledger.
func Slots(entries []Sealed, until time.Time) []Slot {
	b := slotBook{at: map[slotID]int{}, started: map[int64]*Entry{}}
	ts := timelinesOf(entries)
	for _, tl := range ts.ordered() {
		b.open(tl, until)
	}
	for i := range entries {
		b.enter(&entries[i].Entry)
	}
	for i := range b.slots {
		if s := &b.slots[i]; s.Verdict == VerdictOpen && !s.Next.IsZero() && !until.Before(s.Next) {
			s.Verdict = VerdictMissed
		}
	}
	return b.slots
}

type slotID struct {
	series, kind string
	due          int64 // milliseconds
}

// slotBook fills slots from entries, in order of the chain.
type slotBook struct {
	slots   []Slot
	at      map[slotID]int
	started map[int64]*Entry
}

func (b *slotBook) open(tl *timeline, until time.Time) {
	tl.fill(until)
	for i := range tl.dues {
		if tl.dues[i].at.After(until) {
			return
		}
		s := tl.slot(i)
		b.at[slotID{s.Series, s.Kind, s.Due.UnixMilli()}] = len(b.slots)
		b.slots = append(b.slots, s)
	}
}

// slot describes due time i.
func (tl *timeline) slot(i int) Slot {
	d := tl.dues[i]
	s := Slot{Series: tl.series, SlotRef: SlotRef{Kind: tl.kind, Due: Time(d.at)}, PeriodStart: Time(tl.opens(i)),
		InTime: Time(d.at.Add(d.tolerance)), Verdict: VerdictOpen, Closing: -1}
	if next := tl.next(i); !next.IsZero() {
		s.Next, s.PeriodEnd = Time(next), Time(tl.opens(i+1))
	}
	return s
}

func (b *slotBook) find(series string, ref SlotRef) *Slot {
	if i, ok := b.at[slotID{series, ref.Kind, ref.Due.UnixMilli()}]; ok {
		return &b.slots[i]
	}
	return nil
}

func (b *slotBook) enter(e *Entry) {
	switch {
	case e.Type == TypeStarted:
		b.started[e.Sequence] = e
		for _, ref := range e.Slots {
			if s := b.find(e.Series, ref); s != nil {
				s.Attempts = append(s.Attempts, Attempt{Job: e.Job, Started: e.Sequence, StartedAt: e.Time, Closing: -1, Subject: e.Subject})
			}
		}
	case e.Type == TypeSlotMissed:
		for _, ref := range e.Slots {
			if s := b.find(e.Series, ref); s != nil && s.Verdict == VerdictOpen {
				s.Verdict, s.Closing = VerdictMissed, e.Sequence
			}
		}
	case e.StartedSequence != nil:
		b.close(e)
	}
}

// close takes in an entry of a job that started before.
func (b *slotBook) close(e *Entry) {
	start := b.started[*e.StartedSequence]
	if start == nil {
		return
	}
	for _, ref := range start.Slots {
		s := b.find(start.Series, ref)
		if s == nil {
			continue
		}
		a := s.attempt(start.Sequence)
		if a == nil {
			continue
		}
		if e.Closes && a.Closing < 0 {
			a.Closing, a.ClosedAt, a.Abandoned = e.Sequence, e.Time, e.Type == TypeAbandoned
		}
		if e.Verdict != "" && hasSlot(e.Slots, ref) {
			s.judge(a, e)
		}
	}
}

// judge gives an attempt its verdict, and the slot too if it is the first and in time.
func (s *Slot) judge(a *Attempt, e *Entry) {
	a.Closing, a.ClosedAt, a.Verdict, a.ReportID = e.Sequence, e.Time, e.Verdict, e.Subject["report_id"]
	if s.Verdict != VerdictOpen || (!s.Next.IsZero() && !e.Time.Before(s.Next)) {
		return
	}
	s.Verdict, s.Closing = e.Verdict, e.Sequence
	if e.Verdict == VerdictPassed && e.Time.After(s.InTime) {
		s.Verdict = VerdictLate
	}
}

func (s *Slot) attempt(started int64) *Attempt {
	for i := range s.Attempts {
		if s.Attempts[i].Started == started {
			return &s.Attempts[i]
		}
	}
	return nil
}

func hasSlot(refs []SlotRef, ref SlotRef) bool {
	for _, r := range refs {
		if r.Kind == ref.Kind && r.Due.Equal(ref.Due) {
			return true
		}
	}
	return false
}

// InPeriod says whether a time lies in the slot's period: only a restore started then is evidence for
// the slot.
func (s *Slot) InPeriod(t time.Time) bool {
	return !t.Before(s.PeriodStart) && (s.PeriodEnd.IsZero() || t.Before(s.PeriodEnd))
}
