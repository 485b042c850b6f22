package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// helpBox is the overlay of ?: every key of the screen, those that cannot be used now with the reason.
type helpBox struct {
	title   string
	actions []action
	finds   []action // of looking through the rows
	text    scroller
}

func (c *console) newHelp() *helpBox {
	h := &helpBox{title: "Keys: " + c.screen().name(c), actions: append(c.screen().actions(c), c.footActions()...)}
	if s, ok := c.screen().(finder); ok && !capturing(c.screen()) {
		h.finds = s.finds()
		h.actions = slices.DeleteFunc(h.actions, func(a action) bool {
			return slices.ContainsFunc(h.finds, func(f action) bool { return f.key.Help().Key == a.key.Help().Key })
		})
	}
	return h
}

// textKeys are the keys of tables and texts.
func textKeys() []key.Binding {
	return []key.Binding{keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom}
}

// pressHelp scrolls; any other key closes it.
func (c *console) pressHelp(k tea.KeyPressMsg) tea.Cmd {
	if !c.help.text.press(k) {
		c.help = nil
	}
	return nil
}

// lines are the keys in so many cells; a reason that is long goes on below.
func (h *helpBox) lines(w int) []line {
	var out []line
	row := func(k, words, off string) {
		if off == "" {
			out = append(out, line{{pad(k, 11), bold}, {words, plain}})
			return
		}
		for i, l := range wrap(dim, words+"  (not here: "+off+")", w-11) {
			head := span{pad(k, 11), dim}
			if i > 0 {
				head = span{repeat(" ", 13), dim}
			}
			out = append(out, append(line{head}, l...))
		}
	}
	for _, a := range h.actions {
		row(a.key.Help().Key, a.words(), a.off)
	}
	out = append(out, nil, line{{"In tables and texts", dim}})
	for _, k := range textKeys() {
		row(k.Help().Key, k.Help().Desc, "")
	}
	for _, a := range h.finds {
		row(a.key.Help().Key, a.words(), "")
	}
	return out
}

// box draws the overlay.
func (h *helpBox) box(c *console, w, height int) []line {
	inner := min(76, w-6)
	all := h.lines(inner - 4)
	shown := h.text.show(all, max(1, height-6))
	foot := line{{"any key", bold}, {" closes this", dim}}
	if len(all) > h.text.height {
		foot = foot.add(bold, "   ↑↓").add(dim, " scroll")
	}
	return frameBox(h.title, append(append([]line{}, shown...), nil, foot), inner)
}
