package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/kafka"
)

// Patience with a cluster of which a part does not answer.
const (
	offsetsPatience = 10 * time.Second // with all partitions at once, and then with each topic
	offsetsAtOnce   = 32               // topics asked by themselves at the same time
)

// errNoLeader says that a partition cannot be asked.
var errNoLeader = errors.New("it has no leader now")

// offsetsNow is where partitions begin and end, or why that could not be told.
type offsetsNow struct {
	mu         sync.Mutex
	start, end map[kafka.TopicPartition]kafka.Offset
	failed     map[kafka.TopicPartition]error
}

// offsetsOf asks for the log start and the last stable offset of every partition: all in one round. Only
// if that fails is each topic asked by itself, so that one that does not answer hides no other. The error
// is the context's.
func offsetsOf(ctx context.Context, source Source, topics []kafka.Topic) (*offsetsNow, error) {
	at := &offsetsNow{start: map[kafka.TopicPartition]kafka.Offset{}, end: map[kafka.TopicPartition]kafka.Offset{}, failed: map[kafka.TopicPartition]error{}}
	var all []kafka.TopicPartition
	byTopic := make([][]kafka.TopicPartition, len(topics))
	for i, t := range topics {
		for _, x := range t.Partitions {
			tp := kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: x.Number}
			if x.Leader < 0 {
				at.failed[tp] = fmt.Errorf("%s: %w", tp, errNoLeader)
				continue
			}
			byTopic[i] = append(byTopic[i], tp)
		}
		all = append(all, byTopic[i]...)
	}
	if err := at.ask(ctx, source, all); err == nil || ctx.Err() != nil {
		return at, ctx.Err()
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(offsetsAtOnce)
	for _, tps := range byTopic {
		g.Go(func() error {
			if err := at.ask(gctx, source, tps); err != nil && gctx.Err() == nil {
				at.mu.Lock()
				defer at.mu.Unlock()
				for _, tp := range tps {
					at.failed[tp] = err
				}
			}
			return gctx.Err()
		})
	}
	return at, g.Wait()
}

// ask asks for some partitions, all or none of which are entered.
func (at *offsetsNow) ask(ctx context.Context, source Source, tps []kafka.TopicPartition) error {
	if len(tps) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, offsetsPatience)
	defer cancel()
	start, err := source.Offsets(ctx, kafka.LogStart, tps)
	if err != nil {
		return err
	}
	end, err := source.Offsets(ctx, kafka.LastStable, tps)
	if err != nil {
		return err
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	maps.Copy(at.start, start)
	maps.Copy(at.end, end)
	return nil
}
