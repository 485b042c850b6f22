package evidence

import (
	"context"
	"fmt"
	"sync"
)

// fetchers is how many objects are read at once: a remote store answers in some ten milliseconds, and
// a ledger of years has thousands of entries.
const fetchers = 16

// listEntries lists the keys of all ledger entries under prefix, in order. Signatures and whatever
// else lies there are left out.
func listEntries(ctx context.Context, st Store, prefix string) ([]string, error) {
	var keys []string
	err := st.List(ctx, prefix+"ledger/", func(key string, _ int64) error {
		if _, ok := sequenceOf(prefix, key); ok {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list ledger %sledger/: %w", prefix, err)
	}
	return keys, nil
}

// fetchAll reads several objects at once, each of at most limit bytes; the first error ends it.
func fetchAll(ctx context.Context, st Store, keys []string, limit int64) ([][]byte, error) {
	bodies := make([][]byte, len(keys))
	err := inParallel(ctx, len(keys), func(ctx context.Context, i int) error {
		body, err := readBounded(ctx, st, keys[i], limit)
		bodies[i] = body
		return err
	})
	return bodies, err
}

// inParallel calls fn for 0 to n−1, some at a time. The first error cancels the others and is returned.
func inParallel(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan int)
	var workers sync.WaitGroup
	for range min(fetchers, n) {
		workers.Go(func() {
			for i := range work {
				if err := fn(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case work <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}
