package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// conforms is a JSON schema validator for the words that our schemas use. Any other word is an error,
// so that no schema can say more than is checked here.
func conforms(schema map[string]any, v any, at string) error {
	for word := range schema {
		if !slices.Contains([]string{"$schema", "title", "description", "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const",
			"pattern", "format", "minimum"}, word) {
			return fmt.Errorf("%s: the schema says %q, which is not known here", at, word)
		}
	}
	if choices, ok := schema["anyOf"].([]any); ok {
		var first error
		for _, one := range choices {
			err := conforms(one.(map[string]any), v, at)
			if err == nil {
				return nil
			}
			if first == nil {
				first = err
			}
		}
		return first
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s: %v is none of %v", at, v, enum)
	}
	if c, ok := schema["const"]; ok && c != v {
		return fmt.Errorf("%s: %v is not %v", at, v, c)
	}
	if err := rightType(schema["type"], v, at); err != nil {
		return err
	}
	switch x := v.(type) {
	case string:
		return stringConforms(schema, x, at)
	case []any:
		items, ok := schema["items"].(map[string]any)
		for i, one := range x {
			if ok {
				if err := conforms(items, one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		return objectConforms(schema, x, at)
	}
	return nil
}

func rightType(want any, v any, at string) error {
	var types []string
	switch w := want.(type) {
	case nil:
		return nil
	case string:
		types = []string{w}
	case []any:
		for _, one := range w {
			types = append(types, one.(string))
		}
	}
	got := "null"
	switch x := v.(type) {
	case string:
		got = "string"
	case bool:
		got = "boolean"
	case []any:
		got = "array"
	case map[string]any:
		got = "object"
	case json.Number:
		got = "number"
		if _, err := x.Int64(); err == nil && slices.Contains(types, "integer") {
			return nil
		}
	}
	if !slices.Contains(types, got) {
		return fmt.Errorf("%s: a %s, want %v", at, got, types)
	}
	return nil
}

func stringConforms(schema map[string]any, s, at string) error {
	if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(s) {
		return fmt.Errorf("%s: %q does not match %s", at, s, p)
	}
	if schema["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

func objectConforms(schema map[string]any, o map[string]any, at string) error {
	props, _ := schema["properties"].(map[string]any)
	if list, ok := schema["required"].([]any); ok {
		for _, name := range list {
			if _, there := o[name.(string)]; !there {
				return fmt.Errorf("%s: %s is missing", at, name)
			}
		}
	}
	for name, v := range o {
		one, known := props[name].(map[string]any)
		if !known {
			switch more := schema["additionalProperties"].(type) {
			case bool:
				if !more {
					return fmt.Errorf("%s: %s is not in the schema", at, name)
				}
				continue
			case map[string]any:
				one = more
			}
		}
		if one != nil {
			if err := conforms(one, v, at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func decoded(t *testing.T, body string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func schemaNamed(t *testing.T, name string) map[string]any {
	t.Helper()
	return decoded(t, string(schemas()[name]()))
}

// kindsOf says which schema belongs to which stored file.
var kindsOf = []struct {
	name string
	form *regexp.Regexp
}{
	{"plan", regexp.MustCompile(`/runs/[^/]+/plan\.json$`)},
	{"manifest", regexp.MustCompile(`/runs/[^/]+/manifest\.json$`)},
	{"sidecar", regexp.MustCompile(`/segments/.*\.json$`)},
	{"journal", regexp.MustCompile(`/journal\.json$`)},
	{"receipt", regexp.MustCompile(`/receipt\.json$`)},
	{"finish", regexp.MustCompile(`/finish\.json$`)},
	{"teardown", regexp.MustCompile(`/teardown\.json$`)},
	{"report", regexp.MustCompile(`/validation-[^/]+\.json$`)},
	{"ledger-entry", regexp.MustCompile(`/ledger/\d+\.json$`)},
}

// TestSchemas holds everything that a small run stores, and every line that it prints, against the
// schemas.
func TestSchemas(t *testing.T) {
	sandbox(t)
	mustRun(t, 0, "keygen", "--out", "keys/signing.pem")
	event := schemaNamed(t, "event")
	for _, args := range [][]string{{"backup"}, {"restore", "--restore-id", "r1"}, {"restore", "finish", "--restore-id", "r1"}, {"validation", "run"}, {"check"}, {"drill"}} {
		p := mustRun(t, 0, append([]string{"--batch", "--format", "json", "--progress", "1ms"}, args...)...)
		for _, line := range strings.Split(strings.TrimSpace(p.out.String()), "\n") {
			if err := conforms(event, decoded(t, line), args[0]); err != nil {
				t.Errorf("%v in %s", err, line)
			}
		}
	}
	seen := map[string]int{}
	err := filepath.Walk("archive", func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, k := range kindsOf {
			if k.form.MatchString(filepath.ToSlash(path)) {
				seen[k.name]++
				if err := conforms(schemaNamed(t, k.name), decoded(t, string(body)), path); err != nil {
					t.Error(err)
				}
				return nil
			}
		}
		t.Errorf("%s has no schema", path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kindsOf {
		if seen[k.name] == 0 {
			t.Errorf("the run stored no %s", k.name)
		}
	}
}

// TestSchemasRefuse shows the schemas to find what is wrong.
func TestSchemasRefuse(t *testing.T) {
	good := `{"v":1,"seq":0,"time":"2026-11-20T00:00:00Z","type":"x","job":"j","more":[1]}`
	event := schemaNamed(t, "event")
	if err := conforms(event, decoded(t, good), ""); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{strings.Replace(good, `"v":1`, `"v":2`, 1), strings.Replace(good, `"seq":0,`, ``, 1), strings.Replace(good, `[1]`, `{"a":1}`, 1),
		strings.Replace(good, "2026-11-20T", "2026-11-20 ", 1), strings.Replace(good, `"seq":0`, `"seq":0.5`, 1)} {
		if conforms(event, decoded(t, bad), "") == nil {
			t.Errorf("passed: %s", bad)
		}
	}
	for _, bad := range []string{`{}`, `{"format":1}`} {
		for name := range schemas() {
			if name != "config" && name != "event" && conforms(schemaNamed(t, name), decoded(t, bad), "") == nil {
				t.Errorf("%s passed: %s", name, bad)
			}
		}
	}
}
