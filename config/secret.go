package config

import (
	"fmt"
	"io"
	"log/slog"
)

const mask = "***"

// Secret is a value that no format, log, error or document shows: it prints as ***, and as nothing
// when it is not set. Only Reveal gives it out. The text is behind a pointer, so that even a
// reflecting printer that cannot call methods shows an address and no more.
type Secret struct {
	text *string
}

// NewSecret is the secret s; an empty s is a secret that is not set.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{text: &s}
}

// Reveal is the value itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsSet says whether there is a value.
func (s Secret) IsSet() bool { return s.text != nil }

// String is *** or nothing.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return mask
}

// GoString is the answer to %#v.
func (s Secret) GoString() string { return s.String() }

// Format prints *** whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText writes *** or nothing.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON writes "***" or "".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalTOML writes "***" or "".
func (s Secret) MarshalTOML() ([]byte, error) { return s.MarshalJSON() }

// MarshalYAML writes *** or nothing.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue is what slog shows.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
