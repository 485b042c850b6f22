package tui

// reader is a text that scrolls.
type reader struct{ scroller }

// draw is the part of the text that is in sight.
func (r *reader) draw(lines []line, h int) body {
	out := append([]line{}, r.show(lines, h)...)
	if n := r.hidden(); n > 0 && h > 1 {
		out[h-1] = line{{" ↓ " + itoa(n+1) + " more lines", dim}}
	}
	return body{lines: out}
}
