package main

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
)

// schemaNode is a piece of a JSON schema.
type schemaNode = map[string]any

// documentSchema makes the schema of a stored document from the struct that holds it.
func documentSchema[T any](title string) func() []byte {
	return func() []byte {
		root := typeSchema(reflect.TypeFor[T]())
		root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		root["title"] = title
		return encodeSchema(root)
	}
}

func encodeSchema(root schemaNode) []byte {
	body, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // maps, lists and texts only
		panic("schema: " + err.Error())
	}
	return append(body, '\n')
}

// eventSchema is the schema of one line of --format json. Fields are added, never given another
// meaning, so unknown ones are allowed.
func eventSchema() []byte {
	return encodeSchema(schemaNode{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "one line of --format json",
		"type":    "object",
		"properties": schemaNode{
			"v":    schemaNode{"const": 1, "description": "version of the lines"},
			"seq":  schemaNode{"type": "integer", "minimum": 0, "description": "number of the line, from 0"},
			"time": schemaNode{"type": "string", "format": "date-time"},
			"type": schemaNode{"type": "string", "description": "what kind of fact; the last line is summary"},
			"job":  schemaNode{"type": "string", "description": "id of the job"},
		},
		"required": []string{"v", "seq", "time", "type", "job"},
		"additionalProperties": schemaNode{"type": []string{"string", "integer", "number", "boolean", "array", "null"},
			"description": "flat: no objects"},
	})
}

// ownSchemas are the types that write themselves.
var ownSchemas = map[reflect.Type]schemaNode{
	reflect.TypeFor[archive.Int64]():  {"type": "string", "pattern": "^(0|-?[1-9][0-9]*)$"},
	reflect.TypeFor[evidence.Int64](): {"type": "string", "pattern": "^(0|-?[1-9][0-9]*)$"},
	reflect.TypeFor[kafka.TopicID]():  {"type": "string", "pattern": "^[0-9a-f]{32}$"},
	reflect.TypeFor[time.Time]():      {"type": "string", "format": "date-time"},
}

// words are the types that know all their values.
var words = map[reflect.Type][]string{
	reflect.TypeFor[evidence.Outcome]():        {string(evidence.Passed), string(evidence.Failed), string(evidence.Skipped), string(evidence.Indeterminate)},
	reflect.TypeFor[evidence.SignatureState](): {string(evidence.SignatureValid), string(evidence.SignatureNotChecked)},
}

// typeSchema is the schema of a Go type as encoding/json writes it.
func typeSchema(t reflect.Type) schemaNode {
	if own, ok := ownSchemas[t]; ok {
		return clone(own)
	}
	if list, ok := words[t]; ok {
		return schemaNode{"enum": list}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaNode{"anyOf": []any{typeSchema(t.Elem()), schemaNode{"type": "null"}}}
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice, reflect.Array:
		return schemaNode{"type": []string{"array", "null"}, "items": typeSchema(t.Elem())}
	case reflect.Map:
		return schemaNode{"type": []string{"object", "null"}, "additionalProperties": typeSchema(t.Elem())}
	case reflect.Bool:
		return schemaNode{"type": "boolean"}
	case reflect.String:
		return schemaNode{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return schemaNode{"type": "number"}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return schemaNode{"type": "string"}
	}
	return schemaNode{"type": "integer"}
}

func clone(n schemaNode) schemaNode {
	out := schemaNode{}
	for k, v := range n {
		out[k] = v
	}
	return out
}

// structSchema takes a struct apart; embedded structs without a name are laid flat, as in JSON.
func structSchema(t reflect.Type) schemaNode {
	props, required := schemaNode{}, []string{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported() && !f.Anonymous:
			case f.Anonymous && name == "":
				add(f.Type)
			default:
				if name == "" {
					name = f.Name
				}
				props[name] = typeSchema(f.Type)
				if !strings.Contains(options, "omit") {
					required = append(required, name)
				}
			}
		}
	}
	add(t)
	return schemaNode{"type": "object", "properties": props, "required": required, "additionalProperties": false}
}
