package config

import (
	"strconv"
	"strings"
)

// kind is what a node holds.
type kind uint8

const (
	nullKind kind = iota
	textKind
	intKind
	floatKind
	boolKind
	listKind
	tableKind
)

// node is one value of a file, whatever its syntax, and the line it stands on.
type node struct {
	kind    kind
	line    int
	text    string // of a scalar
	raw     string // text before ${...} was filled in; what messages show
	plain   bool   // a YAML scalar without quotes: its text can be meant as text, whatever it looks like
	bad     bool   // already reported
	items   []*node
	entries []entry
}

// entry is one key of a table, in the order of the file.
type entry struct {
	key   string
	line  int
	value *node
}

// get is the value of a key, nil if it is not there.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// describe is the value as a message shows it.
func (n *node) describe() string {
	switch n.kind {
	case textKind:
		return "the text " + short(n.raw)
	case intKind, floatKind:
		return "the number " + printable(n.raw)
	case boolKind:
		return n.raw
	case listKind:
		return "a list"
	case tableKind:
		return "a table"
	}
	return "nothing"
}

// sort says what kind of thing the value is, without showing it.
func (n *node) sort() string {
	switch n.kind {
	case textKind:
		return "text"
	case intKind, floatKind:
		return "a number"
	case boolKind:
		return "true or false"
	}
	return n.describe()
}

func join2(path, key string) string {
	if path == "" {
		return quoteKey(key)
	}
	return path + "." + quoteKey(key)
}

// quoteKey writes a key as TOML would.
func quoteKey(key string) string {
	for _, r := range key {
		if !bareKeyRune(r) {
			return strconv.Quote(key)
		}
	}
	if key == "" {
		return `""`
	}
	return key
}

func bareKeyRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

// safeKey is a key that nobody meant as one, as a message may show it: {sasl_password:hunter2} is a
// key in YAML.
func safeKey(key string) string {
	if i := strings.IndexAny(key, ":= \t"); i >= 0 {
		return key[:i] + "…"
	}
	if len(key) > 100 {
		return key[:100] + "…"
	}
	return key
}
