package engine

import (
	"context"
	"fmt"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// take stores one chunk: batches, what is absent between them, and a gap before them.
func (c *partitionCapture) take(ctx context.Context, chunk *kafka.Chunk) error {
	if g := chunk.Gap; g != nil {
		if err := c.lose(ctx, min(g.To, c.end), "deleted at the source (retention or DeleteRecords) before it could be read"); err != nil {
			return err
		}
	}
	absent := chunk.Absent
	var bytes int64
	for _, b := range chunk.Batches {
		for len(absent) > 0 && absent[0].From < b.BaseOffset {
			if err := c.absent(ctx, absent[0]); err != nil {
				return err
			}
			absent = absent[1:]
		}
		if err := c.store(b); err != nil {
			return err
		}
		bytes += int64(len(b.Raw))
	}
	if err := c.recoder.flush(); err != nil {
		return err
	}
	for _, a := range absent {
		if err := c.absent(ctx, a); err != nil {
			return err
		}
	}
	c.writer.Reached(chunk.LastEpoch)
	return c.progress(ctx, chunk, bytes)
}

// progress counts a stored chunk and keeps to the job's rate.
func (c *partitionCapture) progress(ctx context.Context, chunk *kafka.Chunk, bytes int64) error {
	var records int64
	for _, b := range chunk.Batches {
		records += int64(b.NumRecords)
	}
	c.meter.Add(records, bytes, c.writer.Position())
	c.announceSegments()
	return c.pace.wait(ctx, bytes)
}

// store writes one batch, or the part of it that lies in [position, end).
func (c *partitionCapture) store(b kafka.Batch) error {
	cover := archive.Span{From: max(c.next(), b.BaseOffset), To: min(b.LastOffset()+1, c.end)}
	if cover.From == b.BaseOffset && cover.To == b.LastOffset()+1 {
		return c.recoder.add(b.Raw, b.Header, cover)
	}
	if cover.To <= cover.From {
		return nil
	}
	enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: b.Codec()})
	if err != nil {
		return err
	}
	raw, kept, err := batch.Cut(c.recoder.dec, enc, nil, b.Raw, cover.From, cover.To)
	if err != nil {
		return fmt.Errorf("cut the batch at offset %d: %w", b.BaseOffset, err)
	}
	if kept == 0 { // a log cleaner took what lies on this side of the cut
		if err := c.recoder.flush(); err != nil {
			return err
		}
		return c.writer.Skip(cover.To, archive.Absent{Compacted: cover.To - cover.From})
	}
	h, err := batch.ParseHeader(raw)
	if err != nil {
		return err
	}
	return c.recoder.add(raw, h, cover)
}

// next is the offset behind everything taken so far, also what waits in the recoder.
func (c *partitionCapture) next() int64 {
	if c.recoder.waiting() {
		return c.recoder.cover.To
	}
	return c.writer.Position()
}

// absent accounts for offsets without a record. A hole is compaction where the policy says so;
// anywhere else records are missing.
func (c *partitionCapture) absent(ctx context.Context, a kafka.Absent) error {
	if err := c.recoder.flush(); err != nil {
		return err
	}
	from, to := max(a.From, c.writer.Position()), min(a.To, c.end)
	if to <= from {
		return nil
	}
	switch {
	case a.Kind == kafka.AbsentMarker:
		return c.writer.Skip(to, archive.Absent{Markers: to - from})
	case a.Kind == kafka.AbsentAborted:
		return c.writer.Skip(to, archive.Absent{Aborted: to - from})
	case c.topic.Compacted:
		return c.writer.Skip(to, archive.Absent{Compacted: to - from})
	}
	return c.lose(ctx, to, "missing from the log")
}

// lose enters a gap up to an offset.
func (c *partitionCapture) lose(ctx context.Context, to int64, why string) error {
	if err := c.recoder.flush(); err != nil {
		return err
	}
	from := c.writer.Position()
	if to <= from {
		return nil
	}
	before, err := c.writer.Gap(ctx, to)
	if err != nil {
		return err
	}
	c.between = c.between.Plus(before)
	c.gap(from, to, why)
	return nil
}

// gap enters lost offsets.
func (c *partitionCapture) gap(from, to int64, why string) {
	c.gaps = append(c.gaps, archive.Range{From: archive.Int64(from), To: archive.Int64(to), Reason: why})
	c.job.Warn("gap", F("topic", c.topic.Name), F("partition", c.plan.Partition), F("from", from), F("to", to), F("reason", why),
		F("message", fmt.Sprintf("%s: offsets %d to %d are lost: %s", c.tp(), from, to, why)))
}
