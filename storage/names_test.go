package storage_test

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"kustody/storage"
)

func TestEscapeName(t *testing.T) {
	for name, want := range map[string]string{
		"audit-20261120":   "audit-20261120",
		"orders_v2.backup": "orders_v2.backup",
		"Prod":             "!prod",
		"":                 "!",
		".":                "!!2e",
		"..":               "!!2e!!2e",
		".hidden.":         "!!2ehidden!!2e",
		"../etc/passwd":    "!!2e.!!2fetc!!2fpasswd",
		"a b\x00!":         "a!!20b!!00!!21",
		"é":                "!!c3!!a9",
		"\xff":             "!!ff",
	} {
		got := storage.EscapeName(name)
		if got != want {
			t.Errorf("EscapeName(%q) = %q, want %q", name, got, want)
		}
		if back, err := storage.UnescapeName(got); back != name || err != nil {
			t.Errorf("UnescapeName(%q) = %q, %v", got, back, err)
		}
	}
	for _, bad := range []string{"", "A", "!A", "!!2F", "!!61", "!!2", "!!", "!1", "a!", "a/b", ".a", "a.", "é", "!!41", "a b"} {
		if name, err := storage.UnescapeName(bad); err == nil {
			t.Errorf("UnescapeName(%q) = %q, want an error", bad, name)
		}
	}
	if got := storage.EscapePath("/Backups//eu/../x/"); got != "!backups/eu/!!2e!!2e/x" {
		t.Errorf("EscapePath: %q", got)
	}
}

// TestH01_CollidingNames: names that a careless file system takes for one.
func TestH01_CollidingNames(t *testing.T) {
	names := []string{"orders", "Orders", "ORDERS", "!orders", "orders.", "orders ", "ﬁle", "file", "\u00e9", "e\u0301", "ß", "ss", "ı", "i", "K", "\u212a", "", "!"}
	seen := map[string]string{}
	for _, name := range names {
		folded := strings.ToLower(strings.ToUpper(storage.EscapeName(name)))
		if other, ok := seen[folded]; ok {
			t.Errorf("%q and %q are both %q", name, other, folded)
		}
		seen[folded] = name
	}
}

func FuzzEscapeName(f *testing.F) {
	f.Add("orders", "Orders")
	f.Add("..", "!!2e!!2e")
	f.Add("", "!")
	f.Add("\xff/\x00", "é")
	f.Fuzz(func(t *testing.T, a, b string) {
		ea, eb := storage.EscapeName(a), storage.EscapeName(b)
		if back, err := storage.UnescapeName(ea); back != a || err != nil {
			t.Fatalf("%q → %q → %q, %v", a, ea, back, err)
		}
		if a != b && strings.EqualFold(ea, eb) {
			t.Fatalf("%q and %q collide: %q, %q", a, b, ea, eb)
		}
		if len(ea) <= storage.MaxElementBytes && (storage.ValidateKey(ea) != nil || strings.Contains(ea, "/")) {
			t.Fatalf("%q → %q is not one element: %v", a, ea, storage.ValidateKey(ea))
		}
		if name, err := storage.UnescapeName(b); err == nil && storage.EscapeName(name) != b {
			t.Fatalf("%q reads as %q, which is written %q", b, name, storage.EscapeName(name))
		}
	})
}

func FuzzValidateKey(f *testing.F) {
	for _, key := range []string{"a/b", "../a", "a//b", "/a", "a\\b", "a/.b", "a\x00", "a/..", strings.Repeat("x", 300)} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := storage.ValidateKey(key)
		if err != nil {
			if !errors.Is(err, fs.ErrInvalid) || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("%q: %v", key, err)
			}
			return
		}
		if path.Clean(key) != key || !filepath.IsLocal(key) || !fs.ValidPath(key) || len(key) > storage.MaxKeyBytes {
			t.Fatalf("%q was allowed", key)
		}
		if storage.ValidatePrefix(key) != nil || storage.ValidatePrefix(key+"/") != nil && len(key) < storage.MaxKeyBytes {
			t.Fatalf("%q is a key and not a prefix", key)
		}
	})
}

