package svg

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// shape is what a character is drawn as: arms from the middle of the cell to its sides, a rounded corner,
// or a part of the cell filled.
type shape struct {
	up, right, down, left int // width of each arm in pixels; 0: none
	round                 bool
	parts                 []part
	shade                 int // percent of the colour in parts
}

// part is a rectangle in eighths of a cell.
type part struct{ x, y, width, height int }

var drawn = lineShapes()

// lineShapes is the table of all shapes: boxes of light and heavy lines (rounded ones too), and blocks.
func lineShapes() map[rune]shape {
	m := map[rune]shape{}
	// The arms of each character, in the order up, right, down, left.
	const arms = "─0101 ━0202 │1010 ┃2020 ┌0110 ┍0210 ┎0120 ┏0220 ┐0011 ┑0012 ┒0021 ┓0022 └1100 ┕1200 ┖2100 ┗2200 " +
		"┘1001 ┙1002 ┚2001 ┛2002 ├1110 ┝1210 ┞2110 ┟1120 ┠2120 ┡2210 ┢1220 ┣2220 ┤1011 ┥1012 ┦2011 ┧1021 " +
		"┨2021 ┩2012 ┪1022 ┫2022 ┬0111 ┭0112 ┮0211 ┯0212 ┰0121 ┱0122 ┲0221 ┳0222 ┴1101 ┵1102 ┶1201 ┷1202 " +
		"┸2101 ┹2102 ┺2201 ┻2202 ┼1111 ┽1112 ┾1211 ┿1212 ╀2111 ╁1121 ╂2121 ╃2112 ╄2211 ╅1122 ╆1221 ╇2212 " +
		"╈1222 ╉2122 ╊2221 ╋2222 ╴0001 ╵1000 ╶0100 ╷0010 ╸0002 ╹2000 ╺0200 ╻0020 ╼0201 ╽1020 ╾0102 ╿2010 "
	runes := []rune(arms)
	for i := 0; i+5 < len(runes); i += 6 {
		a := func(n int) int { return int(runes[i+n] - '0') }
		m[runes[i]] = shape{up: a(1), right: a(2), down: a(3), left: a(4)}
	}
	for r, like := range map[rune]rune{'╭': '┌', '╮': '┐', '╰': '└', '╯': '┘'} {
		s := m[like]
		s.round = true
		m[r] = s
	}
	block := func(r rune, shade int, parts ...part) { m[r] = shape{parts: parts, shade: shade} }
	for n := range 8 {
		block('▁'+rune(n), 100, part{0, 7 - n, 8, n + 1}) // up to █
	}
	for n := range 7 {
		block('▉'+rune(n), 100, part{0, 0, 7 - n, 8}) // down to ▏
	}
	block('▀', 100, part{0, 0, 8, 4})
	block('▐', 100, part{4, 0, 4, 8})
	block('▔', 100, part{0, 0, 8, 1})
	block('▕', 100, part{7, 0, 1, 8})
	for n, r := range []rune("░▒▓") {
		block(r, 25*(n+1), part{0, 0, 8, 8})
	}
	for r, quarters := range map[rune]string{'▖': "l", '▗': "r", '▘': "L", '▝': "R", '▙': "Llr", '▚': "Lr", '▛': "LRl", '▜': "LRr", '▞': "Rl", '▟': "Rlr"} {
		var parts []part
		for _, q := range quarters {
			parts = append(parts, map[rune]part{'L': {0, 0, 4, 4}, 'R': {4, 0, 4, 4}, 'l': {0, 4, 4, 4}, 'r': {4, 4, 4, 4}}[q])
		}
		block(r, 100, parts...)
	}
	return m
}

// shapeOf is the shape of a character that is drawn as one.
func shapeOf(text string) (shape, bool) {
	r, size := utf8.DecodeRuneInString(text)
	if size != len(text) {
		return shape{}, false
	}
	s, ok := drawn[r]
	return s, ok
}

// shapes draws lines and blocks of the whole picture.
func shapes(out *bytes.Buffer, p Picture, rows [][]cell) {
	l := lines{}
	for y, row := range rows {
		for x := 0; x < len(row); {
			s, ok := shapeOf(row[x].text)
			n := stretch(row[x:], func(a, b cell) bool { return a.text == b.text && a.fg == b.fg && a.bg == b.bg })
			switch {
			case !ok:
			case len(s.parts) == 0:
				for i := range n {
					l.add(s, (x+i)*cellWidth, y*cellHeight, row[x].fg)
				}
			case s.parts[0].width == 8:
				fill(out, s, x, y, n, row[x])
			default:
				for i := range n {
					fill(out, s, x+i, y, 1, row[x])
				}
			}
			x += n
		}
	}
	l.draw(out)
}

