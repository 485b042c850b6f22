package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// scroller is where one is in a text of lines.
type scroller struct {
	top, height, total int
}

// press moves.
func (s *scroller) press(k tea.KeyPressMsg) bool {
	page := max(1, s.height-1)
	switch {
	case key.Matches(k, keys.Up):
		s.top--
	case key.Matches(k, keys.Down):
		s.top++
	case key.Matches(k, keys.PageUp):
		s.top -= page
	case key.Matches(k, keys.PageDown):
		s.top += page
	case key.Matches(k, keys.HalfUp):
		s.top -= max(1, page/2)
	case key.Matches(k, keys.HalfDown):
		s.top += max(1, page/2)
	case key.Matches(k, keys.Top):
		s.top = 0
	case key.Matches(k, keys.Bottom):
		s.top = s.total
	default:
		return false
	}
	s.bound()
	return true
}

func (s *scroller) bound() { s.top = max(0, min(s.top, s.total-s.height)) }

// show is the part of the lines in sight.
func (s *scroller) show(all []line, h int) []line {
	s.height, s.total = h, len(all)
	s.bound()
	return all[s.top:min(len(all), s.top+h)]
}

// move goes so many lines down, or up.
func (s *scroller) move(n int) {
	s.top += n
	s.bound()
}

// hidden is how many lines are below what is in sight.
func (s *scroller) hidden() int { return max(0, s.total-s.top-s.height) }

// place says which lines are in sight.
func (s *scroller) place() line {
	if s.total <= s.height {
		return nil
	}
	return styled(dim, " lines "+itoa(s.top+1)+"–"+itoa(min(s.total, s.top+s.height))+" of "+itoa(s.total))
}
