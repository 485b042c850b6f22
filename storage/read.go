package storage

import (
	"context"
	"fmt"
	"io"
	"io/fs"
)

// ReadAll reads a whole object of at most limit bytes. A larger one is an error
// that wraps ErrTooLarge, found without holding more than limit bytes and
// without trusting the size that the store tells.
func ReadAll(ctx context.Context, s Store, key string, limit int64) ([]byte, error) {
	if limit < 0 {
		return nil, fmt.Errorf("read %s: limit %d: %w", printable(key), limit, fs.ErrInvalid)
	}
	r, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readBounded(r, key, limit)
}

// readBounded reads r to its end, but never more than limit+1 bytes.
func readBounded(r io.Reader, key string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, err // the store's own, which names the object
	}
	if int64(len(data)) < limit {
		return data, nil
	}
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return nil, fmt.Errorf("read %s: more than %d bytes: %w", printable(key), limit, ErrTooLarge)
	case err != io.EOF:
		return nil, err
	}
	return data, nil
}

// checkRange refuses ranges that mean nothing.
func checkRange(key string, offset, length int64) error {
	if offset < 0 || length < 0 {
		return fmt.Errorf("get %s: range of %d bytes from %d: %w", printable(key), length, offset, fs.ErrInvalid)
	}
	return nil
}

// clampRange cuts a range down to what an object of size bytes has of it.
func clampRange(size, offset, length int64) (from, n int64) {
	from = min(offset, size)
	return from, min(length, size-from)
}
