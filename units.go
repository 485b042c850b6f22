package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kustody/engine"
)

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// count is a number and its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// size writes bytes in the unit that fits.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

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
			return size(number(v))
		}
		return thousands(number(v))
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
