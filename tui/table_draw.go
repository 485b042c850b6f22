package tui

import (
	"strconv"
)

// lead is the room on the left of each row, for the cursor and the mark.
const lead = 3

// draw is the table with its header, in exactly the given size.
func (t *table[T]) draw(c *console, w, h int, focused bool) []line {
	cols, widths := t.layout(w)
	out := []line{t.header(cols, widths)}
	t.height = max(0, h-1)
	t.scroll()
	if len(t.shown) == 0 && len(t.rows) > 0 {
		return append(out, nil, t.noMatch())
	}
	for i := t.top; i < min(t.top+t.height, len(t.shown)); i++ {
		out = append(out, t.row(c, t.rows[t.shown[i]], cols, widths, w, focused && i == t.cursor))
	}
	return out
}

// scroll keeps the cursor in sight.
func (t *table[T]) scroll() {
	if t.cursor < t.top {
		t.top = t.cursor
	}
	if t.cursor >= t.top+t.height {
		t.top = t.cursor - t.height + 1
	}
	t.top = max(0, min(t.top, len(t.shown)-t.height))
}

// layout chooses the columns there is room for, and shares what is left among those that stretch.
func (t *table[T]) layout(w int) (cols, widths []int) {
	for i := range t.cols {
		if !t.cols[i].off {
			cols = append(cols, i)
		}
	}
	need := func() int {
		n := lead
		for _, i := range cols {
			n += t.cols[i].min + 2
		}
		return n - 2
	}
	for need() > w {
		drop, at := 0, -1
		for k, i := range cols {
			if d := t.cols[i].drop; d > drop {
				drop, at = d, k
			}
		}
		if at < 0 {
			break
		}
		cols = append(cols[:at:at], cols[at+1:]...)
	}
	flex := 0
	for _, i := range cols {
		flex += t.cols[i].flex
	}
	left := max(0, w-need())
	for _, i := range cols {
		n := t.cols[i].min
		if flex > 0 && t.cols[i].flex > 0 {
			share := left * t.cols[i].flex / flex
			flex -= t.cols[i].flex
			left -= share
			n += share
		}
		widths = append(widths, n)
	}
	return cols, widths
}

func (t *table[T]) header(cols, widths []int) line {
	l := line{{"   ", dim}}
	for k, i := range cols {
		c := t.cols[i]
		title := c.title
		if t.by == i {
			arrow := " ▲"
			if t.down {
				arrow = " ▼"
			}
			title = short(title, max(0, widths[k]-2)) + arrow
		}
		l = l.add(dim|bold, align(title, widths[k], c.right))
		if k < len(cols)-1 {
			l = l.add(plain, "  ")
		}
	}
	return l
}

func align(s string, w int, right bool) string {
	if right {
		return padLeft(s, w)
	}
	return pad(s, w)
}

// row draws one row. The cursor's row is reversed from end to end in one colour.
func (t *table[T]) row(c *console, r T, cols, widths []int, w int, at bool) line {
	l := make(line, 0, 2*len(cols)+2)
	head := "   "
	switch marked := t.marks[t.id(r)]; {
	case at && marked:
		head = " ▸*"
	case at:
		head = " ▸ "
	case marked:
		head = "  *"
	}
	l = append(l, span{head, accent})
	for k, i := range cols {
		col := t.cols[i]
		s := col.cell(r)
		if col.named {
			s.text = middle(s.text, widths[k])
		}
		l = append(l, span{align(s.text, widths[k], col.right), s.style})
		if k < len(cols)-1 {
			l = append(l, span{"  ", plain})
		}
	}
	if at {
		return l.fit(w).chosen()
	}
	return l
}

// more says how many rows there are below, "" when all are in sight.
func (t *table[T]) more() string {
	if n := len(t.shown) - t.top - t.height; n > 0 {
		return "… " + strconv.Itoa(n) + " more"
	}
	return ""
}

// clickAt puts the cursor on the row at a line of the table and says whether there is one.
func (t *table[T]) clickAt(y int) bool {
	i := t.top + y - 1
	if y < 1 || i >= len(t.shown) || y > t.height {
		return false
	}
	t.cursor = i
	return true
}
