package tui

import (
	"sort"
	"strings"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
	"github.com/charmbracelet/x/ansi"
)

// textView shows a text of lines that may be long: it scrolls, wraps, and searches. Bytes are counted in
// the cleaned text of a line.
type textView struct {
	scroller
	lines []line   // cleaned
	texts []string // of lines
	rows  []textRow
	wide  int  // width the rows were made for
	whole bool // lines are not wrapped; left is then the first column
	left  int

	typing bool
	field  input
	term   string
	found  []textMatch
	at     int // of found, the one gone to
}

// textRow is a part of a line on one row of the screen.
type textRow struct{ line, from, to int }

// textMatch is a place where the term stands.
type textMatch struct{ line, from, to int }

// set gives the view its text. Where one is, and what is searched for, stays.
func (v *textView) set(lines []line) {
	v.lines, v.texts, v.wide = make([]line, len(lines)), make([]string, len(lines)), -1
	for i, l := range lines {
		out := make(line, len(l))
		for k, s := range l {
			out[k] = span{clean(s.text), s.style}
		}
		v.lines[i], v.texts[i] = out, out.text()
	}
	v.search(v.term)
}

// lay makes the rows for a width.
func (v *textView) lay(w int) {
	if v.wide == w {
		return
	}
	v.wide, v.rows = w, v.rows[:0]
	for i, text := range v.texts {
		if v.whole || len(text) <= w {
			v.rows = append(v.rows, textRow{i, 0, len(text)})
			continue
		}
		from := 0
		for _, part := range cells(text, w) {
			v.rows = append(v.rows, textRow{i, from, from + len(part)})
			from += len(part)
		}
	}
}

// cells breaks a clean text into parts of at most so many cells, losing nothing.
func cells(text string, w int) []string {
	if width(text) <= w {
		return []string{text}
	}
	return strings.Split(ansi.Hardwrap(text, w, true), "\n")
}

// draw is the part in sight.
func (v *textView) draw(w, h int) []line {
	v.lay(w - 1)
	v.height, v.total = h, len(v.rows)
	v.bound()
	var out []line
	for _, r := range v.rows[v.top:min(len(v.rows), v.top+h)] {
		l := v.row(r)
		if v.whole && v.left > 0 {
			if n := l.width(); n > v.left {
				l = l.cut(v.left, n)
			} else {
				l = nil
			}
		}
		out = append(out, append(line{{" ", plain}}, l...))
	}
	return out
}

// row is one row with what is found in it marked.
func (v *textView) row(r textRow) line {
	var out line
	at := 0
	put := func(s span, from, to int, more style) {
		from, to = max(from, r.from, at), min(to, r.to, at+len(s.text))
		if from < to {
			out = append(out, span{s.text[from-at : to-at], s.style | more})
		}
	}
	first := sort.Search(len(v.found), func(i int) bool {
		return v.found[i].line > r.line || v.found[i].line == r.line && v.found[i].to > r.from
	})
	for _, s := range v.lines[r.line] {
		from := at
		for i := first; i < len(v.found) && v.found[i].line == r.line && v.found[i].from < min(r.to, at+len(s.text)); i++ {
			put(s, from, v.found[i].from, 0)
			mark := reverse
			if i == v.at {
				mark |= bold
			}
			put(s, max(from, v.found[i].from), v.found[i].to, mark)
			from = max(from, v.found[i].to)
		}
		put(s, from, at+len(s.text), 0)
		at += len(s.text)
	}
	return out
}

// lower folds ASCII letters, so that no byte moves.
func lower(s string) string {
	b := []byte(s)
	for i, x := range b {
		if x >= 'A' && x <= 'Z' {
			b[i] = x + 'a' - 'A'
		}
	}
	return string(b)
}

// search finds a term in every line.
func (v *textView) search(term string) {
	v.term, v.found, v.at = term, nil, -1
	term = lower(clean(term))
	if term == "" {
		return
	}
	for i, text := range v.texts {
		text = lower(text)
		for from := 0; ; {
			k := strings.Index(text[from:], term)
			if k < 0 {
				break
			}
			v.found = append(v.found, textMatch{i, from + k, from + k + len(term)})
			from += k + len(term)
		}
	}
}

// next goes to the next match, or the one before, around the end if need be.
func (v *textView) next(step int) bool {
	if len(v.found) == 0 {
		return false
	}
	if v.at < 0 && step > 0 { // the first in sight or after it
		top := textRow{}
		if v.top < len(v.rows) {
			top = v.rows[v.top]
		}
		v.at = sort.Search(len(v.found), func(i int) bool {
			return v.found[i].line > top.line || v.found[i].line == top.line && v.found[i].from >= top.from
		}) - 1
	}
	n := len(v.found)
	v.at = ((v.at+step)%n + n) % n
	m := v.found[v.at]
	row := sort.Search(len(v.rows), func(i int) bool { return v.rows[i].line > m.line || v.rows[i].line == m.line && v.rows[i].to > m.from })
	if row < v.top || row >= v.top+v.height {
		v.top = row - v.height/3
		v.bound()
	}
	if v.whole {
		if col := width(v.texts[m.line][:m.from]); col < v.left || col >= v.left+v.wide {
			v.left = max(0, col-v.wide/3)
		}
	}
	return true
}

// press scrolls and searches.
func (v *textView) press(k tea.KeyPressMsg) bool {
	switch {
	case v.typing:
		v.type_(k)
	case key.Matches(k, keys.Filter):
		v.typing, v.field = true, newInput("")
	case key.Matches(k, keys.Left) && v.whole:
		v.left = max(0, v.left-8)
	case key.Matches(k, keys.Right) && v.whole:
		v.left += 8
	case key.Matches(k, keys.Back) && v.term != "":
		v.search("")
	default:
		return v.scroller.press(k)
	}
	return true
}

func (v *textView) type_(k tea.KeyPressMsg) {
	switch k.String() {
	case "esc":
		v.typing = false
		v.search("")
	case "enter":
		v.typing = false
		v.next(1)
	default:
		v.field.press(k)
		v.search(v.field.value())
	}
}

// status is the search, or where one is.
func (v *textView) status() line {
	switch {
	case v.typing:
		l, _ := v.field.draw(max(16, width(v.field.value())+1), true)
		return append(append(line{{" /", bold}}, l...), span{"  " + itoa(len(v.found)) + " found", dim})
	case v.term != "" && len(v.found) == 0:
		return line{{" nothing here matches that.   ", plain}, {"esc", bold}, {" ends the search", dim}}
	case v.term != "":
		return line{{" match " + itoa(v.at+1) + " of " + itoa(len(v.found)) + "   ", plain}, {"n N", bold}, {" next, previous   ", dim}, {"esc", bold}, {" ends the search", dim}}
	}
	return v.place()
}
