// Package storagetest is the contract of storage.Store as tests. Every store
// and every wrapper must pass [Run].
package storagetest

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"testing"

	"kustody/storage"
)

// Opener gives an empty store that nothing else uses. It cleans up through t.
type Opener func(t *testing.T) storage.Store

// cases are the contract, clause by clause; each gets a store of its own.
var cases = []struct {
	name string
	run  func(t *testing.T, s storage.Store)
}{
	{"put and get", putAndGet},
	{"put if absent", putIfAbsent},
	{"put race of 16", putRace},
	{"put keeps a copy", putKeepsACopy},
	{"writer is invisible before commit", writerInvisible},
	{"writer abort", writerAbort},
	{"writer on a taken key", writerTaken},
	{"writer after its end", writerAfterEnd},
	{"writer race of 16", writerRace},
	{"writer with a cancelled context", writerCancelled},
	{"big object", bigObject},
	{"missing", missing},
	{"ranges", ranges},
	{"reader with a cancelled context", readerCancelled},
	{"read all", readAll},
	{"list order", listOrder},
	{"list prefix", listPrefix},
	{"list ends with the caller's error", listCallerError},
	{"list dirs", listDirs},
	{"weird keys", weirdKeys},
	{"H01 bad keys", badKeys},
	{"cancelled context", cancelled},
	{"lock", lock},
	{"lock race of 16", lockRace},
	{"lock check", lockCheck},
	{"concurrent use", concurrentUse},
}

// Run holds what open gives against the contract.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// mustPut stores an object that must not be there yet.
func mustPut(t *testing.T, s storage.Store, key, data string) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(data)); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// mustRead reads a whole object.
func mustRead(t *testing.T, s storage.Store, key string) string {
	t.Helper()
	data, err := storage.ReadAll(t.Context(), s, key, 64<<20)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(data)
}

// mustList names every key with prefix.
func mustList(t *testing.T, s storage.Store, prefix string) []string {
	t.Helper()
	keys := []string{}
	err := s.List(t.Context(), prefix, func(key string, _ int64) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		t.Fatalf("list %q: %v", prefix, err)
	}
	return keys
}

// wantKeys compares a listing.
func wantKeys(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// pattern is n bytes that differ everywhere, the same ones each time.
func pattern(n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	sum := sha256.Sum256([]byte("pattern"))
	for len(out) < n {
		out = append(out, sum[:]...)
		sum = sha256.Sum256(sum[:])
	}
	return out[:n]
}

// readRange reads a range to its end.
func readRange(ctx context.Context, s storage.Store, key string, offset, length int64) ([]byte, error) {
	r, err := s.GetRange(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// everyCall makes each call of the interface with one key, and names the errors.
func everyCall(ctx context.Context, s storage.Store, key string) map[string]error {
	errs := map[string]error{}
	errs["put"] = s.Put(ctx, key, []byte("x"))
	w, err := s.Create(ctx, key)
	if err == nil {
		_, err = w.Write([]byte("x"))
		if err == nil {
			err = w.Commit()
		}
		w.Abort()
	}
	errs["create"] = err
	r, err := s.Get(ctx, key)
	if err == nil {
		_, err = io.ReadAll(r)
		r.Close()
	}
	errs["get"] = err
	_, errs["get range"] = readRange(ctx, s, key, 0, 1)
	_, errs["stat"] = s.Stat(ctx, key)
	l, err := s.Lock(ctx, key, storage.Holder{Who: "test"})
	if err == nil {
		l.Release()
	}
	errs["lock"] = err
	_, _, errs["holder"] = s.Holder(ctx, key)
	return errs
}

var nothing = func(string, int64) error { return nil }
