package tui

import (
	tea "charm.land/bubbletea/v2"
)

// The panes of a report.
const (
	paneVerification = iota
	paneReport
	paneFiles
	panes
)

var paneNames = [panes]string{"Verification", "Report", "Files"}

// reportScreen is one report beside its verification.
type reportScreen struct {
	id     string
	check  loader[*reportCheck] // of the report, read again each time it is opened
	pane   int
	step   int // under the cursor
	top    [panes]int
	height [panes]int
	length [panes]int
}

// openReport shows a report, and verifies it.
func (c *console) openReport(id string) tea.Cmd { return c.push(&reportScreen{id: id}) }

func (s *reportScreen) name(c *console) string {
	w := s.walk(c)
	if w.at >= 0 && w.rows[w.at].kind != rowLoose {
		r := w.rows[w.at]
		name := stamp(r.due())
		if r.kind == rowAgain {
			name += " again"
		}
		return name + " › " + s.id
	}
	return s.id
}

func (s *reportScreen) walk(c *console) walk {
	return c.walkFrom(func(r evidenceRow) bool { return r.reportID == s.id })
}

func (s *reportScreen) enter(c *console) tea.Cmd {
	cmds := []tea.Cmd{}
	if !s.check.has && s.check.err == nil {
		cmds = append(cmds, s.verify(c, false))
	}
	return tea.Batch(append(cmds, c.loadLedger(false, nil), c.loadReports(false, nil))...)
}

// verify reads and verifies the report, and the ledger too if it is to be anew.
func (s *reportScreen) verify(c *console, anew bool) tea.Cmd {
	return c.loadCheck(&s.check, s.id, anew, func() tea.Cmd {
		m, words := s.check.value.verdict()
		c.checks[s.id] = checked{c.now(), m, words}
		if r := s.check.value; anew {
			c.takeLedger(r.ledger, r.noLedger, r.ledgerAt)
		}
		return nil
	})
}

// refresh verifies ledger and report anew.
func (s *reportScreen) refresh(c *console) tea.Cmd {
	return tea.Batch(s.verify(c, true), c.loadReports(true, nil))
}

func (s *reportScreen) actions(c *console) []action {
	noStep := "the cursor is not on a step of the verification (tab)"
	if s.pane == paneVerification && s.check.has && s.step < len(s.check.value.steps) {
		noStep = ""
	}
	noEntry := "no entry of the ledger names it"
	if s.check.has && s.check.value.entry != nil {
		noEntry = ""
	}
	unread, busy := "", ""
	if !s.check.has {
		unread = "the report has not been read"
	}
	if s.check.loading {
		busy = "it is being verified"
	}
	out := []action{
		can(keys.Open, func() tea.Cmd { return c.push(&stepScreen{check: s.check.value, at: s.step}) }).named("step").unless(noStep),
		can(keys.Verify, func() tea.Cmd { return s.verify(c, false) }).unless(busy),
		can(keys.Pane, func() tea.Cmd { s.pane = (s.pane + 1) % panes; return nil }).unless(unread),
	}
	out = append(out, c.walkActions(func() walk { return s.walk(c) })...)
	return append(out, can(keys.Ledger, func() tea.Cmd { return c.openEntry(s.check.value.entry.Sequence) }).named("its ledger entry").unless(noEntry).hidden())
}

func (s *reportScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	n, moves := movement(k, s.height[s.pane])
	if moves {
		s.move(n)
	}
	return nil, moves
}

// move goes from step to step, and below the last one through what follows; elsewhere it scrolls.
func (s *reportScreen) move(n int) {
	if s.pane == paneVerification && s.check.has {
		last := len(s.check.value.steps) - 1
		switch {
		case n == 1 && s.step < last && s.step >= 0:
			s.step++
			return
		case n == -1 && s.top[s.pane] == 0 || n == -1 && s.step > 0 && s.top[s.pane] <= s.step:
			s.step = max(0, s.step-1)
			return
		case n < -1:
			s.step = 0
		case n > 1:
			s.step = last
		}
	}
	s.top[s.pane] = max(0, min(s.top[s.pane]+n, s.length[s.pane]-s.height[s.pane]))
}

func (s *reportScreen) copied(c *console) (string, string) {
	if !s.check.has {
		return "", ""
	}
	return "the verdict", s.check.value.paragraph()
}

func (s *reportScreen) wheel(_ *console, n int) { s.top[s.pane] = max(0, s.top[s.pane]+n) }

func (s *reportScreen) state(c *console) (left, right line) {
	if l := s.check.wait(c); l != nil {
		return l, nil
	}
	if !s.check.has {
		return nil, nil
	}
	m, words := s.check.value.verdict()
	left = append(line{{" ", plain}}, c.theme.word(m, words)...)
	if s.check.value.trusted == nil {
		return left, line{{"trust a key with --public-key FILE", warn}}
	}
	return left, line{{"ran " + clockTime(s.check.value.at), dim}}
}
