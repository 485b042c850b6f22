package tui

import (
	"kustody/tui/units"
	"strconv"
	"strings"
)

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// capital begins a text with a capital letter.
func capital(text string) string {
	if text == "" {
		return ""
	}
	r := []rune(text)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// itoa writes a number for people.
func itoa(n int) string { return units.Thousands(int64(n)) }

// plainNumber writes a number that is a name, such as that of an entry, or that is read again: without commas.
func plainNumber(n int64) string { return strconv.FormatInt(n, 10) }
