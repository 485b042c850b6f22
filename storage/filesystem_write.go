package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	tempPrefix = ".kustody-"
	tempSuffix = ".tmp"
)

// Put writes a file beside its place, makes it durable, and links it in.
func (f *Filesystem) Put(ctx context.Context, key string, data []byte) error {
	if err := f.beginWrite(ctx, "put", key); err != nil {
		return err
	}
	if err := f.free(key); err != nil {
		return f.fail("put", key, err)
	}
	w, err := f.create(ctx, "put", key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Commit()
}

// free spares the writing of an object whose key is taken. It decides nothing:
// the link does.
func (f *Filesystem) free(key string) error {
	info, err := f.root.Lstat(filepath.FromSlash(key))
	switch {
	case err != nil:
		return nil
	case info.IsDir():
		return errIsFolder
	}
	return fs.ErrExist
}

// Create begins a file beside its place.
func (f *Filesystem) Create(ctx context.Context, key string) (Writer, error) {
	if err := f.beginWrite(ctx, "create", key); err != nil {
		return nil, err
	}
	return f.create(ctx, "create", key)
}

func (f *Filesystem) create(ctx context.Context, op, key string) (*fileWriter, error) {
	dir := dirOf(key)
	if err := f.ensureDir(dir); err != nil {
		return nil, f.fail(op, key, err)
	}
	w := &fileWriter{ctx: ctx, f: f, op: op, key: key, dir: dir}
	err := w.openTemp()
	if errors.Is(err, fs.ErrNotExist) { // someone removed the folder since it was made
		f.forget()
		if err = f.ensureDir(dir); err == nil {
			err = w.openTemp()
		}
	}
	if err != nil {
		return nil, f.fail(op, key, err)
	}
	return w, nil
}

// ensureDir makes a folder and those above it, and makes their entries durable
// even if another process made them a moment ago and has not yet done so.
func (f *Filesystem) ensureDir(dir string) error {
	if dir == "." || f.isDurable(dir) {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := f.ensureDir(parent); err != nil {
		return err
	}
	err := f.root.Mkdir(dir, f.dirMode)
	if errors.Is(err, fs.ErrExist) {
		err = f.mustBeDir(dir)
	}
	if err != nil {
		return err
	}
	if err := f.syncDir(parent); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.durable) >= maxDurable {
		clear(f.durable)
	}
	f.durable[dir] = struct{}{}
	return nil
}

func (f *Filesystem) mustBeDir(dir string) error {
	info, err := f.root.Stat(dir) // follows links, but not out of the root
	if err == nil && !info.IsDir() {
		return errIsObject
	}
	return err
}

func (f *Filesystem) isDurable(dir string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.durable[dir]
	return ok
}

func (f *Filesystem) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.durable)
}

func (f *Filesystem) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}

// syncDir makes the entries of an open directory durable. Some file systems
// cannot, and say so with EINVAL or ENOTSUP; they have nothing to make durable.
func syncDir(d *os.File) error {
	err := d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// fileWriter is one object in the making: a temporary file that is locked
// (flock) as long as its process lives, so that a sweep can tell.
type fileWriter struct {
	ctx     context.Context
	f       *Filesystem
	op      string
	key     string
	dir     string
	temp    string
	file    *os.File
	failed  error
	settled bool
}

func (w *fileWriter) openTemp() error {
	temp := filepath.Join(w.dir, tempPrefix+newToken()+tempSuffix)
	file, err := w.f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, w.f.fileMode)
	if err != nil {
		return err
	}
	w.temp, w.file = temp, file
	// Where flock is not to be had, a sweep cannot take it either and leaves the file.
	_, _ = flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	return nil
}

// Write appends to the file.
func (w *fileWriter) Write(p []byte) (int, error) {
	if w.settled {
		return 0, w.f.fail(w.op, w.key, errWriterDone)
	}
	if w.failed == nil {
		w.failed = w.ctx.Err()
	}
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.file.Write(p)
	if err != nil {
		w.failed = w.f.fail(w.op, w.key, err)
	}
	return n, w.failed
}

// Commit makes the file durable and gives it its name.
func (w *fileWriter) Commit() error {
	if w.settled {
		return w.f.fail("commit", w.key, errWriterDone)
	}
	if w.failed == nil {
		w.failed = w.ctx.Err()
	}
	if w.failed != nil {
		return errors.Join(w.failed, w.Abort())
	}
	w.settled = true
	err := w.publish()
	if rmErr := w.f.root.Remove(w.temp); err == nil && !errors.Is(rmErr, fs.ErrNotExist) {
		err = rmErr
	}
	if err == nil {
		err = w.f.syncDir(w.dir)
	}
	if err != nil {
		return w.f.fail(w.op, w.key, err)
	}
	return nil
}

// publish syncs and closes the temporary file and links it to its key.
func (w *fileWriter) publish() error {
	err := w.file.Chmod(w.f.fileMode) // the umask may have taken rights away
	if err == nil {
		err = w.file.Sync()
	}
	info, statErr := w.file.Stat()
	if err == nil {
		err = statErr
	}
	if closeErr := w.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	name := filepath.FromSlash(w.key)
	err = w.f.link(w.temp, name)
	if noLinks(err) {
		err = w.f.renameNoReplace(w.temp, name)
	}
	if errors.Is(err, fs.ErrExist) {
		return w.taken(name, info)
	}
	return err
}

// taken looks at what has the name: a folder, another object, or this very
// file, if a network file system did the link and lost the answer.
func (w *fileWriter) taken(name string, own fs.FileInfo) error {
	info, err := w.f.root.Lstat(name)
	switch {
	case err == nil && os.SameFile(info, own):
		return nil
	case err == nil && info.IsDir():
		return errIsFolder
	}
	return fs.ErrExist
}

// noLinks is true for the answers of file systems without hard links.
func noLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS)
}

// Abort removes the temporary file.
func (w *fileWriter) Abort() error {
	if w.settled {
		return nil
	}
	w.settled = true
	err := w.file.Close()
	if rmErr := w.f.root.Remove(w.temp); err == nil && !errors.Is(rmErr, fs.ErrNotExist) {
		err = rmErr
	}
	if err != nil {
		return w.f.fail("abort", w.key, err)
	}
	return nil
}
