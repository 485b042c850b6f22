package storage

import (
	"fmt"
	"strings"
)

const lowerHex = "0123456789abcdef"

// EscapeName turns any name a user chose into one path element that cannot
// leave its folder and cannot collide with another name, also where case does
// not count and where Unicode is normalised: the result has only lower-case
// ASCII letters, digits, "-", "_", "." and "!".
//
// Lower-case letters, digits, "-", "_" and inner dots stand for themselves; "!x"
// is the capital X; "!!2f" is the byte 0x2f; "!" alone is the empty name. The
// result may be longer than a store allows ([MaxElementBytes]); the store then
// refuses it with a sentence.
func EscapeName(s string) string {
	if s == "" {
		return "!"
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z':
			b.WriteByte('!')
			b.WriteByte(c + 'a' - 'A')
		case plain(c) && (c != '.' || 0 < i && i < len(s)-1):
			b.WriteByte(c)
		default:
			b.WriteString("!!")
			b.WriteByte(lowerHex[c>>4])
			b.WriteByte(lowerHex[c&15])
		}
	}
	return b.String()
}

// plain is true for bytes that stand for themselves. A dot does so only inside
// a name: a leading one would hide it, a trailing one is cut off by some systems.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// UnescapeName is the inverse of EscapeName. It refuses whatever EscapeName
// would not have written, so that two elements never mean the same name.
func UnescapeName(s string) (string, error) {
	name, ok := unescape(s)
	if !ok || EscapeName(name) != s {
		return "", fmt.Errorf("%s is not an escaped name", quoteShort(s))
	}
	return name, nil
}

func unescape(s string) (string, bool) {
	if s == "!" {
		return "", true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '!' {
			b.WriteByte(s[i])
			continue
		}
		rest := s[i+1:]
		switch {
		case len(rest) >= 3 && rest[0] == '!':
			hi, lo := strings.IndexByte(lowerHex, rest[1]), strings.IndexByte(lowerHex, rest[2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 3
		case len(rest) >= 1 && 'a' <= rest[0] && rest[0] <= 'z':
			b.WriteByte(rest[0] - 'a' + 'A')
			i++
		default:
			return "", false
		}
	}
	return b.String(), true
}

// EscapePath escapes every element of a slash-separated prefix that a user
// chose, and leaves empty elements out: "/Backups//eu/" becomes "!backups/eu".
func EscapePath(s string) string {
	var out []string
	for e := range strings.SplitSeq(s, "/") {
		if e != "" {
			out = append(out, EscapeName(e))
		}
	}
	return strings.Join(out, "/")
}
