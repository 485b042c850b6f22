package config

import (
	"fmt"
	"strconv"
	"strings"
)

// place is where something is written.
type place struct{ line, offset int }

// keyPath and indexPath name a value inside a document; no key can hold their separators.
func keyPath(path, key string) string         { return path + "\x00" + key }
func indexPath(path string, index int) string { return path + "\x01" + strconv.Itoa(index) }

// tomlScan walks TOML text and notes where each key and each list item stands. It decides nothing:
// the library judges the text. On text that is not TOML its notes mean nothing, but it always ends,
// and it refuses nesting that would make a recursive parser overflow.
type tomlScan struct {
	text    string
	at      int
	line    int
	places  map[string]place
	given   map[string]bool // paths that have a value of their own: nothing can be added below
	tables  map[string]int  // [[name]]: how many so far
	twice   *Error          // the first key that was written twice
	tooDeep bool
}

func scanTOML(text string) *tomlScan {
	s := &tomlScan{text: text, line: 1, places: map[string]place{}, given: map[string]bool{}, tables: map[string]int{}}
	base := ""
	for s.blank(); s.at < len(s.text) && !s.tooDeep; s.blank() {
		if s.peek() == '[' {
			base = s.header()
		} else {
			s.pair(base, 0)
		}
		s.restOfLine()
	}
	return s
}

func (s *tomlScan) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// next goes on by one byte and counts lines.
func (s *tomlScan) next() {
	if s.peek() == '\n' {
		s.line++
	}
	s.at++
}

func (s *tomlScan) spaces() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.at++
	}
}

// blank skips white space, newlines and comments.
func (s *tomlScan) blank() {
	for s.at < len(s.text) {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.next()
		case '#':
			s.restOfLine()
		default:
			return
		}
	}
}

// restOfLine goes behind the next newline.
func (s *tomlScan) restOfLine() {
	for s.at < len(s.text) && s.peek() != '\n' {
		s.at++
	}
	if s.at < len(s.text) {
		s.next()
	}
}

// note keeps where a path was written first.
func (s *tomlScan) note(path string, p place) {
	if _, ok := s.places[path]; !ok {
		s.places[path] = p
	}
}

func (s *tomlScan) duplicate(path string, p, first place) {
	if s.twice == nil {
		s.twice = &Error{Line: p.line, Key: dotted(path), Remedy: "keep one of them",
			Problem: fmt.Sprintf("the key is written twice, first in line %d", first.line)}
	}
}

// dotted is a path as a message shows it.
func dotted(path string) string {
	var out string
	for key := range strings.SplitSeq(strings.TrimPrefix(path, "\x00"), "\x00") {
		key, index, isItem := strings.Cut(key, "\x01")
		out = join2(out, key)
		if isItem {
			out += "[" + index + "]"
		}
	}
	return out
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *tomlScan) header() string {
	p := place{s.line, s.at}
	s.at++
	isList := s.peek() == '['
	if isList {
		s.at++
	}
	path := ""
	keys := s.keys()
	for i, k := range keys {
		path = keyPath(path, k)
		s.note(path, p)
		n, ok := s.tables[path]
		switch {
		case isList && i == len(keys)-1:
			s.tables[path]++
			path = indexPath(path, n)
			s.note(path, p)
		case ok:
			path = indexPath(path, n-1)
		}
	}
	return path
}

// pair reads key = value.
func (s *tomlScan) pair(path string, depth int) {
	p := place{s.line, s.at}
	keys := s.keys()
	for i, k := range keys {
		path = keyPath(path, k)
		if first, ok := s.places[path]; ok && (i == len(keys)-1 || s.given[path] || s.tables[path] > 0) {
			s.duplicate(path, p, first)
		}
		s.note(path, p)
	}
	s.given[path] = true
	s.spaces()
	if s.peek() == '=' {
		s.at++
		s.spaces()
		s.value(path, depth)
	}
}

// keys reads a dotted key.
func (s *tomlScan) keys() []string {
	var keys []string
	for {
		s.spaces()
		keys = append(keys, s.key())
		if len(keys) > maxDepth {
			s.tooDeep = true
			return nil
		}
		s.spaces()
		if s.peek() != '.' {
			return keys
		}
		s.at++
	}
}

func (s *tomlScan) key() string {
	start := s.at
	switch q := s.peek(); q {
	case '"', '\'':
		s.quoted()
		body := strings.TrimSuffix(s.text[start+1:s.at], string(q))
		if q == '\'' {
			return body
		}
		return unescape(body)
	}
	for bareKeyRune(rune(s.peek())) {
		s.at++
	}
	return s.text[start:s.at]
}
