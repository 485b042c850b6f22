package storage

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxKeyBytes bounds a whole key; it is the limit of S3.
	MaxKeyBytes = 1024
	// MaxElementBytes bounds one element of a key; it is NAME_MAX of Linux file systems.
	MaxElementBytes = 255
)

// KeyError says why a key or prefix is refused. It is fs.ErrInvalid.
type KeyError struct {
	Key    string
	Reason string
}

// Error quotes the key harmlessly and gives the reason.
func (e *KeyError) Error() string {
	return fmt.Sprintf("key %s is refused: %s", quoteShort(e.Key), e.Reason)
}

// Is makes errors.Is(err, fs.ErrInvalid) true.
func (e *KeyError) Is(target error) bool { return target == fs.ErrInvalid }

// ValidateKey returns a *KeyError unless key names an object that every store
// can hold and that lies inside the store: slash-separated elements of 1 to 255
// bytes of UTF-8, at most 1024 bytes in all, no "." or "..", none that begins
// with a dot (those are temporary files), no backslash, no control or invisible
// formatting characters.
func ValidateKey(key string) error {
	if key == "" {
		return &KeyError{key, "it is empty"}
	}
	return validate(key, strings.Split(key, "/"))
}

// ValidatePrefix is ValidateKey for the argument of List: the empty prefix and
// one that ends in a slash are fine too.
func ValidatePrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return validate(prefix, strings.Split(strings.TrimSuffix(prefix, "/"), "/"))
}

// validateDirPrefix is ValidatePrefix for the argument of ListDirs.
func validateDirPrefix(prefix string) error {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		return &KeyError{prefix, "the prefix of a folder must end in a slash"}
	}
	return ValidatePrefix(prefix)
}

func validate(key string, elements []string) error {
	switch {
	case len(key) > MaxKeyBytes:
		return &KeyError{key, fmt.Sprintf("it has %d bytes, the most is %d", len(key), MaxKeyBytes)}
	case key[0] == '/':
		return &KeyError{key, "it begins with a slash; keys are relative to the store"}
	case !utf8.ValidString(key):
		return &KeyError{key, "it is not valid UTF-8"}
	}
	for _, e := range elements {
		if reason := refuseElement(e); reason != "" {
			return &KeyError{key, reason}
		}
	}
	return nil
}

// refuseElement gives the reason why one element is not allowed, or "".
func refuseElement(e string) string {
	switch {
	case e == "":
		return "it has an empty element"
	case e == "." || e == "..":
		return `it has a "` + e + `" element, which could lead out of the store`
	case e[0] == '.':
		return "an element begins with a dot; such names are temporary files"
	case len(e) > MaxElementBytes:
		return fmt.Sprintf("an element has %d bytes, the most is %d", len(e), MaxElementBytes)
	}
	for _, r := range e {
		if r == '\\' {
			return "it has a backslash"
		}
		if hidden(r) {
			return "it has a control or invisible character"
		}
	}
	return ""
}

// hidden is true for characters that a terminal acts on or does not show:
// controls, format characters (bidi marks among them), line separators.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// printable makes text that others wrote fit for one line of a message.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || hidden(r) {
			return '?'
		}
		return r
	}, s)
}

// quoteShort quotes a key for a message, and cuts absurd ones.
func quoteShort(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}
