package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// listing is a table with a preview: what the browsing screens have in common. A screen embeds it.
type listing[T any] struct {
	table   table[T]
	preview bool
}

func (l *listing[T]) capturing() bool { return l.table.capturing() }

func (l *listing[T]) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, l.table.press(k)
}

func (l *listing[T]) paste(_ *console, text string) tea.Cmd { l.table.paste(text); return nil }

func (l *listing[T]) wheel(_ *console, n int) { l.table.move(n) }

// click puts the cursor on a row. Screens whose rows open have a click of their own.
func (l *listing[T]) click(_ *console, at point, _ bool) tea.Cmd {
	l.table.clickAt(at.y)
	return nil
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

// drawWith draws the table, and the preview beside or below it unless it is hidden. below is how many lines
// the preview takes below.
func (l *listing[T]) drawWith(c *console, w, h, below int, aside func(w, h int) []line) body {
	switch {
	case !l.preview:
		return body{lines: l.table.draw(c, w, h, true)}
	case c.wide():
		lw := w - previewWidth - 1
		return body{lines: beside(l.table.draw(c, lw, h, true), lw, aside(previewWidth, h), previewWidth, h), bar: lw}
	}
	below = max(2, min(below, h/3))
	rows := h - below - 1
	return body{lines: append(append(filled(l.table.draw(c, w, rows, true), rows), rule(w, -1, -1)), aside(w, below)...)}
}

// previewWidth is how wide a preview is beside a table; previewHeight how high below it.
const (
	previewWidth  = 41
	previewHeight = 3
)

// mostSentences bounds what a screen draws of a list of sentences: each is broken into lines anew in every
// frame, and nobody reads more.
const mostSentences = 500

// atMost is a list, or as much of it as is drawn, and how many more there are.
func atMost(list []string) []string {
	if n := len(list) - mostSentences; n > 0 {
		return append(slices.Clone(list[:mostSentences]), "… and "+itoa(n)+" more, which --batch lists")
	}
	return list
}
