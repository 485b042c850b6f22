package tui

import (
	tea "charm.land/bubbletea/v2"
)

// listing is a table with a preview: what the browsing screens have in common. A screen embeds it.
type listing[T any] struct {
	table   table[T]
	preview bool
}

func (l *listing[T]) capturing() bool { return l.table.capturing() }

// asking says that the filter is being typed or that the sort menu is open: both are in the state line.
func (l *listing[T]) asking() bool { return l.table.capturing() }

func (l *listing[T]) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, l.table.press(k)
}

func (l *listing[T]) paste(_ *console, text string) tea.Cmd { l.table.paste(text); return nil }

func (l *listing[T]) wheel(_ *console, down bool) {
	l.table.move(map[bool]int{true: 3, false: -3}[down])
}

func (l *listing[T]) finds() []action { return l.table.finds() }

// togglePreview is what p does.
func (l *listing[T]) togglePreview() tea.Cmd { l.preview = !l.preview; return nil }

// more says how many rows there are below.
func (l *listing[T]) more() line { return line{{l.table.more(), dim}} }

// fitColumns makes columns, by their titles, as wide as their widest cell, but no wider than most.
func (t *table[T]) fitColumns(most int, titles ...string) {
	for i := range t.cols {
		col := &t.cols[i]
		for _, title := range titles {
			if col.title != title {
				continue
			}
			n := width(col.title)
			for _, r := range t.rows {
				n = max(n, width(col.cell(r).text))
			}
			col.min = min(n, most)
		}
	}
}

// drawWith draws the table, and the preview beside or below it unless it is hidden. rows is how many lines
// the preview takes below.
func (l *listing[T]) drawWith(c *console, w, h, below int, aside func(w, h int) []line) body {
	table := func(w, h int) []line { return l.table.draw(c, w, h, true) }
	switch {
	case !l.preview:
		return body{lines: table(w, h)}
	case c.wide():
		return withPreview(c, w, h, table, aside)
	}
	below = max(2, min(below, h/3))
	rows := h - below - 1
	lines := table(w, rows)
	for len(lines) < rows {
		lines = append(lines, nil)
	}
	return body{lines: append(append(lines[:rows:rows], rule(w, -1, -1)), aside(w, below)...)}
}

// field is a line of a preview: a name and its value.
func field(name, value string) line {
	return line{{" " + pad(name, 11) + " ", dim}, {value, plain}}
}

// markedField is a line of a preview: a name, a mark and its word.
func markedField(name string, words line) line {
	return append(line{{" " + pad(name, 11) + " ", dim}}, words...)
}

// hung is a text of several lines with a sign before the first, in a width.
func hung(sign string, style style, text string, w int) []line {
	var out []line
	for i, l := range wrap(style, text, max(10, w-width(sign)-3)) {
		head := repeat(" ", width(sign)+2)
		if i == 0 {
			head = " " + sign + " "
		}
		out = append(out, append(line{{head, style}}, l...))
	}
	return out
}
