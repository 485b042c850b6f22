package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxAliased bounds what aliases can multiply a document by, in values.
const maxAliased = 10_000

// parseYAML reads YAML into nodes: one document, beside which only empty ones may stand.
func parseYAML(file string, data []byte) (root *node, err error) {
	defer func() { // the library panics on a few texts that are not YAML at all
		if recover() != nil {
			root, err = nil, &Error{File: file, Problem: "this is not valid YAML"}
		}
	}()
	b := &yamlBuilder{file: file, left: maxAliased, open: map[*yaml.Node]bool{}}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, yamlError(file, data, err)
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		if root != nil {
			return nil, &Error{File: file, Line: doc.Content[0].Line, Problem: "a second document begins here",
				Remedy: "put each configuration into a file of its own"}
		}
		if root, err = b.build(doc.Content[0], "", 0); err != nil {
			return nil, err
		}
	}
	switch {
	case root == nil:
		return &node{kind: tableKind, line: 1}, nil
	case root.kind != tableKind:
		return nil, &Error{File: file, Line: root.line, Problem: "this is not a configuration: it holds " + root.sort(),
			Remedy: "write keys such as backup_id: name"}
	}
	return root, nil
}

// yamlBuilder turns the library's nodes into ours.
type yamlBuilder struct {
	file    string
	aliases int                 // how many we are inside of
	left    int                 // how many values aliases may still make
	open    map[*yaml.Node]bool // aliased values we are inside of
}

func (b *yamlBuilder) fail(n *yaml.Node, path, remedy, format string, args ...any) error {
	return &Error{File: b.file, Line: n.Line, Key: path, Problem: fmt.Sprintf(format, args...), Remedy: remedy}
}

func (b *yamlBuilder) build(n *yaml.Node, path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, b.fail(n, path, fmt.Sprintf("use at most %d levels", maxDepth), "tables and lists are nested too deeply")
	}
	if b.aliases > 0 {
		if b.left--; b.left < 0 {
			return nil, b.fail(n, path, "write the values out", "aliases multiply the document by more than %d values", maxAliased)
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return b.alias(n, path, depth)
	case yaml.MappingNode:
		return b.mapping(n, path, depth)
	case yaml.SequenceNode:
		out := &node{kind: listKind, line: n.Line}
		for i, c := range n.Content {
			item, err := b.build(c, fmt.Sprintf("%s[%d]", path, i), depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
		return out, nil
	}
	return b.scalar(n, path)
}

// alias builds the value that *name stands for, within bounds.
func (b *yamlBuilder) alias(n *yaml.Node, path string, depth int) (*node, error) {
	if b.open[n.Alias] {
		return nil, b.fail(n, path, "write the value out", "the value contains itself")
	}
	b.open[n.Alias] = true
	b.aliases++
	out, err := b.build(n.Alias, path, depth)
	b.aliases--
	delete(b.open, n.Alias)
	if out != nil {
		out.line = n.Line
	}
	return out, err
}

func (b *yamlBuilder) mapping(n *yaml.Node, path string, depth int) (*node, error) {
	out := &node{kind: tableKind, line: n.Line}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		switch {
		case k.ShortTag() == "!!merge":
			return nil, b.fail(k, path, "write the keys out", "merge keys (<<) are not supported")
		case k.Kind != yaml.ScalarNode:
			return nil, b.fail(k, path, "write key: value", "a key is not text")
		}
		at := join2(path, k.Value)
		if first, ok := seen[k.Value]; ok {
			return nil, b.fail(n.Content[i], join2(path, safeKey(k.Value)), "keep one of them", "the key is written twice, first in line %d", first)
		}
		seen[k.Value] = n.Content[i].Line
		v, err := b.build(n.Content[i+1], at, depth+1)
		if err != nil {
			return nil, err
		}
		out.entries = append(out.entries, entry{key: k.Value, line: n.Content[i].Line, value: v})
	}
	return out, nil
}

func (b *yamlBuilder) scalar(n *yaml.Node, path string) (*node, error) {
	out := &node{kind: textKind, line: n.Line, text: n.Value}
	out.plain = n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch n.ShortTag() {
	case "!!str", "!!timestamp", "!!merge":
	case "!!int":
		out.kind = intKind
	case "!!float":
		out.kind = floatKind
	case "!!bool":
		out.kind = boolKind
	case "!!null":
		out.kind = nullKind
	default:
		return nil, b.fail(n, path, "write the value without a ! before it, or in quotes", "YAML tags are not supported")
	}
	return out, nil
}