// fill draws the parts of a block, over n cells if they are as wide as the cell.
func fill(out *bytes.Buffer, s shape, x, y, n int, c cell) {
	eighths := func(size, n int) int { return (2*size*n + 8) / 16 } // rounded
	for _, a := range s.parts {
		left, right := eighths(cellWidth, a.x), eighths(cellWidth, a.x+a.width)
		top, bottom := eighths(cellHeight, a.y), eighths(cellHeight, a.y+a.height)
		rect(out, x*cellWidth+left, y*cellHeight+top, (n-1)*cellWidth+right-left, bottom-top, mix(c.fg, c.bg, s.shade))
	}
}

// pen is what lines are drawn with.
type pen struct {
	colour string
	width  int
}

// line is a stretch of a horizontal or vertical line, in half pixels.
type line struct {
	vertical     bool
	at, from, to int // at is its y, or its x if it is vertical
}

// lines collects the lines of a picture by pen, so that each that runs through several cells is one.
type lines map[pen]*strokes

type strokes struct {
	straight []line
	round    []string
}

// Half the size of a cell and its middle, in half pixels.
const middleX, middleY, curve = cellWidth, cellHeight, 8

// add takes a cell's arms. An arm reaches over the middle by half its width, so that corners are full.
func (l lines) add(s shape, x, y int, colour string) {
	x, y = 2*x, 2*y
	cx, cy := x+middleX, y+middleY
	if s.round {
		l.addRound(s, x, y, colour)
		return
	}
	heavy := max(s.up, s.right, s.down, s.left)
	for _, a := range []struct {
		width int
		line
	}{
		{s.up, line{true, cx, y, cy + heavy}},
		{s.down, line{true, cx, cy - heavy, y + 2*cellHeight}},
		{s.left, line{false, cy, x, cx + heavy}},
		{s.right, line{false, cy, cx - heavy, x + 2*cellWidth}},
	} {
		if a.width == 0 {
			continue
		}
		if alone := max(s.up, s.down) == 0 || max(s.left, s.right) == 0; alone && a.line.reaches(cx, cy) {
			a.line = a.line.upTo(cx, cy) // the end of a line, or the middle of one: nothing to fill
		}
		l.with(pen{colour, a.width}).straight = append(l.with(pen{colour, a.width}).straight, a.line)
	}
}

// reaches says whether a line passes the middle of its cell.
func (a line) reaches(cx, cy int) bool {
	m := cy
	if !a.vertical {
		m = cx
	}
	return a.from < m && a.to > m
}

// upTo cuts a line at the middle of its cell, on the side where it is short.
func (a line) upTo(cx, cy int) line {
	m := cy
	if !a.vertical {
		m = cx
	}
	if m-a.from < a.to-m {
		a.from = m
	} else {
		a.to = m
	}
	return a
}

func (l lines) with(p pen) *strokes {
	if l[p] == nil {
		l[p] = &strokes{}
	}
	return l[p]
}

// addRound takes a rounded corner: two short arms and a quarter of a circle between them.
func (l lines) addRound(s shape, x, y int, colour string) {
	cx, cy := x+middleX, y+middleY
	endX, endY, stepX, stepY := x, y, -curve, -curve
	if s.right > 0 {
		endX, stepX = x+2*cellWidth, curve
	}
	if s.down > 0 {
		endY, stepY = y+2*cellHeight, curve
	}
	to := l.with(pen{colour, 1})
	to.round = append(to.round, fmt.Sprintf("M%s %sV%sQ%s %s %s %sH%s", half(cx), half(endY), half(cy+stepY), half(cx), half(cy), half(cx+stepX), half(cy), half(endX)))
}

// draw writes one path for each pen: lines that touch as one, then the corners.
func (l lines) draw(out *bytes.Buffer) {
	pens := slices.SortedFunc(maps.Keys(l), func(a, b pen) int { return cmp.Or(cmp.Compare(a.colour, b.colour), cmp.Compare(a.width, b.width)) })
	for _, p := range pens {
		s := l[p]
		fmt.Fprintf(out, `<path fill="none" stroke="%s" stroke-width="%d" d="`, p.colour, p.width)
		for _, a := range joined(s.straight) {
			if a.vertical {
				fmt.Fprintf(out, "M%s %sV%s", half(a.at), half(a.from), half(a.to))
			} else {
				fmt.Fprintf(out, "M%s %sH%s", half(a.from), half(a.at), half(a.to))
			}
		}
		for _, r := range s.round {
			out.WriteString(r)
		}
		out.WriteString("\"/>\n")
	}
}

// joined makes one line of those that touch or overlap.
func joined(all []line) []line {
	slices.SortFunc(all, func(a, b line) int {
		direction := func(l line) int {
			if l.vertical {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(direction(a), direction(b)), cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var out []line
	for _, a := range all {
		if n := len(out); n > 0 && out[n-1].vertical == a.vertical && out[n-1].at == a.at && a.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, a.to)
			continue
		}
		out = append(out, a)
	}
	return out
}

// half writes a number of half pixels.
func half(n int) string {
	if n%2 == 0 {
		return fmt.Sprint(n / 2)
	}
	return fmt.Sprintf("%d.5", n/2)
}
