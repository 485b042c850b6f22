package tui

import (
	tea "charm.land/bubbletea/v2"
)

// screen is one place in the console. Its methods are called from the one goroutine of Update and View
// and must not wait: what reads or connects goes through a loader.
type screen interface {
	// name is its word in the breadcrumbs.
	name(c *console) string
	// enter is called each time the screen comes to the front, also when it comes back: it begins to load
	// what is missing.
	enter(c *console) tea.Cmd
	// actions are what can be done, in the order of the footer. Help and dispatch read the same list, so
	// that the footer cannot promise a key that does nothing.
	actions(c *console) []action
	// press takes a key that no action took, and says whether it meant something: movement, typing.
	press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool)
	// draw is the body in exactly the given size; shorter is filled up.
	draw(c *console, w, h int) body
	// state is the line under the body: what there is, on the left, and what hints there are, on the right.
	state(c *console) (left, right line)
}

// body is what a screen draws. Bar is the column of a vertical bar that runs from rule to rule, or of 0
// when there is none: a body never begins with one. BarBelow says that it begins at a rule inside of the
// body, which the body draws, and barAbove that it ends at one.
type body struct {
	lines    []line
	bar      int
	barBelow bool
	barAbove bool
	cursor   *point // where typing goes, counted from the body's corner
}

// point is a cell.
type point struct{ x, y int }

// capturer is a screen that takes typed text now: letters and digits are no commands then.
type capturer interface{ capturing() bool }

// asker is a screen that says by itself whether the state line takes typed text now, so that no message
// may lie over it; of others it does whenever they are capturing.
type asker interface{ asking() bool }

// finder is a screen whose rows or lines can be looked through: by which keys.
type finder interface{ finds() []action }

// stayer is a screen that would lose something if it were left: the question to ask, "" if nothing.
type stayer interface{ question() string }

// copier is a screen with something to copy under its cursor: what it is, and all of it.
type copier interface {
	copied(c *console) (what, text string)
}

// refresher is a screen that can look again.
type refresher interface{ refresh(c *console) tea.Cmd }

// poller is a screen that wants to know when the numbers of jobs have changed.
type poller interface{ polled(c *console) tea.Cmd }

// clicker is a screen with rows that can be pointed at. The point counts from the body's corner.
type clicker interface {
	click(c *console, at point, double bool) tea.Cmd
}

// wheeler is a screen that the wheel moves, so many lines down or up.
type wheeler interface{ wheel(c *console, n int) }

// paster is a screen that takes pasted text now; the others refuse it.
type paster interface {
	paste(c *console, text string) tea.Cmd
}

// section is one of the four parts of the console; each keeps the stack of screens it was left with.
type section int

const (
	sectionBackups section = iota
	sectionJobs
	sectionEvidence
	sectionTopics
	sections
)

var sectionNames = [sections]string{"Backups", "Jobs", "Evidence", "Topics"}

// push opens a screen above the present one.
func (c *console) push(s screen) tea.Cmd {
	c.stacks[c.section] = append(c.stacks[c.section], s)
	return s.enter(c)
}

// replace opens a screen in place of the present one.
func (c *console) replace(s screen) tea.Cmd {
	c.giveUp(c.screen(), false)
	stack := c.stacks[c.section]
	c.stacks[c.section] = append(stack[:len(stack)-1:len(stack)-1], s)
	return s.enter(c)
}

// pop leaves the present screen, and what it waits for. At the top it does nothing.
func (c *console) pop() tea.Cmd {
	stack := c.stacks[c.section]
	if len(stack) < 2 {
		return nil
	}
	c.giveUp(c.screen(), false)
	c.stacks[c.section] = stack[:len(stack)-1]
	return c.screen().enter(c)
}

// visit opens a section as it was left, or at its top when it is the present one.
func (c *console) visit(s section) tea.Cmd {
	top := func() tea.Cmd {
		for _, x := range c.stacks[s][1:] {
			c.giveUp(x, false)
		}
		c.stacks[s] = c.stacks[s][:1]
		return c.screen().enter(c)
	}
	if c.section != s {
		c.section = s
		return c.screen().enter(c)
	}
	if q := unfinished(c.stacks[s]); q != "" {
		c.dialog = confirm(q, "leave it", keys.Yes, top)
		return nil
	}
	return top()
}

// unfinished is the question to ask before a stack of screens is given up, "" if nothing would be lost.
func unfinished(stack []screen) string {
	for i := len(stack) - 1; i >= 0; i-- {
		if s, ok := stack[i].(stayer); ok && s.question() != "" {
			return s.question()
		}
	}
	return ""
}

// screen is the one in front.
func (c *console) screen() screen {
	stack := c.stacks[c.section]
	return stack[len(stack)-1]
}

// leave is what esc does: a filled-in form asks first.
func (c *console) leave() tea.Cmd {
	if s, ok := c.screen().(stayer); ok && s.question() != "" {
		c.dialog = confirm(s.question(), "leave it", keys.Yes, func() tea.Cmd { return c.pop() })
		return nil
	}
	return c.pop()
}
