package engine

import (
	"math"
	"math/rand/v2"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// runOf is a view of segments that were never written: a histogram reads none.
func runOf(segments ...archive.ViewSegment) *RunView {
	t := archive.ViewTopic{Parts: []archive.ViewPart{{Segments: segments}}}
	t.Name = "a"
	return &RunView{View: &archive.View{Topics: []archive.ViewTopic{t}}}
}

func span(lo, hi, records int64) archive.ViewSegment {
	s := archive.ViewSegment{Counted: records}
	s.MinTimestamp, s.MaxTimestamp, s.Records, s.TimestampsExact = archive.Int64(lo), archive.Int64(hi), records, true
	return s
}

// TestHistogram lays segments into counts by hand.
func TestHistogram(t *testing.T) {
	header := span(10, 19, 7)
	header.TimestampsExact = false
	for _, x := range []struct {
		name     string
		segments []archive.ViewSegment
		from, to int64
		want     []int64
		spread   bool
	}{
		{"nothing", nil, 0, 40, []int64{0, 0, 0, 0}, false},
		{"each in one count", []archive.ViewSegment{span(0, 9, 5), span(30, 39, 6), span(12, 12, 1)}, 0, 40, []int64{5, 1, 0, 6}, false},
		{"spread evenly", []archive.ViewSegment{span(0, 39, 40)}, 0, 40, []int64{10, 10, 10, 10}, true},
		{"largest remainder", []archive.ViewSegment{span(0, 29, 10)}, 0, 40, []int64{4, 3, 3, 0}, true},
		{"weights", []archive.ViewSegment{span(5, 24, 100)}, 0, 40, []int64{25, 50, 25, 0}, true},
		{"outside", []archive.ViewSegment{span(-9, -1, 5), span(40, 50, 6)}, 0, 40, []int64{0, 0, 0, 0}, false},
		{"straddles both ends", []archive.ViewSegment{span(-40, 79, 120)}, 0, 40, []int64{10, 10, 10, 10}, true},
		{"straddles the start", []archive.ViewSegment{span(-10, 9, 20)}, 0, 40, []int64{10, 0, 0, 0}, true},
		{"straddles and rounds", []archive.ViewSegment{span(-10, 9, 7)}, 0, 40, []int64{4, 0, 0, 0}, true},
		{"of batch headers", []archive.ViewSegment{header}, 0, 40, []int64{0, 7, 0, 0}, true},
		{"more counts than milliseconds", []archive.ViewSegment{span(0, 1, 2)}, 0, 2, []int64{0, 1, 0, 1}, true},
		{"no range", []archive.ViewSegment{span(0, 9, 5)}, 5, 5, []int64{0, 0, 0, 0}, false},
		{"all of time", []archive.ViewSegment{span(math.MinInt64, math.MaxInt64, 8), span(3, 3, 1)}, math.MinInt64, math.MaxInt64, []int64{2, 2, 3, 2}, true},
	} {
		h := runOf(x.segments...).Histogram(nil, x.from, x.to, len(x.want))
		sum := int64(0)
		for i, n := range x.want {
			sum += n
			if h.Counts[i] != n {
				t.Errorf("%s: %v, want %v", x.name, h.Counts, x.want)
				break
			}
		}
		if h.Records != sum || h.Spread != x.spread || h.From != x.from || h.To != x.to {
			t.Errorf("%s: %+v, want %d records, spread %v", x.name, h, sum, x.spread)
		}
	}
	if h := runOf(span(0, 9, 5)).Histogram(nil, 0, 10, 0); len(h.Counts) != 0 || h.Records != 0 {
		t.Errorf("no counts: %+v", h)
	}
	if h := runOf(span(0, 9, 5)).Histogram(func(name string) bool { return name == "b" }, 0, 10, 1); h.Records != 0 {
		t.Errorf("another topic: %+v", h)
	}
}

// TestHistogramSums: whatever the segments are, no record in the range is lost or counted twice, and no
// count is negative or away from its share by more than rounding.
func TestHistogramSums(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		from := baseTime + int64(r.IntN(1000))
		to := from + 1 + r.Int64N(1<<r.IntN(40))
		n := 1 + r.IntN(90)
		var segments []archive.ViewSegment
		inside := int64(0)
		for range r.IntN(200) {
			lo := from + r.Int64N(to-from)
			s := span(lo, lo+r.Int64N(to-lo), r.Int64N(1<<r.IntN(38)))
			inside += s.Counted
			segments = append(segments, s)
		}
		h := runOf(segments...).Histogram(nil, from, to, n)
		sum := int64(0)
		for i, c := range h.Counts {
			sum += c
			want := 0.0
			for _, s := range segments {
				lo, hi := max(h.Bound(i), int64(s.MinTimestamp)), min(h.Bound(i+1)-1, int64(s.MaxTimestamp))
				if lo <= hi {
					want += float64(s.Counted) * float64(hi-lo+1) / float64(s.MaxTimestamp-s.MinTimestamp+1)
				}
			}
			if c < 0 || math.Abs(float64(c)-want) > 1.01 {
				t.Fatalf("seed %d: count %d is %d, its share %f", seed, i, c, want)
			}
		}
		if sum != inside || h.Records != inside {
			t.Fatalf("seed %d: %d records in counts, %d said, %d in segments", seed, sum, h.Records, inside)
		}
		if h.Bound(0) != from || h.Bound(n) != to {
			t.Fatalf("seed %d: bounds %d and %d of %d to %d", seed, h.Bound(0), h.Bound(n), from, to)
		}
	}
}

// TestHistogramOfAnArchive: the histogram of its cover holds every record.
func TestHistogramOfAnArchive(t *testing.T) {
	store := storage.NewMemory()
	c := newCrafted(t, store)
	c.add("a", nil, series("", 9, 7), series("zstd", 2, 3))
	c.add("b", nil, [][]byte{craft("", 0, embedded.Record{Timestamp: baseTime - 500})})
	c.seal()
	r := c.open()
	lo, hi, ok := r.Cover(nil)
	if !ok || lo != baseTime-500 || hi != baseTime+62_000 {
		t.Fatalf("cover %d to %d, %v", lo-baseTime, hi-baseTime, ok)
	}
	store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error { t.Errorf("%s %s", op, key); return nil }})
	if h := r.Histogram(nil, lo, hi+1, 10); h.Records != 9*7+2*3+1 || h.Counts[0] == 0 || h.Counts[9] == 0 {
		t.Errorf("%+v", h)
	}
}
