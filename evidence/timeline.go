package evidence

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// timeline is the schedules of one kind of slot of one series, one after the other, as the ledger lays
// them down. It turns them into due times.
type timeline struct {
	series, kind string
	reigns       []reign
	dues         []due     // ascending; complete up to filled
	filled       time.Time // zero: nothing yet
}

// reign is a schedule while it is in force: [from, next reign's from).
type reign struct {
	from  time.Time
	sched *Schedule // nil: nothing is due
}

// due is a due time with what belongs to it.
type due struct {
	at        time.Time
	tolerance time.Duration
}

// timelines are all timelines of a ledger, by series and kind.
type timelines map[[2]string]*timeline

// apply takes in an entry. A new schedule begins at its From, but never before the entry that brings
// it where another one was in force: what was due stays due (E20).
func (ts timelines) apply(e *Entry) {
	for _, spec := range e.specs() {
		for _, kind := range []string{SlotBackup, SlotReport} {
			id := [2]string{spec.Series, kind}
			tl := ts[id]
			if tl == nil {
				if spec.schedule(kind) == nil {
					continue
				}
				tl = &timeline{series: spec.Series, kind: kind}
				ts[id] = tl
			}
			tl.change(spec.schedule(kind), e.Time)
		}
	}
}

func (tl *timeline) change(spec *ScheduleSpec, entered time.Time) {
	from := entered
	var sched *Schedule
	if spec != nil {
		var err error
		if sched, err = spec.schedule(); err != nil {
			return // Verify reports it; the schedule before it stays in force
		}
		from = spec.From
	}
	if len(tl.reigns) > 0 {
		last := tl.reigns[len(tl.reigns)-1]
		if last.sched != nil && sched != nil && last.sched.equal(sched) {
			return
		}
		if from.Before(entered) {
			from = entered
		}
		// One announced for later goes if this one takes force before it ever ruled.
		for len(tl.reigns) > 0 && !tl.reigns[len(tl.reigns)-1].from.Before(from) {
			tl.reigns = tl.reigns[:len(tl.reigns)-1]
		}
	}
	tl.reigns = append(tl.reigns, reign{from: from, sched: sched})
	tl.dues, tl.filled = nil, time.Time{}
}

// equal says whether both are due at the same times, with the same tolerance.
func (s *Schedule) equal(o *Schedule) bool {
	return s.minutes == o.minutes && s.hours == o.hours && s.days == o.days && s.months == o.months &&
		s.weekdays == o.weekdays && s.eitherDay == o.eitherDay &&
		s.tolerance == o.tolerance && s.loc.String() == o.loc.String()
}

// fill computes all due times up to a time, and the first after it. It goes on where it stopped.
func (tl *timeline) fill(until time.Time) {
	if !tl.filled.IsZero() && !until.After(tl.filled) {
		return
	}
	keep := sort.Search(len(tl.dues), func(i int) bool { return tl.dues[i].at.After(tl.filled) })
	tl.dues = tl.dues[:keep]
	for i, r := range tl.reigns {
		if r.sched == nil {
			continue
		}
		end := time.Time{} // open
		if i+1 < len(tl.reigns) {
			end = tl.reigns[i+1].from
		}
		// A due time at the very moment the schedule takes force counts.
		after := r.from.Add(-time.Nanosecond)
		if tl.filled.After(after) {
			after = tl.filled
		}
		r.sched.walk(after, func(t time.Time) bool {
			if !end.IsZero() && !t.Before(end) {
				return false
			}
			tl.dues = append(tl.dues, due{at: t, tolerance: r.sched.tolerance})
			return !t.After(until)
		}, end)
	}
	tl.filled = until
}

// next is the due time after number i, zero when there is none.
func (tl *timeline) next(i int) time.Time {
	if i+1 < len(tl.dues) {
		return tl.dues[i+1].at
	}
	return time.Time{}
}

// opens is when jobs begin to count for due time i: its tolerance earlier, but no more than half the
// way back to the due time before it.
func (tl *timeline) opens(i int) time.Time {
	early := tl.dues[i].tolerance
	if i > 0 {
		early = min(early, tl.dues[i].at.Sub(tl.dues[i-1].at)/2)
	}
	return tl.dues[i].at.Add(-early)
}

// slotAt is the index of the slot that a job started at t is for; -1 when it is before the first.
func (tl *timeline) slotAt(t time.Time) int {
	tl.fill(t)
	// fill knows one due time after t, so the slot whose early time has begun is among them.
	return sort.Search(len(tl.dues), func(i int) bool { return tl.opens(i).After(t) }) - 1
}

// index finds a due time, -1 when there is none.
func (tl *timeline) index(at time.Time) int {
	tl.fill(at)
	i, found := slices.BinarySearchFunc(tl.dues, at, func(d due, at time.Time) int { return d.at.Compare(at) })
	if !found {
		return -1
	}
	return i
}

// ordered lists the timelines by series and kind.
func (ts timelines) ordered() []*timeline {
	var all []*timeline
	for _, tl := range ts {
		all = append(all, tl)
	}
	slices.SortFunc(all, func(a, b *timeline) int {
		if c := strings.Compare(a.series, b.series); c != 0 {
			return c
		}
		return strings.Compare(a.kind, b.kind)
	})
	return all
}

// timelinesOf takes in all entries.
func timelinesOf(entries []Sealed) timelines {
	ts := timelines{}
	for i := range entries {
		ts.apply(&entries[i].Entry)
	}
	return ts
}
