package storagetest

import (
	"errors"
	"slices"
	"testing"

	"kustody/storage"
)

// tree is in no order; "-" and "." sort before "/", letters and digits after it.
var tree = []string{
	"b/2", "a/b/c", "a-b/c", "a.b", "a/b-c", "a0", "b/10", "a/a", "B/x", "runs/20261120T020000Z-abcdef/plan.json",
	"runs/20261120T020000Z-abcdef/manifest.json", "runs/20261121T020000Z-abcdef/plan.json", "é", "z z",
}

func putTree(t *testing.T, s storage.Store) []string {
	t.Helper()
	for _, key := range tree {
		mustPut(t, s, key, key)
	}
	sorted := slices.Clone(tree)
	slices.Sort(sorted)
	return sorted
}

func listOrder(t *testing.T, s storage.Store) {
	wantKeys(t, "an empty store", mustList(t, s, ""))
	sorted := putTree(t, s)
	wantKeys(t, "everything", mustList(t, s, ""), sorted...)
	err := s.List(t.Context(), "", func(key string, size int64) error {
		if size != int64(len(key)) {
			t.Errorf("%s: size %d, want %d", key, size, len(key))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func listPrefix(t *testing.T, s storage.Store) {
	putTree(t, s)
	for prefix, want := range map[string][]string{
		"a":                  {"a-b/c", "a.b", "a/a", "a/b-c", "a/b/c", "a0"},
		"a/":                 {"a/a", "a/b-c", "a/b/c"},
		"a/b":                {"a/b-c", "a/b/c"},
		"a/b/":               {"a/b/c"},
		"a/b/c":              {"a/b/c"},
		"a/b/c/":             {},
		"a.b/":               {},
		"b/1":                {"b/10"},
		"runs/20261120":      {"runs/20261120T020000Z-abcdef/manifest.json", "runs/20261120T020000Z-abcdef/plan.json"},
		"nothing":            {},
		"nothing/at/all":     {},
		"nothing/at/all/":    {},
		"A":                  {},
		"runs/2026112":       {"runs/20261120T020000Z-abcdef/manifest.json", "runs/20261120T020000Z-abcdef/plan.json", "runs/20261121T020000Z-abcdef/plan.json"},
		"runs/20261121T0200": {"runs/20261121T020000Z-abcdef/plan.json"},
	} {
		wantKeys(t, "prefix "+prefix, mustList(t, s, prefix), want...)
	}
}

func listCallerError(t *testing.T, s storage.Store) {
	putTree(t, s)
	stop := errors.New("stop")
	calls := 0
	err := s.List(t.Context(), "a", func(string, int64) error {
		calls++
		if calls == 3 {
			return stop
		}
		return nil
	})
	if err != stop || calls != 3 {
		t.Errorf("after %d calls: %v; want the very error after 3", calls, err)
	}
	temporary := errors.Join(storage.ErrTemporary) // the caller's own is never repeated, whatever it is
	calls = 0
	err = s.List(t.Context(), "", func(string, int64) error { calls++; return temporary })
	if err != temporary || calls != 1 {
		t.Errorf("after %d calls: %v; want the very error after 1", calls, err)
	}
}

func listDirs(t *testing.T, s storage.Store) {
	putTree(t, s)
	for prefix, want := range map[string][]string{
		"":         {"B", "a", "a-b", "b", "runs"},
		"a/":       {"b"},
		"a/b/":     {},
		"runs/":    {"20261120T020000Z-abcdef", "20261121T020000Z-abcdef"},
		"nothing/": {},
		"a0/":      {},
	} {
		got, err := s.ListDirs(t.Context(), prefix)
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
		}
		wantKeys(t, "folders of "+prefix, got, want...)
	}
}
