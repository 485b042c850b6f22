package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lock takes flock(2) on the file named key, and writes the holder into it.
// The lock ends with its process, however that ends; the file stays.
func (f *Filesystem) Lock(ctx context.Context, key string, h Holder) (*Lock, error) {
	if err := f.beginWrite(ctx, "lock", key); err != nil {
		return nil, err
	}
	if err := f.ensureDir(dirOf(key)); err != nil {
		return nil, f.fail("lock", key, err)
	}
	// Holder takes a shared lock for a moment, which must not look like a
	// holder; and a holder's name may not be written yet. Hence several looks.
	const looks, pause = 8, 20 * time.Millisecond
	for look := 1; ; look++ {
		file, err := f.tryLock(key)
		if err != nil {
			return nil, f.fail("lock", key, err)
		}
		if file != nil {
			return f.held(key, file, h)
		}
		if look == looks {
			return nil, &HeldError{Key: key, Holder: f.readHolder(key)}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// tryLock returns the open and locked file, or nil if another has it.
func (f *Filesystem) tryLock(key string) (*os.File, error) {
	name := filepath.FromSlash(key)
	if info, err := f.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, errNotRegular // opening a pipe would wait for ever
	}
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE, f.fileMode)
	if err != nil {
		return nil, err
	}
	got, err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil && got && !f.isCurrent(name, file) {
		got = false // the file was removed or replaced while it was being locked
	}
	if err != nil || !got {
		file.Close()
		return nil, err
	}
	return file, nil
}

// isCurrent tells whether name still means the open file.
func (f *Filesystem) isCurrent(name string, file *os.File) bool {
	at, err := f.root.Lstat(name)
	own, ownErr := file.Stat()
	return err == nil && ownErr == nil && os.SameFile(at, own)
}

// held writes the holder into a lock file that was just locked.
func (f *Filesystem) held(key string, file *os.File, h Holder) (*Lock, error) {
	h = h.fill(time.Now())
	h.Expires = time.Time{}
	err := file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt(h.encode(), 0)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = f.syncDir(dirOf(key))
	}
	if err != nil {
		file.Close()
		return nil, f.fail("lock", key, err)
	}
	l := newLock(key, h)
	l.check = func(ctx context.Context) error { return f.checkLock(ctx, l, file) }
	l.release = func() error { return f.releaseLock(l, file) }
	l.sweep = func(ctx context.Context, age time.Duration) (int, error) {
		return f.sweepTemp(ctx, dirOf(key), age)
	}
	return l, nil
}

// checkLock sees whether the file is still the lock, still locked (a network
// file system forgets locks when its server restarts) and still says so.
func (f *Filesystem) checkLock(ctx context.Context, l *Lock, file *os.File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !f.isCurrent(filepath.FromSlash(l.key), file) {
		return l.lostError("the lock file was removed or replaced")
	}
	got, err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return f.fail("check lock", l.key, err)
	}
	if !got {
		return l.lostError("another process has it")
	}
	h, ok := readHolderFrom(io.NewSectionReader(file, 0, maxHolderBytes))
	if !ok || h.Token != l.holder.Token {
		return l.lostError("the lock file was overwritten")
	}
	return nil
}

func (f *Filesystem) releaseLock(l *Lock, file *os.File) error {
	var err error
	// Emptied first, so that no one reads a name in it that is gone. If the lock
	// was lost, another's name may stand there by now: that one stays.
	if h, ok := readHolderFrom(io.NewSectionReader(file, 0, maxHolderBytes)); ok && h.Token == l.holder.Token {
		err = file.Truncate(0)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return f.fail("release lock", l.key, err)
	}
	return nil
}

// Holder tries a shared lock for a moment: if that works, nobody holds it.
func (f *Filesystem) Holder(ctx context.Context, key string) (Holder, bool, error) {
	if err := f.begin(ctx, key); err != nil {
		return Holder{}, false, err
	}
	file, _, err := f.open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, err
	}
	defer file.Close()
	got, err := flock(file, syscall.LOCK_SH|syscall.LOCK_NB)
	if err != nil {
		return Holder{}, false, f.fail("ask who holds lock", key, err)
	}
	if got {
		return Holder{}, false, nil
	}
	h, _ := readHolderFrom(file)
	return h, true, nil
}

func (f *Filesystem) readHolder(key string) Holder {
	file, _, err := f.open(key)
	if err != nil {
		return Holder{}
	}
	defer file.Close()
	h, _ := readHolderFrom(file)
	return h
}

func readHolderFrom(r io.Reader) (Holder, bool) {
	data, err := io.ReadAll(io.LimitReader(r, maxHolderBytes))
	if err != nil {
		return Holder{}, false
	}
	return parseHolder(data)
}

// flock asks for a lock on an open file; false if another has one that excludes it.
func flock(file *os.File, how int) (bool, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = raw.Control(func(fd uintptr) {
		for {
			if lockErr = syscall.Flock(int(fd), how); lockErr != syscall.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return false, err
	case lockErr == syscall.EWOULDBLOCK:
		return false, nil
	case lockErr != nil:
		return false, fmt.Errorf("flock: %w", lockErr)
	}
	return true, nil
}

// sweepTemp removes temporary files at or below dir that are older than age
// and that no living process has locked.
func (f *Filesystem) sweepTemp(ctx context.Context, dir string, age time.Duration) (int, error) {
	removed := 0
	limit := time.Now().Add(-age)
	err := fs.WalkDir(f.root.FS(), filepath.ToSlash(dir), func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		base := path.Base(name)
		if !e.Type().IsRegular() || !strings.HasPrefix(base, tempPrefix) || !strings.HasSuffix(base, tempSuffix) {
			return nil
		}
		did, err := f.removeStale(filepath.FromSlash(name), limit)
		if did {
			removed++
		}
		return err
	})
	if err != nil {
		return removed, f.fail("sweep", filepath.ToSlash(dir), err)
	}
	return removed, nil
}

func (f *Filesystem) removeStale(name string, limit time.Time) (bool, error) {
	info, err := f.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(limit) {
		return false, nil // gone, or young: not ours to judge
	}
	file, err := f.root.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if got, err := flock(file, syscall.LOCK_EX|syscall.LOCK_NB); err != nil || !got {
		return false, nil // its process lives, or it cannot be told
	}
	if err := f.root.Remove(name); err != nil {
		return false, err
	}
	return true, nil
}
