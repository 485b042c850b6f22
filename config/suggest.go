package config

import (
	"fmt"
	"reflect"
	"strings"
)

// unknown reports a key that the schema does not have, and the nearest one it has.
func (d *decoder) unknown(e entry, at string, known []string) {
	remedy := "keys here are " + strings.Join(known, ", ")
	if len(d.problems) >= mostProblems { // nobody will read it
	} else if near := nearest(strings.TrimSuffix(safeKey(e.key), "…"), known); near != "" {
		remedy = fmt.Sprintf("did you mean %s?", near)
	} else if other := elsewhere(e.key); other != "" && other != at {
		remedy = fmt.Sprintf("did you mean %s?", other)
	}
	d.fail(&node{line: e.line}, at, remedy, "unknown key")
}

// elsewhere finds a key of that name in another place of the schema.
func elsewhere(key string) string {
	var found string
	walkSchema(reflect.TypeFor[Config](), "", func(path string, f field) {
		if found == "" && fold(f.key) == fold(key) {
			found = path
		}
	})
	return found
}

// walkSchema calls fn for every key of the struct t and below it.
func walkSchema(t reflect.Type, path string, fn func(path string, f field)) {
	for _, f := range fieldsOf(t) {
		at := join2(path, f.key)
		fn(at, f)
		if f.typ.Kind() == reflect.Struct && f.typ != secretType {
			walkSchema(f.typ, at, fn)
		}
	}
}

// nearest is the candidate that s most likely meant, "" if none is near. Letters swapped, lost, added
// or changed count one each; a third of the word may be wrong.
func nearest(s string, candidates []string) string {
	if len(s) > 64 {
		return ""
	}
	best, bestAt := "", max(1, len(s)/3)+1
	for _, c := range candidates {
		if fold(c) == fold(s) {
			return c
		}
		if n := distance(strings.ToLower(s), strings.ToLower(c)); n < bestAt {
			best, bestAt = c, n
		}
	}
	return best
}

// distance is the optimal string alignment distance of two short strings, in bytes.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// oneOf is a list for a sentence: "a, b or c".
func oneOf(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
