package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// offersScreen is the first page where there is no configuration: what can be looked at, or made.
type offersScreen struct {
	at     int
	asking bool // a text is typed for the offer under the cursor
	field  input
	taken  loader[Desk]
	busy   int    // the offer that is being taken
	typed  string // for it
}

// firstScreen is the top of the first section.
func (c *console) firstScreen() screen {
	if len(c.desk.Offers) > 0 {
		return &offersScreen{}
	}
	return newBackupsScreen(c)
}

// useDesk goes on with another desk: nothing that was read of the old one stays. Jobs do.
func (c *console) useDesk(d Desk) tea.Cmd {
	d.fill()
	c.data.backups.drop()
	c.data.reports.drop()
	c.data.ledger.drop()
	c.data.topics.drop()
	c.data.holders.drop()
	c.verified = nil
	clear(c.checks)
	c.desk, c.section, c.toast = d, sectionBackups, nil
	c.startScreens()
	return c.arrive()
}

func (s *offersScreen) name(*console) string   { return "Welcome" }
func (s *offersScreen) capturing() bool        { return s.asking }
func (s *offersScreen) enter(*console) tea.Cmd { return nil }

// refresh tries again what did not work. What was typed for it can be mended first.
func (s *offersScreen) refresh(c *console) tea.Cmd {
	if s.taken.err == nil || s.taken.loading {
		return nil
	}
	cmd := s.take(c, s.busy)
	if s.asking {
		s.field.set(s.typed)
	}
	return cmd
}

func (s *offersScreen) actions(c *console) []action {
	busy := ""
	if s.taken.loading {
		busy = "it is being done"
	}
	out := []action{can(keys.Open, func() tea.Cmd { return s.take(c, s.at) }).named("take").unless(busy)}
	for i, o := range c.desk.Offers {
		out = append(out, can(bind(o.Key, o.Title, o.Key), func() tea.Cmd { return s.take(c, i) }).unless(busy).hidden())
	}
	return out
}

// take does what an offer says, or asks for its text first.
func (s *offersScreen) take(c *console, i int) tea.Cmd {
	s.at = i
	o := c.desk.Offers[i]
	if o.Ask != "" {
		s.asking, s.field = true, newInput("")
		return nil
	}
	return s.begin(c, "")
}

// begin carries the offer out. The console waits for it as for anything that is read: esc gives it up.
func (s *offersScreen) begin(c *console, typed string) tea.Cmd {
	s.asking, s.busy = false, s.at
	s.typed = typed
	o := c.desk.Offers[s.at]
	return s.taken.load(c, o.Title, func(ctx context.Context) (Desk, error) { return o.Take(ctx, typed) }, func() tea.Cmd {
		return c.useDesk(s.taken.value)
	})
}

func (s *offersScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if s.asking {
		switch k.String() {
		case "esc":
			s.asking = false
		case "enter":
			if s.field.value() == "" {
				return nil, true
			}
			return s.begin(c, s.field.value()), true
		default:
			s.field.press(k)
		}
		return nil, true
	}
	switch k.String() {
	case "up", "k":
		s.at = max(0, s.at-1)
	case "down", "j":
		s.at = min(len(c.desk.Offers)-1, s.at+1)
	case "esc":
		return nil, s.taken.stop()
	default:
		return nil, false
	}
	return nil, true
}

func (s *offersScreen) paste(c *console, text string) tea.Cmd {
	if s.asking {
		s.field.paste(text)
	}
	return nil
}

func (s *offersScreen) draw(c *console, w, h int) body {
	if b := s.page(c, w, false); len(b.lines) <= h {
		return b
	}
	return s.page(c, w, true)
}

// page draws the offers; where it is low, only the one under the cursor is explained.
func (s *offersScreen) page(c *console, w int, low bool) body {
	out := []line{nil}
	for _, l := range wrap(bold, "Nothing is configured here yet. What would you like to look at?", w-2) {
		out = append(out, append(line{{" ", plain}}, l...))
	}
	out = append(out, nil)
	b := body{}
	for i, o := range c.desk.Offers {
		head := line{{"   ", plain}, {pad(o.Key, 3), bold}, {o.Title, bold}}
		if i == s.at {
			head = line{{" ▸ ", accent}, {pad(o.Key, 3), accent | bold}, {o.Title, accent | bold}}
		}
		out = append(out, head)
		if low && i != s.at {
			continue
		}
		for _, l := range wrap(plain, o.Text, max(10, min(w, 100)-8)) {
			out = append(out, append(line{{"      ", plain}}, l...))
		}
		if i == s.at && s.asking {
			l, at := s.field.draw(max(10, min(w, 100)-len("      ")-width(o.Ask)-4), true)
			out = append(out, append(line{{"      " + o.Ask + ": ", dim}}, l...))
			b.cursor = &point{6 + width(o.Ask) + 2 + at, len(out) - 1}
		}
		if !low {
			out = append(out, nil)
		}
	}
	b.lines = append(out, s.progress(c, w)...)
	return b
}

// progress is what the offer does just now, or why it failed.
func (s *offersScreen) progress(c *console, w int) []line {
	switch {
	case s.taken.loading:
		o := c.desk.Offers[s.busy]
		text := o.Title + " …"
		if o.Progress != nil {
			text = first(o.Progress(), text)
		}
		return []line{{{" " + c.spinner() + " ", accent}, {text, plain}, {"   esc", bold}, {" gives it up", dim}}}
	case s.taken.err != nil:
		return c.failure(c.desk.Offers[s.busy].Title+": that did not work.", s.taken.err, w)
	}
	return nil
}

func (s *offersScreen) state(c *console) (left, right line) {
	if s.asking {
		return line{{" enter", bold}, {" goes on   ", dim}, {"esc", bold}, {" back", dim}}, nil
	}
	return nil, nil
}
