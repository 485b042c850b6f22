package svg

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// cell is one place of the grid, with its colours resolved. The second half of a wide character is a cell
// without text.
type cell struct {
	text                    string
	width                   int // 1 or 2; 0 for a second half
	fg, bg                  string
	bold, italic, underline bool
}

// layOut puts the lines on a grid, and fills it up with empty cells.
func layOut(p Picture) ([][]cell, error) {
	if p.Columns < 1 || p.Columns > maxColumns || p.Rows < 1 || p.Rows > maxRows {
		return nil, fmt.Errorf("a grid of %d columns and %d rows: from 1 to %d and %d", p.Columns, p.Rows, maxColumns, maxRows)
	}
	if !colour.MatchString(p.Background) || !colour.MatchString(p.Foreground) {
		return nil, fmt.Errorf("background %q and foreground %q: both must be #rrggbb", p.Background, p.Foreground)
	}
	if len(p.Lines) > p.Rows {
		return nil, fmt.Errorf("%d lines in %d rows", len(p.Lines), p.Rows)
	}
	rows := make([][]cell, p.Rows)
	for y := range rows {
		if y < len(p.Lines) {
			for _, r := range p.Lines[y] {
				var err error
				if rows[y], err = put(rows[y], r, p); err != nil {
					return nil, fmt.Errorf("line %d: %w", y, err)
				}
			}
		}
		if n := len(rows[y]); n > p.Columns {
			return nil, fmt.Errorf("line %d takes %d columns of %d", y, n, p.Columns)
		}
		for len(rows[y]) < p.Columns {
			rows[y] = append(rows[y], cell{text: " ", width: 1, fg: p.Foreground, bg: p.Background})
		}
	}
	return rows, nil
}

// put appends the cells of a run. What takes no place of its own, as an accent that follows its letter,
// goes with the cell before it.
func put(row []cell, r Run, p Picture) ([]cell, error) {
	c, err := r.Style.resolve(p)
	if err != nil {
		return nil, err
	}
	for text := clean(r.Text); text != ""; {
		cluster, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		text = text[len(cluster):]
		if width <= 0 {
			if n := len(row); n > 0 {
				for row[n-1].width == 0 {
					n--
				}
				row[n-1].text += cluster
			}
			continue
		}
		c.text, c.width = cluster, width
		row = append(row, c)
		for range width - 1 {
			half := c
			half.text, half.width = "", 0
			row = append(row, half)
		}
	}
	return row, nil
}

// resolve turns a style into colours, as most terminals do: faint dims the text, then reverse exchanges.
func (s Style) resolve(p Picture) (cell, error) {
	c := cell{fg: s.FG, bg: s.BG, bold: s.Bold, italic: s.Italic, underline: s.Underline}
	if c.fg == "" {
		c.fg = p.Foreground
	}
	if c.bg == "" {
		c.bg = p.Background
	}
	if !colour.MatchString(c.fg) || !colour.MatchString(c.bg) {
		return c, fmt.Errorf("colours %q on %q: both must be #rrggbb", c.fg, c.bg)
	}
	if s.Faint {
		c.fg = mix(c.fg, c.bg, 55)
	}
	if s.Reverse {
		c.fg, c.bg = c.bg, c.fg
	}
	return c, nil
}

// isText says whether a cell has a character that is not drawn as a shape.
func (c cell) isText() bool {
	if c.width == 0 {
		return false
	}
	_, drawn := shapeOf(c.text)
	return !drawn
}

// everywhere says whether any fixed-width font has the character in its usual width: Latin letters, and
// what is used between them.
func (c cell) everywhere() bool {
	r, size := utf8.DecodeRuneInString(c.text)
	return size == len(c.text) && c.width == 1 && (r < 0x180 || strings.ContainsRune("–—‘’“”…", r))
}

// sameText says whether two cells can be one text.
func (c cell) sameText(d cell) bool {
	return c.fg == d.fg && c.bold == d.bold && c.italic == d.italic
}

// clean replaces what XML does not allow, and what moves a terminal's cursor: in a grid it is a mistake,
// and is shown as one.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0xfffe && r <= 0xffff, r >= 0xd800 && r < 0xe000, r > utf8.MaxRune:
			return utf8.RuneError
		}
		return r // what is no UTF-8 comes as utf8.RuneError
	}, s)
}
