package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// fromNode is implemented by the types that read themselves: the ones with more than one way to be
// written down.
type fromNode interface {
	fromNode(d *decoder, n *node, path string)
}

// toggle is a table that may also be written as true or false, and that is on when it is there.
type toggle interface{ isToggle() }

// decoder turns nodes into a Config and collects what is wrong with them.
type decoder struct {
	file     string
	opts     Options
	problems []*Error
	lines    map[string]int // where each key stands
	zone     *time.Location // of times without an offset; nil: they are refused
	schedule *time.Location // the same, in evidence
}

func newDecoder(file string, o Options) *decoder {
	return &decoder{file: file, opts: o, lines: map[string]int{}, schedule: time.UTC}
}

func (d *decoder) fail(n *node, path, remedy, format string, args ...any) {
	n.bad = true
	d.problems = append(d.problems, &Error{File: d.file, Line: n.line, Key: path, Problem: fmt.Sprintf(format, args...), Remedy: remedy})
}

// config decodes the root of a file.
func (d *decoder) config(root *node) (*Config, error) {
	if e := foreign(d.file, root); e != nil {
		return nil, e
	}
	c := Default()
	if id := root.get("backup_id"); id != nil {
		c.BackupIDRaw = id.text
	}
	d.expand(root)
	d.zones(root)
	if n := root.get("checks"); n != nil {
		c.ChecksSet = true
		c.Checks.allOff()
	}
	c.EvidenceSet = root.get("evidence") != nil
	d.table(root, reflect.ValueOf(c).Elem(), "")
	d.finish(root, c)
	if err := join(d.problems); err != nil {
		return nil, err
	}
	c.origin = &origin{file: d.file, lines: d.lines}
	return c, nil
}

// foreign recognises files that are configuration of something else.
func foreign(file string, root *node) *Error {
	if root.get("apiVersion") == nil || root.get("kind") == nil {
		return nil
	}
	return &Error{File: file, Line: root.get("apiVersion").line, Key: "apiVersion",
		Problem: "this is a Kubernetes resource, not a configuration file",
		Remedy:  "write backup_id, source, storage and backup as keys of their own"}
}

// value decodes n into v.
func (d *decoder) value(n *node, v reflect.Value, path string, f field) {
	if n.bad {
		return
	}
	if h, ok := v.Addr().Interface().(fromNode); ok {
		if n.kind != nullKind {
			h.fromNode(d, n, path)
		}
		return
	}
	switch kind := v.Kind(); {
	case kind == reflect.Struct:
		d.structure(n, v, path)
	case n.kind == nullKind: // a key with nothing behind it says nothing
	case kind == reflect.Slice:
		v.Set(reflect.ValueOf(d.list(n, path, f)))
	case kind == reflect.Map:
		v.Set(reflect.ValueOf(d.stringMap(n, path)))
	default:
		d.scalar(n, v, path, f)
	}
}

func (d *decoder) structure(n *node, v reflect.Value, path string) {
	if _, ok := v.Interface().(toggle); ok {
		on := v.FieldByName("Enabled")
		on.SetBool(true)
		if n.kind != tableKind && n.kind != nullKind {
			d.boolean(n, on, path)
			return
		}
	}
	if n.kind == nullKind {
		return
	}
	if n.kind != tableKind {
		d.fail(n, path, "its keys are "+strings.Join(keysOf(v.Type()), ", "), "must be a table, not %s", n.sort())
		return
	}
	d.table(n, v, path)
}

// table decodes the keys of n into the struct v.
func (d *decoder) table(n *node, v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	for _, e := range n.entries {
		at := join2(path, e.key)
		d.lines[at] = e.line
		if f, ok := findField(fields, e.key); ok {
			if f.typ == secretType {
				d.secret(n, e, v.FieldByIndex(f.index), at, f)
				continue
			}
			d.value(e.value, v.FieldByIndex(f.index), at, f)
			continue
		}
		d.unknown(e, join2(path, safeKey(e.key)), keysOf(v.Type()))
	}
}

