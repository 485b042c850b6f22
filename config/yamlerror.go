package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// yamlError says what is wrong in our words. The library's own may quote the text they stumble over,
// which may be a password that begins with * or %.
func yamlError(file string, data []byte, err error) error {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{File: file, Problem: "this is not valid YAML"}
	}
	e := &Error{File: file, Problem: "this is not valid YAML near here", Remedy: "check the indentation, colons and quotes"}
	e.Line, _ = strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], "did not find expected") {
		e.Line++ // the library counts these from 0
	}
	for _, known := range yamlProblems {
		if strings.Contains(m[2], known.part) {
			e.Problem, e.Remedy = known.problem, known.remedy
			if known.where != nil {
				e.Line = locate(data, e.Line, known.where(m[2]))
			}
			break
		}
	}
	return e
}

// locate finds the first line from a given one on that a pattern matches, where the library tells none
// or an earlier one.
func locate(data []byte, from int, where *regexp.Regexp) int {
	line := 0
	for text := range bytes.Lines(data) {
		if line++; line >= from && where.Match(text) {
			return line
		}
	}
	return from
}

var (
	leadingTab  = regexp.MustCompile(`^[ ]*\t`)
	controlChar = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\x{85}|\x{feff}`)
	anchorName  = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
)

func always(r *regexp.Regexp) func(string) *regexp.Regexp {
	return func(string) *regexp.Regexp { return r }
}

func unknownAlias(message string) *regexp.Regexp {
	name := ""
	if m := anchorName.FindStringSubmatch(message); m != nil {
		name = m[1]
	}
	return regexp.MustCompile(`\*` + regexp.QuoteMeta(name))
}

var yamlProblems = []struct {
	part, problem, remedy string
	where                 func(message string) *regexp.Regexp
}{
	{"unknown anchor", "a value begins with * and names no anchor", "put the value in quotes", unknownAlias},
	{"tab character", "the line is indented with a tab", "indent with spaces", always(leadingTab)},
	{"control characters", "there is a control character", "remove it", always(controlChar)},
	{"mapping values are not allowed", "a colon stands where none can", "check the indentation, or put the value in quotes", nil},
	{"cannot start any token", "a value begins with a character that YAML keeps for itself", "put the value in quotes", nil},
	{"did not find expected key", "the indentation does not fit the lines around it", "align the keys of one table", nil},
	{"did not find expected '-'", "a list begins here and does not go on as one", "align its items, each with a - before it", nil},
	{"did not find expected ','", "a list or table in brackets begins here and is not closed", "close the bracket", nil},
	{"could not find expected ':'", "a key has no colon", "write key: value", nil},
	{"found unexpected end of stream", "a text does not end", "close the quote", nil},
	{"exceeded max depth", "tables and lists are nested too deeply", "the schema needs four levels", nil},
}
