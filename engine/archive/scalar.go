package archive

import "kustody/evidence"

// Int64 is an offset, or a timestamp in milliseconds since 1970. It is a string in JSON: readers that
// hold numbers as doubles lose everything beyond 2^53.
type Int64 = evidence.Int64

// Range is the offsets [From, To).
type Range struct {
	From   Int64  `json:"from"`
	To     Int64  `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Len is the number of offsets in the range.
func (r Range) Len() int64 { return int64(r.To - r.From) }
