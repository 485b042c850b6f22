package storage_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kustody/storage"
)

const ttl, margin = 40 * time.Second, 5 * time.Second

// leased is a memory store on a clock that stands still.
func leased(t *testing.T) (*storage.Memory, *storage.ManualClock) {
	t.Helper()
	m := storage.NewMemory()
	clock := storage.NewManualClock(time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC))
	m.SetClock(clock)
	m.SetLease(storage.LeaseOptions{TTL: ttl, Margin: margin})
	return m, clock
}

func take(t *testing.T, s storage.Store, who string) *storage.Lock {
	t.Helper()
	l, err := s.Lock(t.Context(), "orders/lock", storage.Holder{Who: who, Host: who + "-host"})
	if err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	return l
}

// eventually waits for what other goroutines are about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}

func isLost(l *storage.Lock) bool {
	select {
	case <-l.Lost():
		return true
	default:
		return false
	}
}

// settle waits until the two goroutines of a lease sleep on the clock.
func settle(t *testing.T, clock *storage.ManualClock) {
	t.Helper()
	eventually(t, "the lease's goroutines sleep", func() bool { return clock.Sleepers() == 2 })
}

// pass lets time go by in steps, and after each waits for the renewal.
func pass(t *testing.T, m *storage.Memory, clock *storage.ManualClock, d time.Duration) {
	t.Helper()
	for ; d > 0; d -= ttl / 4 {
		settle(t, clock)
		clock.Advance(ttl / 4)
		want := clock.Now().Add(ttl)
		eventually(t, "renewal", func() bool {
			h, _, err := m.Holder(ctx, "orders/lock")
			return err == nil && h.Expires.Equal(want)
		})
	}
}

// TestE25_PausedProcessLosesItsLease stops a holder for longer than its lease.
func TestE25_PausedProcessLosesItsLease(t *testing.T) {
	m, clock := leased(t)
	paused, resume := make(chan struct{}), make(chan struct{})
	var stopped atomic.Bool
	m.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
		if op == storage.OpRenew && stopped.CompareAndSwap(false, true) {
			close(paused)
			<-resume
		}
		return nil
	}})
	alice := take(t, m, "alice")
	settle(t, clock)
	clock.Advance(ttl / 4)
	<-paused // in the middle of her first renewal
	if err := alice.Check(ctx); err != nil {
		t.Fatalf("check before expiry: %v", err)
	}
	clock.Advance(ttl)
	eventually(t, "alice's Lost closes at expiry", func() bool { return isLost(alice) })
	if err := alice.Check(ctx); !errors.Is(err, storage.ErrLockLost) {
		t.Errorf("check after expiry: %v, want ErrLockLost", err)
	}
	clock.Advance(margin)
	bob := take(t, m, "bob")
	close(resume) // alice wakes up and goes on with her renewal
	time.Sleep(20 * time.Millisecond)
	if err := alice.Check(ctx); !errors.Is(err, storage.ErrLockLost) {
		t.Errorf("check after waking up: %v, want ErrLockLost", err)
	}
	if err := alice.Release(); err != nil {
		t.Errorf("alice's release: %v", err)
	}
	if err := bob.Check(ctx); err != nil {
		t.Errorf("bob's check: %v", err)
	}
	if h, held, err := m.Holder(ctx, "orders/lock"); !held || h.Who != "bob" || err != nil {
		t.Errorf("holder: %+v, %v, %v", h, held, err)
	}
	if err := bob.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_LeaseIsRenewed outlives many times its length.
