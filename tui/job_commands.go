package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// jobCommands are what can be typed about jobs.
var jobCommands = []command{
	{"job", "N", "one job of this console", func(c *console, args string) tea.Cmd {
		return c.withJob(args, func(j *job) tea.Cmd {
			c.section = sectionJobs
			c.stacks[sectionJobs] = c.stacks[sectionJobs][:1]
			return c.openJob(j)
		})
	}},
	{"cancel", "N", "cancel a job; asks", func(c *console, args string) tea.Cmd {
		return c.withJob(args, func(j *job) tea.Cmd {
			if !j.running() {
				return c.told(j.label() + " has ended already")
			}
			if j.asked {
				return c.told(j.label() + " was told to stop already")
			}
			c.dialog = c.cancelDialog(j)
			return nil
		})
	}},
	{"verify", "", "verify all evidence, as a job", func(c *console, _ string) tea.Cmd { return c.startVerifyAll() }},
	{"check", "[archive]", "check an archive against its documents", func(c *console, args string) tea.Cmd { return c.startArchiveCheck(args, "") }},
}

// withJob finds a job by its number, with or without j-; without one, the only job that runs.
func (c *console) withJob(args string, then func(j *job) tea.Cmd) tea.Cmd {
	args = strings.TrimPrefix(args, "j-")
	if running := c.runningJobs(); args == "" && len(running) == 1 {
		return then(running[0])
	}
	n, err := strconv.Atoi(args)
	if err == nil {
		for _, j := range c.jobs {
			if j.number == n {
				return then(j)
			}
		}
	}
	there := "no job has been started"
	if k := len(c.jobs); k > 0 {
		there = "there are " + c.jobs[0].label() + " to " + c.jobs[k-1].label()
	}
	if k := len(c.jobs); k == 1 {
		there = "there is " + c.jobs[0].label()
	}
	c.note(badNews, "no job "+strconv.Quote(args)+": "+there)
	return nil
}
