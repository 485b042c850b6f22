package storage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory keeps objects in memory, and misbehaves on command (see [Faults]). It
// keeps the contract of [Store] like any other, with leases for locks. It is
// for tests: nothing in it survives the process.
type Memory struct {
	mu      sync.Mutex
	objects map[string]*object
	folders map[string]int // how many objects lie at or below each folder
	clock   Clock
	lease   LeaseOptions
	faults  Faults
	calls   int
	version int
}

// object is replaced, never changed, so that readers need no lock.
type object struct {
	data    []byte
	mod     time.Time
	version string
}

// NewMemory makes an empty store on the system's clock.
func NewMemory() *Memory {
	return &Memory{objects: map[string]*object{}, folders: map[string]int{}, clock: SystemClock{}}
}

// SetClock replaces the clock that stamps objects and runs leases out. Set it
// before the store is used.
func (m *Memory) SetClock(c Clock) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = c
}

// SetLease sets the times of leases taken from now on.
func (m *Memory) SetLease(o LeaseOptions) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lease = o
}

// SetFaults replaces the faults, for calls and readers that begin from now on.
func (m *Memory) SetFaults(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// Calls is how many calls were made so far, the failed ones too.
func (m *Memory) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// Replace sets an object behind the store's back, as a forger or a rotting
// disk would; nil data removes it.
func (m *Memory) Replace(key string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data == nil {
		if _, ok := m.objects[key]; ok {
			m.count(key, -1)
			delete(m.objects, key)
		}
		return
	}
	m.set(key, data)
}

// URL is "memory".
func (m *Memory) URL() string { return "memory" }

// begin counts a call, waits and fails as the faults say.
func (m *Memory) begin(ctx context.Context, op Op, key string) (Faults, error) {
	if err := ctx.Err(); err != nil {
		return Faults{}, err
	}
	m.mu.Lock()
	m.calls++
	f := m.faults
	nth := f.FailEvery > 0 && m.calls%f.FailEvery == 0
	m.mu.Unlock()
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return f, ctx.Err()
		case <-t.C:
		}
	}
	if nth {
		return f, m.fail(op, key, fmt.Errorf("injected: every %dth call fails: %w", f.FailEvery, ErrTemporary))
	}
	if f.Fail != nil {
		if err := f.Fail(op, key); err != nil {
			return f, m.fail(op, key, err)
		}
	}
	return f, ctx.Err()
}

// end loses the answer of a call that took effect, if the faults say so.
func (m *Memory) end(f Faults, op Op, key string) error {
	if f.FailAfter != nil {
		if err := f.FailAfter(op, key); err != nil {
			return m.fail(op, key, err)
		}
	}
	return nil
}

func (m *Memory) fail(op Op, key string, err error) error {
	return &Error{Op: string(op), Key: key, URL: m.URL(), Err: err}
}

// Put stores a copy of data.
func (m *Memory) Put(ctx context.Context, key string, data []byte) error {
	if err := ValidateKey(key); err != nil {
		return err
	}
	f, err := m.begin(ctx, OpPut, key)
	if err != nil {
		return err
	}
	if err := m.add(OpPut, key, data); err != nil {
		return err
	}
	return m.end(f, OpPut, key)
}

// add is the put-if-absent.
func (m *Memory) add(op Op, key string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.vacant(key); err != nil {
		return m.fail(op, key, err)
	}
	m.set(key, data)
	return nil
}

// vacant refuses a key that is taken, is a folder, or lies below an object.
func (m *Memory) vacant(key string) error {
	if m.objects[key] != nil {
		return fs.ErrExist
	}
	if m.folders[key] > 0 {
		return errIsFolder
	}
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if m.objects[dir] != nil {
			return errIsObject
		}
	}
	return nil
}

// set stores a copy, new or not; the caller holds the mutex.
func (m *Memory) set(key string, data []byte) string {
	if m.objects[key] == nil {
		m.count(key, 1)
	}
	m.version++
	v := strconv.Itoa(m.version)
	m.objects[key] = &object{data: bytes.Clone(data), mod: m.clock.Now().UTC(), version: v}
	return v
}

func (m *Memory) count(key string, by int) {
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		m.folders[dir] += by
	}
}

// find returns the object, or fs.ErrNotExist.
func (m *Memory) find(op Op, key string) (*object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[key]
	if o == nil {
		return nil, m.fail(op, key, fs.ErrNotExist)
	}
	return o, nil
}

// Stat tells the size, with the faults' error.
func (m *Memory) Stat(ctx context.Context, key string) (Info, error) {
	if err := ValidateKey(key); err != nil {
		return Info{}, err
	}
	f, err := m.begin(ctx, OpStat, key)
	if err != nil {
		return Info{}, err
	}
	o, err := m.find(OpStat, key)
	if err != nil {
		return Info{}, err
	}
	return Info{Key: key, Size: told(len(o.data), f), ModTime: o.mod}, m.end(f, OpStat, key)
}

// told is the size of an object as the faults have it told.
func told(size int, f Faults) int64 { return max(0, int64(size)+f.SizeError) }

// Get opens an object.
func (m *Memory) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return m.get(ctx, key, 0, 1<<62)
}

// GetRange opens a part of an object.
func (m *Memory) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	return m.get(ctx, key, offset, length)
}

func (m *Memory) get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := ValidateKey(key); err != nil {
		return nil, err
	}
	if err := checkRange(key, offset, length); err != nil {
		return nil, err
	}
	f, err := m.begin(ctx, OpGet, key)
	if err != nil {
		return nil, err
	}
	o, err := m.find(OpGet, key)
	if err != nil {
		return nil, err
	}
	if err := m.end(f, OpGet, key); err != nil {
		return nil, err
	}
	// What is announced follows the told size, what is delivered the real one.
	_, announced := clampRange(told(len(o.data), f), offset, length)
	from, have := clampRange(int64(len(o.data)), offset, length)
	data := o.data[from : from+min(have, announced)]
	return &memoryReader{ctx: ctx, m: m, key: key, rest: data, missing: announced - int64(len(data)), limit: f.ReadLimit}, nil
}

// List walks a snapshot of the keys.
func (m *Memory) List(ctx context.Context, prefix string, fn func(key string, size int64) error) error {
	if err := ValidatePrefix(prefix); err != nil {
		return err
	}
	f, err := m.begin(ctx, OpList, prefix)
	if err != nil {
		return err
	}
	m.mu.Lock()
	objects := maps.Clone(m.objects)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := m.next(ctx, f, key); err != nil {
			return err
		}
		if err := fn(key, told(len(objects[key].data), f)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// next fails between two keys of a listing, if the faults say so.
func (m *Memory) next(ctx context.Context, f Faults, key string) error {
	if f.Fail != nil {
		if err := f.Fail(OpListNext, key); err != nil {
			return m.fail(OpListNext, key, err)
		}
	}
	return ctx.Err()
}

// ListDirs names the folders below prefix.
func (m *Memory) ListDirs(ctx context.Context, prefix string) ([]string, error) {
	if err := validateDirPrefix(prefix); err != nil {
		return nil, err
	}
	if _, err := m.begin(ctx, OpListDirs, prefix); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for dir, n := range m.folders {
		name, ok := strings.CutPrefix(dir, prefix)
		if ok && n > 0 && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
