package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// count resolves how many records of each partition lie in the window. Segments that lie in it or
// beside it are counted by their sidecars; the few that straddle an end are read.
func (p *RestorePlan) count(ctx context.Context, o RestoreOptions, a *archive.Archive) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	for i := range p.Topics {
		for k := range p.Topics[i].Parts {
			part := &p.Topics[i].Parts[k]
			g.Go(func() error { return part.count(gctx, a, o.Window) })
		}
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("count what is to be restored: %w", err)
	}
	for i := range p.Topics {
		t := &p.Topics[i]
		for _, part := range t.Parts {
			t.Records += part.Records
			t.Bytes += part.Bytes
		}
		p.Records += t.Records
		p.Bytes += t.Bytes
	}
	if p.Records == 0 && !o.Window.All() {
		p.conflict("no record of the selected topics lies in the time window")
	}
	return nil
}

// count counts one partition.
func (p *RestorePartition) count(ctx context.Context, a *archive.Archive, w archive.Window) error {
	total := batch.Stats{MinTimestamp: math.MaxInt64, MaxTimestamp: math.MinInt64}
	for _, s := range p.view.Segments {
		v := newSieve(w, s)
		fate := v.segment(s)
		if fate == leave {
			continue
		}
		p.Bytes += s.Size
		got := batch.Stats{Records: int(s.Counted), MinTimestamp: v.lo, MaxTimestamp: int64(s.MaxTimestamp)}
		if fate == look {
			var err error
			if got, err = countSegment(ctx, a, s, v); err != nil {
				return err
			}
		}
		if got.Records == 0 {
			continue
		}
		p.Records += int64(got.Records)
		total.MinTimestamp = min(total.MinTimestamp, got.MinTimestamp)
		total.MaxTimestamp = max(total.MaxTimestamp, got.MaxTimestamp)
	}
	if p.Records > 0 {
		p.MinTimestamp, p.MaxTimestamp = archive.Int64(total.MinTimestamp), archive.Int64(total.MaxTimestamp)
	}
	return nil
}

// oldest is the smallest timestamp that is restored into a partition. Where sidecars do not know it,
// the records are read.
func (p *RestorePartition) oldest(ctx context.Context, a *archive.Archive, w archive.Window) (int64, error) {
	if p.MinTimestamp != math.MinInt64 {
		return int64(p.MinTimestamp), nil
	}
	lo := int64(math.MaxInt64)
	for _, s := range p.view.Segments {
		v := newSieve(w, s)
		if v.segment(s) == leave {
			continue
		}
		if v.lo != math.MinInt64 {
			lo = min(lo, v.lo)
			continue
		}
		got, err := countSegment(ctx, a, s, v)
		if err != nil {
			return 0, err
		}
		if got.Records > 0 {
			lo = min(lo, got.MinTimestamp)
		}
	}
	return lo, nil
}

// countSegment reads a segment and counts the records that are restored. The whole object is proved
// with it.
func countSegment(ctx context.Context, a *archive.Archive, s archive.ViewSegment, v sieve) (batch.Stats, error) {
	var total batch.Stats
	dec := batch.NewDecoder(batch.Limits{})
	err := eachBatch(ctx, a, s, func(raw []byte, h batch.Header) error {
		if h.BaseOffset >= v.until || h.NumRecords == 0 {
			return nil
		}
		stats, err := dec.Scan(raw)
		if err != nil {
			return &archive.BrokenError{Key: s.Key, Err: err}
		}
		switch v.scanned(h, stats) {
		case keep:
			total.Add(stats)
		case look:
			return dec.Walk(raw, func(r *batch.Record) error {
				if v.record(r) {
					total.Add(batch.Stats{Records: 1, MinTimestamp: r.Timestamp, MaxTimestamp: r.Timestamp})
				}
				return nil
			})
		}
		return nil
	})
	return total, err
}

// eachBatch reads a segment to its proved end.
func eachBatch(ctx context.Context, a *archive.Archive, s archive.ViewSegment, fn func(raw []byte, h batch.Header) error) error {
	r, err := a.OpenSegment(ctx, s.Segment)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		raw, h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(raw, h); err != nil {
			return err
		}
	}
}
