package storagetest

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"kustody/storage"
)

func putAndGet(t *testing.T, s storage.Store) {
	for key, data := range map[string]string{"plain": "hello", "a/b/c.json": "{}\n", "empty": "", "binary": "\x00\xff\n\r"} {
		mustPut(t, s, key, data)
		if got := mustRead(t, s, key); got != data {
			t.Errorf("%s: got %q, want %q", key, got, data)
		}
		info, err := s.Stat(t.Context(), key)
		if err != nil || info.Key != key || info.Size != int64(len(data)) {
			t.Errorf("stat %s: %+v, %v", key, info, err)
		}
		if info.ModTime.IsZero() || info.ModTime.Location() != time.UTC {
			t.Errorf("stat %s: mod time %v is not a time in UTC", key, info.ModTime)
		}
	}
}

func putIfAbsent(t *testing.T, s storage.Store) {
	mustPut(t, s, "runs/1/plan.json", "first")
	for _, again := range []string{"second", "first", ""} {
		if err := s.Put(t.Context(), "runs/1/plan.json", []byte(again)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("put again of %q: %v, want fs.ErrExist", again, err)
		}
	}
	if got := mustRead(t, s, "runs/1/plan.json"); got != "first" {
		t.Errorf("the object was changed to %q", got)
	}
}

func putKeepsACopy(t *testing.T, s storage.Store) {
	buf := []byte("before")
	if err := s.Put(t.Context(), "k", buf); err != nil {
		t.Fatal(err)
	}
	copy(buf, "AFTER!")
	if got := mustRead(t, s, "k"); got != "before" {
		t.Errorf("got %q: the store kept the caller's buffer", got)
	}
}

func putRace(t *testing.T, s storage.Store) {
	race(t, s, "race/in/a/new/folder", func(data []byte) error {
		return s.Put(t.Context(), "race/in/a/new/folder", data)
	})
}

// race lets 16 try; one wins, the others get fs.ErrExist, and what is there is the winner's.
func race(t *testing.T, s storage.Store, key string, try func(data []byte) error) {
	t.Helper()
	const n = 16
	var wg sync.WaitGroup
	errs := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = try(fmt.Appendf(nil, "writer %d", i))
		})
	}
	close(start)
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("writers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("writer %d: %v, want fs.ErrExist", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	if got, want := mustRead(t, s, key), fmt.Sprintf("writer %d", winner); got != want {
		t.Errorf("the object is %q, the winner wrote %q", got, want)
	}
	wantKeys(t, "after the race", mustList(t, s, ""), key)
}
