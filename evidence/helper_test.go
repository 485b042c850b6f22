package evidence

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write golden files")

// memStore is a store in memory that can die: after puts allowed, every put fails.
type memStore struct {
	mu        sync.Mutex
	objects   map[string][]byte
	order     []string // keys as they were put
	allowed   int      // puts before it dies; -1: never
	beforePut func(key string)
}

func newMem() *memStore { return &memStore{objects: map[string][]byte{}, allowed: -1} }

var errDead = errors.New("the store died")

func (m *memStore) Put(_ context.Context, key string, data []byte) error {
	if m.beforePut != nil {
		m.beforePut(key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.allowed == 0 {
		return errDead
	}
	if _, there := m.objects[key]; there {
		return fs.ErrExist
	}
	if m.allowed > 0 {
		m.allowed--
	}
	m.objects[key] = bytes.Clone(data)
	m.order = append(m.order, key)
	return nil
}

func (m *memStore) Get(_ context.Context, key string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, there := m.objects[key]
	if !there {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (m *memStore) List(_ context.Context, prefix string, fn func(string, int64) error) error {
	m.mu.Lock()
	var keys []string
	sizes := map[string]int64{}
	for k, v := range m.objects {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
			sizes[k] = int64(len(v))
		}
	}
	m.mu.Unlock()
	slices.Sort(keys)
	for _, k := range keys {
		if err := fn(k, sizes[k]); err != nil {
			return err
		}
	}
	return nil
}

// writeTo lays the objects out as files, for tools that are not ours.
func (m *memStore) writeTo(t *testing.T, dir string) {
	t.Helper()
	for key, data := range m.objects {
		path := filepath.Join(dir, filepath.FromSlash(key))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, data, 0o644))
	}
}

func (m *memStore) clone() *memStore {
	c := newMem()
	for k, v := range m.objects {
		c.objects[k] = bytes.Clone(v)
	}
	return c
}

// dirStore reads a directory; the stored fixtures lie in one.
type dirStore string

func (d dirStore) Put(context.Context, string, []byte) error { return errors.New("read-only") }

func (d dirStore) Get(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), filepath.FromSlash(key)))
}

func (d dirStore) List(_ context.Context, prefix string, fn func(string, int64) error) error {
	return filepath.WalkDir(string(d), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(string(d), path)
		if err != nil || !strings.HasPrefix(filepath.ToSlash(key), prefix) {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return fn(filepath.ToSlash(key), info.Size())
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails unless err is there and its text holds all parts.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Fatalf("error %q does not say %q", err, part)
		}
	}
}

// testSigner is the fixed key of testdata. It signs nothing but tests.
func testSigner(t testing.TB) *Signer {
	t.Helper()
	s, err := ParseSigner(readFile(t, "testdata/key.pem"))
	must(t, err)
	return s
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// tool returns the path of a program. Where it is not installed the test is skipped, and fails in CI.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed, and CI must have it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// shell runs a script in dir and returns its output and whether it succeeded.
func shell(t testing.TB, dir, script string) (string, bool) {
	t.Helper()
	tool(t, "openssl")
	tool(t, "sha256sum")
	tool(t, "jq")
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", script, err)
	}
	return string(out), err == nil
}

// hand is a clock that is moved by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func at(text string) *hand { return &hand{now: utc(text)} }

func (h *hand) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) set(text string) { h.mu.Lock(); h.now = utc(text); h.mu.Unlock() }

func (h *hand) add(d time.Duration) { h.mu.Lock(); h.now = h.now.Add(d); h.mu.Unlock() }

// utc reads "2026-11-20 02:00" or with seconds.
func utc(text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	panic("not a time: " + text)
}

// golden compares data with a stored file, or writes it with -update.
func golden(t *testing.T, name string, data []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, data, 0o644))
		return
	}
	if want := readFile(t, path); !bytes.Equal(want, data) {
		t.Errorf("%s differs from what is stored.\n--- stored\n%s\n--- now\n%s", path, want, data)
	}
}
