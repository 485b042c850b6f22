package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// rewritten goes on after the source replaced offsets from `from` on (unclean election): what was
// captured at or after it no longer counts and is captured anew, and the run has a finding.
func (c *partitionCapture) rewritten(ctx context.Context, from int64) error {
	if err := c.recoder.flush(); err != nil {
		return err
	}
	if err := c.writer.Roll(ctx); err != nil {
		return err
	}
	c.announceSegments()
	now, err := c.Source.Offsets(ctx, kafka.LastStable, []kafka.TopicPartition{c.tp()})
	if err != nil {
		return fmt.Errorf("ask for the end of the rewritten log: %w", err)
	}
	seq := len(c.early) + len(c.writer.Held())
	c.early = append(c.early, c.writer.Held()...)
	c.said = 0
	c.between = c.between.Plus(c.writer.Tail())
	if err := c.rewind(ctx, from); err != nil {
		return err
	}
	c.end = min(c.end, now[c.tp()].Offset)
	c.writer = c.archive.WritePartition(archive.PartitionOptions{RunID: c.plan0().RunID, TopicID: c.topic.ID, Topic: c.topic.Name,
		Partition: c.plan.Partition, Start: from, Sequence: seq, Epoch: -1, MaxBytes: c.Capture.SegmentMaxBytes, Exact: c.exact()})
	return nil
}

// behindWait is how long a new leader is given to learn the high watermark before an end below what
// was captured is taken for a rewritten log.
const behindWait = 15 * time.Second

// behind judges a log that ends below what earlier runs captured: either a new leader does not know
// its high watermark yet, or the source lost records that the archive holds.
func (c *partitionCapture) behind(ctx context.Context) error {
	pos := c.writer.Position()
	for deadline := time.Now().Add(behindWait); time.Now().Before(deadline); {
		now, err := c.Source.Offsets(ctx, kafka.LastStable, []kafka.TopicPartition{c.tp()})
		if err != nil {
			return fmt.Errorf("ask for the end of the log: %w", err)
		}
		if now[c.tp()].Offset >= pos {
			c.end = pos
			return nil
		}
		high, err := c.Source.Offsets(ctx, kafka.HighWatermark, []kafka.TopicPartition{c.tp()})
		if err != nil {
			return fmt.Errorf("ask for the end of the log: %w", err)
		}
		if high[c.tp()].Offset < pos && c.plan.LeaderEpoch == now[c.tp()].LeaderEpoch {
			break // the same leader says so twice
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	if err := c.read(ctx, pos+1); err != nil {
		return err
	}
	if c.end < c.writer.Position() {
		return fmt.Errorf("the log ends at %d, below %d, which was captured before; the broker names no divergence", c.end, pos)
	}
	return nil
}

// rewind cuts everything captured at or after an offset: segments of this run and of those before it.
func (c *partitionCapture) rewind(ctx context.Context, to int64) error {
	at := archive.Int64(to)
	all := slices.Clone(c.early)
	if c.view != nil {
		if t, ok := c.view.ByID(c.topic.ID); ok && !c.topic.Full {
			for _, p := range t.Parts {
				if p.Partition != c.plan.Partition {
					continue
				}
				for _, s := range p.Segments {
					all = append(all, s.Held)
				}
			}
		}
	}
	for _, h := range all {
		if h.To <= at {
			continue
		}
		n, err := c.countBelow(ctx, h.Segment, to)
		if err != nil {
			return err
		}
		c.cuts = append(c.cuts, archive.Cut{Key: h.Key, To: max(at, h.From), Records: n})
	}
	kept := c.gaps[:0]
	for _, g := range c.gaps {
		if g.From < at {
			g.To = min(g.To, at)
			kept = append(kept, g)
		}
	}
	c.gaps = kept
	c.start = min(c.start, to)
	c.job.Warn("rewritten", F("topic", c.topic.Name), F("partition", c.plan.Partition), F("from", to),
		F("message", fmt.Sprintf("%s: the source replaced what it held from offset %d on (unclean leader election); captured anew from there", c.tp(), to)))
	return nil
}

// countBelow counts the records of a segment that lie below an offset.
func (c *partitionCapture) countBelow(ctx context.Context, seg archive.Segment, to int64) (int64, error) {
	if int64(seg.From) >= to {
		return 0, nil
	}
	r, err := c.archive.OpenSegment(ctx, seg)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var n int64
	for {
		raw, h, err := r.Next()
		if errors.Is(err, io.EOF) || err == nil && h.BaseOffset >= to {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if h.LastOffset() < to {
			n += int64(h.NumRecords)
			continue
		}
		err = c.recoderDecoder().Walk(raw, func(r *batch.Record) error {
			if r.Offset < to {
				n++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
}

func (c *partitionCapture) recoderDecoder() *batch.Decoder {
	if c.recoder != nil {
		return c.recoder.dec
	}
	return batch.NewDecoder(batch.Limits{})
}
