package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// helpBox is the overlay of ?: every key of the screen, those that cannot be used now with the reason.
type helpBox struct {
	title   string
	actions []action
	top     int
	room    int
}

func (c *console) newHelp() *helpBox {
	actions := append(c.screen().actions(c), c.footActions()...)
	return &helpBox{title: "Keys: " + c.screen().name(c), actions: actions}
}

// movement are the keys of tables and texts.
func movement() []key.Binding {
	return []key.Binding{keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom, keys.Filter, keys.Sort}
}

// pressHelp scrolls; any other key closes it.
func (c *console) pressHelp(k tea.KeyPressMsg) tea.Cmd {
	h := c.help
	switch {
	case key.Matches(k, keys.Down):
		h.top++
	case key.Matches(k, keys.Up):
		h.top = max(0, h.top-1)
	case key.Matches(k, keys.PageDown):
		h.top += max(1, h.room)
	case key.Matches(k, keys.PageUp):
		h.top = max(0, h.top-h.room)
	default:
		c.help = nil
	}
	return nil
}

func (h *helpBox) lines() []line {
	var out []line
	row := func(k, words, off string) {
		l := line{{pad(k, 11), bold}, {words, plain}}
		if off != "" {
			l = line{{pad(k, 11), dim}, {words, dim}, {"  (not here: " + off + ")", dim}}
		}
		out = append(out, l)
	}
	for _, a := range h.actions {
		row(a.key.Help().Key, a.words(), a.off)
	}
	out = append(out, nil, line{{"In tables and texts", dim}})
	for _, k := range movement() {
		row(k.Help().Key, k.Help().Desc, "")
	}
	return out
}

// box draws the overlay.
func (h *helpBox) box(c *console, w, height int) []line {
	all := h.lines()
	h.room = max(1, height-6)
	h.top = max(0, min(h.top, len(all)-h.room))
	shown := all[h.top:min(len(all), h.top+h.room)]
	foot := line{{"any key", bold}, {" closes this", dim}}
	if len(all) > h.room {
		foot = foot.add(bold, "   ↑↓").add(dim, " scroll")
	}
	return frameBox(h.title, append(append([]line{}, shown...), nil, foot), min(76, w-6))
}
