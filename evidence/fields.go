package evidence

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
	fieldCache sync.Map // reflect.Type -> map[string]reflect.Type
)

// plainType takes pointers off t. It is nil where the type reads JSON by its own rules.
func plainType(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || reflect.PointerTo(t).Implements(jsonReader) || reflect.PointerTo(t).Implements(textReader) {
		return nil
	}
	return t
}

// fieldsOf returns the names a JSON object for t may have, with the types of their values; nil where t
// is not a struct.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	t = plainType(t)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if known, ok := fieldCache.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := make(map[string]reflect.Type)
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || f.Tag.Get("json") == "-":
			continue
		case f.Anonymous && name == "":
			continue // its own fields are visible by themselves
		case name == "":
			name = f.Name
		}
		if _, shadowed := fields[name]; !shadowed || len(f.Index) == 1 {
			fields[name] = f.Type
		}
	}
	fieldCache.Store(t, fields)
	return fields
}

// elemOf returns the type of the elements of a slice, array or map; nil elsewhere.
func elemOf(t reflect.Type) reflect.Type {
	t = plainType(t)
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem()
	}
	return nil
}
