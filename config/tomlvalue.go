package config

import (
	"strconv"
	"strings"
)

// value skips a value and notes the places of what is inside it.
func (s *tomlScan) value(path string, depth int) {
	if depth > maxDepth {
		s.tooDeep = true
	}
	switch {
	case s.tooDeep:
	case s.peek() == '"' || s.peek() == '\'':
		s.quoted()
	case s.peek() == '[':
		s.listItems(path, depth)
	case s.peek() == '{':
		s.inlineTable(path, depth)
	default:
		for s.at < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.peek())) {
			s.at++
		}
	}
}

func (s *tomlScan) listItems(path string, depth int) {
	s.at++
	for i := 0; ; i++ {
		s.blank()
		if s.at >= len(s.text) || s.peek() == ']' {
			break
		}
		before := s.at
		item := indexPath(path, i)
		s.note(item, place{s.line, s.at})
		s.value(item, depth+1)
		s.blank()
		if s.peek() == ',' {
			s.at++
		}
		if s.tooDeep || s.at == before {
			return
		}
	}
	s.at++
}

func (s *tomlScan) inlineTable(path string, depth int) {
	s.at++
	for {
		s.blank()
		if s.at >= len(s.text) || s.peek() == '}' {
			break
		}
		before := s.at
		s.pair(path, depth+1)
		s.blank()
		if s.peek() == ',' {
			s.at++
		}
		if s.tooDeep || s.at == before {
			return
		}
	}
	s.at++
}

// quoted skips a text in any of the four kinds of quotes.
func (s *tomlScan) quoted() {
	q := s.text[s.at : s.at+1]
	escapes := q == `"`
	end := q
	if strings.HasPrefix(s.text[s.at:], q+q+q) {
		end = q + q + q
	}
	for range end {
		s.next()
	}
	for s.at < len(s.text) {
		switch {
		case escapes && s.peek() == '\\':
			s.next()
			s.next()
		case strings.HasPrefix(s.text[s.at:], end):
			s.at += len(end)
			for range 2 { // up to two quotes may stand before the closing three
				if len(end) == 3 && strings.HasPrefix(s.text[s.at:], q) {
					s.at++
				}
			}
			return
		case len(end) == 1 && s.peek() == '\n':
			return
		default:
			s.next()
		}
	}
	s.at = min(s.at, len(s.text))
}

var tomlEscapes = map[byte]string{'b': "\b", 't': "\t", 'n': "\n", 'f': "\f", 'r': "\r", 'e': "\x1b", '"': `"`, '\\': `\`}

// unescape reads the escapes of a basic string.
func unescape(s string) string {
	var b strings.Builder
	for {
		text, rest, ok := strings.Cut(s, `\`)
		b.WriteString(text)
		if !ok || rest == "" {
			return b.String()
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
		if digits > 0 && len(rest) > digits {
			r, _ := strconv.ParseUint(rest[1:1+digits], 16, 32)
			b.WriteRune(rune(r))
		} else {
			digits = 0
			b.WriteString(tomlEscapes[rest[0]])
		}
		s = rest[1+digits:]
	}
}
