package engine

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestH04_harmfulTextIsShownAsText: escapes, line breaks and marks that turn the direction of writing,
// from record data, names and errors, reach no terminal.
func TestH04_harmfulTextIsShownAsText(t *testing.T) {
	for in, want := range map[string]string{
		"plain – text, 123 äöü 漢字":  "plain – text, 123 äöü 漢字",
		"\x1b[31mred\x1b[0m":        `\x1b[31mred\x1b[0m`,
		"line\nbreak\r\ttab\x00":    `line\nbreak\r\ttab\x00`,
		"\u202eevil\u202c":          `\u202eevil\u202c`,
		"c1 \u009b31m":              `c1 \u009b31m`,
		"bad \xff utf8":             `bad \ufffd utf8`,
		"zero\u200bwidth":           `zero\u200bwidth`,
		"para\u2029graph\u2028line": `para\u2029graph\u2028line`,
		"\x7f":                      `\x7f`,
	} {
		if got := Sanitize(in); got != want {
			t.Errorf("Sanitize(%q) = %q, not %q", in, got, want)
		}
	}
}

// TestH04_eventsAreSanitised: what a job says goes through Sanitize as text, and is escaped in JSON.
func TestH04_eventsAreSanitised(t *testing.T) {
	e := Event{Type: "gap", Fields: []Field{F("topic", "a\x1b]0;owned\x07"), F("message", "x\x1b[2Jy")}}
	if got := e.Text(); strings.ContainsAny(got, "\x1b\x07") {
		t.Errorf("text %q", got)
	}
	b, err := e.MarshalJSON()
	if err != nil || strings.ContainsAny(string(b), "\x1b\x07") {
		t.Errorf("json %q, %v", b, err)
	}
}

// FuzzSanitize: whatever comes in, nothing a terminal acts on goes out.
func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"", "abc", "\x1b[0m", "\u202e", "\xc3\x28"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Sanitize(s)
		if strings.ContainsFunc(out, harmful) || !utf8.ValidString(out) {
			t.Errorf("Sanitize(%q) = %q", s, out)
		}
	})
}
