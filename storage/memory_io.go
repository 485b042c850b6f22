package storage

import (
	"context"
	"fmt"
	"io"
)

// Create begins an object that gathers in memory.
func (m *Memory) Create(ctx context.Context, key string) (Writer, error) {
	if err := ValidateKey(key); err != nil {
		return nil, err
	}
	f, err := m.begin(ctx, OpCreate, key)
	if err != nil {
		return nil, err
	}
	return &memoryWriter{ctx: ctx, m: m, key: key, limit: f.WriteLimit}, m.end(f, OpCreate, key)
}

type memoryWriter struct {
	ctx     context.Context
	m       *Memory
	key     string
	buf     []byte
	limit   int64
	failed  error
	settled bool
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	if w.settled {
		return 0, w.m.fail(OpWrite, w.key, errWriterDone)
	}
	if w.failed != nil {
		return 0, w.failed
	}
	if _, w.failed = w.m.begin(w.ctx, OpWrite, w.key); w.failed != nil {
		return 0, w.failed
	}
	n := len(p)
	if w.limit > 0 && int64(len(w.buf)+n) > w.limit {
		n = int(max(0, w.limit-int64(len(w.buf))))
		w.failed = w.m.fail(OpWrite, w.key, fmt.Errorf("injected: failed after %d bytes: %w", w.limit, ErrTemporary))
	}
	w.buf = append(w.buf, p[:n]...)
	return n, w.failed
}

func (w *memoryWriter) Commit() error {
	if w.settled {
		return w.m.fail(OpCommit, w.key, errWriterDone)
	}
	w.settled = true
	if w.failed != nil {
		return w.failed
	}
	f, err := w.m.begin(w.ctx, OpCommit, w.key)
	if err != nil {
		return err
	}
	if err := w.m.add(OpCommit, w.key, w.buf); err != nil {
		return err
	}
	w.buf = nil
	return w.m.end(f, OpCommit, w.key)
}

func (w *memoryWriter) Abort() error {
	w.settled, w.buf = true, nil
	return nil
}

type memoryReader struct {
	ctx     context.Context
	m       *Memory
	key     string
	rest    []byte
	missing int64 // bytes that were announced and are not there
	limit   int64 // bytes until the connection is lost, 0: never
	read    int64
	closed  bool
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.closed {
		return 0, r.m.fail("read", r.key, io.ErrClosedPipe)
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := int64(min(len(p), len(r.rest)))
	if r.limit > 0 {
		n = min(n, r.limit-r.read)
		if n <= 0 && len(r.rest) > 0 {
			return 0, r.m.fail("read", r.key, fmt.Errorf("injected: connection lost after %d bytes: %w: %w", r.read, io.ErrUnexpectedEOF, ErrTemporary))
		}
	}
	if n == 0 {
		return 0, r.atEnd()
	}
	copy(p, r.rest[:n])
	r.rest, r.read = r.rest[n:], r.read+n
	return int(n), nil
}

func (r *memoryReader) atEnd() error {
	if r.missing > 0 {
		return r.m.fail("read", r.key, fmt.Errorf("the store announced %d bytes more than it delivered: %w: %w", r.missing, io.ErrUnexpectedEOF, ErrTemporary))
	}
	return io.EOF
}

func (r *memoryReader) Close() error {
	r.closed = true
	return nil
}
