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
	lo, hi int64 // no record of the segment is older, or newer
	until  int64 // offsets at or after it do not count
}

// newSieve makes the sieve of a segment. Where timestamps were taken from batch headers nothing is known of
// them: a header carries the first record's timestamp, and for the newest what the producer says it is, which
// Kafka corrects and other brokers may not. Only records that a broker stamped all have their header's.
func newSieve(w archive.Window, s archive.ViewSegment) sieve {
	v := sieve{window: w, lo: math.MinInt64, hi: math.MaxInt64, until: math.MaxInt64}
	if s.TimestampsExact {
		v.lo = int64(s.MinTimestamp)
	}
	if s.TimestampsExact || s.LogAppendTime == s.Records {
		v.hi = int64(s.MaxTimestamp)
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
	return v.times()
}

// times judges records of which no more is known than of the segment.
func (v sieve) times() fate {
	switch {
	case v.window.Misses(v.lo, v.hi):
		return leave
	case v.window.Covers(v.lo, v.hi):
		return keep
	}
	return look
}

// batch judges one stored batch by its header, as far as that can be relied on.
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
	return v.times()
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
