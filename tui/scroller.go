package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// scroller shows a text that may be longer than its room.
type scroller struct {
	top, room, length int
}

// draw is the part of the lines that is in sight.
func (s *scroller) draw(lines []line, h int) []line {
	s.room, s.length = max(0, h), len(lines)
	s.move(0)
	return lines[s.top:min(len(lines), s.top+s.room)]
}

// hidden is how many lines are below what is in sight.
func (s *scroller) hidden() int { return max(0, s.length-s.top-s.room) }

func (s *scroller) move(n int) { s.top = max(0, min(s.top+n, s.length-s.room)) }

func (s *scroller) press(k tea.KeyPressMsg) bool {
	page := max(1, s.room-1)
	switch {
	case key.Matches(k, keys.Up):
		s.move(-1)
	case key.Matches(k, keys.Down):
		s.move(1)
	case key.Matches(k, keys.PageUp):
		s.move(-page)
	case key.Matches(k, keys.PageDown):
		s.move(page)
	case key.Matches(k, keys.HalfUp):
		s.move(-max(1, page/2))
	case key.Matches(k, keys.HalfDown):
		s.move(max(1, page/2))
	case key.Matches(k, keys.Top):
		s.move(-s.length)
	case key.Matches(k, keys.Bottom):
		s.move(s.length)
	default:
		return false
	}
	return true
}
