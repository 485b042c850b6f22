package tui

import "strings"

// unbroken stands for a hyphen while a text is wrapped.
const unbroken = "\u2011"

// flow sets a text behind a head, further lines indented to where it began.
func flow(head line, glyph span, st style, text string, w int) []line {
	l := append(line{}, head...)
	if glyph.text != "" {
		l = append(l, glyph, span{" ", plain})
	}
	indent := l.width()
	var out []line
	text = strings.ReplaceAll(text, "-", unbroken) // dates and ids are one word
	for i, part := range wrap(st, text, max(8, w-indent-1)) {
		for k := range part {
			part[k].text = strings.ReplaceAll(part[k].text, unbroken, "-")
		}
		if i == 0 {
			out = append(out, append(l, part...))
			continue
		}
		out = append(out, append(line{{repeat(" ", indent), plain}}, part...))
	}
	return out
}

// para is a text with a margin of one.
func para(st style, text string, w int) []line {
	return flow(line{{" ", plain}}, span{}, st, text, w)
}

// bullet is an item of a list.
func bullet(text string, w int) []line { return flow(line{{"   · ", dim}}, span{}, plain, text, w) }

// field is a line of a preview: a name and its value.
func field(name, value string) line {
	return line{{" " + pad(name, 11) + " ", dim}, {value, plain}}
}

// markedField is a line of a preview: a name, a mark and its word.
func markedField(name string, words line) line {
	return append(line{{" " + pad(name, 11) + " ", dim}}, words...)
}

// hung is a text behind a sign, further lines indented.
func hung(sign string, st style, text string, w int) []line {
	return flow(line{{" " + sign + " ", st}}, span{}, st, text, w)
}

// named is a text behind its name, which is given so many cells.
func named(name string, cells int, st style, text string, w int) []line {
	return flow(line{{" " + pad(name, cells) + " ", dim}}, span{}, st, text, w)
}

// sheet builds the lines of a text with fields.
type sheet struct {
	w     int
	names int // how wide names of fields are; 0: as wide as most are
	lines []line
}

// blank, title, field and list add to the text; a field without a value and a list without texts add nothing.
func (s *sheet) blank() { s.lines = append(s.lines, nil) }

func (s *sheet) title(text string) { s.lines = append(s.lines, nil, styled(bold, " "+text)) }

func (s *sheet) field(name, value string) {
	if value != "" {
		s.lines = append(s.lines, named(name, max(14, s.names), plain, value, s.w)...)
	}
}

func (s *sheet) list(name string, st style, texts []string) {
	if len(texts) == 0 {
		return
	}
	s.title(name)
	for _, x := range texts {
		s.lines = append(s.lines, flow(line{{"   · ", dim}}, span{}, st, x, s.w)...)
	}
}
