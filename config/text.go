package config

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// maxDepth is how deep tables and lists may be nested; the schema needs four.
const maxDepth = 16

// checkText refuses what cannot be a configuration file, and takes the byte order mark off.
func checkText(file string, data []byte) ([]byte, error) {
	if len(data) > MaxFileSize {
		return nil, &Error{File: file, Problem: fmt.Sprintf("the file is larger than %d MiB", MaxFileSize>>20),
			Remedy: "is it a configuration file?"}
	}
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return nil, &Error{File: file, Line: 1, Problem: "the file is UTF-16", Remedy: "save it as UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	for line, rest := 1, data; len(rest) > 0; line++ {
		text, after, _ := bytes.Cut(rest, []byte("\n"))
		if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
			return nil, &Error{File: file, Line: line, Problem: "the file is binary, or text that is not UTF-8",
				Remedy: "save it as UTF-8 text"}
		}
		rest = after
	}
	return data, nil
}

var (
	tomlLine = regexp.MustCompile(`^(\[|[A-Za-z0-9_.\- \t]+=|"[^"]*"[ \t]*=|'[^']*'[ \t]*=)`)
	yamlKey  = regexp.MustCompile(`^(---|\{|[A-Za-z0-9_."'\-]+[ \t]*:([ \t]|$))`)
	noise    = regexp.MustCompile(`^[ \t\r]*(#.*)?$`)
)

// looksLikeTOML judges the first line that says something; a file that says nothing is either.
func looksLikeTOML(data []byte) bool {
	line := firstLine(data)
	return line == nil || tomlLine.Match(line)
}

func looksLikeYAML(data []byte) bool { return yamlKey.Match(firstLine(data)) }

// firstLine is the first line that is neither empty nor a comment, without indentation.
func firstLine(data []byte) []byte {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if !noise.Match(line) {
			return bytes.TrimLeft(line, " \t")
		}
	}
	return nil
}
