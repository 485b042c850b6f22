package config

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"reflect"
)

// Digest is the sha256, in hex, of the canonical form of what the configuration says: the JSON that
// MarshalJSON writes. Secrets are in it as ***, so it tells nothing about them; syntax, comments,
// order and defaults that were written out do not change it.
func (c *Config) Digest() string {
	data, err := json.Marshal(*c)
	if err != nil { // every type of the schema is plain data
		panic("config: canonical form: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// MarshalJSON writes the effective configuration by its keys, sorted, with *** for secrets. What was
// not set is left out.
func (c Config) MarshalJSON() ([]byte, error) {
	m, _ := plain(reflect.ValueOf(c)).(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if c.ChecksSet && m["checks"] == nil {
		m["checks"] = map[string]any{}
	}
	m["backup_id_raw"] = c.BackupIDRaw
	return json.Marshal(m)
}

// plain turns a value of the schema into maps, lists, texts and numbers; nil is what was not set.
func plain(v reflect.Value) any {
	if v.IsZero() && v.Kind() != reflect.Bool {
		return nil
	}
	switch x := v.Interface().(type) {
	case Groups:
		return groupsValue(x.Enabled, x.Patterns, nil)
	case RestoreGroups:
		return groupsValue(x.Enabled, x.Patterns, x.Mapping)
	case Partitions:
		if len(x.Topics) > 0 {
			return x.Topics
		}
		return x.All
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil || len(text) == 0 {
			return nil
		}
		return string(text)
	}
	switch v.Kind() {
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

func plainStruct(v reflect.Value) any {
	m := map[string]any{}
	for _, f := range fieldsOf(v.Type()) {
		if x := plain(v.FieldByIndex(f.index)); x != nil {
			m[f.key] = x
		}
	}
	return m
}

func groupsValue(enabled bool, patterns []string, mapping map[string]string) any {
	switch {
	case enabled && len(mapping) > 0:
		return mapping
	case enabled && len(patterns) > 0:
		return patterns
	}
	return enabled
}
