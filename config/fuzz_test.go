package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const marker = "MARKER-7f3a"

// FuzzLoadTOML and FuzzLoadYAML: no text panics; every variable and file holds a marker, and no error
// ever shows it; a configuration that loads prints, validates and digests without panic.
func FuzzLoadTOML(f *testing.F) {
	seed(f, "*.toml")
	for _, s := range []string{"a.b.c = [{x = 1}, [2]]\n[[a.d]]\n'x'.\"y\\u0041\" = '''z'''", "x = \"\"\"\"\"\"\"\"", "[a]\n[[a]]", "a = 1979-05-27T07:32:00Z", "a = [\n#\n", "'"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzLoad(t, "a.toml", data)
		if text, err := checkText("a.toml", data); err == nil {
			everyKeyHasAPlace(t, string(text))
		}
	})
}

func FuzzLoadYAML(f *testing.F) {
	seed(f, "*.yaml")
	for _, s := range []string{"a: &a [*a]", "<<: *x", "a: !!str 1\n---\n", "? a\n: b", "a: |\n  x\n", "{a: b, a: c}", "%TAG ! x\n---\na: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzLoad(t, "a.yaml", data) })
}

func seed(f *testing.F, pattern string) {
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// everyKeyHasAPlace holds the scan against the library: what one finds, the other has seen.
func everyKeyHasAPlace(t *testing.T, text string) {
	t.Helper()
	s := scanTOML(text)
	var m map[string]any
	if s.tooDeep || s.twice != nil || toml.Unmarshal([]byte(text), &m) != nil {
		return
	}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		p, ok := s.places[path]
		if path != "" && (!ok || p.line != 1+strings.Count(text[:p.offset], "\n")) {
			t.Errorf("%q: %q has no place, or a wrong one: %+v", text, path, p)
		}
		switch v := v.(type) {
		case map[string]any:
			for key, item := range v {
				walk(item, keyPath(path, key))
			}
		case []map[string]any:
			for i, item := range v {
				walk(item, indexPath(path, i))
			}
		case []any:
			for i, item := range v {
				walk(item, indexPath(path, i))
			}
		}
	}
	walk(m, "")
}

func fuzzLoad(t *testing.T, name string, data []byte) {
	o := Options{
		Now:       start,
		LookupEnv: func(string) (string, bool) { return marker, true },
		ReadFile:  func(string) ([]byte, error) { return []byte(marker), nil },
	}
	c, err := Parse(name, data, o)
	if err != nil {
		if shown := err.Error(); shown == "" || strings.Contains(shown, marker) || strings.ContainsAny(shown, "\x1b\x00\r\t") {
			t.Errorf("the error is %q", shown)
		}
		return
	}
	for _, verb := range []string{"backup", "restore", "validation", "drill", "check"} {
		_ = c.Validate(verb)
	}
	c.EvidencePlace()
	if len(c.Digest()) != 64 {
		t.Error("no digest")
	}
	c.BackupIDRaw = "" // any other text may well come from a variable: only secrets must not show
	secrets := []any{c.Source.Security.Password, c.Target.Security.KeyPassword, c.Storage.SecretAccessKey, c.Notifications}
	shown, err := json.Marshal(secrets)
	if err != nil || strings.Contains(string(shown)+fmt.Sprintf("%+v", secrets), marker) {
		t.Errorf("secrets show: %s %v", shown, err)
	}
}
