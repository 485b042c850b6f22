package storagetest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"kustody/storage"
)

func lock(t *testing.T, s storage.Store) {
	ctx := t.Context()
	first, err := s.Lock(ctx, "orders/lock", storage.Holder{Who: "alice", Host: "db1", Job: "nightly"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Release() })
	_, err = s.Lock(ctx, "orders/lock", storage.Holder{Who: "bob"})
	wantHeld(t, err)
	h, held, err := s.Holder(ctx, "orders/lock")
	if err != nil || !held || h.Who != "alice" || h.Host != "db1" || h.Job != "nightly" || h.PID != os.Getpid() || h.Since.IsZero() {
		t.Errorf("holder: %+v, %v, %v", h, held, err)
	}
	if h.Token != first.Holder().Token {
		t.Errorf("the lock says %q, its holder %q", h.Token, first.Holder().Token)
	}
	other, err := s.Lock(ctx, "payments/lock", storage.Holder{Who: "bob"})
	if err != nil {
		t.Fatalf("another lock: %v", err)
	}
	if err := errors.Join(other.Release(), first.Release(), first.Release()); err != nil {
		t.Errorf("release: %v", err)
	}
	if h, held, err := s.Holder(ctx, "orders/lock"); held || err != nil {
		t.Errorf("holder after release: %+v, %v, %v", h, held, err)
	}
	second, err := s.Lock(ctx, "orders/lock", storage.Holder{Who: "bob"})
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	// The first one's release is over and done with; it must not free the second's.
	if err := first.Release(); err != nil {
		t.Error(err)
	}
	if err := second.Check(ctx); err != nil {
		t.Errorf("check: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
	wantKeys(t, "locks stay and are listed", mustList(t, s, ""), "orders/lock", "payments/lock")
}

// wantHeld looks at the sentence too.
func wantHeld(t *testing.T, err error) {
	t.Helper()
	var held *storage.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("lock: %v, want *HeldError", err)
	}
	for _, want := range []string{"orders/lock", "alice", "db1", "nightly", fmt.Sprint(os.Getpid()), held.Holder.Since.UTC().Format("2006-01-02T15:04:05Z")} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func lockRace(t *testing.T, s storage.Store) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []*storage.Lock
	for i := range 16 {
		wg.Go(func() {
			l, err := s.Lock(t.Context(), "race/lock", storage.Holder{Who: fmt.Sprint("racer ", i)})
			mu.Lock()
			defer mu.Unlock()
			var held *storage.HeldError
			switch {
			case err == nil:
				got = append(got, l)
			case !errors.As(err, &held):
				t.Errorf("racer %d: %v, want *HeldError", i, err)
			}
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("%d got the lock, want one", len(got))
	}
	for _, l := range got {
		if err := errors.Join(l.Check(t.Context()), l.Release()); err != nil {
			t.Error(err)
		}
	}
}

func lockCheck(t *testing.T, s storage.Store) {
	l, err := s.Lock(t.Context(), "lock", storage.Holder{Who: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("check while held: %v", err)
	}
	select {
	case <-l.Lost():
		t.Error("lost while held")
	default:
	}
	if n, err := l.SweepTemp(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("sweep of a clean store: %d, %v", n, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(t.Context()); !errors.Is(err, storage.ErrLockLost) {
		t.Errorf("check after release: %v, want ErrLockLost", err)
	}
	if _, err := l.SweepTemp(t.Context(), 0); !errors.Is(err, storage.ErrLockLost) && err != nil {
		t.Errorf("sweep after release: %v", err)
	}
}
