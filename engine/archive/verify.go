package archive

import (
	"context"
	"errors"
	"io"
	"sync"

	"kustody/kafka/batch"
)

// decoders keeps what decompressors have allocated from one segment for the next: where segments are small
// and many, that would be most of the work.
var decoders = sync.Pool{New: func() any { return batch.NewDecoder(batch.Limits{}) }}

// VerifySegment reads a segment from its first to its last byte and compares what is there with what
// its sidecar says: size, sha256, CRCs, offsets, counts; with deep also every record, and the
// timestamps. It returns a *BrokenError that names what differs.
func (a *Archive) VerifySegment(ctx context.Context, seg Segment, deep bool) error {
	r, err := a.OpenSegment(ctx, seg)
	if err != nil {
		return err
	}
	defer r.Close()
	got := Segment{Key: seg.Key, SHA256: seg.SHA256, Size: seg.Size}
	dec := decoders.Get().(*batch.Decoder)
	defer decoders.Put(dec)
	for {
		raw, h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return compare(seg, got, deep)
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		stats := HeaderStats(h)
		if deep {
			if stats, err = dec.Scan(raw); err != nil {
				return broken(seg.Key, "batch at offset %d: %w", h.BaseOffset, err)
			}
		}
		got.count(h, stats)
	}
}

// HeaderStats is what a batch's header alone says of its records. The minimum is only a guess: the
// header carries the first record's timestamp.
func HeaderStats(h batch.Header) batch.Stats {
	return batch.Stats{Records: int(h.NumRecords), MinTimestamp: min(h.BaseTimestamp, h.MaxTimestamp), MaxTimestamp: h.MaxTimestamp}
}

// count adds a batch to what a walk has found.
func (s *Segment) count(h batch.Header, stats batch.Stats) {
	if s.Batches == 0 {
		s.BaseOffset, s.MinTimestamp, s.MaxTimestamp = Int64(h.BaseOffset), Int64(stats.MinTimestamp), Int64(stats.MaxTimestamp)
	}
	s.MinTimestamp = min(s.MinTimestamp, Int64(stats.MinTimestamp))
	s.MaxTimestamp = max(s.MaxTimestamp, Int64(stats.MaxTimestamp))
	s.Batches++
	s.LargestBatch = max(s.LargestBatch, int64(h.Size()))
	s.Records += int64(stats.Records)
	s.LastOffset, s.LastEpoch = Int64(h.LastOffset()), h.LeaderEpoch
	if h.LogAppendTime() {
		s.LogAppendTime += int64(stats.Records)
	}
}

// compare holds what a walk found against the sidecar.
func compare(want, got Segment, deep bool) error {
	type pair struct {
		name      string
		want, got int64
	}
	pairs := []pair{
		{"base offset", int64(want.BaseOffset), int64(got.BaseOffset)},
		{"last offset", int64(want.LastOffset), int64(got.LastOffset)},
		{"records", want.Records, got.Records},
		{"batches", want.Batches, got.Batches},
		{"largest batch", want.LargestBatch, got.LargestBatch},
		{"last leader epoch", int64(want.LastEpoch), int64(got.LastEpoch)},
		{"records stamped by the broker", want.LogAppendTime, got.LogAppendTime},
	}
	if want.TimestampsExact == deep { // found the way they were written
		pairs = append(pairs, pair{"minimum timestamp", int64(want.MinTimestamp), int64(got.MinTimestamp)},
			pair{"maximum timestamp", int64(want.MaxTimestamp), int64(got.MaxTimestamp)})
	}
	for _, p := range pairs {
		if p.want != p.got {
			return broken(want.Key, "%s: its sidecar says %d, it holds %d", p.name, p.want, p.got)
		}
	}
	if n := want.Records + want.Absent.Total(); n != int64(want.To-want.From) {
		return broken(want.Key, "accounts for %d of the offsets %d to %d", n, want.From, want.To)
	}
	return nil
}
