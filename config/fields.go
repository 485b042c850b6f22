package config

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// field is one key of the schema: a struct field and what its tags say.
type field struct {
	key      string
	doc      string
	index    []int
	typ      reflect.Type
	enum     []string // canonical spellings of a text
	sep      string   // separator by which one text stands for a list
	min, max *int64
}

var (
	secretType = reflect.TypeFor[Secret]()
	fieldCache sync.Map // reflect.Type -> []field
)

// fieldsOf lists the keys of a struct in order; embedded structs are part of it.
func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous {
			for _, f := range fieldsOf(sf.Type) {
				f.index = append([]int{i}, f.index...)
				out = append(out, f)
			}
			continue
		}
		if key := sf.Tag.Get("key"); key != "" {
			out = append(out, newField(key, i, sf))
		}
	}
	fieldCache.Store(t, out)
	return out
}

func newField(key string, index int, sf reflect.StructField) field {
	f := field{key: key, doc: sf.Tag.Get("doc"), index: []int{index}, typ: sf.Type, sep: sf.Tag.Get("sep")}
	if e := sf.Tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, "|")
	}
	f.min, f.max = intTag(sf, "min"), intTag(sf, "max")
	return f
}

func intTag(sf reflect.StructField, name string) *int64 {
	n, err := strconv.ParseInt(sf.Tag.Get(name), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// canonical finds the spelling of an enumeration that s means: case, - and _ do not count.
func canonical(s string, enum []string) (string, bool) {
	for _, e := range enum {
		if fold(e) == fold(s) {
			return e, true
		}
	}
	return "", false
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// keysOf are the keys that a table of type t takes, with the _file variants of its secrets.
func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.key)
		if f.typ == secretType {
			keys = append(keys, f.key+fileSuffix)
		}
	}
	return keys
}
