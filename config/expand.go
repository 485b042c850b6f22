package config

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds on what ${...} can grow to, so that a small file cannot fill the memory.
const (
	maxExpanded     = 8 << 20 // bytes, all values of a file together
	maxExpandNested = 8
)

// expand fills ${VAR} into every text of the tree, once.
func (d *decoder) expand(root *node) {
	x := &expander{lookup: d.lookup, left: maxExpanded}
	d.expandNode(x, root, "")
}

func (d *decoder) expandNode(x *expander, n *node, path string) {
	switch n.kind {
	case textKind:
		n.raw = n.text
		if !strings.Contains(n.text, "${") {
			return
		}
		s, err := x.expand(n.text, 0)
		if err != nil {
			remedy := "set it, or write a default as in ${NAME:-value}"
			if !errors.As(err, new(unsetError)) {
				remedy = "write $${ for a literal ${"
			}
			d.fail(n, path, remedy, "%v", err)
		}
		n.text = s
	case listKind:
		for i, item := range n.items {
			d.expandNode(x, item, fmt.Sprintf("%s[%d]", path, i))
		}
	case tableKind:
		for _, e := range n.entries {
			d.expandNode(x, e.value, join2(path, e.key))
		}
	default:
		n.raw = n.text
	}
}

// lookup finds a variable; DATE is the day the job started if nobody set it.
func (d *decoder) lookup(name string) (string, bool) {
	if v, ok := d.opts.LookupEnv(name); ok {
		return v, true
	}
	if name == "DATE" {
		return d.opts.Now.UTC().Format("20060102"), true
	}
	return "", false
}

type unsetError struct{ name string }

// Error names the variable.
func (e unsetError) Error() string { return fmt.Sprintf("the variable ${%s} is not set", e.name) }

// expander fills in variables. Its errors name variables, never values.
type expander struct {
	lookup func(string) (string, bool)
	left   int
}

// expand replaces ${VAR} and ${VAR:-default} (the default also where VAR is empty, as a shell does);
// $${ is a literal ${. A default may hold variables itself.
func (x *expander) expand(s string, depth int) (string, error) {
	if depth > maxExpandNested {
		return "", errors.New("${...} is nested too deeply")
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			break
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		body, rest, ok := closing(s[i+2:])
		if !ok {
			return "", errors.New("a ${ is not closed with }")
		}
		v, err := x.variable(body, depth)
		if err != nil {
			return "", err
		}
		if x.left -= len(v); x.left < 0 {
			return "", fmt.Errorf("the variables grow beyond %d MiB", maxExpanded>>20)
		}
		b.WriteString(v)
		s = rest
	}
	b.WriteString(s)
	return b.String(), nil
}

// closing cuts s at the } that closes a ${ before it.
func closing(s string) (body, rest string, ok bool) {
	depth := 1
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			depth++
			i++
		case s[i] == '}':
			if depth--; depth == 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

func (x *expander) variable(body string, depth int) (string, error) {
	name, fallback, hasFallback := strings.Cut(body, ":-")
	if !variableName(name) {
		return "", errors.New("a ${ is not followed by the name of a variable")
	}
	v, ok := x.lookup(name)
	switch {
	case hasFallback && v == "":
		return x.expand(fallback, depth+1)
	case !ok:
		return "", unsetError{name}
	}
	return v, nil
}

func variableName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
