package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// scroller is where one is in a text of lines.
type scroller struct {
	top, height, total int
}

// farthest is further than any list or text is long.
const farthest = 1 << 30

// movement is how many lines a key moves in a list or a text of which so many are in sight.
func movement(k tea.KeyPressMsg, height int) (n int, moves bool) {
	page := max(1, height-1)
	for _, x := range []struct {
		key key.Binding
		n   int
	}{{keys.Up, -1}, {keys.Down, 1}, {keys.PageUp, -page}, {keys.PageDown, page}, {keys.HalfUp, -max(1, page/2)}, {keys.HalfDown, max(1, page/2)},
		{keys.Top, -farthest}, {keys.Bottom, farthest}} {
		if key.Matches(k, x.key) {
			return x.n, true
		}
	}
	return 0, false
}

// press moves.
func (s *scroller) press(k tea.KeyPressMsg) bool {
	n, moves := movement(k, s.height)
	if moves {
		s.move(n)
	}
	return moves
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
