package main

import (
	"time"
)

// text is a field's value if it is text, else "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is a field's value if it is a number, else 0.
func number(v any) int64 {
	switch n := v.(type) {
	case int:
		return int64(n)
	case int32:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

// list is a field's value if it is a list of texts.
func list(v any) []string {
	l, _ := v.([]string)
	return l
}

// timeOf is a time from milliseconds.
func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
