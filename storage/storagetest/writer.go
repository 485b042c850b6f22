package storagetest

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"kustody/storage"
)

// begin opens a writer and writes data into it.
func begin(t *testing.T, ctx context.Context, s storage.Store, key, data string) storage.Writer {
	t.Helper()
	w, err := s.Create(ctx, key)
	if err != nil {
		t.Fatalf("create %s: %v", key, err)
	}
	t.Cleanup(func() { w.Abort() })
	if _, err := w.Write([]byte(data)); err != nil {
		t.Fatalf("write %s: %v", key, err)
	}
	return w
}

// wantAbsent fails if anything shows that key is there.
func wantAbsent(t *testing.T, s storage.Store, when, key string) {
	t.Helper()
	if _, err := s.Get(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: get: %v, want fs.ErrNotExist", when, err)
	}
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: stat: %v, want fs.ErrNotExist", when, err)
	}
	wantKeys(t, when+": list", mustList(t, s, ""))
	dirs, err := s.ListDirs(t.Context(), "")
	if err != nil || len(dirs) != 0 {
		t.Errorf("%s: list dirs: %q, %v", when, dirs, err)
	}
}

func writerInvisible(t *testing.T, s storage.Store) {
	w := begin(t, t.Context(), s, "seg/0/1.log", "one ")
	wantAbsent(t, s, "before commit", "seg/0/1.log")
	if n, err := w.Write([]byte("two")); n != 3 || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s, "seg/0/1.log"); got != "one two" {
		t.Errorf("got %q", got)
	}
	wantKeys(t, "after commit", mustList(t, s, ""), "seg/0/1.log")
}

func writerAbort(t *testing.T, s storage.Store) {
	w := begin(t, t.Context(), s, "seg/0/1.log", "data")
	for range 2 {
		if err := w.Abort(); err != nil {
			t.Errorf("abort: %v", err)
		}
	}
	wantAbsent(t, s, "after abort", "seg/0/1.log")
	mustPut(t, s, "seg/0/1.log", "the key is free")
}

func writerTaken(t *testing.T, s storage.Store) {
	w := begin(t, t.Context(), s, "k", "late")
	mustPut(t, s, "k", "early")
	if err := w.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("commit: %v, want fs.ErrExist", err)
	}
	if got := mustRead(t, s, "k"); got != "early" {
		t.Errorf("the object was changed to %q", got)
	}
	wantKeys(t, "afterwards", mustList(t, s, ""), "k")
}

func writerAfterEnd(t *testing.T, s storage.Store) {
	w := begin(t, t.Context(), s, "committed", "data")
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("abort after commit: %v", err)
	}
	wantClosed(t, "committed", w)
	if got := mustRead(t, s, "committed"); got != "data" {
		t.Errorf("got %q", got)
	}
	w = begin(t, t.Context(), s, "aborted", "data")
	if err := w.Abort(); err != nil {
		t.Errorf("abort: %v", err)
	}
	wantClosed(t, "aborted", w)
	wantKeys(t, "in the end", mustList(t, s, ""), "committed")
}

func wantClosed(t *testing.T, what string, w storage.Writer) {
	t.Helper()
	if _, err := w.Write([]byte("more")); err == nil {
		t.Errorf("%s: a write was accepted", what)
	}
	if err := w.Commit(); err == nil {
		t.Errorf("%s: a commit was accepted", what)
	}
}

func writerRace(t *testing.T, s storage.Store) {
	race(t, s, "race/writer", func(data []byte) error {
		w, err := s.Create(t.Context(), "race/writer")
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		return w.Commit()
	})
}

func writerCancelled(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	w := begin(t, ctx, s, "k/k", "data")
	v := begin(t, ctx, s, "k/l", "data")
	cancel()
	if _, err := w.Write([]byte("more")); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v, want context.Canceled", err)
	}
	if err := w.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("commit after a failed write: %v, want context.Canceled", err)
	}
	if err := v.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v, want context.Canceled", err)
	}
	wantAbsent(t, s, "after a cancelled commit", "k/k")
}
