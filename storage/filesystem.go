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
	"sync"
	"syscall"
)

// FilesystemOptions say how a directory is opened.
type FilesystemOptions struct {
	// ReadOnly refuses every write and lock, and creates nothing.
	ReadOnly bool
	// FileMode is the mode of new files, 0600 if zero. New folders get the same
	// with search rights for whoever may read.
	FileMode fs.FileMode
}

// Filesystem keeps objects as files below one directory. Nothing escapes it:
// all access goes through [os.Root], keys are validated, and a symbolic link
// is never an object. A file that a system tool put there is an object if its
// name is a valid key; names that begin with a dot never are. Objects are
// never removed, so Put, Create and Get of any number of processes and
// goroutines go together.
type Filesystem struct {
	root     *os.Root
	path     string // absolute
	readOnly bool
	fileMode fs.FileMode
	dirMode  fs.FileMode
	link     func(from, to string) error // root.Link, but for tests

	mu      sync.Mutex
	durable map[string]struct{} // folders whose entries up to the root were fsynced
}

// maxDurable bounds the memory of known folders; forgetting costs only fsyncs.
const maxDurable = 4096

// OpenFilesystem opens root for writing, and makes it (mode 0700) if needed.
func OpenFilesystem(root string) (*Filesystem, error) {
	return OpenFilesystemWith(root, FilesystemOptions{})
}

// OpenFilesystemWith opens root as the options say. A missing root is
// fs.ErrNotExist when it is opened for reading.
func OpenFilesystemWith(root string, o FilesystemOptions) (*Filesystem, error) {
	if root == "" {
		return nil, fmt.Errorf("open storage: the path is empty")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open storage %s: %w", printable(root), err)
	}
	f := &Filesystem{path: abs, readOnly: o.ReadOnly, fileMode: o.FileMode.Perm(), durable: map[string]struct{}{}}
	if f.fileMode == 0 {
		f.fileMode = 0o600
	}
	f.dirMode = f.fileMode | f.fileMode&0o444>>2 | 0o700
	if !o.ReadOnly {
		if err := makeRoot(abs, f.dirMode); err != nil {
			return nil, f.fail("open", "", err)
		}
	}
	if f.root, err = os.OpenRoot(abs); err != nil {
		return nil, f.fail("open", "", err)
	}
	f.link = f.root.Link
	return f, nil
}

// makeRoot makes a directory and what is missing above it, each entry durable.
func makeRoot(dir string, mode fs.FileMode) error {
	switch info, err := os.Stat(dir); {
	case err == nil && !info.IsDir():
		return syscall.ENOTDIR
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeRoot(parent, mode); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(parent)
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}

// Close gives up the directory. No other method may be called afterwards.
func (f *Filesystem) Close() error { return f.root.Close() }

// URL is the file URL of the directory.
func (f *Filesystem) URL() string { return fileURL(f.path) }

// Free says how many bytes an unprivileged process can still write.
func (f *Filesystem) Free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(f.path, &st); err != nil {
		return 0, f.fail("ask the free space", "", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// Stat describes one file.
func (f *Filesystem) Stat(ctx context.Context, key string) (Info, error) {
	if err := f.begin(ctx, key); err != nil {
		return Info{}, err
	}
	info, err := f.root.Lstat(filepath.FromSlash(key))
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return Info{}, f.fail("stat", key, absent(err))
	}
	return Info{Key: key, Size: info.Size(), ModTime: info.ModTime().UTC()}, nil
}

// Get opens one file.
func (f *Filesystem) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := f.begin(ctx, key); err != nil {
		return nil, err
	}
	file, _, err := f.open(key)
	if err != nil {
		return nil, err
	}
	return &fileReader{ctx: ctx, f: f, key: key, r: file, file: file}, nil
}

// GetRange opens a part of one file.
func (f *Filesystem) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := f.begin(ctx, key); err != nil {
		return nil, err
	}
	if err := checkRange(key, offset, length); err != nil {
		return nil, err
	}
	file, size, err := f.open(key)
	if err != nil {
		return nil, err
	}
	offset, length = clampRange(size, offset, length)
	return &fileReader{ctx: ctx, f: f, key: key, r: io.NewSectionReader(file, offset, length), file: file}, nil
}

// open opens a regular file. It looks before it opens, because opening a pipe
// would wait for ever, and afterwards, because the name may have been changed
// into a symbolic link meanwhile.
func (f *Filesystem) open(key string) (*os.File, int64, error) {
	name := filepath.FromSlash(key)
	before, err := f.root.Lstat(name)
	if err == nil {
		err = regular(before)
	}
	if err != nil {
		return nil, 0, f.fail("get", key, absent(err))
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, 0, f.fail("get", key, err)
	}
	after, err := file.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return nil, 0, f.fail("get", key, err)
	}
	return file, after.Size(), nil
}

// begin is what every call does first.
func (f *Filesystem) begin(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ValidateKey(key)
}

// beginWrite is begin for calls that change the store.
func (f *Filesystem) beginWrite(ctx context.Context, op, key string) error {
	if err := f.begin(ctx, key); err != nil {
		return err
	}
	if f.readOnly {
		return &Error{Op: op, Key: key, URL: f.URL(), Err: ErrReadOnly}
	}
	return nil
}

// regular refuses what is not an object. A folder is simply not there.
func regular(info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return fs.ErrNotExist
	}
	return errNotRegular
}

// dirOf is the folder of a key, "." for the root.
func dirOf(key string) string { return filepath.FromSlash(path.Dir(key)) }

// fileReader ends with the context, and with this store's errors.
type fileReader struct {
	ctx  context.Context
	f    *Filesystem
	key  string
	r    io.Reader
	file *os.File
}

func (r *fileReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = r.f.fail("read", r.key, err)
	}
	return n, err
}

func (r *fileReader) Close() error { return r.file.Close() }
