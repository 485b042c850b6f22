package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Error is one thing that is wrong with a configuration: where, what, and what to do. It never holds
// the value of a secret.
type Error struct {
	File    string
	Line    int    // counted from 1; 0 when it cannot be told
	Key     string // dotted path, "" when it is not about a key
	Problem string
	Remedy  string
}

// Error is one sentence: "file:line: key: problem; remedy".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(printable(e.File))
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(printable(e.Key) + ": ")
	}
	b.WriteString(printable(e.Problem))
	if e.Remedy != "" {
		b.WriteString("; " + printable(e.Remedy))
	}
	return b.String()
}

// printable escapes what could move a cursor or turn the writing direction.
func printable(s string) string {
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

// hint replaces the remedy of err by a better one.
func hint(err error, remedy string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Remedy = remedy
	}
	return err
}

// short is a value as it may stand in a message: quoted and cut.
func short(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// mostProblems is how many are shown; a file with more has one cause.
const mostProblems = 20

// join is one error of many, nil if there are none.
func join(problems []*Error) error {
	var errs []error
	for i, p := range problems {
		if i == mostProblems {
			errs = append(errs, fmt.Errorf("and %d more", len(problems)-mostProblems))
			break
		}
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