func TestE25_LeaseIsRenewed(t *testing.T) {
	m, clock := leased(t)
	l := take(t, m, "alice")
	pass(t, m, clock, 5*ttl)
	if err := l.Check(ctx); err != nil || isLost(l) {
		t.Errorf("check: %v, lost %v", err, isLost(l))
	}
	_, err := m.Lock(ctx, "orders/lock", storage.Holder{Who: "bob"})
	var held *storage.HeldError
	if !errors.As(err, &held) || !strings.Contains(err.Error(), "its lease runs out at 2026-11-21T02:0") {
		t.Errorf("bob: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_TakeoverOnlyAfterTheMargin: the dead holder's lease keeps others out
// until it has expired by any clock within the margin.
func TestE25_TakeoverOnlyAfterTheMargin(t *testing.T) {
	m, clock := leased(t)
	m.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
		if op == storage.OpRenew {
			return storage.ErrTemporary // never renewed: dead
		}
		return nil
	}})
	dead := take(t, m, "alice")
	clock.Advance(ttl + margin - time.Millisecond)
	var held *storage.HeldError
	if _, err := m.Lock(ctx, "orders/lock", storage.Holder{}); !errors.As(err, &held) || held.Holder.Who != "alice" {
		t.Errorf("within the margin: %v, want *HeldError", err)
	}
	clock.Advance(time.Millisecond)
	if h, held, err := m.Holder(ctx, "orders/lock"); held || err != nil {
		t.Errorf("holder after the margin: %+v, %v, %v", h, held, err)
	}
	bob := take(t, m, "bob")
	if err := dead.Check(ctx); !errors.Is(err, storage.ErrLockLost) {
		t.Errorf("alice: %v, want ErrLockLost", err)
	}
	if err := bob.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_CheckAsksTheStore: nothing has told the holder, the store does.
func TestE25_CheckAsksTheStore(t *testing.T) {
	for content, words := range map[string]string{
		`{"who":"bob","host":"bob-host","token":"other","expires":"2027-01-01T00:00:00Z"}`: "bob on host bob-host has taken it over",
		``:        "the store no longer has it",
		`garbage`: "the store no longer has it",
	} {
		m, _ := leased(t)
		l := take(t, m, "alice")
		m.Replace("orders/lock", []byte(content))
		if err := l.Check(ctx); !errors.Is(err, storage.ErrLockLost) || !strings.Contains(err.Error(), words) || !isLost(l) {
			t.Errorf("%q: %v, lost %v", content, err, isLost(l))
		}
		if err := l.Release(); err != nil {
			t.Errorf("%q: release: %v", content, err)
		}
	}
	m, _ := leased(t)
	l := take(t, m, "alice")
	m.SetFaults(storage.Faults{Fail: storage.FailTimes(1, storage.OpCheck, "", storage.ErrTemporary)})
	if err := l.Check(ctx); !errors.Is(err, storage.ErrTemporary) || errors.Is(err, storage.ErrLockLost) || isLost(l) {
		t.Errorf("a store that does not answer: %v, lost %v; want neither held nor lost", err, isLost(l))
	}
	if err := l.Check(ctx); err != nil {
		t.Errorf("once it answers again: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_RenewalsThatFail: three errors in a row, and answers that are lost, cost nothing.
func TestE25_RenewalsThatFail(t *testing.T) {
	m, clock := leased(t)
	l := take(t, m, "alice")
	var failed atomic.Int32
	m.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
		if op == storage.OpRenew {
			failed.Add(1)
			return storage.ErrTemporary
		}
		return nil
	}})
	for n := range int32(3) {
		settle(t, clock)
		clock.Advance(ttl / 4)
		eventually(t, "a renewal fails", func() bool { return failed.Load() == 2*(n+1) }) // the swap and the look after it
	}
	settle(t, clock)
	if err := l.Check(ctx); err != nil || isLost(l) {
		t.Errorf("just before expiry: %v, lost %v", err, isLost(l))
	}
	m.SetFaults(storage.Faults{}) // the last one in time succeeds, but at expiry itself it is too late
	clock.Advance(ttl/4 - time.Millisecond)
	time.Sleep(5 * time.Millisecond)
	if err := l.Check(ctx); err != nil {
		t.Errorf("a millisecond before expiry: %v", err)
	}
	clock.Advance(time.Millisecond)
	eventually(t, "the lease runs out", func() bool { return isLost(l) })
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_RenewalAnswersLost: renewals that landed unheard are recognised,
// at once or, when looking fails too, at the next one.
func TestE25_RenewalAnswersLost(t *testing.T) {
	for lost := 1; lost <= 3; lost++ {
		m, clock := leased(t)
		l := take(t, m, "alice")
		m.SetFaults(storage.Faults{FailAfter: storage.FailTimes(lost, storage.OpRenew, "", storage.ErrTemporary)})
		pass(t, m, clock, 2*ttl)
		settle(t, clock)
		if err := l.Check(ctx); err != nil || isLost(l) {
			t.Errorf("%d lost: check: %v, lost %v", lost, err, isLost(l))
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
}

// TestH06_LockAnswerLost: the lease was taken, and nobody said so.
func TestH06_LockAnswerLost(t *testing.T) {
	for _, lost := range [][]int{{2}, {2, 3}, {1}, {1, 3, 4}} {
		m, _ := leased(t)
		var calls atomic.Int32
		m.SetFaults(storage.Faults{FailAfter: func(op storage.Op, _ string) error {
			n := calls.Add(1)
			for _, l := range lost {
				if op == storage.OpLock && int(n) == l {
					return storage.ErrTemporary
				}
			}
			return nil
		}})
		l, err := storage.Retry(m, quick()).Lock(ctx, "orders/lock", storage.Holder{Who: "alice"})
		if err != nil {
			t.Errorf("answers %v lost: %v", lost, err)
			continue
		}
		if err := errors.Join(l.Check(ctx), l.Release()); err != nil {
			t.Errorf("answers %v lost: %v", lost, err)
		}
	}
}
