package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
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
	path []string // one element per nesting level
}

func (s *scanner) fail(reason string, args ...any) error {
	return &StrictError{Path: strings.TrimPrefix(strings.Join(s.path, ""), "."), Reason: fmt.Sprintf(reason, args...)}
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
	s.path = append(s.path, "")
	for i := 0; ; i++ {
		s.path[len(s.path)-1] = fmt.Sprintf("[%d]", i)
		if err := s.value(elem); err != nil {
			return err
		}
		if more, err := s.separator(']'); err != nil || !more {
			return err
		}
	}
}

func (s *scanner) object(t reflect.Type) error {
	fields, elem := fieldsOf(t), elemOf(t)
	seen := make(map[string]string)
	s.at++
	if s.next() == '}' {
		s.at++
		return nil
	}
	s.path = append(s.path, "")
	for {
		name, err := s.key(seen)
		if err != nil {
			return err
		}
		if fields != nil {
			var known bool
			if elem, known = fields[name]; !known {
				return s.fail("unknown key")
			}
		}
		if err := s.value(elem); err != nil {
			return err
		}
		if more, err := s.separator('}'); err != nil || !more {
			return err
		}
	}
}

// key reads `"name":` and judges the name by those before it in the same object.
func (s *scanner) key(seen map[string]string) (string, error) {
	s.path[len(s.path)-1] = ""
	if c := s.next(); c != '"' {
		return "", s.fail("a key is missing")
	}
	name, err := s.text()
	if err != nil {
		return "", err
	}
	s.path[len(s.path)-1] = "." + clip(name)
	folded := foldName(name)
	if first, twice := seen[folded]; twice {
		if first == name {
			return "", s.fail("the key is there twice")
		}
		return "", s.fail("the key differs from %q in case alone", clip(first))
	}
	seen[folded] = name
	if s.next() != ':' {
		return "", s.fail("no colon after the key")
	}
	s.at++
	return name, nil
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
