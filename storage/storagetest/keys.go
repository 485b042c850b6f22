package storagetest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"kustody/storage"
)

// oddKeys are allowed, and lead a careless store astray.
var oddKeys = []string{
	"with space", " lead and trail ", "%2e%2e/%2fetc", "a+b&c=d?e#f", "quote'\"`", "-rf", "~", "$HOME", "*", "[a-z]", "a:b", "con", "a..b", "a.", "a...",
	"tab\u00a0nbsp", "日本語/キー", "e\u0301", "\u00e9", "emoji 🗝", "!!2e", "{}", "a|b;c<d>e",
	strings.Repeat("x", storage.MaxElementBytes),
	strings.Repeat(strings.Repeat("d", 100)+"/", 9) + "long",
}

// badKeyList are refused.
var badKeyList = []string{
	"", "/", "/etc/passwd", "a/", "a//b", "//a", ".", "..", "../a", "a/..", "a/../b", "a/../../b", "./a", "a/./b", "a/.", "..\\a", "a\\b", "\\",
	".hidden", "a/.hidden", ".kustody-0123456789abcdef.tmp", "nul\x00", "a/\x00/b", "line\nfeed", "\x1b[31mred", "del\x7f", "c1\u0085", "rtl\u202e", "zero\u200bwidth",
	"bad\xffutf8", "\xc0\xae\xc0\xae/a", strings.Repeat("x", storage.MaxElementBytes+1), strings.Repeat("a/", storage.MaxKeyBytes) + "a",
}

func weirdKeys(t *testing.T, s storage.Store) {
	for _, key := range oddKeys {
		mustPut(t, s, key, "data of "+key)
	}
	for _, key := range oddKeys {
		if got := mustRead(t, s, key); got != "data of "+key {
			t.Errorf("%q: got %q", key, got)
		}
	}
	sorted := slices.Clone(oddKeys)
	slices.Sort(sorted)
	wantKeys(t, "odd keys", mustList(t, s, ""), sorted...)
}

func badKeys(t *testing.T, s storage.Store) {
	for _, key := range badKeyList {
		for call, err := range everyCall(t.Context(), s, key) {
			var refused *storage.KeyError
			if !errors.As(err, &refused) || !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s of %q: %v, want *KeyError and fs.ErrInvalid", call, key, err)
				continue
			}
			if msg := err.Error(); strings.ContainsAny(msg, "\n\x1b\x00\u202e") || len(msg) > 400 {
				t.Errorf("%s of %q: the message is not one harmless line: %q", call, key, msg)
			}
		}
	}
	for _, prefix := range []string{"..", "../", "a/../", "/", "/a", "a//", ".h", "a\x00", "a\\"} {
		if err := s.List(t.Context(), prefix, nothing); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("list %q: %v, want fs.ErrInvalid", prefix, err)
		}
	}
	for _, prefix := range []string{"../", "/", "a", "a//", "./", "a/b"} {
		if _, err := s.ListDirs(t.Context(), prefix); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("list dirs %q: %v, want fs.ErrInvalid", prefix, err)
		}
	}
	wantKeys(t, "afterwards", mustList(t, s, ""))
}

func cancelled(t *testing.T, s storage.Store) {
	mustPut(t, s, "there/k", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, key := range []string{"there/k", "new/k"} {
		for call, err := range everyCall(ctx, s, key) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s %s: %v, want context.Canceled", call, key, err)
			}
		}
	}
	if err := s.List(ctx, "", nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v, want context.Canceled", err)
	}
	if _, err := s.ListDirs(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("list dirs: %v, want context.Canceled", err)
	}
	wantKeys(t, "afterwards", mustList(t, s, ""), "there/k")

	ctx, cancel = context.WithCancel(t.Context())
	mustPut(t, s, "there/l", "x")
	err := s.List(ctx, "", func(string, int64) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("list cancelled in the middle: %v, want context.Canceled", err)
	}
}
