package engine

import (
	"math"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// fate is what a window makes of a segment or a batch.
type fate int

const (
	leave fate = iota // no record of it is restored
	keep              // every record is
	look              // it takes a look at each record
)

// sieve decides which records of one segment are restored: those in the window, and below the offset
// from which the source was rewritten.
type sieve struct {
	window archive.Window
	lo     int64 // no record of the segment is older
	until  int64 // offsets at or after it do not count
}

// newSieve makes the sieve of a segment. Where timestamps were taken from batch headers the smallest one
// is unknown: a header carries the first record's timestamp, not the smallest. Its maximum is exact.
func newSieve(w archive.Window, s archive.ViewSegment) sieve {
	v := sieve{window: w, lo: math.MinInt64, until: math.MaxInt64}
	if s.TimestampsExact {
		v.lo = int64(s.MinTimestamp)
	}
	if s.Cut() {
		v.until = int64(s.Until)
	}
	return v
}

// segment judges the whole segment. keep says that every counted record lies in the window.
func (v sieve) segment(s archive.ViewSegment) fate {
	if s.Counted == 0 {
		return leave
	}
	return v.times(int64(s.MaxTimestamp))
}

// times judges records of which the newest is known.
func (v sieve) times(hi int64) fate {
	switch {
	case v.window.Misses(v.lo, hi):
		return leave
	case v.window.Covers(v.lo, hi):
		return keep
	}
	return look
}

// batch judges one stored batch by its header.
func (v sieve) batch(h batch.Header) fate {
	switch {
	case h.NumRecords == 0 || h.BaseOffset >= v.until:
		return leave
	case h.LogAppendTime() && !v.window.Contains(h.MaxTimestamp):
		return leave
	case h.LastOffset() >= v.until:
		return look
	case h.LogAppendTime():
		return keep
	}
	return v.times(h.MaxTimestamp)
}

// scanned judges a batch whose records have been looked at.
func (v sieve) scanned(h batch.Header, s batch.Stats) fate {
	f := v.window
	switch {
	case s.Records == 0 || f.Misses(s.MinTimestamp, s.MaxTimestamp):
		return leave
	case h.LastOffset() < v.until && f.Covers(s.MinTimestamp, s.MaxTimestamp):
		return keep
	}
	return look
}

// record judges one record.
func (v sieve) record(r *batch.Record) bool {
	return r.Offset < v.until && v.window.Contains(r.Timestamp)
}
