package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// captured is what a run has of each partition, in the order of the plan.
type captured struct {
	topics [][]archive.ManifestPartition
	lost   [][]bool // the topic vanished while this partition was read

	unproved atomic.Bool // some fetch could not name its topic by id
}

// capture works through the plan's partitions, a few at a time. The first error ends the others in an
// orderly way: what they hold is made durable, so that the next run goes on there.
func (b *backup) capture(ctx context.Context) (*captured, error) {
	b.job.phase("capture")
	topics := b.plan.Doc.Topics
	out := &captured{topics: make([][]archive.ManifestPartition, len(topics)), lost: make([][]bool, len(topics))}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(b.Workers)
	limit := newPace(b.MaxBytesPerSecond)
	var tasks []func() error
	for i, t := range topics {
		out.topics[i] = make([]archive.ManifestPartition, len(t.Partitions))
		out.lost[i] = make([]bool, len(t.Partitions))
		for k, p := range t.Partitions {
			meter := b.job.meter(t.Name, p.Partition, int64(p.Start), int64(p.End))
			tasks = append(tasks, func() error {
				// Made here and dropped with its buffers: memory follows the workers, not the partitions.
				c := &partitionCapture{backup: b, topic: t, plan: p, pace: limit, end: int64(p.End), meter: meter}
				err := c.run(gctx)
				out.topics[i][k], out.lost[i][k] = c.out, c.deleted
				if c.unproved {
					out.unproved.Store(true)
				}
				return err
			})
		}
	}
	b.announce()
	for _, task := range tasks {
		if gctx.Err() != nil {
			break
		}
		g.Go(task)
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, ctx.Err()
}

// announce enters the plan as a fact.
func (b *backup) announce() {
	var offsets int64
	partitions := 0
	for _, t := range b.plan.Doc.Topics {
		for _, p := range t.Partitions {
			offsets += max(int64(p.End-p.Start), 0)
			partitions++
		}
		b.job.Info("topic", F("topic", t.Name), F("topic_id", t.ID.String()), F("partitions", len(t.Partitions)), F("reason", t.Reason))
	}
	b.job.Info("plan", F("backup_id", b.BackupID), F("run_id", b.plan.Doc.RunID), F("plan_sha256", b.plan.SHA256),
		F("topics", len(b.plan.Doc.Topics)), F("partitions", partitions), F("offsets", offsets))
}

// partitionCapture captures one partition of a run.
type partitionCapture struct {
	*backup
	topic    archive.PlanTopic
	plan     archive.PlanPartition
	pace     *pace
	meter    *Meter
	writer   *archive.PartitionWriter
	recoder  *recoder
	end      int64          // of the plan, or lower once the source was rewritten
	early    []archive.Held // adopted from a dead process
	gaps     []archive.Range
	cuts     []archive.Cut
	between  archive.Absent // absent offsets just before gaps: no segment accounts for them
	start    int64
	deleted  bool
	unproved bool // a fetch could not name the topic by its id
	said     int  // segments announced
	out      archive.ManifestPartition
}

func (c *partitionCapture) tp() kafka.TopicPartition {
	return kafka.TopicPartition{Topic: c.topic.Name, ID: c.topic.ID, Partition: c.plan.Partition}
}

// run captures [position, end), through whatever the source does meanwhile.
func (c *partitionCapture) run(ctx context.Context) (err error) {
	c.meter.Set(Running)
	defer func() {
		c.meter.Set(Done)
		if err != nil {
			c.meter.Set(Failed)
			err = errors.Join(fmt.Errorf("capture %s: %w", c.tp(), err), c.salvage(ctx))
		}
	}()
	if err := c.open(ctx); err != nil {
		return err
	}
	if c.end < c.writer.Position() {
		if err := c.behind(ctx); err != nil {
			return err
		}
	}
	for c.writer.Position() < c.end {
		if err := c.read(ctx, c.end); err != nil {
			return err
		}
	}
	if err := c.recoder.flush(); err != nil {
		return err
	}
	if err := c.writer.Roll(ctx); err != nil {
		return err
	}
	c.announceSegments()
	c.seal()
	c.job.Info("partition_done", F("topic", c.topic.Name), F("partition", c.plan.Partition), F("records", c.out.Records), F("end", c.end))
	return nil
}

// salvage makes durable what was captured before a run ended early, even when it was cancelled.
func (c *partitionCapture) salvage(ctx context.Context) error {
	if c.writer == nil || c.writer.Failed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	// Whoever lost the lock leaves no checkpoint: another job may have gone on with this partition.
	err := c.lock.Check(ctx)
	if err == nil {
		err = c.writer.Roll(ctx)
	}
	if err != nil {
		return errors.Join(err, c.writer.Abort())
	}
	return nil
}

// open adopts what a dead process of this run left, and starts writing behind it.
func (c *partitionCapture) open(ctx context.Context) error {
	pos, epoch, seq := int64(c.plan.Start), c.plan.LastEpoch, 0
	c.start = pos
	if c.resumed {
		sides, held, err := c.archive.Adopt(ctx, c.plan0().RunID, c.topic.ID, c.plan.Partition, c.Capture.Inspect == "records")
		if err != nil {
			return fmt.Errorf("adopt what the run left: %w", err)
		}
		if err := c.adopt(ctx, sides, held); err != nil {
			return err
		}
		if n := len(sides); n > 0 {
			pos, epoch, seq = int64(sides[n-1].To), sides[n-1].LastEpoch, n
		}
	}
	c.writer = c.archive.WritePartition(archive.PartitionOptions{RunID: c.plan0().RunID, TopicID: c.topic.ID, Topic: c.topic.Name,
		Partition: c.plan.Partition, Start: pos, Sequence: seq, Epoch: epoch, MaxBytes: c.Capture.SegmentMaxBytes,
		Exact: c.exact()})
	var err error
	c.recoder, err = newRecoder(c.Capture, func(raw []byte, h batch.Header, s batch.Stats, cover archive.Span) error {
		return c.writer.Append(ctx, raw, h, s, cover)
	})
	return err
}

// exact says whether every record's timestamp is seen on its way into the archive.
func (c *partitionCapture) exact() bool {
	k := c.Capture
	return k.Inspect == "records" || k.Compression != "producer" && k.Compression != "auto"
}

func (c *partitionCapture) plan0() *archive.Plan { return c.backup.plan.Doc }

// adopt takes over the segments of a dead process of this run. Between two of them lies nothing, a gap
// that was found, or a rewriting of the source, which the sidecars' accounts tell apart.
func (c *partitionCapture) adopt(ctx context.Context, sides []archive.Sidecar, held []archive.Held) error {
	at := c.plan.Start
	for i, s := range sides {
		switch {
		case s.From > at:
			c.gap(int64(at), int64(s.From), "lost at the source before it could be read")
		case s.From < at:
			if _, err := c.rewind(ctx, int64(s.From)); err != nil {
				return err
			}
		}
		c.early = append(c.early, held[i])
		c.meter.adopt(s.Records, s.Size, int64(s.To))
		at = s.To
	}
	c.said = 0
	return nil
}

// read follows one reader until the end of the partition or until the source forces another start.
func (c *partitionCapture) read(ctx context.Context, end int64) error {
	r := c.Source.Read(c.tp(), kafka.ReadOptions{Start: c.writer.Position(), End: end, LastEpoch: c.writer.Epoch(), MaxBytes: c.FetchBytes,
		OnRetry: func(err error) { c.job.retrying(c.meter, c.topic.Name, c.plan.Partition, brief(err)) }})
	defer func() {
		c.unproved = c.unproved || !r.ByID()
		r.Close()
	}()
	for {
		chunk, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return c.reached()
		}
		if err != nil {
			return c.source(ctx, err)
		}
		if err := c.take(ctx, chunk); err != nil {
			return err
		}
	}
}