// findField finds the field of a key; the _file variant of a secret finds the secret.
func findField(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key || f.typ == secretType && f.key+fileSuffix == key {
			return f, true
		}
	}
	return field{}, false
}

func (d *decoder) scalar(n *node, v reflect.Value, path string, f field) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := d.textOf(n, path); ok {
			v.SetString(d.enumerated(n, s, path, f))
		}
	case reflect.Bool:
		d.boolean(n, v, path)
	case reflect.Int, reflect.Int64:
		if i, ok := d.integer(n, path, f); ok {
			v.SetInt(i)
		}
	case reflect.Float64:
		d.float(n, v, path)
	}
}

// textOf is the text of n where text is wanted.
func (d *decoder) textOf(n *node, path string) (string, bool) {
	if n.bad {
		return "", false
	}
	if n.kind == textKind || n.plain && n.kind != nullKind {
		return n.text, true
	}
	remedy := "write one text"
	if n.kind == intKind || n.kind == floatKind || n.kind == boolKind {
		remedy = "put it in quotes"
	}
	d.fail(n, path, remedy, "must be text, not %s", n.sort())
	return "", false
}

func (d *decoder) enumerated(n *node, s, path string, f field) string {
	if len(f.enum) == 0 || s == "" {
		return s
	}
	c, ok := canonical(s, f.enum)
	if !ok {
		remedy := "use " + oneOf(f.enum)
		if near := nearest(s, f.enum); near != "" {
			remedy = fmt.Sprintf("did you mean %s? It can be %s", near, oneOf(f.enum))
		}
		d.fail(n, path, remedy, "cannot be %s", n.describe())
	}
	return c
}

func (d *decoder) boolean(n *node, v reflect.Value, path string) {
	switch n.kind {
	case boolKind, textKind:
		s := n.text
		if n.plain { // what YAML 1.1 also reads as a truth value
			s = strings.ToLower(s)
		}
		if s == "true" || n.plain && (s == "yes" || s == "on") {
			v.SetBool(true)
			return
		}
		if s == "false" || n.plain && (s == "no" || s == "off") {
			v.SetBool(false)
			return
		}
	}
	d.fail(n, path, "write true or false", "must be true or false, not %s", n.describe())
}

func (d *decoder) integer(n *node, path string, f field) (int64, bool) {
	i, ok := int64(0), n.kind == intKind || n.kind == textKind
	if ok {
		i, ok = parseInt(n.text)
	}
	switch {
	case !ok:
		d.fail(n, path, "write digits without quotes or unit", "must be a whole number, not %s", n.describe())
	case f.min != nil && i < *f.min:
		d.fail(n, path, fmt.Sprintf("use %d or more", *f.min), "%d is too small", i)
	case f.max != nil && i > *f.max:
		d.fail(n, path, fmt.Sprintf("use %d or less", *f.max), "%d is too large", i)
	default:
		return i, true
	}
	return 0, false
}

func (d *decoder) float(n *node, v reflect.Value, path string) {
	if n.kind == intKind || n.kind == floatKind || n.kind == textKind {
		if x, err := strconv.ParseFloat(n.text, 64); err == nil && x-x == 0 { // neither infinite nor NaN
			v.SetFloat(x)
			return
		}
	}
	d.fail(n, path, "write a number such as 0.25", "must be a number, not %s", n.describe())
}

// parseInt reads a whole number as TOML and YAML write them: decimal, 0x, 0o, 0b, underscores. A
// leading zero is refused, because readers disagree about it.
func parseInt(s string) (int64, bool) {
	s = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(s), "_", ""), "+")
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 1 && digits[0] == '0' && !strings.ContainsAny(digits[1:2], "xob") {
		return 0, false
	}
	i, err := strconv.ParseInt(s, 0, 64)
	return i, err == nil
}
