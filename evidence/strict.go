package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays may nest. Our own documents need ten levels.
const maxDepth = 64

// StrictError says why signed JSON is refused although some reader might accept it.
type StrictError struct {
	Path   string // where, as in checks[2].outcome; "" is the whole document
	Reason string
}

// Error is the path and the reason.
func (e *StrictError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// DecodeStrict reads JSON that was signed into v, a non-nil pointer. Readers of JSON disagree about
// documents with a key twice, with keys that differ in case alone, with text that is not UTF-8 or with
// more after the end: two of them would see two verdicts under one signature. All of that is refused
// with a *StrictError, as are keys that v does not have in exactly that spelling, nesting beyond 64
// levels, and more than MaxDocument bytes.
func DecodeStrict(data []byte, v any) error {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return errors.New("decode document: the target is not a pointer")
	}
	if len(data) > MaxDocument {
		return &StrictError{Reason: fmt.Sprintf("larger than the %d bytes a document may have", MaxDocument)}
	}
	if !utf8.Valid(data) {
		return &StrictError{Reason: "not valid UTF-8"}
	}
	s := scanner{data: data}
	if err := s.value(t.Elem()); err != nil {
		return err
	}
	if s.space(); s.at < len(data) {
		return &StrictError{Reason: "there is more after the end of the document"}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &StrictError{Reason: err.Error()}
	}
	return nil
}

// scanner walks JSON beside the Go type it is meant for. It judges keys, nesting and text; the spelling
// of numbers and whether values fit their types is left to encoding/json, which runs after it.
type scanner struct {
	data []byte
	at   int
	path []place // one element per nesting level
}

// place is a key of an object, or (key "") an index of an array.
type place struct {
	key   string
	index int
}

func (s *scanner) fail(reason string, args ...any) error {
	var path strings.Builder
	for _, p := range s.path {
		if p.index >= 0 {
			fmt.Fprintf(&path, "[%d]", p.index)
		} else if p.key != "" {
			path.WriteString("." + clip(p.key))
		}
	}
	return &StrictError{Path: strings.TrimPrefix(path.String(), "."), Reason: fmt.Sprintf(reason, args...)}
}

func (s *scanner) space() {
	for s.at < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.at]) >= 0 {
		s.at++
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.at == len(s.data) {
		return 0
	}
	return s.data[s.at]
}

func (s *scanner) value(t reflect.Type) error {
	if len(s.path) > maxDepth {
		return &StrictError{Reason: fmt.Sprintf("nested deeper than %d levels", maxDepth)}
	}
	switch c := s.next(); c {
	case 0:
		return s.fail("the document ends too early")
	case '{':
		return s.object(t)
	case '[':
		return s.array(t)
	case '"':
		_, err := s.text()
		return err
	default:
		return s.literal()
	}
}

func (s *scanner) literal() error {
	from := s.at
	for s.at < len(s.data) && strings.IndexByte(" \t\r\n,:]}[{\"", s.data[s.at]) < 0 {
		s.at++
	}
	if s.at == from {
		return s.fail("unexpected %q", s.data[s.at])
	}
	return nil
}

func (s *scanner) array(t reflect.Type) error {
	elem := elemOf(t)
	s.at++
	if s.next() == ']' {
		s.at++
		return nil
	}
	s.path = append(s.path, place{})
	for i := 0; ; i++ {
		s.path[len(s.path)-1].index = i
		if err := s.value(elem); err != nil {
			return err
		}
		if more, err := s.separator(']'); err != nil || !more {
			return err
		}
	}
}

func (s *scanner) object(t reflect.Type) error {
	seen := names{fields: fieldsOf(t), elem: elemOf(t)}
	s.at++
	if s.next() == '}' {
		s.at++
		return nil
	}
	s.path = append(s.path, place{index: -1})
	for {
		name, err := s.key()
		if err != nil {
			return err
		}
		value, fault := seen.take(name)
		if fault != "" {
			return s.fail("%s", fault)
		}
		if s.next() != ':' {
			return s.fail("no colon after the key")
		}
		s.at++
		if err := s.value(value); err != nil {
			return err
		}
		if more, err := s.separator('}'); err != nil || !more {
			return err
		}
	}
}

// key reads the name of a member.
func (s *scanner) key() (string, error) {
	last := len(s.path) - 1
	s.path[last].key = ""
	if s.next() != '"' {
		return "", s.fail("a key is missing")
	}
	name, err := s.text()
	s.path[last].key = name
	return name, err
}

// separator reads a comma (more to come) or the closing bracket.
func (s *scanner) separator(end byte) (more bool, err error) {
	switch s.next() {
	case ',':
		s.at++
		return true, nil
	case end:
		s.at++
		s.path = s.path[:len(s.path)-1]
		return false, nil
	default:
		return false, s.fail("neither a comma nor the end follows")
	}
}

// text reads a string. Escapes that stand for half a character are refused: some readers drop them,
// some replace them.
func (s *scanner) text() (string, error) {
	from := s.at
	escaped := false
	for s.at++; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			escaped = true
			s.at++
		}
	}
	if s.at >= len(s.data) {
		return "", s.fail("a string has no end")
	}
	s.at++
	raw := s.data[from:s.at]
	if !escaped {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", s.fail("a string cannot be read: %v", err)
	}
	if strings.Count(text, "\uFFFD") != countReplacement(raw) {
		return "", s.fail("a string holds half of a surrogate pair")
	}
	return text, nil
}

// names are the keys of one object so far.
type names struct {
	fields map[string]reflect.Type // nil: any key is right
	elem   reflect.Type            // of the values, without fields
	plain  []string                // with fields: few, and equal only if they are the same
	folded map[string]string       // without: folded name to the one that was there first
}

// take judges a key by those before it and by the fields there are, and returns the type of its value.
func (n *names) take(name string) (value reflect.Type, fault string) {
	if n.fields == nil {
		return n.elem, n.takeFolded(name)
	}
	if slices.Contains(n.plain, name) {
		return nil, faultTwice
	}
	value, known := n.fields[name]
	if !known {
		for _, first := range n.plain {
			if foldName(first) == foldName(name) {
				return nil, fmt.Sprintf(faultCase, clip(first))
			}
		}
		return nil, "unknown key"
	}
	n.plain = append(n.plain, name)
	return value, ""
}

const (
	faultTwice = "the key is there twice"
	faultCase  = "the key differs from %q in case alone"
)

func (n *names) takeFolded(name string) (fault string) {
	folded := foldName(name)
	if first, twice := n.folded[folded]; twice {
		if first == name {
			return faultTwice
		}
		return fmt.Sprintf(faultCase, clip(first))
	}
	if n.folded == nil {
		n.folded = make(map[string]string)
	}
	n.folded[folded] = name
	return ""
}

// countReplacement counts how often raw asks for U+FFFD by itself, plainly or escaped.
func countReplacement(raw []byte) int {
	n := bytes.Count(raw, []byte("\uFFFD"))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if i+6 <= len(raw) && raw[i+1] == 'u' && strings.EqualFold(string(raw[i+2:i+6]), "fffd") {
			n++
		}
		i++
	}
	return n
}

// foldName maps names that differ in case alone to one spelling, by Unicode's simple folding, as
// encoding/json does when it looks for a field.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

func clip(name string) string {
	if len(name) > 60 {
		return strings.ToValidUTF8(name[:60], "") + "…"
	}
	return name
}
