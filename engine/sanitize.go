package engine

import (
	"strconv"
	"strings"
	"unicode"
)

// Sanitize makes text that came from data, names or errors harmless on a terminal: control characters,
// escapes, line breaks and marks that turn the direction of writing are shown as \x1b, \n, \u202e.
func Sanitize(s string) string {
	if !strings.ContainsFunc(s, harmful) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if harmful(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// harmful finds what a terminal acts on instead of showing: C0, C1, bidirectional and other format
// characters, line and paragraph separators, and bytes that are no UTF-8.
func harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
}
