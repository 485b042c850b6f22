package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"time"
)

// RetryOptions say how often and how patiently a call is repeated.
type RetryOptions struct {
	// Attempts is how often a call is made in all, 6 if zero: with the other
	// defaults it ends after about 8 s of waiting.
	Attempts int
	// First is the wait before the second attempt, 250 ms if zero. It doubles
	// each time, and half of each wait is left to chance.
	First time.Duration
	// Max bounds a single wait, 10 s if zero.
	Max time.Duration
	// Sleep replaces waiting, for tests. It ends early with the context.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (o RetryOptions) applyDefaults() RetryOptions {
	if o.Attempts <= 0 {
		o.Attempts = 6
	}
	if o.First <= 0 {
		o.First = 250 * time.Millisecond
	}
	if o.Max <= 0 {
		o.Max = 10 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Retry wraps s so that calls that fail with ErrTemporary are repeated, and end
// with a clear error when that does not help. A reader that loses its
// connection goes on where it was. A Put whose outcome was unknown and that
// then finds the key taken compares what is there: its own bytes are success.
// What goes through a Writer is not kept and so not repeated: a segment that
// fails in the middle is written anew by whoever has its records.
func Retry(s Store, o RetryOptions) Store {
	return &retry{Store: s, o: o.applyDefaults()}
}

type retry struct {
	Store // URL is passed on
	o     RetryOptions
}

// do calls fn until it succeeds, fails for good, or the attempts are used up.
func (r *retry) do(ctx context.Context, op, key string, fn func() error) error {
	for attempt := 1; ; attempt++ {
		err := fn()
		if !errors.Is(err, ErrTemporary) {
			return err
		}
		if err := r.pause(ctx, op, key, attempt, err); err != nil {
			return err
		}
	}
}

// pause waits before the next attempt, or says why there is none.
func (r *retry) pause(ctx context.Context, op, key string, attempt int, cause error) error {
	if attempt >= r.o.Attempts {
		if e := (*Error)(nil); errors.As(cause, &e) && e.Key == key {
			cause = e.Err // the object is named once
		}
		return &Error{
			Op: op, Key: key, URL: r.URL(),
			Err:  fmt.Errorf("gave up after %d attempts: %w", attempt, cause),
			Hint: "see that the store can be reached and answers, and run the same command again: it goes on where it stopped",
		}
	}
	wait := r.o.Max
	if shift := attempt - 1; shift < 30 && r.o.First<<shift < r.o.Max {
		wait = r.o.First << shift
	}
	// Half by chance: many workers that failed together do not come back together.
	wait = wait/2 + rand.N(wait/2+1)
	if err := r.o.Sleep(ctx, wait); err != nil {
		return errors.Join(err, cause)
	}
	return nil
}

// Put repeats, and recognises its own object.
func (r *retry) Put(ctx context.Context, key string, data []byte) error {
	unknown := false // an attempt before may have landed
	return r.do(ctx, "put", key, func() error {
		err := r.Store.Put(ctx, key, data)
		if unknown && errors.Is(err, fs.ErrExist) {
			return r.recognise(ctx, key, data, err)
		}
		unknown = unknown || errors.Is(err, ErrTemporary)
		return err
	})
}

// recognise returns nil if the object at key is data, and exists if it is not.
func (r *retry) recognise(ctx context.Context, key string, data []byte, exists error) error {
	found, err := ReadAll(ctx, r.Store, key, int64(len(data)))
	switch {
	case errors.Is(err, ErrTooLarge):
		return exists
	case err != nil:
		return fmt.Errorf("put %s: the key is taken, and whether by an earlier attempt of this call cannot be told: %w", printable(key), err)
	case !bytes.Equal(found, data):
		return exists
	}
	return nil
}

// Create repeats the opening only.
func (r *retry) Create(ctx context.Context, key string) (w Writer, err error) {
	err = r.do(ctx, "create", key, func() error {
		w, err = r.Store.Create(ctx, key)
		return err
	})
	return w, err
}

func (r *retry) Stat(ctx context.Context, key string) (info Info, err error) {
	err = r.do(ctx, "stat", key, func() error {
		info, err = r.Store.Stat(ctx, key)
		return err
	})
	return info, err
}

func (r *retry) ListDirs(ctx context.Context, prefix string) (names []string, err error) {
	err = r.do(ctx, "list", prefix, func() error {
		names, err = r.Store.ListDirs(ctx, prefix)
		return err
	})
	return names, err
}

// List begins again after a failure, and skips what it has handed out. The
// attempts are counted anew whenever it got further.
func (r *retry) List(ctx context.Context, prefix string, fn func(key string, size int64) error) error {
	var last string
	var fnErr error
	visit := func(key string, size int64) error {
		if key <= last {
			return nil
		}
		last = key
		fnErr = fn(key, size)
		return fnErr
	}
	for failures := 0; ; {
		before := last
		err := r.Store.List(ctx, prefix, visit)
		if fnErr != nil {
			return fnErr // the caller's own, never repeated
		}
		if !errors.Is(err, ErrTemporary) {
			return err
		}
		if last != before {
			failures = 0
		}
		failures++
		if err := r.pause(ctx, "list", prefix, failures, err); err != nil {
			return err
		}
	}
}

// Lock repeats under one token, so that a lease taken by an attempt whose
// answer was lost is recognised.
func (r *retry) Lock(ctx context.Context, key string, h Holder) (l *Lock, err error) {
	if h.Token == "" {
		h.Token = newToken()
	}
	err = r.do(ctx, "lock", key, func() error {
		l, err = r.Store.Lock(ctx, key, h)
		return err
	})
	return l, err
}

func (r *retry) Holder(ctx context.Context, key string) (h Holder, held bool, err error) {
	err = r.do(ctx, "ask who holds lock", key, func() error {
		h, held, err = r.Store.Holder(ctx, key)
		return err
	})
	return h, held, err
}

// Get opens a reader that survives lost connections.
func (r *retry) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return r.open(&retryReader{r: r, ctx: ctx, key: key, left: 1 << 62}, func() (io.ReadCloser, error) {
		return r.Store.Get(ctx, key)
	})
}

// GetRange opens a reader that survives lost connections.
func (r *retry) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	return r.open(&retryReader{r: r, ctx: ctx, key: key, at: offset, left: length}, func() (io.ReadCloser, error) {
		return r.Store.GetRange(ctx, key, offset, length)
	})
}

