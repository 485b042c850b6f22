package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// maxHolderBytes bounds what is read of a lock object before it is believed.
const maxHolderBytes = 64 << 10

// lockFormat is the "format" of a lock object. Fields may be added under it;
// token and expires keep their meaning for ever, since versions share locks.
const lockFormat = 1

// Holder says who holds a lock. It is the content of the lock object (JSON),
// which is empty when nobody does.
type Holder struct {
	Who     string    `json:"who,omitempty"`    // a person or service, self-declared
	Host    string    `json:"host,omitempty"`   // filled in if empty
	Job     string    `json:"job,omitempty"`    // what it is held for
	PID     int       `json:"pid,omitempty"`    // filled in if zero
	Since   time.Time `json:"since,omitzero"`   // UTC, filled in
	Expires time.Time `json:"expires,omitzero"` // UTC; zero where a lock ends with its process
	Token   string    `json:"token,omitempty"`  // random: tells one taking from the next; leave it empty, it is filled in
}

// fill completes what the caller left open.
func (h Holder) fill(now time.Time) Holder {
	if h.Host == "" {
		h.Host, _ = os.Hostname() // a nameless host is named by its process alone
	}
	if h.PID == 0 {
		h.PID = os.Getpid()
	}
	h.Since = now.UTC().Truncate(time.Millisecond)
	if h.Token == "" {
		h.Token = newToken()
	}
	return h
}

func (h Holder) encode() []byte {
	data, err := json.Marshal(struct {
		Format int `json:"format"`
		Holder
	}{lockFormat, h})
	if err != nil {
		panic(err) // strings, a number and times within four-digit years always encode
	}
	return append(data, '\n')
}

// parseHolder reads a lock object. Nothing, or nothing readable, is no holder.
func parseHolder(data []byte) (Holder, bool) {
	var h Holder
	if len(bytes.TrimSpace(data)) == 0 || len(data) > maxHolderBytes || json.Unmarshal(data, &h) != nil {
		return Holder{}, false
	}
	return h, h.Token != ""
}

func newToken() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// HeldError says that another holds the lock, and who.
type HeldError struct {
	Key    string
	Holder Holder // zero if the holder did not say
}

// Error is a sentence with who, host, process, job and since when.
func (e *HeldError) Error() string {
	h := e.Holder
	s := "lock " + printable(e.Key) + " is held by "
	if h.Token == "" {
		return s + "another process, which did not say who it is; wait for it to end"
	}
	who := h.Who
	if who == "" {
		who = "somebody"
	}
	s += fmt.Sprintf("%s on host %s (process %d", printable(who), printable(h.Host), h.PID)
	if h.Job != "" {
		s += ", job " + printable(h.Job)
	}
	s += ") since " + h.Since.UTC().Format(time.RFC3339) + "; wait for it to end, or end that process"
	if !h.Expires.IsZero() {
		s += "; if it is dead, its lease runs out at " + h.Expires.UTC().Format(time.RFC3339)
	}
	return s
}

// Lock is a lock that was taken. Its methods may be called by any goroutine.
type Lock struct {
	key    string
	holder Holder

	check   func(context.Context) error // asks the store; wraps ErrLockLost when it is gone
	release func() error
	sweep   func(context.Context, time.Duration) (int, error) // nil where nothing is ever left behind

	lost     chan struct{}
	loseOnce sync.Once

	mu       sync.Mutex
	released bool
	relErr   error
}

func newLock(key string, h Holder) *Lock {
	return &Lock{key: key, holder: h, lost: make(chan struct{})}
}

// Holder is what was written into the lock, as it was when it was taken.
func (l *Lock) Holder() Holder { return l.holder }

// Lost is closed once the lock is known to be lost: a lease that was not
// renewed in time or that another took over, a lock file that was replaced.
// Whoever reads from it must stop writing. Release does not close it.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

func (l *Lock) lose() { l.loseOnce.Do(func() { close(l.lost) }) }

// Check asks the store whether the lock is still held by this holder, and
// returns nil only then. An error that wraps ErrLockLost is final; any other
// means that it could not be told. Call it before whatever must not happen twice.
func (l *Lock) Check(ctx context.Context) error {
	l.mu.Lock()
	released := l.released
	l.mu.Unlock()
	if released {
		return fmt.Errorf("check lock %s: it was released: %w", printable(l.key), ErrLockLost)
	}
	select {
	case <-l.lost:
		return l.lostError("it was lost before")
	default:
		return l.check(ctx)
	}
}

func (l *Lock) lostError(why string) error {
	l.lose()
	return fmt.Errorf("check lock %s: %s: %w; stop this job and run it again", printable(l.key), why, ErrLockLost)
}

// Release gives the lock back. Calling it again returns the first answer. A
// lock that was lost is left to whoever holds it now.
func (l *Lock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.released {
		l.released = true
		l.relErr = l.release()
	}
	return l.relErr
}

// SweepTemp removes unfinished objects that dead processes left in the lock's
// folder or below it: those older than olderThan (a day, if zero) that no
// living process has open. It says how many. Only the holder of the lock may
// do so, hence the method; where nothing is left behind it does nothing.
func (l *Lock) SweepTemp(ctx context.Context, olderThan time.Duration) (int, error) {
	if l.sweep == nil {
		return 0, nil
	}
	if olderThan <= 0 {
		olderThan = 24 * time.Hour
	}
	if err := l.Check(ctx); err != nil {
		return 0, err
	}
	return l.sweep(ctx, olderThan)
}
