package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"kustody/engine/archive"
)

// Histogram is how many records lie in each part of a range of time.
type Histogram struct {
	From, To int64 // milliseconds, half-open
	Counts   []int64
	Records  int64 // the sum of Counts
	// Spread says that some records are only known to lie somewhere in a stretch that several counts, or
	// an end of the range, divide: they are spread over it evenly.
	Spread bool
}

// Bound is where the count i begins, in milliseconds; with i the number of counts, it is To.
func (h Histogram) Bound(i int) int64 {
	return h.From + scale(uint64(h.To-h.From), uint64(i), uint64(len(h.Counts)))
}

// scale is total*part/whole, rounded down, for part <= whole and whole > 0.
func scale(total, part, whole uint64) int64 {
	if part == whole {
		return int64(total)
	}
	hi, lo := bits.Mul64(total, part)
	q, _ := bits.Div64(hi, lo, whole)
	return int64(q)
}

// Histogram counts the records of the selected topics (nil: all) by time, in equal parts of [from, to). No
// segment is read: the records of each are spread evenly from its smallest to its largest timestamp, and
// counts are rounded by largest remainder, so that together they are the records of the segments in the
// range.
func (r *RunView) Histogram(topics func(name string) bool, from, to int64, buckets int) Histogram {
	h := Histogram{From: from, To: to, Counts: make([]int64, max(buckets, 0))}
	if from >= to || buckets <= 0 {
		return h
	}
	f := filling{h: &h, parts: make([]float64, buckets)}
	r.eachSegment(topics, f.add)
	f.round()
	return h
}

// filling is a histogram that is being made.
type filling struct {
	h      *Histogram
	whole  int64     // records of segments that lie in the range
	placed int64     // of these, records of segments that one count holds
	cut    float64   // share of the records of segments that straddle an end
	parts  []float64 // what each count gets of segments that are spread
}

// bucket is the count that a time in the range belongs to.
func (f *filling) bucket(ms int64) int {
	n := len(f.h.Counts)
	i := int(scale(uint64(ms-f.h.From), uint64(n), uint64(f.h.To-f.h.From)))
	// Bounds are rounded down to whole milliseconds, so the time may lie one count further on.
	for i+1 < n && f.h.Bound(i+1) <= ms {
		i++
	}
	return i
}

// add spreads one segment.
func (f *filling) add(s *archive.ViewSegment) {
	lo, hi := int64(s.MinTimestamp), int64(s.MaxTimestamp)
	if hi < f.h.From || lo >= f.h.To || hi < lo {
		return
	}
	inside := lo >= f.h.From && hi < f.h.To
	first, last := f.bucket(max(lo, f.h.From)), f.bucket(min(hi, f.h.To-1))
	if inside {
		f.whole += s.Counted
		if first == last {
			f.h.Counts[first] += s.Counted
			f.placed += s.Counted
			f.h.Spread = f.h.Spread || !s.TimestampsExact
			return
		}
	}
	f.h.Spread = true
	width := float64(hi) - float64(lo) + 1
	for i := first; i <= last; i++ {
		a, b := max(f.h.Bound(i), lo), min(f.h.Bound(i+1)-1, hi)
		part := float64(s.Counted) * min(1, max(0, float64(b)-float64(a)+1)/width)
		f.parts[i] += part
		if !inside {
			f.cut += part
		}
	}
}

// round turns shares into whole records. The shares' own errors may leave the sum a record away from what
// it must be: then the count whose remainder it costs least gives or takes it.
func (f *filling) round() {
	counts := f.h.Counts
	open := f.whole - f.placed + int64(math.Round(f.cut)) // records that the shares stand for
	f.h.Records = f.placed + open
	order := make([]int, len(f.parts))
	for i, x := range f.parts {
		order[i] = i
		counts[i] += int64(x)
		open -= int64(x)
		f.parts[i] = x - math.Floor(x)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.parts[b], f.parts[a]) })
	for k := 0; open > 0; k++ {
		counts[order[k%len(order)]]++
		open--
	}
	for k := len(order) - 1; open < 0 && k >= 0; k-- {
		take := min(counts[order[k]], 1)
		counts[order[k]] -= take
		open += take
	}
}
