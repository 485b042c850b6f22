package engine

import (
	"context"
	"fmt"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// sourceStream hands out the records that a restore must have written into one target partition, in the
// order in which it wrote them: window, rewritten ends and repartition are those of the restore. One
// goroutine.
type sourceStream struct {
	archive *archive.Archive
	window  archive.Window
	parts   []*archive.ViewPart // one; with repartition all of the topic, one after the other
	spread  func() *partitioner // nil: every record belongs to the target partition
	target  int32
}

// origin says where a record of a sourceStream comes from.
type origin struct {
	segment   string
	partition int32
	stamped   bool // the source's broker gave the timestamp
}

// each calls fn for every record, which is valid until fn returns. It ends at the proved end of the last
// segment; what is wrong with the archive is a *archive.BrokenError, an error of fn is returned as it is.
func (s *sourceStream) each(ctx context.Context, fn func(r *batch.Record, from *origin) error) error {
	dec := batch.NewDecoder(batch.Limits{})
	var spread *partitioner
	if s.spread != nil {
		spread = s.spread()
	}
	for _, p := range s.parts {
		for _, seg := range p.Segments {
			if err := s.segment(ctx, dec, p.Partition, seg, spread, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// segment hands out what is restored of one segment.
func (s *sourceStream) segment(ctx context.Context, dec *batch.Decoder, partition int32, seg archive.ViewSegment, spread *partitioner, fn func(*batch.Record, *origin) error) error {
	v := newSieve(s.window, seg)
	fate := v.segment(seg)
	if fate == leave {
		return nil
	}
	from := &origin{segment: seg.Key, partition: partition}
	var counted int64
	err := eachBatch(ctx, s.archive, seg, func(raw []byte, h batch.Header) error {
		if v.batch(h) == leave {
			return nil
		}
		from.stamped = h.LogAppendTime()
		var own error
		err := dec.Walk(raw, func(r *batch.Record) error {
			if !v.record(r) {
				return nil
			}
			counted++
			if spread != nil && spread.of(r.Key) != s.target {
				return nil
			}
			own = fn(r, from)
			return own
		})
		if err != nil && own == nil {
			return &archive.BrokenError{Key: seg.Key, Err: fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)}
		}
		return err
	})
	if err == nil && fate == keep && counted != seg.Counted {
		return &archive.BrokenError{Key: seg.Key, Err: fmt.Errorf("holds %d records to restore; its manifest says %d", counted, seg.Counted)}
	}
	return err
}
