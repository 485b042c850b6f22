package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// helpBox is the overlay of ?: every key of the screen, those that cannot be used now with the reason.
type helpBox struct {
	title   string
	actions []action
	text    scroller
}

func (c *console) newHelp() *helpBox {
	actions := append(c.screen().actions(c), c.footActions()...)
	return &helpBox{title: "Keys: " + c.screen().name(c), actions: actions}
}

// textKeys are the keys of tables and texts.
func textKeys() []key.Binding {
	return []key.Binding{keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom, keys.Filter, keys.Sort}
}

// pressHelp scrolls; any other key closes it.
func (c *console) pressHelp(k tea.KeyPressMsg) tea.Cmd {
	if !c.help.text.press(k) {
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
	for _, k := range textKeys() {
		row(k.Help().Key, k.Help().Desc, "")
	}
	return out
}

// box draws the overlay.
func (h *helpBox) box(c *console, w, height int) []line {
	all := h.lines()
	shown := h.text.show(all, max(1, height-6))
	foot := line{{"any key", bold}, {" closes this", dim}}
	if len(all) > h.text.height {
		foot = foot.add(bold, "   ↑↓").add(dim, " scroll")
	}
	return frameBox(h.title, append(append([]line{}, shown...), nil, foot), min(76, w-6))
}
