package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errLeaseChanged is returned by swapLease when the object is not the expected version.
var errLeaseChanged = errors.New("the lease was changed by another")

// leaseBackend is what a store without flock offers for a lock: one object that
// is read with a version, and replaced only if it still has that version
// (If-Match on S3). The version of an object that is not there is "".
type leaseBackend interface {
	readLease(ctx context.Context, op Op, key string) (data []byte, version string, err error)
	swapLease(ctx context.Context, op Op, key string, data []byte, version string) (newVersion string, err error)
}

// LeaseOptions are the times of a lease.
type LeaseOptions struct {
	// TTL is how long a lease holds without being renewed; 60 s if zero. It is
	// renewed four times as often, so that three renewals in a row may fail.
	TTL time.Duration
	// Margin is how long after its expiry a lease may be taken over; a sixth of
	// TTL if zero. The old holder stops at expiry by its own clock, so clocks
	// may differ by so much.
	Margin time.Duration
}

func (o LeaseOptions) applyDefaults() LeaseOptions {
	if o.TTL <= 0 {
		o.TTL = 60 * time.Second
	}
	if o.Margin <= 0 {
		o.Margin = o.TTL / 6
	}
	return o
}

// lease is one taken lease. Two goroutines serve it: keep renews it, watch
// closes Lost at expiry even while a renewal hangs.
type lease struct {
	b     leaseBackend
	key   string
	opts  LeaseOptions
	clock Clock
	lock  *Lock
	stop  chan struct{}

	mu      sync.Mutex
	holder  Holder // with the expiry last confirmed by the store
	version string
}

// takeLease takes the lease at key, or says who has it.
func takeLease(ctx context.Context, b leaseBackend, key string, h Holder, o LeaseOptions, clock Clock) (*Lock, error) {
	o = o.applyDefaults()
	data, version, err := b.readLease(ctx, OpLock, key)
	if err != nil {
		return nil, fmt.Errorf("read lock %s: %w", printable(key), err)
	}
	// The same token means an earlier try of this very call, whose answer was lost.
	if cur, held := leaseHolder(data, clock.Now(), o.Margin); held && cur.Token != h.Token {
		return nil, &HeldError{Key: key, Holder: cur}
	}
	h = h.fill(clock.Now())
	h.Expires = h.Since.Add(o.TTL)
	version, err = swapOrRecognise(ctx, b, OpLock, key, h, version)
	if errors.Is(err, errLeaseChanged) {
		return nil, lostRace(ctx, b, key)
	}
	if err != nil {
		return nil, fmt.Errorf("take lock %s: %w", printable(key), err)
	}
	l := &lease{b: b, key: key, opts: o, clock: clock, stop: make(chan struct{}), holder: h, version: version}
	l.lock = newLock(key, h)
	l.lock.check, l.lock.release = l.check, func() error { return l.release(context.WithoutCancel(ctx)) }
	go l.keep(context.WithoutCancel(ctx))
	go l.watch()
	return l.lock, nil
}

// leaseHolder reads a lease and tells whether it still keeps others out.
func leaseHolder(data []byte, now time.Time, margin time.Duration) (Holder, bool) {
	h, ok := parseHolder(data)
	return h, ok && now.Before(h.Expires.Add(margin))
}

// lostRace names the one who was faster.
func lostRace(ctx context.Context, b leaseBackend, key string) error {
	data, _, err := b.readLease(ctx, OpLock, key)
	if err != nil {
		return fmt.Errorf("read lock %s: %w", printable(key), err)
	}
	h, _ := parseHolder(data)
	return &HeldError{Key: key, Holder: h}
}

// swapOrRecognise replaces the lease. If the answer was lost or says that the
// lease changed, it looks whether the change was its own, landed after all.
func swapOrRecognise(ctx context.Context, b leaseBackend, op Op, key string, h Holder, version string) (string, error) {
	next, err := b.swapLease(ctx, op, key, h.encode(), version)
	if err == nil {
		return next, nil
	}
	data, seen, readErr := b.readLease(ctx, op, key)
	if readErr != nil {
		return "", err
	}
	if cur, ok := parseHolder(data); ok && cur.Token == h.Token && cur.Expires.Equal(h.Expires) {
		return seen, nil
	}
	return "", err
}

