package tui

import (
	tea "charm.land/bubbletea/v2"
)

// quitMsg stands for a quit that came past the keys.
type quitMsg struct{}

// quit leaves, unless jobs run: then it asks.
func (c *console) quit() tea.Cmd {
	running := c.runningJobs()
	c.help, c.command = nil, nil
	if !c.busy() {
		for _, stack := range c.stacks {
			if q := unfinished(stack); q != "" {
				c.dialog = confirm(q, "leave kustody", keys.Yes, func() tea.Cmd { return tea.Quit })
				return nil
			}
		}
		return tea.Quit
	}
	if c.quitting {
		return c.quitAtOnce(running)
	}
	text := jobLines(running)
	text = append(text, nil, say("A job lives in this console and ends with it. Cancelled, it stops in an orderly way: what is written stays, and the same job goes on later."))
	title := "A job is running"
	switch n := len(running); {
	case n > 1:
		title = itoa(n) + " jobs are running"
	case n == 0:
		title = "A job is being started"
	}
	c.dialog = confirm(title, "cancel and quit when stopped", keys.Cancel, func() tea.Cmd { return c.cancelAll() }, text...)
	return nil
}

// leaveIfDone quits a console that only waited for a job to begin, which it did not.
func (c *console) leaveIfDone() tea.Cmd {
	if c.quitting && c.starting == 0 && len(c.runningJobs()) == 0 {
		return tea.Quit
	}
	return nil
}

// busy says that quitting would end a job in its middle.
func (c *console) busy() bool { return c.starting > 0 || len(c.runningJobs()) > 0 }

// quitsSoon is why nothing more is begun.
const quitsSoon = "kustody quits as soon as its jobs have stopped"

// mostListed is how many jobs a question lists.
const mostListed = 6

func jobLines(jobs []*job) []line {
	var out []line
	for i, j := range jobs {
		if i == mostListed {
			return append(out, styled(dim, "… "+itoa(len(jobs)-i)+" more"))
		}
		out = append(out, line{{j.label() + " ", bold}, {j.title, plain}})
	}
	return out
}

// quitAtOnce asks whether to leave without waiting for jobs that were told to stop.
func (c *console) quitAtOnce(running []*job) tea.Cmd {
	text := jobLines(running)
	text = append(text, nil,
		say("They were told to stop, and kustody quits when they have. Left at once, they end in the middle: what is stored whole stays. "+
			"A lock in a folder ends with this process, one in an object store when its lease runs out. The next run of the same job goes on."))
	c.dialog = confirm("Still cancelling", "leave at once", keys.Yes, func() tea.Cmd {
		if c.busy() {
			c.forced = true
		}
		return tea.Quit
	}, text...)
	return nil
}

// stop ends the console because the process was told to: jobs are cancelled without a question, and the
// console waits for them, but not for ever.
func (c *console) stop() tea.Cmd {
	if !c.busy() {
		return tea.Quit
	}
	if c.stopping { // it was waited for long enough
		c.forced = true
		return tea.Quit
	}
	c.stopping, c.dialog = true, nil
	return tea.Batch(c.cancelAll(), c.after(stopPatience, stopMsg{}))
}

// cancelAll cancels every running job; the console ends with the last of them.
func (c *console) cancelAll() tea.Cmd {
	c.quitting = true
	for _, j := range c.runningJobs() {
		j.stop()
	}
	c.note(goodNews, "cancelling; kustody quits when the jobs have stopped")
	return c.poll()
}
