package engine

import (
	"math"
	"time"
)

// Rates and the time left are those of the present phase. Readers of a Snapshot feed them, so that an
// unwatched job spends nothing on them and two faces that look at one job say the same.
const (
	rateWindow  = 30 * time.Second       // over so much of the past
	rateEvery   = 250 * time.Millisecond // samples are not nearer to each other
	rateKnown   = 5 * time.Second        // before so much data nothing is said
	rateSmooth  = 10 * time.Second       // within which the rate of one partition forgets
	longestLeft = 366 * 24 * time.Hour   // beyond it the time left is a guess that says nothing
)

// reading is what the present process had done of a phase at one moment.
type reading struct {
	at                   time.Time
	done, records, bytes float64
}

// rates is the recent past of a phase. It is guarded by the lock of the meterSet.
type rates struct{ ring []reading } // the oldest first; at most one is older than the window

// restart forgets the phase before. What is done then counts from nothing.
func (r *rates) restart(at time.Time) { r.ring = append(r.ring[:0], reading{at: at}) }

// feed takes a reading, unless the last one is too near, and says how long ago that one was.
func (r *rates) feed(s reading) (since time.Duration, taken bool) {
	if n := len(r.ring); n > 0 {
		switch since = s.at.Sub(r.ring[n-1].at); {
		case since < 0: // the clock was set back: what was measured with it says nothing any more
			r.ring = append(r.ring[:0], s)
			return 0, false
		case since < rateEvery:
			return 0, false
		}
	}
	r.ring = append(r.ring, s)
	old := 0
	for old+1 < len(r.ring) && s.at.Sub(r.ring[old+1].at) >= rateWindow {
		old++
	}
	r.ring = append(r.ring[:0], r.ring[old:]...)
	return since, true
}

// perSecond is the speed over the window; false when there is too little to tell.
func (r *rates) perSecond() (speed reading, known bool) {
	if len(r.ring) < 2 {
		return reading{}, false
	}
	first, last := r.ring[0], r.ring[len(r.ring)-1]
	over := last.at.Sub(first.at)
	if over < rateKnown {
		return reading{}, false
	}
	per := func(from, to float64) float64 { return max(to-from, 0) / over.Seconds() }
	return reading{done: per(first.done, last.done), records: per(first.records, last.records), bytes: per(first.bytes, last.bytes)}, true
}

// rate adds rates and time left to a snapshot of phase number n.
func (m *meterSet) rate(s *Snapshot, n int, meters []*Meter, now reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n != m.number || s.Ended { // of another phase, or nothing moves any more
		return
	}
	since, taken := m.rates.feed(now)
	share := 1 - math.Exp(-since.Seconds()/rateSmooth.Seconds())
	for i, x := range meters {
		p := &s.Partitions[i]
		if taken {
			x.smooth(float64(p.Records-x.oldRecords.Load()), since.Seconds(), share)
		}
		if p.State == Running {
			p.RecordsPerSecond = x.speed
		}
	}
	speed, known := m.rates.perSecond()
	if !known {
		return
	}
	s.RecordsPerSecond, s.BytesPerSecond = speed.records, speed.bytes
	if left := float64(s.Total - s.Done); s.Total > 0 && left > 0 && speed.done > 0 && left/speed.done < longestLeft.Seconds() {
		s.Left = time.Duration(left / speed.done * float64(time.Second))
	}
}

// smooth moves the partition's rate towards that of the last seconds, by a share. It is guarded by the
// lock of the meterSet.
func (m *Meter) smooth(records, seconds, share float64) {
	now := max(records-m.seen, 0) / seconds
	m.seen = records
	if m.speed == 0 { // the partition has only just begun
		share = 1
	}
	m.speed += share * (now - m.speed)
}

// phasesOf are the phases of each kind of job in their order. A job skips those that it does not need;
// the preflight check, whose phases are what it is asked for, is not here.
var phasesOf = map[string][]string{
	"backup":         backupPhases,
	"restore":        append(restorePhases[:len(restorePhases):len(restorePhases)], "finish"),
	"restore finish": {"plan"},
	"validate":       {"documents", "segments", "strays"},
	"validation":     validationPhases,
	"verify":         {"ledger", "reports"},
	"drill":          drillPhases(),
}

var (
	backupPhases     = []string{"plan", "capture", "manifest"}
	restorePhases    = []string{"plan", "topics", "restore", "groups", "receipt"}
	validationPhases = []string{"plan", "archive", "capture", "compare", "groups", "report"}
)

func drillPhases() []string {
	all := []string{"sweep"}
	for _, part := range [][]string{backupPhases, restorePhases, validationPhases, {"tear-down"}} {
		all = append(all, part...)
	}
	return all
}

// stepAfter is the number, from 1, of the next phase of that name; a name that is not awaited changes
// nothing.
func stepAfter(phases []string, step int, name string) int {
	for i := step; i < len(phases); i++ {
		if phases[i] == name {
			return i + 1
		}
	}
	return step
}
