package tui

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Frame is one picture of the console: exactly Height lines, each exactly Width cells.
type Frame struct {
	Width, Height int
	lines         []line
	theme         *theme
}

// Cells is a run of text of one look, for those who draw a frame elsewhere (screenshots).
type Cells struct {
	Text                     string
	Colour                   string // #rrggbb, "" is the terminal's own
	Bold, Reverse, Underline bool
	Faint                    bool
}

// newFrame cuts and fills lines to the size.
func newFrame(w, h int, t *theme, lines []line) Frame {
	f := Frame{Width: w, Height: h, theme: t, lines: make([]line, h)}
	for i := range f.lines {
		var l line
		if i < len(lines) {
			l = lines[i]
		}
		f.lines[i] = f.harmless(l.fit(w))
	}
	return f
}

// harmless makes every text of a line safe to show, and joins what looks the same. It is the only way to
// the terminal.
func (f Frame) harmless(l line) line {
	out := make(line, 0, len(l))
	for _, s := range l {
		text := clean(s.text)
		if f.theme.ascii {
			text = plainASCII(text)
		}
		st := s.style &^ badge
		if n := len(out); n > 0 && out[n-1].style == st {
			out[n-1].text += text
			continue
		}
		out = append(out, span{text, st})
	}
	return out
}

// Lines are the frame's lines as runs of cells.
func (f Frame) Lines() [][]Cells {
	out := make([][]Cells, len(f.lines))
	for i, l := range f.lines {
		for _, s := range l {
			c := f.theme.colours[s.style.role()]
			out[i] = append(out[i], Cells{Text: s.text, Colour: c, Bold: s.style&bold != 0, Reverse: s.style&reverse != 0,
				Underline: s.style&underline != 0, Faint: c == "" && s.style.role() == dim})
		}
	}
	return out
}

// Text is the frame without colours, a line break after each line but the last.
func (f Frame) Text() string {
	texts := make([]string, len(f.lines))
	for i, l := range f.lines {
		texts[i] = l.text()
	}
	return strings.Join(texts, "\n")
}

// content is the frame as the terminal takes it.
func (f Frame) content() string {
	var b strings.Builder
	b.Grow(f.Width * f.Height * 2)
	for i, l := range f.lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range l {
			on := f.theme.on(s.style)
			b.WriteString(on)
			b.WriteString(s.text)
			if on != "" {
				b.WriteString("\x1b[m")
			}
		}
	}
	return b.String()
}

// over lays a box upon lines, its corner at column x and row y.
func over(lines []line, box []line, x, y, w int) []line {
	out := append([]line{}, lines...)
	for i, l := range box {
		row := y + i
		if row < 0 || row >= len(out) {
			continue
		}
		under := out[row].fit(w)
		n := l.width()
		joined := append(line{}, under.cut(0, x)...)
		joined = append(joined, l...)
		out[row] = append(joined, under.cut(x+n, w)...)
	}
	return out
}

// filled is exactly so many lines: cut, or filled up with blank ones. What is appended to it overwrites nothing.
func filled(lines []line, h int) []line {
	for len(lines) < h {
		lines = append(lines, nil)
	}
	return lines[:max(h, 0):max(h, 0)]
}

// rule is a line across, with a joint where a vertical bar meets it from below or above; -1: none.
func rule(w, below, above int) line {
	r := []rune(strings.Repeat("─", w))
	if below >= 0 && below < w {
		r[below] = '┬'
	}
	if above >= 0 && above < w {
		if r[above] == '┬' {
			r[above] = '┼'
		} else {
			r[above] = '┴'
		}
	}
	return styled(dim, string(r))
}

// titled is a line across with a word in it.
func titled(word string, w int) line {
	return line{{"── ", dim}, {word, plain}, {" " + strings.Repeat("─", max(0, w-4-width(word))), dim}}
}

// beside sets two columns next to each other with a bar between; each is so many cells wide and h high.
func beside(left []line, lw int, right []line, rw, h int) []line {
	out := make([]line, h)
	at := func(l []line, i int) line {
		if i < len(l) {
			return l[i]
		}
		return nil
	}
	for i := range out {
		l := append(line{}, at(left, i).fit(lw)...)
		l = append(l, span{"│", dim})
		out[i] = append(l, at(right, i).fit(rw)...)
	}
	return out
}

// feigned are the glyphs that a verdict is known by, and what could be taken for them.
const feigned = "✓✔✅☑🗸√✗✘✖❌☒🗴"

// verbatim is a screen that shows the data of records: there a tick is a tick.
type verbatim interface{ verbatim() }

// unfeigned takes glyphs of verdicts out of what is no mark: a topic, a series or a key of somebody else must
// not be able to look like a verdict of this program. Each becomes as many question marks as it took cells.
func unfeigned(lines []line) []line {
	out := lines
	for i, l := range lines {
		for k, s := range l {
			text := s.text
			if !strings.ContainsAny(text, feigned) {
				continue
			}
			head := ""
			if s.style&badge != 0 {
				n := len(text) - len(strings.TrimLeft(text, " "))
				_, size := utf8.DecodeRuneInString(text[n:])
				head, text = text[:n+size], text[n+size:]
			}
			var b strings.Builder
			b.WriteString(head)
			for _, r := range clean(text) {
				if strings.ContainsRune(feigned, r) {
					b.WriteString(repeat("?", width(string(r))))
				} else {
					b.WriteRune(r)
				}
			}
			if &out[0] == &lines[0] {
				out = slices.Clone(lines)
			}
			if k == 0 || &out[i][0] == &l[0] {
				out[i] = slices.Clone(out[i])
			}
			out[i][k].text = b.String()
		}
	}
	return out
}
