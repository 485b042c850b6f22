package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// parseTOML reads TOML into nodes. The library checks and decodes; lines come from a scan of our own,
// because the library keeps those of keys to itself.
func parseTOML(file string, data []byte) (*node, error) {
	s := scanTOML(string(data))
	if s.tooDeep {
		return nil, &Error{File: file, Line: s.line, Problem: "tables and lists are nested too deeply",
			Remedy: fmt.Sprintf("use at most %d levels", maxDepth)}
	}
	var m map[string]any
	if err := toml.Unmarshal(data, &m); err != nil {
		return nil, tomlError(file, err)
	}
	if s.twice != nil { // the library lets a = 1 overwrite a.b = 1
		s.twice.File = file
		return nil, s.twice
	}
	b := tomlBuilder{s.places}
	return b.node(m, "", 1), nil
}

// tomlError says what is wrong in our words: the library's own quote the text they stumble over,
// which may be a password without quotes.
func tomlError(file string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{File: file, Problem: "this is not valid TOML"}
	}
	e := &Error{File: file, Line: pe.Position.Line, Key: pe.LastKey,
		Problem: "the line is not valid TOML", Remedy: "texts stand in quotes, lists in brackets, and every key has a value"}
	if strings.Contains(pe.Message, `table name, but got '\n'`) {
		e.Line-- // the library has already gone on to the next line
	}
	for _, known := range tomlProblems {
		if strings.Contains(pe.Message, known.part) {
			e.Problem, e.Remedy = known.problem, known.remedy
			break
		}
	}
	return e
}

var tomlProblems = []struct{ part, problem, remedy string }{
	{"has already been defined", "the key is written twice", "keep one of them"},
	{"was already created", "the key is written twice, as different things", "keep one of them"},
	{"end table name", "the [name] of a table is not closed", "write ] behind the name"},
	{"strings cannot contain newlines", "a text does not end on its line", "close the quote"},
	{"unexpected EOF", "the file ends in the middle of a value", "close the quote or bracket"},
	{"invalid escape", "a text has an unknown \\ escape", "write \\\\ for a backslash, or use single quotes"},
	{"expected value but found", "the key has no value that TOML knows", "texts stand in quotes, lists in brackets"},
	{"cannot represent", "a number is too large", ""},
	{"out of range", "a number is too large", ""},
}

// tomlBuilder joins decoded values and scanned lines.
type tomlBuilder struct{ pos map[string]place }

func (b tomlBuilder) node(v any, path string, line int) *node {
	n := &node{line: line}
	if at, ok := b.pos[path]; ok {
		n.line = at.line
	}
	switch v := v.(type) {
	case map[string]any:
		b.table(n, v, path)
	case []map[string]any:
		n.kind = listKind
		for i, item := range v {
			n.items = append(n.items, b.node(item, indexPath(path, i), n.line))
		}
	case []any:
		n.kind = listKind
		for i, item := range v {
			n.items = append(n.items, b.node(item, indexPath(path, i), n.line))
		}
	default:
		n.kind, n.text = tomlScalar(v)
	}
	return n
}

func (b tomlBuilder) table(n *node, m map[string]any, path string) {
	n.kind = tableKind
	for key, v := range m {
		at := keyPath(path, key)
		line := n.line
		if p, ok := b.pos[at]; ok {
			line = p.line
		}
		n.entries = append(n.entries, entry{key: key, line: line, value: b.node(v, at, line)})
	}
	slices.SortFunc(n.entries, func(x, y entry) int {
		return cmp.Or(cmp.Compare(b.pos[keyPath(path, x.key)].offset, b.pos[keyPath(path, y.key)].offset), cmp.Compare(x.key, y.key))
	})
}

func tomlScalar(v any) (kind, string) {
	switch v := v.(type) {
	case string:
		return textKind, v
	case bool:
		return boolKind, strconv.FormatBool(v)
	case int64:
		return intKind, strconv.FormatInt(v, 10)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return floatKind, fmt.Sprint(v)
		}
		return floatKind, strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return textKind, tomlTime(v)
	}
	return textKind, fmt.Sprint(v)
}

// tomlTime writes a time as it was meant: the library marks the ones without an offset by a zone.
func tomlTime(t time.Time) string {
	switch t.Location().String() {
	case "datetime-local":
		return t.Format("2006-01-02T15:04:05.999999999")
	case "date-local":
		return t.Format("2006-01-02")
	case "time-local":
		return t.Format("15:04:05.999999999")
	}
	return t.Format(time.RFC3339Nano)
}
