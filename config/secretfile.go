package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// fileSuffix makes the key of the file that holds a secret out of the key of the secret.
const fileSuffix = "_file"

const maxSecretFile = 64 << 10 // a private key with its chain is a tenth of it

// secret decodes a secret, or reads it from the file that its _file variant names.
func (d *decoder) secret(table *node, e entry, v reflect.Value, path string, f field) {
	n := e.value
	if n.bad || n.kind == nullKind {
		return
	}
	if e.key == f.key {
		if n.kind != textKind && !n.plain {
			d.fail(n, path, "put it in quotes", "must be text, not %s", n.sort())
			return
		}
		v.Set(reflect.ValueOf(NewSecret(n.text)))
		return
	}
	if other := table.get(f.key); other != nil && other.kind != nullKind {
		d.fail(n, path, "keep one of them", "%s is set too", f.key)
		return
	}
	if name, ok := d.textOf(n, path); ok {
		if text, ok := d.readSecret(n, name, path); ok {
			v.Set(reflect.ValueOf(NewSecret(text)))
		}
	}
}

// readSecret reads a secret file and takes one newline off its end.
func (d *decoder) readSecret(n *node, name, path string) (string, bool) {
	data, err := d.opts.ReadFile(name)
	if err != nil {
		var pe *fs.PathError // its text repeats the name, which may have come from a variable
		if errors.As(err, &pe) {
			err = pe.Err
		}
		d.fail(n, path, "check the path and its permissions", "cannot read the file %s: %v", short(n.raw), err)
		return "", false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case text == "":
		d.fail(n, path, "write the secret into it", "the file %s is empty", short(n.raw))
	case strings.ContainsRune(text, 0):
		d.fail(n, path, "write the secret into it as text", "the file %s is binary", short(n.raw))
	default:
		return text, true
	}
	return "", false
}

var errTooLarge = errors.New("file is too large")

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: path, Err: errTooLarge}
	}
	return bytes.Clone(data), err
}
