package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// List walks the folders that can hold keys with prefix. Temporary files,
// symbolic links, special files and names that no key can have are left out.
func (f *Filesystem) List(ctx context.Context, prefix string, fn func(key string, size int64) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := ValidatePrefix(prefix); err != nil {
		return err
	}
	dir, rest := path.Split(prefix)
	w := &walk{ctx: ctx, f: f, fn: fn}
	return w.folder(strings.TrimSuffix(dir, "/"), rest)
}

// ListDirs names the folders with an object somewhere below them. Folders can
// be empty: a write that failed leaves the one it made.
func (f *Filesystem) ListDirs(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := validateDirPrefix(prefix); err != nil {
		return nil, err
	}
	dir := strings.TrimSuffix(prefix, "/")
	root, entries, err := f.entries(dir)
	if err != nil || root == nil {
		return nil, err
	}
	defer root.Close()
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e, "/")
		if !ok {
			continue
		}
		switch has, err := f.holdsObject(ctx, path.Join(dir, name)); {
		case err != nil:
			return nil, err
		case has:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

var errFound = errors.New("found")

func (f *Filesystem) holdsObject(ctx context.Context, dir string) (bool, error) {
	w := &walk{ctx: ctx, f: f, fn: func(string, int64) error { return errFound }}
	err := w.folder(dir, "")
	if err == errFound {
		return true, nil
	}
	return false, err
}

// walk is one run through a tree in the byte order of keys.
type walk struct {
	ctx context.Context
	f   *Filesystem
	fn  func(string, int64) error
}

// folder hands out what lies in dir ("" is the root) and begins with prefix.
func (w *walk) folder(dir, prefix string) error {
	root, entries, err := w.f.entries(dir)
	if err != nil || root == nil {
		return err
	}
	defer root.Close()
	for _, e := range entries {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(e, prefix) {
			continue
		}
		if name, ok := strings.CutSuffix(e, "/"); ok {
			err = w.folder(path.Join(dir, name), "")
		} else {
			err = w.file(root, dir, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) file(root *os.Root, dir, name string) error {
	key := path.Join(dir, name)
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed by somebody since the folder was read
	case err != nil:
		return w.f.fail("list", key, err)
	case !info.Mode().IsRegular():
		return nil
	}
	return w.fn(key, info.Size())
}

// entries opens a folder and names its files and (with a slash) its folders.
// They are sorted with that slash, which makes the walk follow the byte order
// of whole keys: "a-b" comes before "a/b". A folder that is not there is a nil root.
func (f *Filesystem) entries(dir string) (*os.Root, []string, error) {
	name := filepath.FromSlash(path.Join(".", dir))
	info, err := f.root.Lstat(name)
	if err == nil && !info.IsDir() || errors.Is(absent(err), fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, f.fail("list", dir, err)
	}
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, nil, f.fail("list", dir, err)
	}
	names, err := readNames(root, dir)
	if err != nil {
		root.Close()
		return nil, nil, f.fail("list", dir, err)
	}
	return root, names, nil
}

func readNames(root *os.Root, dir string) ([]string, error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	found, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for _, e := range found {
		switch name := e.Name(); {
		case ValidateKey(path.Join(dir, name)) != nil: // temporary or foreign
		case e.IsDir():
			names = append(names, name+"/")
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
