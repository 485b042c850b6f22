package config

import (
	"fmt"
	"strings"
)

// list decodes a list of texts; one text stands for a list of one, or of several where the field
// names a separator.
func (d *decoder) list(n *node, path string, f field) []string {
	var out []string
	switch {
	case n.kind == textKind && f.sep != "":
		for s := range strings.SplitSeq(n.text, f.sep) {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
		return out
	case n.kind == textKind || n.plain:
		return []string{d.enumerated(n, n.text, path, f)}
	case n.kind != listKind:
		d.fail(n, path, "write it in brackets, as in [\"a\", \"b\"]", "must be a list of texts, not %s", n.sort())
		return nil
	}
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.kind == nullKind {
			d.fail(item, at, "write a text or remove the entry", "is empty")
			continue
		}
		if s, ok := d.textOf(item, at); ok {
			out = append(out, d.enumerated(item, s, at, f))
		}
	}
	return out
}

// stringMap decodes a table of texts. Numbers and truth values are taken as their text.
func (d *decoder) stringMap(n *node, path string) map[string]string {
	if n.kind != tableKind {
		d.fail(n, path, "write name = \"value\" lines below it", "must be a table, not %s", n.sort())
		return nil
	}
	out := make(map[string]string, len(n.entries))
	for _, e := range n.entries {
		at := join2(path, e.key)
		d.lines[at] = e.line
		switch e.value.kind {
		case intKind, floatKind, boolKind:
			out[e.key] = e.value.text
		case nullKind:
			d.fail(e.value, at, "write a value or remove the key", "has no value")
		default:
			if s, ok := d.textOf(e.value, at); ok {
				out[e.key] = s
			}
		}
	}
	return out
}
