package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Encode writes v as every stored document is written: two-space indent, no escaping of HTML, a
// newline at the end. Equal values give equal bytes.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return b.Bytes(), nil
}

// FormatError says that a document is of another kind, or of a format this version does not know.
type FormatError struct {
	Kind, WantKind string
	Format         int
}

// Error says what the document is instead.
func (e *FormatError) Error() string {
	switch {
	case e.Format > Format:
		return fmt.Sprintf("format %d is newer than this version of kustody knows (%d): verify it with a newer one", e.Format, Format)
	case e.Kind != e.WantKind:
		return fmt.Sprintf("this is no %s document of kustody (kind %q)", e.WantKind, e.Kind)
	default:
		return fmt.Sprintf("format %d is none that kustody ever wrote", e.Format)
	}
}

// CheckFormat reads nothing but "format" and "kind" of a document, and fails with a *FormatError
// unless kind is as wanted and the format one this version knows. Call it before DecodeStrict: a newer
// format has keys that would else be called unknown.
func CheckFormat(data []byte, kind string) error {
	var head struct {
		Format int    `json:"format"`
		Kind   string `json:"kind"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("this is no document of kustody: %w", err)
	}
	if head.Kind != kind || head.Format < 1 || head.Format > Format {
		return &FormatError{Kind: head.Kind, WantKind: kind, Format: head.Format}
	}
	return nil
}

// Int64 is an offset, or a timestamp in milliseconds since 1970. It is a string in JSON, because
// readers that hold numbers as doubles lose what is beyond 2^53.
type Int64 int64

// MarshalJSON writes a decimal string.
func (n Int64) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(n), 10)), nil
}

// UnmarshalJSON reads a decimal string in its one canonical spelling, and nothing else.
func (n *Int64) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("offset or timestamp %.40s is not a string", b)
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(v, 10) != s {
		return fmt.Errorf("offset or timestamp %.40q is not a decimal number", s)
	}
	*n = Int64(v)
	return nil
}

// Time puts t into the form in which documents hold it: UTC, whole milliseconds.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
