package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"testing"

	"kustody/storage"
)

func bigObject(t *testing.T, s storage.Store) {
	want := pattern(5<<20 + 7)
	w, err := s.Create(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for rest, n := want, 1; len(rest) > 0; n = n*3 + 1 { // pieces of very different sizes
		n = min(n, len(rest))
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s, "big"); got != string(want) {
		t.Errorf("read %d bytes back, not the %d that were written", len(got), len(want))
	}
	const from, n = 3<<20 + 1, 1 << 20
	part, err := readRange(t.Context(), s, "big", from, n)
	if err != nil || !bytes.Equal(part, want[from:from+n]) {
		t.Errorf("range: %d bytes, %v", len(part), err)
	}
	if err := s.Put(t.Context(), "big put", want); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s, "big put"); got != string(want) {
		t.Errorf("put: read %d bytes back, not the %d that were written", len(got), len(want))
	}
}

func missing(t *testing.T, s storage.Store) {
	mustPut(t, s, "a/b", "x")
	for _, key := range []string{"nothing", "no/thing", "a", "a/c", "a/b/c"} {
		_, getErr := s.Get(t.Context(), key)
		_, rangeErr := readRange(t.Context(), s, key, 0, 1)
		_, statErr := s.Stat(t.Context(), key)
		for what, err := range map[string]error{"get": getErr, "get range": rangeErr, "stat": statErr} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s %s: %v, want fs.ErrNotExist", what, key, err)
			}
		}
	}
	if h, held, err := s.Holder(t.Context(), "nobody/lock"); held || err != nil {
		t.Errorf("holder of a lock that never was: %+v, %v, %v", h, held, err)
	}
}

func ranges(t *testing.T, s storage.Store) {
	mustPut(t, s, "k", "0123456789")
	mustPut(t, s, "empty", "")
	for _, c := range []struct {
		key            string
		offset, length int64
		want           string
	}{
		{"k", 0, 10, "0123456789"},
		{"k", 0, 4, "0123"},
		{"k", 3, 4, "3456"},
		{"k", 9, 1, "9"},
		{"k", 8, 100, "89"},
		{"k", 2, math.MaxInt64, "23456789"},
		{"k", 10, 1, ""},
		{"k", 11, 5, ""},
		{"k", math.MaxInt64, math.MaxInt64, ""},
		{"k", 0, 0, ""},
		{"k", 5, 0, ""},
		{"empty", 0, 1, ""},
		{"empty", 0, 0, ""},
	} {
		got, err := readRange(t.Context(), s, c.key, c.offset, c.length)
		if err != nil || string(got) != c.want {
			t.Errorf("%s [%d,+%d): got %q, %v, want %q", c.key, c.offset, c.length, got, err, c.want)
		}
	}
	for _, c := range [][2]int64{{-1, 1}, {0, -1}, {-1, -1}, {math.MinInt64, 1}, {1, math.MinInt64}} {
		if _, err := readRange(t.Context(), s, "k", c[0], c[1]); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("[%d,+%d): %v, want fs.ErrInvalid", c[0], c[1], err)
		}
	}
}

func readerCancelled(t *testing.T, s storage.Store) {
	mustPut(t, s, "k", string(pattern(1<<20)))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Get(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("read %d bytes after cancelling: %v, want context.Canceled", n, err)
	}
}

func readAll(t *testing.T, s storage.Store) {
	mustPut(t, s, "k", "0123456789")
	mustPut(t, s, "empty", "")
	for _, limit := range []int64{10, 11, math.MaxInt64} {
		if got, err := storage.ReadAll(t.Context(), s, "k", limit); string(got) != "0123456789" || err != nil {
			t.Errorf("limit %d: %q, %v", limit, got, err)
		}
	}
	for _, limit := range []int64{0, 1, 9} {
		if got, err := storage.ReadAll(t.Context(), s, "k", limit); !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("limit %d: %q, %v, want ErrTooLarge", limit, got, err)
		}
	}
	if got, err := storage.ReadAll(t.Context(), s, "empty", 0); len(got) != 0 || err != nil {
		t.Errorf("empty: %q, %v", got, err)
	}
	if _, err := storage.ReadAll(t.Context(), s, "k", -1); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("limit -1: %v, want fs.ErrInvalid", err)
	}
	if _, err := storage.ReadAll(t.Context(), s, "none", 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v, want fs.ErrNotExist", err)
	}
}