func TestParseURL(t *testing.T) {
	for s, want := range map[string]storage.Location{
		"/var/backup":                   {Backend: "filesystem", Path: "/var/backup"},
		"/var//backup/../b/":            {Backend: "filesystem", Path: "/var/b"},
		"archive":                       {Backend: "filesystem", Path: "archive"},
		"./a b":                         {Backend: "filesystem", Path: "a b"},
		"file:///var/my%20backup":       {Backend: "filesystem", Path: "/var/my backup"},
		"file://localhost/var":          {Backend: "filesystem", Path: "/var"},
		"FILE:///var":                   {Backend: "filesystem", Path: "/var"},
		"s3://compliance-backups":       {Backend: "s3", Bucket: "compliance-backups"},
		"s3://bucket/production/daily/": {Backend: "s3", Bucket: "bucket", Prefix: "production/daily"},
		"s3://bucket/p?region=eu-1&endpoint=http%3A%2F%2F127.0.0.1%3A9000": {Backend: "s3", Bucket: "bucket", Prefix: "p", Region: "eu-1", Endpoint: "http://127.0.0.1:9000"},
	} {
		got, err := storage.ParseURL(s)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", s, got, err, want)
		}
		if back, err := storage.ParseURL(got.String()); err != nil || back != got {
			t.Errorf("%s: %s reads as %+v, %v", s, got, back, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for s, words := range map[string]string{
		"":                                       "empty",
		"gs://bucket/x":                          `"gs://", which is not known`,
		"file://host/x":                          "three slashes",
		"file://x":                               "three slashes",
		"file:///x?y":                            "%3F",
		"file:///x%zz":                           "%25",
		"file:///x%00":                           "control",
		"/a\x00b":                                "control",
		"s3://":                                  "bucket name",
		"s3://UPPER/x":                           "bucket name",
		"s3://b..b/x":                            "bucket name",
		"s3://bucket/../x":                       "could lead out",
		"s3://bucket/a//b":                       "empty element",
		"s3://bucket/a%00":                       "control",
		"s3://bucket/x#y":                        "%23",
		"s3://bucket?secret=MARKER":              `option "secret"`,
		"s3://bucket?region=a&region=b":          "more than once",
		"s3://key:MARKER@bucket/x":               "credentials",
		"s3://key:MARKER\x7f@bucket/x":           "control",
		"s3://bucket?endpoint=http://k:MARKER@h": "credentials",
		"s3://bucket/%zz?secret=MARKER":          "not well formed",
	} {
		l, err := storage.ParseURL(s)
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "MARKER") {
			t.Errorf("%q: %+v, %v; want a sentence with %q", s, l, err, words)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"/a", "a", "file:///a%20b", "s3://bucket/p?region=r", "s3://k@b", "x://", "file://", "\x00", "s3:/x", "//h/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := storage.ParseURL(s)
		if err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("%q: %q", s, err)
			}
			return
		}
		back, err := storage.ParseURL(l.String())
		if err != nil || back != l {
			t.Fatalf("%q: %+v → %s → %+v, %v", s, l, l, back, err)
		}
	})
}

func TestOpen(t *testing.T) {
	root := filepath.Join(t.TempDir(), "with space", "archive")
	s, err := storage.Open(ctx, storage.Location{Backend: storage.BackendFilesystem, Path: root, Prefix: "production/daily"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	// What a message names as the store can be given back as one.
	l, err := storage.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	again, err := storage.Open(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, again, "k")
	for _, c := range []struct {
		l     storage.Location
		words string
	}{
		{storage.Location{Backend: "s3", Bucket: "bucket"}, "cannot store in S3 yet; use a directory"},
		{storage.Location{Backend: "tape"}, `backend "tape" is not known`},
		{storage.Location{Backend: "filesystem"}, "path is empty"},
		{storage.Location{Backend: "filesystem", Path: root, Prefix: "../x"}, "could lead out"},
	} {
		if _, err := storage.Open(ctx, c.l); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v, want a sentence with %q", c.l, err, c.words)
		}
	}
}
