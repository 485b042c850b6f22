package engine

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// RunView is one run, opened to be looked at: its description, its chain as segments, and ways to look
// into them. It takes no lock, and any number of goroutines may use it. What it says stays true while
// backups go on: runs never change.
type RunView struct {
	*Description
	View *archive.View

	archive *archive.Archive
}

// OpenRun reads the documents of a run and of its chain, but no segment. Without a run id it is the newest
// run; the error's exit code is 10 where there is none.
func OpenRun(ctx context.Context, o QueryOptions) (*RunView, error) {
	a := archive.Open(o.Store, o.BackupID, archive.Keys{Trusted: o.Trusted})
	view, err := a.View(ctx, o.RunID)
	if err != nil {
		return nil, err
	}
	d, err := describe(ctx, o, a, view)
	if err != nil {
		return nil, err
	}
	return &RunView{Description: d, View: view, archive: a}, nil
}

// Newest are the newest incarnations of the topics that a filter takes, by name; nil takes all. They are
// part of the view and must not be changed.
func (r *RunView) Newest(topics func(name string) bool) []*archive.ViewTopic {
	var out []*archive.ViewTopic
	for i := range r.View.Topics { // by name, so that incarnations stand together
		t := &r.View.Topics[i]
		if n := len(out); n > 0 && out[n-1].Name == t.Name {
			if t.Current || !out[n-1].Current {
				out[n-1] = t
			}
			continue
		}
		if topics == nil || topics(t.Name) {
			out = append(out, t)
		}
	}
	return out
}

// eachSegment hands out every segment of the selected topics that counts at all.
func (r *RunView) eachSegment(topics func(name string) bool, fn func(s *archive.ViewSegment)) {
	for _, t := range r.Newest(topics) {
		for i := range t.Parts {
			for k := range t.Parts[i].Segments {
				if s := &t.Parts[i].Segments[k]; s.Counted > 0 {
					fn(s)
				}
			}
		}
	}
}

// Cover is the smallest and the largest record timestamp of the selected topics (nil: all) in the chain, in
// milliseconds, as the sidecars have them: no segment is read. ok is false where there is no record.
func (r *RunView) Cover(topics func(name string) bool) (lo, hi int64, ok bool) {
	lo, hi = math.MaxInt64, math.MinInt64
	r.eachSegment(topics, func(s *archive.ViewSegment) {
		lo, hi, ok = min(lo, int64(s.MinTimestamp)), max(hi, int64(s.MaxTimestamp)), true
	})
	if !ok {
		return 0, 0, false
	}
	return lo, hi, true
}

// TopicCount is what a time window takes of one topic.
type TopicCount struct {
	Topic      string
	Partitions int
	Empty      int   // partitions without a record in the window
	Records    int64 // in the window: exact
	Bytes      int64 // of the segments that a restore reads for them
	First      int64 // smallest timestamp in the window, milliseconds; without meaning where Records is 0
	Last       int64 // largest timestamp
	Guessed    bool  // First and Last are partly what batch headers or a rewritten source's segments say; Records is exact all the same
}

// Count says how many records of the selected topics (nil: all) lie in a window, exactly and as a restore
// of it counts them: segments wholly inside or outside by their sidecars, the others by reading them. Only
// the newest incarnation under each name counts. Topics come by name, those without a record too. A
// segment that is not what was put there is a *archive.BrokenError.
func (r *RunView) Count(ctx context.Context, topics func(name string) bool, w archive.Window) ([]TopicCount, error) {
	chosen := r.Newest(topics)
	parts := make([][]RestorePartition, len(chosen))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, t := range chosen {
		parts[i] = make([]RestorePartition, len(t.Parts))
		for k := range t.Parts {
			p := &parts[i][k]
			p.Partition, p.view = t.Parts[k].Partition, &t.Parts[k]
			g.Go(func() error {
				if err := gctx.Err(); err != nil {
					return err
				}
				return p.count(gctx, r.archive, w)
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("count the records of run %s in a time window: %w", r.RunID, err)
	}
	out := make([]TopicCount, 0, len(chosen))
	for i, t := range chosen {
		c := TopicCount{Topic: t.Name, Partitions: len(t.Parts)}
		for k := range parts[i] {
			c.add(&parts[i][k], w)
		}
		out = append(out, c)
	}
	return out, nil
}

// add takes in one partition.
func (c *TopicCount) add(p *RestorePartition, w archive.Window) {
	c.Bytes += p.Bytes
	if p.Records == 0 {
		c.Empty++
		return
	}
	first, last := int64(p.MinTimestamp), int64(p.MaxTimestamp)
	unknown := first == math.MinInt64 // a segment whose sidecar knows no times was counted unread
	if unknown {
		first = last
	}
	for _, s := range p.view.Segments {
		fate := newSieve(w, s).segment(s)
		if fate == leave {
			continue
		}
		if unknown {
			first = min(first, int64(s.MinTimestamp))
		}
		c.Guessed = c.Guessed || unknown || fate == keep && (s.Cut() || !s.TimestampsExact && s.LogAppendTime != s.Records)
	}
	if c.Records == 0 {
		c.First, c.Last = first, last
	}
	c.Records += p.Records
	c.First, c.Last = min(c.First, first), max(c.Last, last)
}

// OffsetAt finds, in offset order, the first record of a partition whose timestamp is at or after ms, and
// says its offset, or -1 where there is none. Segments that are older as a whole are not read. A segment
// that is not what was put there is a *archive.BrokenError.
func (r *RunView) OffsetAt(ctx context.Context, part *archive.ViewPart, ms int64) (int64, error) {
	start := archive.Int64(ms)
	w := archive.Window{Start: &start}
	for _, s := range part.Segments {
		v := newSieve(w, s)
		if v.segment(s) == leave {
			continue
		}
		at, err := r.firstIn(ctx, s, v)
		if err != nil || at >= 0 {
			return at, err
		}
	}
	return -1, ctx.Err()
}

// firstIn is the offset of the first record of a segment that a sieve keeps, or -1.
func (r *RunView) firstIn(ctx context.Context, s archive.ViewSegment, v sieve) (int64, error) {
	found := int64(-1)
	dec := batch.NewDecoder(batch.Limits{})
	err := r.batches(ctx, s, func(raw []byte, h batch.Header) (bool, error) {
		if v.batch(h) == leave {
			return false, nil
		}
		err := dec.Walk(raw, func(rec *batch.Record) error {
			if found < 0 && v.record(rec) {
				found = rec.Offset
			}
			return nil
		})
		return found >= 0, err
	})
	if err != nil {
		return -1, err
	}
	return found, nil
}
