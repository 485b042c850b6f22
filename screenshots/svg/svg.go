// Package svg writes a grid of terminal cells as a picture: text stays text, and what terminals draw
// edge to edge (lines of boxes, blocks, bars) is drawn as shapes, so that it joins whatever font the
// reader has. Equal pictures give equal bytes.
package svg

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Picture is one screen. Nothing in it is changed by Write.
type Picture struct {
	Columns, Rows int    // of the grid, in cells
	Background    string // of cells that name none, and of the window: #rrggbb
	Foreground    string // of text that names none: #rrggbb
	Title         string // of the window
	Lines         [][]Run
}

// Run is text of one style, from left to right. A character takes as many cells as in a terminal.
type Run struct {
	Text  string
	Style Style
}

// Style is how a terminal shows a run.
type Style struct {
	FG, BG                                  string // #rrggbb, or "" for the picture's own
	Bold, Faint, Reverse, Underline, Italic bool
}

// Measures in pixels. At 15 pixels the advance of most fixed-width fonts is 9; a cell of 19 pixels has its
// middle on half a pixel, where a line one pixel wide is sharp.
const (
	cellWidth, cellHeight = 9, 19
	fontSize              = 15
	baseline              = 14 // below the top of a cell
	underline             = 16 // likewise
	padding               = 12
	titleHeight           = 30
	corner                = 8
	maxColumns, maxRows   = 1000, 1000
)

// fonts are tried in turn; all of them have the arrows and marks that consoles use.
const fonts = "'JetBrains Mono', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

// Write writes a picture as one SVG document. A line that does not fit the grid, or a colour that is none,
// is an error, and nothing is written; characters that XML does not allow become U+FFFD.
func Write(w io.Writer, p Picture) error {
	rows, err := layOut(p)
	if err != nil {
		return fmt.Errorf("draw %q: %w", p.Title, err)
	}
	var out bytes.Buffer
	frame(&out, p)
	backgrounds(&out, p, rows)
	shapes(&out, p, rows)
	texts(&out, rows)
	out.WriteString("</g>\n</svg>\n")
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write picture %q: %w", p.Title, err)
	}
	return nil
}

// frame opens the document and draws the window: a title between three dots and nothing, and a thin border.
func frame(out *bytes.Buffer, p Picture) {
	width, height := 2*padding+p.Columns*cellWidth, titleHeight+p.Rows*cellHeight+padding
	edge, dim := mix(p.Foreground, p.Background, 25), mix(p.Foreground, p.Background, 60)
	title := clean(p.Title)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width, height, width, height, escape(title))
	fmt.Fprintf(out, "<title>%s</title>\n", escape(title))
	fmt.Fprintf(out, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="%d" fill="%s" stroke="%s"/>`+"\n", width-1, height-1, corner, p.Background, edge)
	for i := range 3 {
		fmt.Fprintf(out, `<circle cx="%d" cy="%d" r="5" fill="%s"/>`+"\n", padding+6+17*i, titleHeight/2, edge)
	}
	if title != "" {
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle" font-family="%s" font-size="12" fill="%s">%s</text>`+"\n", width/2, titleHeight/2+4, fonts, dim, escape(title))
	}
	fmt.Fprintf(out, `<g transform="translate(%d %d)" font-family="%s" font-size="%d" xml:space="preserve">`+"\n", padding, titleHeight, fonts, fontSize)
}

// backgrounds draws what lies behind cells, as few rectangles as there are stretches of one colour.
func backgrounds(out *bytes.Buffer, p Picture, rows [][]cell) {
	for y, row := range rows {
		for x := 0; x < len(row); {
			n := stretch(row[x:], func(a, b cell) bool { return a.bg == b.bg })
			if row[x].bg != p.Background {
				rect(out, x*cellWidth, y*cellHeight, n*cellWidth, cellHeight, row[x].bg)
			}
			x += n
		}
		for x := 0; x < len(row); {
			n := stretch(row[x:], func(a, b cell) bool { return a.underline == b.underline && a.fg == b.fg })
			if row[x].underline {
				rect(out, x*cellWidth, y*cellHeight+underline, n*cellWidth, 1, row[x].fg)
			}
			x += n
		}
	}
}

// stretch is how many cells from the first on are like it.
func stretch(row []cell, like func(a, b cell) bool) int {
	n := 1
	for n < len(row) && like(row[0], row[n]) {
		n++
	}
	return n
}

func rect(out *bytes.Buffer, x, y, width, height int, fill string) {
	fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s" shape-rendering="crispEdges"/>`+"\n", x, y, width, height, fill)
}

// texts writes the characters that are not drawn as shapes. Text in one style is one element, of exactly
// the width of its cells. What a reader's font may lack, and then takes from another one with other
// widths, stands alone, so that it moves nothing beside it.
func texts(out *bytes.Buffer, rows [][]cell) {
	for y, row := range rows {
		for x := 0; x < len(row); {
			if !row[x].isText() || row[x].text == " " {
				x++
				continue
			}
			n := row[x].width
			if row[x].everywhere() {
				n = stretch(row[x:], func(a, b cell) bool { return b.isText() && b.everywhere() && a.sameText(b) })
			}
			var text strings.Builder
			for _, c := range row[x : x+n] {
				text.WriteString(c.text)
			}
			shown := strings.TrimRight(text.String(), " ")
			attributes := ""
			if row[x].bold {
				attributes += ` font-weight="700"`
			}
			if row[x].italic {
				attributes += ` font-style="italic"`
			}
			fmt.Fprintf(out, `<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="%s"%s>%s</text>`+"\n",
				x*cellWidth, y*cellHeight+baseline, (n-(text.Len()-len(shown)))*cellWidth, row[x].fg, attributes, escape(shown))
			x += n
		}
	}
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// mix is percent of one colour over another.
func mix(over, under string, percent int) string {
	var a, b [3]int
	fmt.Sscanf(over, "#%02x%02x%02x", &a[0], &a[1], &a[2])
	fmt.Sscanf(under, "#%02x%02x%02x", &b[0], &b[1], &b[2])
	for i := range a {
		a[i] = (a[i]*percent + b[i]*(100-percent) + 50) / 100
	}
	return fmt.Sprintf("#%02x%02x%02x", a[0], a[1], a[2])
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func escape(s string) string { return escaper.Replace(s) }
