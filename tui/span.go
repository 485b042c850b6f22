package tui

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"kustody/engine"
)

// style is a role and attributes. What colour a role has is the theme's business.
type style uint16

// Roles. A meaning never rests on colour alone: a glyph or a word stands beside it.
const (
	plain  style = iota
	dim          // worth less attention
	accent       // where one is: titles, the cursor's row
	ok           // passed
	warn         // a finding
	bad          // failed, invalid, in conflict
	roles
)

// Attributes are added to a role.
const (
	bold style = 1 << (iota + 8)
	reverse
	underline
	badge    // it begins with the glyph of a mark; anywhere else such a glyph is somebody's text, and is not shown
	roleMask = 1<<8 - 1
)

func (s style) role() style { return s & roleMask }

// span is text of one style. The text may be anything: it is made harmless when it is drawn.
type span struct {
	text  string
	style style
}

// line is one line of a screen.
type line []span

// say makes a line of plain text.
func say(text string) line { return line{{text, plain}} }

// styled makes a line of one style.
func styled(s style, text string) line { return line{{text, s}} }

// clean makes text harmless and keeps it on one line.
func clean(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return agreed(engine.Sanitize(s))
		}
	}
	return s
}

// agreed spells out the characters about whose width terminals disagree (flags, emoji with selectors),
// since one of them would shift all that follows on its line.
func agreed(s string) string {
	if ansi.StringWidth(s) == ansi.StringWidthWc(s) {
		return s
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		cluster, n := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		rest = rest[len(cluster):]
		if n != ansi.StringWidthWc(cluster) {
			q := strconv.QuoteToASCII(cluster)
			cluster = q[1 : len(q)-1]
		}
		b.WriteString(cluster)
	}
	return b.String()
}

// width is how many cells a text takes once it is clean.
func width(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return ansi.StringWidth(clean(s))
		}
	}
	return len(s)
}

// width is how many cells the line takes.
func (l line) width() int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// text is the line without its styles.
func (l line) text() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// with adds attributes to every span.
func (l line) with(s style) line {
	out := make(line, len(l))
	for i, x := range l {
		out[i] = span{x.text, x.style | s}
	}
	return out
}

// chosen is the line under the cursor: reversed in one colour, since a coloured cell would break it. What
// the colour said stands beside it as a glyph and a word.
func (l line) chosen() line {
	out := make(line, len(l))
	for i, x := range l {
		out[i] = span{x.text, plain | reverse | x.style&(bold|badge)}
	}
	return out
}

// add appends text.
func (l line) add(s style, text string) line { return append(l, span{text, s}) }

const ellipsis = "…"

// short cuts a text to a width, and shows that it did.
func short(s string, w int) string {
	s = clean(s)
	if width(s) <= w {
		return s
	}
	if w <= 0 {
		return ""
	}
	return ansi.Truncate(s, w, ellipsis)
}

// middle keeps both ends of a text that is too long: of a hash or a path the end tells most.
func middle(s string, w int) string {
	s = clean(s)
	n := width(s)
	if n <= w {
		return s
	}
	if w < 5 {
		return short(s, w)
	}
	tail := (w - 1) / 2
	both := ansi.Truncate(s, w-1-tail, "") + ellipsis + ansi.TruncateLeft(s, n-tail, "")
	return short(both, w) // a wide character at the cut may have stayed whole
}

// pad fills a text up to a width, or cuts it.
func pad(s string, w int) string {
	s = short(s, w)
	return s + strings.Repeat(" ", max(0, w-width(s)))
}

// padLeft fills a text on its left, or cuts it.
func padLeft(s string, w int) string {
	s = short(s, w)
	return strings.Repeat(" ", max(0, w-width(s))) + s
}

// fit makes a line exactly so wide: cut with an ellipsis, or filled up in the style of its last span's
// attributes.
func (l line) fit(w int) line {
	out := make(line, 0, len(l)+1)
	left := w
	for i, s := range l {
		n := width(s.text)
		if n > left || n == left && i < len(l)-1 && l[i+1:].width() > 0 {
			if left > 0 {
				cut := clean(s.text)
				if n <= left { // it fits, what follows does not
					cut += ellipsis
				}
				cut = ansi.Truncate(cut, left, ellipsis)
				out = append(out, span{cut, s.style})
				left -= width(cut)
			}
			break
		}
		out = append(out, s)
		left -= n
	}
	if left > 0 {
		out = append(out, span{strings.Repeat(" ", left), plain})
	}
	return out
}

// cut is the cells [from, to) of a line that is at least so wide.
func (l line) cut(from, to int) line {
	var out line
	at := 0
	for _, s := range l {
		text := clean(s.text)
		n := width(text)
		a, b := max(from-at, 0), min(to-at, n)
		if a < b {
			out = append(out, span{ansi.Cut(text, a, b), s.style})
		}
		at += n
	}
	return out
}

// spread sets two lines at the two ends of a width. The right one goes when there is no room.
func spread(left, right line, w int) line {
	gap := w - left.width() - right.width()
	if gap < 1 && len(right) > 0 {
		return spread(left, nil, w)
	}
	out := append(line{}, left...)
	if gap > 0 {
		out = append(out, span{strings.Repeat(" ", gap), plain})
	}
	return append(out, right...).fit(w)
}

// wrap breaks a text into lines of a width, at spaces where it can.
func wrap(s style, text string, w int) []line {
	if w < 1 {
		return nil
	}
	var out []line
	for _, part := range strings.Split(text, "\n") {
		for _, l := range strings.Split(ansi.Wrap(clean(part), w, ""), "\n") {
			out = append(out, styled(s, l))
		}
	}
	return out
}

// repeat is strings.Repeat for counts that may be negative.
func repeat(s string, n int) string { return strings.Repeat(s, max(0, n)) }