// keep renews until the lease is released or lost.
func (l *lease) keep(ctx context.Context) {
	every := l.opts.TTL / 4
	for {
		select {
		case <-l.stop:
			return
		case <-l.lock.lost:
			return
		case <-l.clock.After(every):
		}
		// A renewal that hangs must not outlive the next one.
		rctx, cancel := context.WithTimeout(ctx, max(every, time.Second))
		err := l.renew(rctx)
		cancel()
		if errors.Is(err, errLeaseChanged) {
			l.lock.lose()
			return
		}
		// Any other error: the next tick tries again, and watch ends it at expiry.
	}
}

// renew puts the expiry off. If the lease is not as expected, an earlier
// renewal of ours, of unknown outcome, may have landed: then it goes on from that.
func (l *lease) renew(ctx context.Context) error {
	err := l.renewOnce(ctx)
	if !errors.Is(err, errLeaseChanged) {
		return err
	}
	ours, readErr := l.adopt(ctx)
	if readErr != nil {
		return readErr // it could not be told; not yet lost
	}
	if !ours {
		return err
	}
	return l.renewOnce(ctx)
}

func (l *lease) renewOnce(ctx context.Context) error {
	l.mu.Lock()
	h, version := l.holder, l.version
	l.mu.Unlock()
	now := l.clock.Now()
	if !now.Before(h.Expires) {
		return errLeaseChanged // a lease that ran out may already be another's
	}
	h.Expires = now.UTC().Truncate(time.Millisecond).Add(l.opts.TTL)
	next, err := swapOrRecognise(ctx, l.b, OpRenew, l.key, h, version)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.holder, l.version = h, next
	l.mu.Unlock()
	return nil
}

// adopt takes over what the store has, if it is ours; false if it is another's.
func (l *lease) adopt(ctx context.Context) (bool, error) {
	data, version, err := l.b.readLease(ctx, OpRenew, l.key)
	if err != nil {
		return false, err
	}
	cur, ok := parseHolder(data)
	if !ok || cur.Token != l.lock.holder.Token {
		return false, nil
	}
	l.mu.Lock()
	l.holder, l.version = cur, version
	l.mu.Unlock()
	return true, nil
}

// watch closes Lost when the lease runs out by this holder's clock.
func (l *lease) watch() {
	for {
		l.mu.Lock()
		left := l.holder.Expires.Sub(l.clock.Now())
		l.mu.Unlock()
		if left <= 0 {
			l.lock.lose()
			return
		}
		select {
		case <-l.stop:
			return
		case <-l.lock.lost:
			return
		case <-l.clock.After(left):
		}
	}
}

// check reads the lease from the store.
func (l *lease) check(ctx context.Context) error {
	data, _, err := l.b.readLease(ctx, OpCheck, l.key)
	if err != nil {
		return fmt.Errorf("check lock %s: %w", printable(l.key), err)
	}
	cur, ok := parseHolder(data)
	switch {
	case !ok:
		return l.lock.lostError("the store no longer has it")
	case cur.Token != l.lock.holder.Token:
		return l.lock.lostError(fmt.Sprintf("%s on host %s has taken it over", printable(cur.Who), printable(cur.Host)))
	case !l.clock.Now().Before(cur.Expires):
		return l.lock.lostError("its lease ran out at " + cur.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// release empties the lease if it is still ours.
func (l *lease) release(ctx context.Context) error {
	close(l.stop)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	data, version, err := l.b.readLease(ctx, OpRelease, l.key)
	if err != nil {
		return fmt.Errorf("release lock %s: %w", printable(l.key), err)
	}
	if cur, ok := parseHolder(data); !ok || cur.Token != l.lock.holder.Token {
		return nil // another's by now: not ours to give back
	}
	_, err = l.b.swapLease(ctx, OpRelease, l.key, nil, version)
	if err != nil && !errors.Is(err, errLeaseChanged) {
		return fmt.Errorf("release lock %s: %w", printable(l.key), err)
	}
	return nil
}
