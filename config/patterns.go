package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxPattern is the longest pattern, in bytes; topic names have at most 249.
const maxPattern = 1000

// Patterns chooses names: names and globs (* ? [a-z] [!a-z], a backslash takes the meaning off) that
// match all of a name, and /regular expressions/ (RE2) that match any part of it. It is safe for
// concurrent use.
type Patterns struct {
	include, exclude []pattern
}

// pattern is one of them. A literal has no expression.
type pattern struct {
	text    string
	literal string
	expr    *regexp.Regexp
}

// Compile reads patterns. Nothing in include means every name. The first pattern that cannot be
// read is the error.
func Compile(include, exclude []string) (*Patterns, error) {
	p := &Patterns{}
	for _, side := range []struct {
		from []string
		to   *[]pattern
	}{{include, &p.include}, {exclude, &p.exclude}} {
		for _, text := range side.from {
			one, err := compilePattern(text)
			if err != nil {
				return nil, err
			}
			*side.to = append(*side.to, one)
		}
	}
	return p, nil
}

// Compile reads the patterns of t.
func (t Topics) Compile() (*Patterns, error) { return Compile(t.Include, t.Exclude) }

// Compile reads the patterns of g. Match of the answer is only asked when g.Enabled.
func (g Groups) Compile() (*Patterns, error) { return Compile(g.Patterns, nil) }

// Match says whether a name is chosen. An internal one only is when it was written out, as a literal.
func (p *Patterns) Match(name string, internal bool) bool {
	if matchAny(p.exclude, name, false) {
		return false
	}
	if len(p.include) == 0 {
		return !internal
	}
	return matchAny(p.include, name, internal)
}

// Unmatched lists the globs and expressions that choose none of the names, in their order. internal
// may be nil.
func (p *Patterns) Unmatched(names []string, internal func(name string) bool) []string {
	var out []string
	for _, one := range p.include {
		if one.expr == nil {
			continue
		}
		chosen := func(name string) bool {
			return one.match(name) && (internal == nil || !internal(name)) && !matchAny(p.exclude, name, false)
		}
		if !slices.ContainsFunc(names, chosen) {
			out = append(out, one.text)
		}
	}
	return out
}

// Missing lists the literal names that are not among names, in their order.
func (p *Patterns) Missing(names []string) []string {
	var out []string
	for _, name := range p.Literals() {
		if !slices.Contains(names, name) {
			out = append(out, name)
		}
	}
	return out
}

// Literals lists the included names that are no patterns.
func (p *Patterns) Literals() []string {
	var out []string
	for _, one := range p.include {
		if one.expr == nil {
			out = append(out, one.literal)
		}
	}
	return out
}

func matchAny(list []pattern, name string, literalOnly bool) bool {
	return slices.ContainsFunc(list, func(p pattern) bool {
		return (p.expr == nil || !literalOnly) && p.match(name)
	})
}

func (p pattern) match(name string) bool {
	if p.expr == nil {
		return p.literal == name
	}
	return p.expr.MatchString(name)
}

func compilePattern(text string) (pattern, error) {
	switch {
	case text == "":
		return pattern{}, fmt.Errorf("a pattern is empty: write a name, a glob such as orders-* or a /regular expression/")
	case len(text) > maxPattern:
		return pattern{}, fmt.Errorf("the pattern %s is longer than %d bytes", short(text), maxPattern)
	case len(text) > 1 && text[0] == '/' && text[len(text)-1] == '/':
		expr, err := regexp.Compile(text[1 : len(text)-1])
		if err != nil {
			return pattern{}, fmt.Errorf("the pattern %s is not a regular expression: %w", short(text), err)
		}
		return pattern{text: text, expr: expr}, nil
	}
	source, literal, err := globSource(text)
	if err != nil {
		return pattern{}, err
	}
	if source == "" {
		return pattern{text: text, literal: literal}, nil
	}
	expr, err := regexp.Compile(`(?s)^` + source + `$`)
	if err != nil {
		return pattern{}, fmt.Errorf("the pattern %s is not a glob: check its [ ]", short(text))
	}
	return pattern{text: text, expr: expr}, nil
}

// globSource writes a glob as a regular expression; a text without * ? [ comes back as a literal.
func globSource(glob string) (source, literal string, err error) {
	var src, lit strings.Builder
	isGlob := false
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			isGlob = true
			src.WriteString(".*")
		case '?':
			isGlob = true
			src.WriteString(".")
		case '[':
			class, length := globClass(glob[i:])
			if length == 0 {
				return "", "", fmt.Errorf("the pattern %s has a [ without ]: close it, or write \\[", short(glob))
			}
			isGlob = true
			src.WriteString(class)
			i += length - 1
		default:
			if c == '\\' && i+1 < len(glob) {
				i++
				c = glob[i]
			}
			lit.WriteByte(c)
			src.WriteString(quoteByte(c))
		}
	}
	if !isGlob {
		return "", lit.String(), nil
	}
	return src.String(), "", nil
}

// quoteByte escapes one byte of a pattern; bytes of a longer character stand for themselves.
func quoteByte(c byte) string {
	if c >= 0x80 {
		return string([]byte{c})
	}
	return regexp.QuoteMeta(string(rune(c)))
}

// globClass writes [a-z] or [!a-z] as an expression, and says how many bytes it took; 0 is unclosed.
func globClass(s string) (class string, length int) {
	body := s[1:]
	negate := strings.HasPrefix(body, "!") || strings.HasPrefix(body, "^")
	if negate {
		body = body[1:]
	}
	if body == "" {
		return "", 0
	}
	end := strings.IndexByte(body[1:], ']') + 1 // a ] in first place is itself one of the class
	if end == 0 {
		return "", 0
	}
	var b strings.Builder
	b.WriteByte('[')
	if negate {
		b.WriteByte('^')
	}
	for _, r := range body[:end] {
		if strings.ContainsRune(`\[]^&~`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte(']')
	return b.String(), len(s) - len(body) + end + 1
}
