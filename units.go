package main

import (
	"fmt"
	"strings"
	"time"

	"kustody/engine"
	"kustody/tui/units"
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

// value writes one field for people.
func value(f engine.Field) string {
	switch v := f.Value.(type) {
	case int, int32, int64:
		if f.Key == "bytes" {
			return units.Size(number(v))
		}
		return units.Thousands(number(v))
	case []string:
		return strings.Join(v, ", ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(f.Value)
}

// facts writes fields on one line.
func facts(fields []engine.Field) string {
	var parts []string
	for _, f := range fields {
		if v := value(f); v != "" {
			parts = append(parts, strings.ReplaceAll(f.Key, "_", " ")+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

// timeOf is a time from milliseconds.
func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
