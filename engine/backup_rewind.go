package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// rewritten goes on after the source replaced offsets (unclean election): what was captured at or after the
// place where the histories part no longer counts and is captured anew, and the run has a finding. The
// source says that its history has the same batches up to `from` as far as they are of an epoch up to
// `epoch`: batches of ours of a later one it never had (KIP-320), and whether those below are of the same
// history is what the next fetch asks, with the epoch of the last of them.
func (c *partitionCapture) rewritten(ctx context.Context, from int64, epoch int32) error {
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
	pos, sent := c.writer.Position(), c.writer.Epoch()
	c.end = min(c.end, now[c.tp()].Offset)
	if from, err = c.parting(ctx, min(from, c.end, pos), epoch); err != nil {
		return err
	}
	last, err := c.rewind(ctx, from)
	if err != nil {
		return err
	}
	if from == pos && last == sent && from < c.end {
		return fmt.Errorf("the source says that its history parts from what was captured below offset %d, and not where", pos)
	}
	c.writer = c.archive.WritePartition(archive.PartitionOptions{RunID: c.plan0().RunID, TopicID: c.topic.ID, Topic: c.topic.Name,
		Partition: c.plan.Partition, Start: from, Sequence: seq, Epoch: last, MaxBytes: c.Capture.SegmentMaxBytes, Exact: c.exact()})
	return nil
}

// shorter looks, after reading failed, whether the log now ends below what the plan froze, under another
// leader: it will never be there again. Without it every later run would wait for it anew.
func (c *partitionCapture) shorter(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	high, err := c.Source.Offsets(ctx, kafka.HighWatermark, []kafka.TopicPartition{c.tp()})
	if err != nil {
		return cause // which says more
	}
	if now := high[c.tp()]; now.Offset >= c.end || now.LeaderEpoch == c.plan.LeaderEpoch {
		return cause
	}
	return c.rewritten(ctx, c.writer.Position(), math.MaxInt32)
}

// parting is the first offset at or below `from` whose batch is of a later epoch than the source knows
// there; `from` itself if there is none.
func (c *partitionCapture) parting(ctx context.Context, from int64, epoch int32) (int64, error) {
	for _, s := range c.captured() {
		if s.LastEpoch <= epoch || int64(s.From) >= from {
			continue
		}
		err := eachBatch(ctx, c.archive, s, func(_ []byte, h batch.Header) error {
			if h.LeaderEpoch > epoch && h.BaseOffset < int64(s.Until) {
				from = min(from, h.BaseOffset)
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return from, nil
}

// captured lists the segments of this run and of those before it that this one goes on with, as far as
// they count.
func (c *partitionCapture) captured() []archive.ViewSegment {
	var all []archive.ViewSegment
	if c.view != nil && !c.topic.Full {
		if t, ok := c.view.ByID(c.topic.ID); ok {
			for _, p := range t.Parts {
				if p.Partition == c.plan.Partition {
					all = append(all, p.Segments...)
				}
			}
		}
	}
	for _, h := range c.early {
		all = append(all, archive.ViewSegment{Held: h, Until: h.To, Counted: h.Records})
	}
	for i := range all {
		for _, cut := range c.cuts {
			if cut.Key == all[i].Key {
				all[i].Until = min(all[i].Until, cut.To)
			}
		}
	}
	return slices.DeleteFunc(all, func(s archive.ViewSegment) bool { return s.Until <= s.From })
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

// rewind cuts everything captured at or after an offset: segments of this run and of those before it, and
// what is absent behind them. It returns the leader epoch of the last batch that is left, -1 for none.
func (c *partitionCapture) rewind(ctx context.Context, to int64) (int32, error) {
	at, last := archive.Int64(to), int32(-1)
	cuts := []archive.Cut{{To: at}}
	for _, s := range c.captured() {
		if s.Until <= at && !s.Cut() {
			last = max(last, s.LastEpoch)
			continue
		}
		n, epoch, err := c.below(ctx, s, min(to, int64(s.Until)))
		if err != nil {
			return 0, err
		}
		last = max(last, epoch)
		if s.Until <= at {
			continue
		}
		cuts = append(cuts, archive.Cut{Key: s.Key, To: max(at, s.From), Records: n})
	}
	c.cuts = append(c.cuts, cuts...)
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
	return last, nil
}

// below counts the records of a segment that lie below an offset, and says of which leader epoch the last
// of their batches is, -1 without any.
func (c *partitionCapture) below(ctx context.Context, s archive.ViewSegment, to int64) (n int64, epoch int32, err error) {
	epoch = -1
	if int64(s.From) >= to {
		return 0, epoch, nil
	}
	err = eachBatch(ctx, c.archive, s, func(raw []byte, h batch.Header) error {
		if h.BaseOffset >= to {
			return nil
		}
		epoch = h.LeaderEpoch
		if h.LastOffset() < to {
			n += int64(h.NumRecords)
			return nil
		}
		return c.recoderDecoder().Walk(raw, func(r *batch.Record) error {
			if r.Offset < to {
				n++
			}
			return nil
		})
	})
	return n, epoch, err
}

func (c *partitionCapture) recoderDecoder() *batch.Decoder {
	if c.recoder != nil {
		return c.recoder.dec
	}
	return batch.NewDecoder(batch.Limits{})
}
