package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"kustody/storage"
)

var ctx = context.Background()

// wantSentence looks for the cause and for what an operator is told.
func wantSentence(err, cause error, words ...string) error {
	if !errors.Is(err, cause) {
		return fmt.Errorf("got %v, want %v", err, cause)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			return fmt.Errorf("%q does not say %q", err, w)
		}
	}
	return nil
}

// fillUp writes more than there is room for, in both ways, and sees that
// nothing is left of it.
func fillUp(s storage.Store, cause error, words ...string) error {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	if err := wantSentence(s.Put(ctx, "runs/1/put", data), cause, words...); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	w, err := s.Create(ctx, "runs/1/writer")
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err := wantSentence(err, cause, words...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := wantSentence(w.Commit(), cause, words...); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return s.List(ctx, "", func(key string, size int64) error {
		return fmt.Errorf("%s is there, %d bytes", key, size)
	})
}

// TestH07_DiskFull fills a real, tiny file system, then frees it and goes on.
func TestH07_DiskFull(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("cannot mount a tmpfs here (%v); TestH07_FileLimit shows the same", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(root, syscall.MNT_DETACH) })
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := fillUp(s, syscall.ENOSPC, "no space left", root, "free some space", "goes on"); err != nil {
		t.Error(err)
	}
	if left := temps(t, root); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	free, err := s.Free()
	if err != nil || free < 300<<10 || free > 512<<10 {
		t.Errorf("free: %d, %v", free, err)
	}
	if err := store(s, "runs/1/put", selfProving(1, 1000), true); err != nil {
		t.Errorf("after making room: %v", err)
	}
	if err := syscall.Mount("", root, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := wantSentence(s.Put(ctx, "runs/1/more", nil), syscall.EROFS, "read-only", "mount it for writing"); err != nil {
		t.Error(err)
	}
	if _, err := storage.ReadAll(ctx, s, "runs/1/put", 2000); err != nil {
		t.Errorf("reading still works: %v", err)
	}
}

// writeUnderRlimit may write files of 64 KiB only.
func writeUnderRlimit(root string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
		return err
	}
	small := lim
	small.Cur = 64 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		return err
	}
	if err := fillUp(s, syscall.EFBIG, "file too large", root, "ulimit", "goes on"); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
		return err
	}
	return store(s, "runs/1/put", selfProving(1, 200_000), true)
}

// TestH07_FileLimit needs no rights: a process may not write large files, then may.
func TestH07_FileLimit(t *testing.T) {
	root := t.TempDir()
	if out, err := child("rlimit", root).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := temps(t, root); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	data, err := os.ReadFile(filepath.Join(root, "runs/1/put"))
	if err != nil || !isWhole(data) {
		t.Errorf("after the limit was lifted: %d bytes, %v", len(data), err)
	}
}

// TestH07_Permission writes as a user who may not. Root becomes another user
// on one thread, which then ends.
func TestH07_Permission(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if os.Getuid() == 0 {
			if err := becomeNobody(); err != nil {
				done <- err
				return
			}
		}
		done <- s.Put(ctx, "runs/1/plan.json", nil)
	}()
	if err := wantSentence(<-done, os.ErrPermission, "permission denied", root, "owner and mode"); err != nil {
		t.Error(err)
	}
}
