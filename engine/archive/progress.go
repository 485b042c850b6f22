package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// sidecarsAtOnce is how many sidecars are read at the same time to see how far a run is.
const sidecarsAtOnce = 16

// Progress is how far a run is that has a plan and no manifest: what the store has taken of it. A segment
// that is being written counts for nothing.
type Progress struct {
	Done, Total int64     // offsets, of those the plan froze
	Partitions  int       // of the plan
	Finished    int       // of these, the ones captured to their end, as far as sidecars tell: absent offsets behind the last record are in none
	Newest      time.Time // when the newest of the sidecars was stored; zero if there is none
}

// planned is one partition of a plan.
type planned struct {
	PlanPartition
	dir  string
	keys []string // of sidecars that may belong to the run, by base offset
}

// Progress looks how far a run is. Of each partition it reads the last sidecar; where the source was
// rewritten meanwhile that may lie ahead of what still counts. It takes no lock and may run beside the run.
// A sidecar that is not what was put there is a *BrokenError.
func (a *Archive) Progress(ctx context.Context, plan *Plan) (Progress, error) {
	var p Progress
	parts := map[string]*planned{}
	for _, t := range plan.Topics {
		for _, x := range t.Partitions {
			part := &planned{PlanPartition: x, dir: PartitionDir(t.ID, x.Partition)}
			parts[part.dir] = part
			p.Partitions++
			p.Total += max(0, int64(x.End-x.Start))
		}
	}
	err := a.store.List(ctx, segmentsDir, func(key string, _ int64) error {
		cut := strings.LastIndexByte(key, '/') + 1
		if part := parts[key[:cut]]; part != nil && isSidecar(key) {
			part.offer(key, key[cut:])
		}
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("list the segments of run %s: %w", plan.RunID, err)
	}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(sidecarsAtOnce)
	for _, part := range parts {
		g.Go(func() error {
			to, stored, err := a.reached(gctx, part, plan.RunID)
			mu.Lock()
			defer mu.Unlock()
			p.Done += int64(to - part.Start)
			if to >= part.End {
				p.Finished++
			}
			if stored.After(p.Newest) {
				p.Newest = stored
			}
			return err
		})
	}
	return p, g.Wait()
}

// offer takes in a sidecar's key. What begins before the plan does is of an earlier run.
func (p *planned) offer(key, name string) {
	digits, _, _ := strings.Cut(name, ".")
	if base, err := strconv.ParseInt(digits, 10, 64); err == nil && base >= int64(p.Start) {
		p.keys = append(p.keys, key)
	}
}

// reached is where the last sidecar of a run in a partition ends, within the plan, and when it was stored.
func (a *Archive) reached(ctx context.Context, p *planned, run string) (Int64, time.Time, error) {
	for _, key := range slices.Backward(p.keys) {
		d, err := a.Sidecar(ctx, key)
		if err != nil {
			return p.Start, time.Time{}, err
		}
		if d.Doc.RunID != run { // of a run that was given up
			continue
		}
		if !strings.HasPrefix(d.Doc.Key, p.dir) || PartitionDir(d.Doc.TopicID, d.Doc.Partition) != p.dir {
			return p.Start, time.Time{}, &BrokenError{Key: key, Err: errors.New("speaks of another partition")}
		}
		info, err := a.store.Stat(ctx, key)
		if err != nil {
			return p.Start, time.Time{}, fmt.Errorf("ask when %s was stored: %w", key, err)
		}
		return max(p.Start, min(d.Doc.To, p.End)), info.ModTime, nil
	}
	return p.Start, time.Time{}, nil
}
