package evidence

import "time"

const (
	// maxDue bounds what Due returns: the minutes of a year, and some.
	maxDue = 600_000
	// maxSearchDays bounds the search for the next due time: 29 February on a given weekday comes
	// within 40 years, also across a year 2100.
	maxSearchDays = 41 * 366
)

// Due lists the due times t with after < t ≤ until, ascending, at most 600,000 of them; for more, ask
// again from the last one.
func (s *Schedule) Due(after, until time.Time) []time.Time {
	var due []time.Time
	s.walk(after, func(t time.Time) bool {
		if t.After(until) || len(due) == maxDue {
			return false
		}
		due = append(due, t)
		return true
	}, until)
	return due
}

// Next is the first due time after t; the zero time if there is none within 41 years.
func (s *Schedule) Next(t time.Time) time.Time {
	var next time.Time
	s.walk(t, func(due time.Time) bool {
		next = due
		return false
	}, time.Time{})
	return next
}

// walk calls fn for each due time after a time, ascending, until fn says false, until is passed (when
// not zero), or 41 years have gone by.
func (s *Schedule) walk(after time.Time, fn func(time.Time) bool, until time.Time) {
	last := after
	y, m, d := after.In(s.loc).Date()
	// From the day before: a gap or a repeated hour can move a due time across midnight.
	for i := -1; i < maxSearchDays; i++ {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC) // the calendar only; the clock comes below
		if !until.IsZero() && day.Sub(until) > 48*time.Hour {
			return
		}
		if !s.matchesDay(day) {
			continue
		}
		resolve := s.resolver(day)
		for clock := range s.clocks {
			t := resolve(clock)
			if !t.After(last) {
				continue // before the start, or a second due time that fell on the end of the same gap
			}
			if !fn(t) {
				return
			}
			last = t
		}
	}
}

func (s *Schedule) matchesDay(day time.Time) bool {
	_, month, date := day.Date()
	if s.months>>uint(month)&1 == 0 {
		return false
	}
	inMonth, inWeek := s.days>>uint(date)&1 == 1, s.weekdays>>uint(day.Weekday())&1 == 1
	if s.eitherDay {
		return inMonth || inWeek
	}
	return inMonth && inWeek
}

// clocks yields the times of day that match, ascending, as time since midnight on the clock.
func (s *Schedule) clocks(yield func(time.Duration) bool) {
	for h := range 24 {
		if s.hours>>uint(h)&1 == 0 {
			continue
		}
		for m := range 60 {
			if s.minutes>>uint(m)&1 == 1 && !yield(time.Duration(h)*time.Hour+time.Duration(m)*time.Minute) {
				return
			}
		}
	}
}

// resolver turns times on the clock of one calendar day into instants. Nearly all days have one
// offset; the others are resolved time by time.
func (s *Schedule) resolver(day time.Time) func(time.Duration) time.Time {
	noon := s.local(day.Add(12 * time.Hour))
	_, offset := noon.Zone()
	midnight := day.Add(-time.Duration(offset) * time.Second)
	from, to := noon.ZoneBounds()
	if (from.IsZero() || from.Before(midnight.Add(-24*time.Hour))) && (to.IsZero() || to.After(midnight.Add(48*time.Hour))) {
		return func(clock time.Duration) time.Time { return midnight.Add(clock) }
	}
	return func(clock time.Duration) time.Time { return s.instant(day.Add(clock)) }
}

// local is some instant at which the zone's clock shows what wall shows in UTC, or nearly so.
func (s *Schedule) local(wall time.Time) time.Time {
	y, m, d := wall.Date()
	return time.Date(y, m, d, wall.Hour(), wall.Minute(), 0, 0, s.loc)
}

// instant is the first instant at which the zone's clock shows what wall shows in UTC; where the clock
// skips that, the first instant after the gap.
func (s *Schedule) instant(wall time.Time) time.Time {
	near := s.local(wall)
	from, to := near.ZoneBounds()
	around := []time.Time{near}
	if !from.IsZero() {
		around = append(around, from.Add(-time.Second))
	}
	if !to.IsZero() {
		around = append(around, to)
	}
	var first time.Time
	for _, at := range around {
		_, offset := at.In(s.loc).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if _, shown := t.In(s.loc).Zone(); shown == offset && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	// In a gap: near was read with the offset of one side, so the gap's end is the nearer bound.
	if to.IsZero() || (!from.IsZero() && near.Sub(from) < to.Sub(near)) {
		return from.UTC()
	}
	return to.UTC()
}
