package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// reader is a text that scrolls.
type reader struct {
	top, height, length int
}

// draw is the part of the text that is in sight.
func (r *reader) draw(lines []line, h int) body {
	r.height, r.length = h, len(lines)
	r.top = max(0, min(r.top, len(lines)-h))
	out := append([]line{}, lines[r.top:min(len(lines), r.top+h)]...)
	if n := len(lines) - r.top - h; n > 0 && h > 1 {
		out[h-1] = line{{" ↓ " + itoa(n+1) + " more lines", dim}}
	}
	return body{lines: out}
}

// press scrolls.
func (r *reader) press(k tea.KeyPressMsg) bool {
	page := max(1, r.height-1)
	switch {
	case key.Matches(k, keys.Up):
		r.top--
	case key.Matches(k, keys.Down):
		r.top++
	case key.Matches(k, keys.PageUp):
		r.top -= page
	case key.Matches(k, keys.PageDown):
		r.top += page
	case key.Matches(k, keys.HalfUp):
		r.top -= max(1, page/2)
	case key.Matches(k, keys.HalfDown):
		r.top += max(1, page/2)
	case key.Matches(k, keys.Top):
		r.top = 0
	case key.Matches(k, keys.Bottom):
		r.top = r.length
	default:
		return false
	}
	r.top = max(0, min(r.top, r.length-r.height))
	return true
}

func (r *reader) wheel(down bool) {
	r.top = max(0, min(r.top+map[bool]int{true: 3, false: -3}[down], r.length-r.height))
}
