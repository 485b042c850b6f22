package evidence

import (
	"fmt"
	"strings"
	"unicode"
)

// ShellWord makes a text one word for a POSIX shell, safe to be pasted into a terminal whatever the text holds.
func ShellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-=+:@%,"
	switch {
	case text != "" && strings.Trim(text, plain) == "":
		return text
	case strings.ContainsFunc(text, unprintable):
		return printfWord(text)
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// ShellFile makes the name of a file one word for a POSIX shell, which no program takes for a flag.
func ShellFile(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	return ShellWord(name)
}

// unprintable finds what a terminal acts on when it is pasted, and what hides in a line that is read.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
}

// printfWord is a text with unprintable characters as a word for a POSIX shell that has none of them. (A shell
// takes line breaks off its end.)
func printfWord(text string) string {
	var b strings.Builder
	b.WriteString(`"$(printf '`)
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c > '~' || c == '-' && i == 0 || c == '\'' || c == '\\' || c == '%' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + `')"`
}
