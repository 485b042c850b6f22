package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kustody/storage"
)

// TestH01_SymbolicLinks plants links that lead out of the store, as whoever
// can write into a part of it might.
func TestH01_SymbolicLinks(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Put(ctx, "inside/object", []byte("x")); err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(root, outside)
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"file": secret, "folder": outside, "up": up, "loop": "loop", "dangling": filepath.Join(outside, "new"), "near": "inside/object",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"file", "folder", "loop", "dangling", "near", "folder/secret", "up/secret", "folder/new", "up/sub/new"} {
		for call, err := range calls(s, key) {
			if err == nil {
				t.Errorf("%s %s: it was done", call, key)
			}
		}
	}
	for _, prefix := range []string{"folder/", "up/", "loop/"} {
		err := s.List(ctx, prefix, func(key string, _ int64) error { t.Errorf("list %s: %s", prefix, key); return nil })
		if err != nil {
			t.Errorf("list %s: %v", prefix, err)
		}
	}
	wantList(t, s, "inside/object")
	left, err := os.ReadDir(outside)
	data, readErr := os.ReadFile(secret)
	if err != nil || readErr != nil || len(left) != 1 || string(data) != "secret" {
		t.Errorf("outside the store: %v, %v, %v, %q", left, err, readErr, data)
	}
	_, err = s.Get(ctx, "folder/secret")
	if !strings.Contains(err.Error(), "out of the store") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("not a sentence: %v", err)
	}
}

// calls makes each call that reads or writes one key.
func calls(s storage.Store, key string) map[string]error {
	errs := map[string]error{}
	errs["put"] = s.Put(ctx, key, []byte("x"))
	errs["writer"] = store(s, key, []byte("x"), false)
	_, errs["get"] = s.Get(ctx, key)
	_, errs["get range"] = s.GetRange(ctx, key, 0, 1)
	_, errs["stat"] = s.Stat(ctx, key)
	_, errs["lock"] = s.Lock(ctx, key, storage.Holder{})
	return errs
}

func wantList(t *testing.T, s storage.Store, want ...string) {
	t.Helper()
	var got []string
	err := s.List(ctx, "", func(key string, _ int64) error { got = append(got, key); return nil })
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("list: %q, %v, want %q", got, err, want)
	}
}

// TestFilesystemForeignFiles has pipes, dot files and names that are no keys.
func TestFilesystemForeignFiles(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".git/config", ".kustody-00.tmp", "back\\slash", "new\nline", "a/.tmp", "copied by hand"} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	wantList(t, s, "copied by hand")
	if dirs, err := s.ListDirs(ctx, ""); err != nil || len(dirs) != 0 {
		t.Errorf("folders: %q, %v", dirs, err)
	}
	for call, err := range calls(s, "pipe") { // an open would wait for ever
		if err == nil {
			t.Errorf("%s of a pipe: it was done", call)
		}
	}
}

func TestFilesystemModes(t *testing.T) {
	base := t.TempDir()
	for _, c := range []struct{ set, file, dir fs.FileMode }{{0, 0o600, 0o700}, {0o640, 0o640, 0o750}, {0o444, 0o444, 0o755}, {0o666, 0o666, 0o777}} {
		root := filepath.Join(base, c.set.String(), "new", "root")
		s, err := storage.OpenFilesystemWith(root, storage.FilesystemOptions{FileMode: c.set})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Put(ctx, "a/b/c", nil); err != nil {
			t.Fatal(err)
		}
		umask := fs.FileMode(syscall.Umask(0))
		syscall.Umask(int(umask))
		for name, want := range map[string]fs.FileMode{".": c.dir &^ umask, "a": c.dir &^ umask, "a/b": c.dir &^ umask, "a/b/c": c.file} {
			info, err := os.Stat(filepath.Join(root, name))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("mode %v: %s: %v, %v, want %v", c.set, name, info.Mode(), err, want)
			}
		}
	}
}

func TestFilesystemReadOnly(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	where := storage.Location{Backend: storage.BackendFilesystem, Path: root, ReadOnly: true}
	if _, err := storage.Open(ctx, where); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of nothing: %v, want fs.ErrNotExist", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening for reading made the directory: %v", err)
	}
	where.ReadOnly = false
	w, err := storage.Open(ctx, where)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.Lock(ctx, "lock", storage.Holder{Who: "alice"})
	if err := errors.Join(err, w.Put(ctx, "k", []byte("data"))); err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	where.ReadOnly = true
	r, err := storage.Open(ctx, where)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := storage.ReadAll(ctx, r, "k", 10); err != nil || string(data) != "data" {
		t.Errorf("read: %q, %v", data, err)
	}
	if h, held, err := r.Holder(ctx, "lock"); !held || h.Who != "alice" || err != nil {
		t.Errorf("holder: %+v, %v, %v", h, held, err)
	}
	_, createErr := r.Create(ctx, "new/k")
	_, lockErr := r.Lock(ctx, "new/lock", storage.Holder{})
	for what, err := range map[string]error{"put": r.Put(ctx, "new/k", nil), "create": createErr, "lock": lockErr} {
		if !errors.Is(err, storage.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", what, err)
		}
	}
	wantList(t, r, "k", "lock")
}

func TestFilesystemRootIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{path, filepath.Join(path, "below")} {
		if _, err := storage.OpenFilesystem(root); err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("%s: %v", root, err)
		}
	}
}

// TestKeyIsNoFolder holds for memory as for files, so that tests on the one
// find what would fail on the other.
func TestKeyIsNoFolder(t *testing.T) {
	for name, s := range map[string]storage.Store{"filesystem": openFS(t), "memory": storage.NewMemory()} {
		if err := s.Put(ctx, "a/b", nil); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "a/b/c", "a/b/c/d"} {
			for _, put := range []bool{true, false} {
				err := store(s, key, []byte("x"), put)
				if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %s: %v, want an error of its own", name, key, err)
				}
			}
		}
		wantList(t, s, "a/b")
	}
}

// TestFilesystemFolderRemoved has someone tidy up empty folders between two writes.
func TestFilesystemFolderRemoved(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Put(ctx, "a/b/c", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, "a/b/d", nil); err != nil {
		t.Error(err)
	}
	wantList(t, s, "a/b/d")
}

func TestSweepTemp(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Create(ctx, "mine/slow") // alive, but has not written for two days
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	alive := temps(t, root)[0]
	if err := s.Put(ctx, "other/k", nil); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	make := func(name string, when time.Time) string {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stale := make("mine/seg/.kustody-0011223344556677.tmp", old)
	young := make("mine/.kustody-aa11223344556677.tmp", time.Now())
	foreign := make("mine/.other", old)
	object := make("mine/object.tmp", old)
	neighbour := make("other/.kustody-0011223344556677.tmp", old)
	if err := os.Chtimes(alive, old, old); err != nil {
		t.Fatal(err)
	}
	l, err := s.Lock(ctx, "mine/lock", storage.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.SweepTemp(ctx, 0); n != 1 || err != nil {
		t.Errorf("swept %d, %v, want 1", n, err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the stale one is still there: %v", err)
	}
	for _, path := range []string{alive, young, foreign, object, neighbour} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("swept too much: %v", err)
		}
	}
	if err := errors.Join(w.Commit(), l.Release()); err != nil {
		t.Error(err)
	}
	if _, err := l.SweepTemp(ctx, 0); !errors.Is(err, storage.ErrLockLost) {
		t.Errorf("sweep without the lock: %v, want ErrLockLost", err)
	}
}
