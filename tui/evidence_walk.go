package tui

import (
	tea "charm.land/bubbletea/v2"
)

// walk are the rows that one steps through from one row on: those of its series and kind, in order of
// time, what was run again after its slot. A gap is a stop like any other.
type walk struct {
	book *evidenceBook
	rows []evidenceRow
	at   int // -1: the row is not among them
}

// walkFrom finds the row that is asked for among its like.
func (c *console) walkFrom(is func(evidenceRow) bool) walk {
	w := walk{book: c.evidenceBook(), at: -1}
	lane, found := "", false
	for _, r := range w.book.rows {
		if is(r) {
			lane, found = r.lane(), true
		}
	}
	if !found {
		return w
	}
	for _, r := range w.book.rows {
		if r.kind == rowNext || r.lane() != lane {
			continue
		}
		if is(r) {
			w.at = len(w.rows)
		}
		w.rows = append(w.rows, r)
	}
	return w
}

// near is the row so many steps on.
func (w walk) near(step int) (evidenceRow, bool) {
	i := w.at + step
	if w.at < 0 || i < 0 || i >= len(w.rows) {
		return evidenceRow{}, false
	}
	return w.rows[i], true
}

// step opens the row before or after in place of the present screen.
func (c *console) step(w walk, step int) tea.Cmd {
	r, ok := w.near(step)
	if !ok {
		return c.told(map[bool]string{true: "there is nothing before it", false: "there is nothing after it"}[step < 0])
	}
	return c.goTo(r)
}

// stepToProblem opens the next row that somebody has to look at. It goes as the list does, which has the
// newest first: back in time, and around the end.
func (c *console) stepToProblem(w walk, step int) tea.Cmd {
	n := len(w.rows)
	for i := 1; i < n && w.at >= 0; i++ {
		if r := w.rows[((w.at-step*i)%n+n)%n]; w.book.problem(r, c.now()) {
			return c.goTo(r)
		}
	}
	return c.told("nothing else of this series has a problem")
}

// goTo opens a row in place of the present screen, and lets the list follow.
func (c *console) goTo(r evidenceRow) tea.Cmd {
	if s, ok := c.stacks[sectionEvidence][0].(*evidenceScreen); ok && c.section == sectionEvidence {
		s.year = r.year()
		s.show()
		s.table.goTo(r.id())
	}
	if r.reportID != "" {
		return c.replace(&reportScreen{id: r.reportID})
	}
	return c.replace(newGapScreen(r))
}

// neighbours is the line that says what lies before and after.
func (c *console) neighbours(w walk, width int) line {
	side := func(step int) line {
		r, ok := w.near(step)
		if !ok {
			return nil
		}
		m, words := w.book.result(r, c.now())
		name := stamp(r.due())
		if r.kind == rowAgain {
			name += " again"
		}
		return append(line{{name + " ", dim}}, c.theme.word(m, words)...)
	}
	before, after := side(-1), side(1)
	if before == nil {
		before = line{{"nothing before", dim}}
	}
	if after == nil {
		after = line{{"nothing after yet", dim}}
	}
	left := append(line{{" [ ", bold}}, before...)
	return spread(left, append(after, span{" ] ", bold}), width)
}

// walkActions are the keys of stepping.
func (c *console) walkActions(w func() walk) []action {
	return []action{
		can(keys.Around, func() tea.Cmd { return c.step(w(), -1) }).named("slots"),
		can(keys.Next, func() tea.Cmd { return c.step(w(), 1) }).named("the slot after").hidden(),
		can(keys.NextProblem, func() tea.Cmd { return c.stepToProblem(w(), 1) }).named("problem"),
		can(keys.PreviousProblem, func() tea.Cmd { return c.stepToProblem(w(), -1) }).hidden(),
	}
}