func (r *retry) open(rr *retryReader, first func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	err := r.do(rr.ctx, "get", rr.key, func() (err error) {
		rr.cur, err = first()
		return err
	})
	if err != nil {
		return nil, err
	}
	return rr, nil
}

// retryReader knows how far it has come, and opens the rest anew when the
// connection is lost. Objects are written once, so the rest is the rest.
type retryReader struct {
	r        *retry
	ctx      context.Context
	key      string
	cur      io.ReadCloser
	at, left int64
	failures int   // in a row, without a byte between them
	broken   error // why cur cannot be read on
}

func (rr *retryReader) Read(p []byte) (int, error) {
	for {
		n, err := 0, rr.broken
		if err == nil {
			n, err = rr.cur.Read(p)
		}
		rr.at, rr.left = rr.at+int64(n), rr.left-int64(n)
		if n > 0 {
			rr.failures = 0
		}
		if !errors.Is(err, ErrTemporary) {
			return n, err
		}
		rr.broken = err
		if n > 0 {
			return n, nil
		}
		rr.failures++
		if err := rr.r.pause(rr.ctx, "read", rr.key, rr.failures, err); err != nil {
			return 0, err
		}
		if err := rr.reopen(); err != nil {
			return 0, err
		}
	}
}

func (rr *retryReader) reopen() error {
	return rr.r.do(rr.ctx, "get", rr.key, func() error {
		next, err := rr.r.Store.GetRange(rr.ctx, rr.key, rr.at, rr.left)
		if err != nil {
			return err
		}
		_ = rr.cur.Close() // broken already; its answer tells nothing
		rr.cur, rr.broken = next, nil
		return nil
	})
}

// Close closes what is open now.
func (rr *retryReader) Close() error { return rr.cur.Close() }
