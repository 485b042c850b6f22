package archive

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Int64 is an offset, or a timestamp in milliseconds since 1970. It is a string in JSON: readers that
// hold numbers as doubles lose everything beyond 2^53.
type Int64 int64

// MarshalJSON writes a decimal string.
func (n Int64) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(n), 10)), nil
}

// UnmarshalJSON reads a decimal string in its one canonical spelling, and nothing else.
func (n *Int64) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("offset or timestamp %s is not a string", b)
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(v, 10) != s {
		return fmt.Errorf("offset or timestamp %q is not a decimal number", s)
	}
	*n = Int64(v)
	return nil
}

// Range is the offsets [From, To).
type Range struct {
	From   Int64  `json:"from"`
	To     Int64  `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Len is the number of offsets in the range.
func (r Range) Len() int64 { return int64(r.To - r.From) }
