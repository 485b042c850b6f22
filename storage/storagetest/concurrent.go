package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"kustody/storage"
)

// concurrentUse lets eight workers do everything at once; run it under -race.
func concurrentUse(t *testing.T, s storage.Store) {
	const workers, rounds = 8, 6
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for j := range rounds {
				if err := oneRound(t, s, fmt.Sprintf("w%d/%d/k", i%4, j), fmt.Sprintf("%d-%d", i, j)); err != nil {
					t.Errorf("worker %d, round %d: %v", i, j, err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := len(mustList(t, s, "")), workers*rounds; got != want {
		t.Errorf("%d objects, want %d", got, want)
	}
}

func oneRound(t *testing.T, s storage.Store, folder, name string) error {
	ctx := t.Context()
	key := folder + "/" + name
	if err := s.Put(ctx, key, []byte(key)); err != nil {
		return err
	}
	got, err := storage.ReadAll(ctx, s, key, 1000)
	if err != nil {
		return err
	}
	if string(got) != key {
		return fmt.Errorf("%s holds %q", key, got)
	}
	found := false
	err = s.List(ctx, folder+"/", func(k string, size int64) error {
		found = found || k == key && size == int64(len(key))
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("%s is not listed", key)
	}
	if err == nil {
		_, err = s.ListDirs(ctx, "")
	}
	return err
}
