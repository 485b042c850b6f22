package storage_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kustody/storage"
)

// lockForEver takes the lock, says its process id, and stays.
func lockForEver(root string) error {
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		return err
	}
	if _, err := s.Lock(ctx, "orders/lock", storage.Holder{Who: "alice\x1b[31m", Host: "db1", Job: "nightly"}); err != nil {
		return err
	}
	fmt.Println(os.Getpid())
	time.Sleep(time.Hour)
	return nil
}

// TestC02_LockOfAnotherProcess: held while it lives, free the moment it is dead.
func TestC02_LockOfAnotherProcess(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	line, kill := startChild(t, "lock", root)
	pid := strings.TrimSpace(line)

	_, err = s.Lock(ctx, "orders/lock", storage.Holder{Who: "bob"})
	var held *storage.HeldError
	if !errors.As(err, &held) || fmt.Sprint(held.Holder.PID) != pid {
		t.Fatalf("lock: %v, want it held by process %s", err, pid)
	}
	for _, want := range []string{"orders/lock is held by alice?[31m on host db1", "process " + pid, "job nightly", "since 20"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if h, ok, err := s.Holder(ctx, "orders/lock"); !ok || err != nil || fmt.Sprint(h.PID) != pid {
		t.Errorf("holder: %+v, %v, %v", h, ok, err)
	}
	kill()
	if h, ok, err := s.Holder(ctx, "orders/lock"); ok || err != nil {
		t.Errorf("holder after its death: %+v, %v, %v", h, ok, err)
	}
	l, err := s.Lock(ctx, "orders/lock", storage.Holder{Who: "bob"})
	if err != nil {
		t.Fatalf("lock after its death: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestE25_LockFileReplaced: whoever removes or overwrites the file ends the lock.
func TestE25_LockFileReplaced(t *testing.T) {
	for what, spoil := range map[string]func(path string) error{
		"removed":     os.Remove,
		"replaced":    func(p string) error { return errors.Join(os.Remove(p), os.WriteFile(p, nil, 0o600)) },
		"overwritten": func(p string) error { return os.WriteFile(p, []byte(`{"token":"other"}`), 0o600) },
		"emptied":     func(p string) error { return os.Truncate(p, 0) },
	} {
		t.Run(what, func(t *testing.T) {
			root := t.TempDir()
			s, err := storage.OpenFilesystem(root)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			l, err := s.Lock(ctx, "a/lock", storage.Holder{Who: "alice"})
			if err := errors.Join(err, l.Check(ctx), spoil(filepath.Join(root, "a/lock"))); err != nil {
				t.Fatal(err)
			}
			if err := l.Check(ctx); !errors.Is(err, storage.ErrLockLost) {
				t.Errorf("check: %v, want ErrLockLost", err)
			}
			select {
			case <-l.Lost():
			default:
				t.Error("Lost is not closed")
			}
			before, _ := os.ReadFile(filepath.Join(root, "a/lock"))
			if err := l.Release(); err != nil {
				t.Errorf("release: %v", err)
			}
			if after, _ := os.ReadFile(filepath.Join(root, "a/lock")); string(after) != string(before) {
				t.Errorf("the release of a lost lock changed %q to %q", before, after)
			}
		})
	}
}

// TestHolderDoesNotDisturb asks all the time who holds a lock that is taken
// and given back meanwhile; asking must never look like holding.
func TestHolderDoesNotDisturb(t *testing.T) {
	s := openFS(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
			}
			if _, _, err := s.Holder(ctx, "lock"); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 30 {
		l, err := s.Lock(ctx, "lock", storage.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(l.Check(ctx), l.Release()); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
}

// TestAskingIsNotHolding: whoever asks holds a shared lock for a moment, and a
// taker waits that moment out.
func TestAskingIsNotHolding(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	asker, err := os.Create(filepath.Join(root, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(asker.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		time.Sleep(30 * time.Millisecond)
		gone <- asker.Close()
	}()
	l, err := s.Lock(ctx, "lock", storage.Holder{})
	err = errors.Join(err, <-gone)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}
