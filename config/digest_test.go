package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("a.yaml", []byte(text), options("A", "1", "B", "2"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDigest(t *testing.T) {
	base := "backup_id: x\nsource: {security: {sasl_password: '${A}'}, topics: [a]}\n"
	d := parse(t, base).Digest()
	for _, same := range []string{
		"# c\nsource: {topics: {include: [a]}, security: {sasl_password: '${B}'}}\nbackup_id: x\n",
		base + "backup: {compression: auto, segment_max_bytes: 134217728}\n",
	} {
		if parse(t, same).Digest() != d {
			t.Errorf("another digest for %q", same)
		}
	}
	seen := map[string]string{d: base}
	for _, other := range []string{
		"backup: {acls: false}", "backup: {consumer_groups: false}", "backup: {consumer_groups: [a]}", "restore: {consumer_groups: true}", "restore: {consumer_groups: {a: b}}",
		"restore: {time_window_start: 0}", "restore: {time_window_start: 1}", "checks: {}", "checks: {scope: true}", "checks: {scope: true, capture: true}",
		"target: {topics: [a]}", "target: {topics: {exclude: [a]}}", "restore: {partitions: 1}", "restore: {partitions: {a: 1}}", "storage: {access_key_id: x}",
		"evidence: {schedule: weekly}", "evidence: {clock_tolerance: 1m}", "triggered_by: me", "restore: {topic_mapping: {a: b}}",
	} {
		d := parse(t, base+other).Digest()
		if was, ok := seen[d]; ok {
			t.Errorf("%q and %q have one digest", other, was)
		}
		seen[d] = other
	}
}

// TestJSONIsAConfiguration: what MarshalJSON writes reads back as the same configuration, but for
// secrets.
func TestJSONIsAConfiguration(t *testing.T) {
	c := load(t, "everything.toml")
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), `"backup_id_raw":"all-${DATE}",`, "", 1)
	again, err := Parse("a.json", []byte(text), options())
	if err != nil {
		t.Fatal(err, text)
	}
	again.BackupIDRaw = c.BackupIDRaw
	if again.Digest() != c.Digest() {
		second, _ := json.Marshal(again)
		t.Errorf("first  %s\nsecond %s", data, second)
	}
}

func TestJSONSchemaKnowsEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(JSONSchema(), &root); err != nil {
		t.Fatal(err)
	}
	walkSchema(reflect.TypeFor[Config](), "", func(path string, f field) {
		at := root
		for key := range strings.SplitSeq(path, ".") {
			at = property(at, key)
		}
		if at["description"] != f.doc || f.doc == "" {
			if !strings.Contains(path, ".topics.") { // behind an anyOf, described there too
				t.Errorf("%s: schema says %v", path, at)
			}
		}
		if f.typ == secretType && at["default"] != nil {
			t.Errorf("%s: a secret has a default", path)
		}
	})
	if d := property(property(root, "backup"), "segment_max_bytes")["default"]; d != 134217728.0 {
		t.Errorf("default of backup.segment_max_bytes: %v", d)
	}
	if property(property(property(root, "source"), "security"), "sasl_password_file") == nil {
		t.Error("sasl_password_file is not in the schema")
	}
}

// property finds a property of an object schema, also behind an anyOf.
func property(schema map[string]any, key string) map[string]any {
	if props, ok := schema["properties"].(map[string]any); ok {
		p, _ := props[key].(map[string]any)
		return p
	}
	alternatives, _ := schema["anyOf"].([]any)
	for _, a := range alternatives {
		if p := property(a.(map[string]any), key); p != nil {
			return p
		}
	}
	return nil
}