// reached holds the reader's word that the end is reached against our own account.
func (c *partitionCapture) reached() error {
	if err := c.recoder.flush(); err != nil {
		return err
	}
	if p := c.writer.Position(); p < c.end {
		return fmt.Errorf("reading ended at offset %d, before the end %d", p, c.end)
	}
	return nil
}

// source turns what happened to the source into findings, where the run can go on.
func (c *partitionCapture) source(ctx context.Context, err error) error {
	var diverged *kafka.DivergedError
	var truncated *kafka.TruncatedError
	var deleted *kafka.DeletedError
	switch {
	case errors.As(err, &diverged):
		return c.rewritten(ctx, diverged.EndOffset, diverged.Epoch)
	case errors.As(err, &truncated):
		return c.rewritten(ctx, truncated.LogEnd, math.MaxInt32)
	case errors.As(err, &deleted):
		c.deleted = true
		return c.lose(ctx, c.end, "the topic was deleted before this could be read")
	}
	return c.shorter(ctx, err)
}

// announceSegments enters a fact for each segment that the store has taken since the last call.
func (c *partitionCapture) announceSegments() {
	for _, h := range c.writer.Held()[c.said:] {
		c.job.Info("segment", F("topic", c.topic.Name), F("partition", c.plan.Partition), F("key", h.Key), F("records", h.Records), F("bytes", h.Size), F("to", int64(h.To)))
		c.said++
	}
}

// seal sums the partition up for the manifest.
func (c *partitionCapture) seal() {
	m := archive.ManifestPartition{Partition: c.plan.Partition, Start: archive.Int64(c.start), End: archive.Int64(c.end), HeldBack: c.plan.HeldBack(),
		LastEpoch: c.writer.Epoch(), Segments: slices.Concat(c.early, c.writer.Held()), Gaps: c.gaps, Cuts: c.cuts,
		Tail: c.writer.Tail().Plus(c.between)}
	m.Absent = m.Tail
	for _, s := range m.Segments {
		m.Records += s.Records
		m.Bytes += s.Size
		m.Absent = m.Absent.Plus(s.Absent)
	}
	if m.Segments == nil {
		m.Segments = []archive.Held{}
	}
	if m.Gaps == nil {
		m.Gaps = []archive.Range{}
	}
	c.out = m
}
