package storage

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func openTest(t *testing.T) *Filesystem {
	t.Helper()
	f, err := OpenFilesystem(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestNoHardLinks is a file system that refuses link(2), as exFAT does.
func TestNoHardLinks(t *testing.T) {
	f := openTest(t)
	f.link = func(from, to string) error {
		return &os.LinkError{Op: "linkat", Old: from, New: to, Err: syscall.EPERM}
	}
	if err := f.Put(t.Context(), "a/k", []byte("first")); err != nil {
		t.Fatal(err)
	}
	w, err := f.Create(t.Context(), "a/k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write([]byte("second"))
	if err = errors.Join(err, w.Commit()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second: %v, want fs.ErrExist", err)
	}
	if data, err := ReadAll(t.Context(), f, "a/k", 100); string(data) != "first" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
	left, err := os.ReadDir(filepath.Join(f.path, "a"))
	if err != nil || len(left) != 1 {
		t.Errorf("files in the end: %v, %v", left, err)
	}
}

// TestLinkAnswerLost is a network file system that links and then, asked again
// by its client, says that the name is there.
func TestLinkAnswerLost(t *testing.T) {
	f := openTest(t)
	f.link = func(from, to string) error {
		if err := f.root.Link(from, to); err != nil {
			return err
		}
		return f.root.Link(from, to)
	}
	if err := f.Put(t.Context(), "k", []byte("mine")); err != nil {
		t.Errorf("put that landed: %v", err)
	}
	if err := f.Put(t.Context(), "k", []byte("mine")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("put again: %v, want fs.ErrExist", err)
	}
}

// TestLinkFails leaves neither object nor temporary file.
func TestLinkFails(t *testing.T) {
	f := openTest(t)
	f.link = func(from, to string) error {
		return &os.LinkError{Op: "linkat", Old: from, New: to, Err: syscall.ENOSPC}
	}
	err := f.Put(t.Context(), "k", []byte("x"))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("put: %v", err)
	}
	if left, err := os.ReadDir(f.path); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRemedies(t *testing.T) {
	f := openTest(t)
	for _, r := range remedies {
		err := f.fail("put", "a/k", &fs.PathError{Op: "openat", Path: "a/.kustody-1.tmp", Err: r.err})
		want := "put a/k in " + f.URL() + ": "
		if !errors.Is(err, r.err) || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "; "+r.hint) {
			t.Errorf("%v: %v", r.err, err)
		}
		if strings.Contains(err.Error(), ".tmp") {
			t.Errorf("the message names the temporary file: %v", err)
		}
	}
	for _, p := range passing {
		if err := f.fail("get", "k", p); !errors.Is(err, ErrTemporary) || !errors.Is(err, p) {
			t.Errorf("%v is not temporary: %v", p, err)
		}
	}
	if err := f.fail("put", "k", syscall.ENOSPC); errors.Is(err, ErrTemporary) {
		t.Error("a full disk does not go away by itself")
	}
}

func FuzzParseHolder(f *testing.F) {
	f.Add([]byte(`{"who":"a","token":"x","since":"2026-11-21T02:00:00Z"}`))
	f.Add([]byte("{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, ok := parseHolder(data)
		if !ok {
			return
		}
		msg := (&HeldError{Key: "lock", Holder: h}).Error()
		if strings.ContainsFunc(msg, hidden) {
			t.Errorf("message %q is not harmless", msg)
		}
	})
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestLockFormat holds the stored form of a lock against its golden file.
func TestLockFormat(t *testing.T) {
	h := Holder{
		Who: "alice <ops>", Host: "db1", Job: "nightly", PID: 4242, Token: "00112233445566aa",
		Since: time.Date(2026, 11, 21, 2, 0, 0, 123e6, time.UTC), Expires: time.Date(2026, 11, 21, 2, 1, 0, 123e6, time.UTC),
	}
	const golden = "testdata/lock.json"
	if *update {
		if err := os.WriteFile(golden, h.encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.encode(); string(got) != string(want) {
		t.Errorf("got  %swant %s", got, want)
	}
	if back, ok := parseHolder(want); !ok || back != h {
		t.Errorf("read back: %+v, %v", back, ok)
	}
}
