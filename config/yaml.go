package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what aliases can multiply a document to.
const maxNodes = 100_000

// parseYAML reads YAML into nodes: one document, beside which only empty ones may stand.
func parseYAML(file string, data []byte) (root *node, err error) {
	defer func() { // the library panics on a few texts that are not YAML at all
		if recover() != nil {
			root, err = nil, &Error{File: file, Problem: "this is not valid YAML"}
		}
	}()
	b := &yamlBuilder{file: file, left: maxNodes}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, yamlError(file, err)
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

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// yamlError says what is wrong in our words. The library's own may quote the text they stumble over,
// which may be a password that begins with * or %.
func yamlError(file string, err error) error {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{File: file, Problem: "this is not valid YAML"}
	}
	e := &Error{File: file, Problem: "this is not valid YAML near here", Remedy: "check the indentation, colons and quotes"}
	e.Line, _ = strconv.Atoi(m[1])
	for _, known := range yamlProblems {
		if strings.Contains(m[2], known.part) {
			e.Problem, e.Remedy = known.problem, known.remedy
			break
		}
	}
	return e
}

var yamlProblems = []struct{ part, problem, remedy string }{
	{"unknown anchor", "a value begins with * and names no anchor", "put the value in quotes"},
	{"cannot contain itself", "a value contains itself", "write the value out"},
	{"mapping values are not allowed", "a colon stands where none can", "check the indentation, or put the value in quotes"},
	{"cannot start any token", "a value begins with a character that YAML keeps for itself, or with a tab", "put the value in quotes, and indent with spaces"},
	{"did not find expected key", "the indentation does not fit the lines above", "align the keys of one table"},
	{"could not find expected ':'", "a key has no colon", "write key: value"},
	{"found unexpected end of stream", "a text does not end", "close the quote"},
	{"control characters", "there is a control character", "remove it"},
	{"exceeded max depth", "tables and lists are nested too deeply", "the schema needs four levels"},
}

// yamlBuilder turns the library's nodes into ours.
type yamlBuilder struct {
	file string
	left int
}

func (b *yamlBuilder) fail(n *yaml.Node, path, remedy, format string, args ...any) error {
	return &Error{File: b.file, Line: n.Line, Key: path, Problem: fmt.Sprintf(format, args...), Remedy: remedy}
}

func (b *yamlBuilder) build(n *yaml.Node, path string, depth int) (*node, error) {
	if b.left--; b.left < 0 {
		return nil, b.fail(n, path, "write the values out", "aliases multiply the document beyond %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, b.fail(n, path, fmt.Sprintf("use at most %d levels", maxDepth), "tables and lists are nested too deeply")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return b.build(n.Alias, path, depth+1)
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
			return nil, b.fail(n.Content[i], at, "keep one of them", "the key is written twice, first in line %d", first)
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
