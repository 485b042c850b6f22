package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
)

// work is what the console needs of a job; *engine.Job is one.
type work interface {
	ID() string
	Kind() string
	Snapshot() engine.Snapshot
	EventsSince(seq int) ([]engine.Event, <-chan struct{})
	Cancel()
	Done() <-chan struct{}
	Wait() (engine.Summary, error)
	Report() *evidence.Report
}

// job is one that this console started. Its log is read as a consumer reads: from the position on.
type job struct {
	work
	number  int    // as people call it here: j-1
	title   string // "restore 3 topics from 20261120T… as restore-….*"
	batch   string // the same as a --batch line
	again   string // what to do to go on with it once it was cancelled
	events  []engine.Event
	warned  int // warnings and errors among them
	snap    engine.Snapshot
	summary *engine.Summary  // once it has ended
	asked   bool             // to cancel
	after   func(c *console) // once it has ended, for screens that must look again
}

func (j *job) label() string { return "j-" + itoa(j.number) }

// running says that the job has not ended, as far as this console has seen.
func (j *job) running() bool { return j.summary == nil }

// pollEvery is how often numbers of running jobs are read: a view is drawn for each message, so this is
// how often a busy console draws.
const pollEvery = 100 * time.Millisecond

// pollMsg asks for the numbers of jobs.
type pollMsg struct{}

// begin takes a job in and shows it.
func (c *console) begin(j *job) tea.Cmd {
	c.lastJob++
	j.number = c.lastJob
	j.snap = j.Snapshot()
	c.jobs = append(c.jobs, j)
	return c.poll()
}

// poll schedules the next reading, unless one is under way.
func (c *console) poll() tea.Cmd {
	if c.polling {
		return nil
	}
	c.polling = true
	return c.after(pollEvery, pollMsg{})
}

// polled reads what is new of every running job.
func (c *console) polled() tea.Cmd {
	c.polling = false
	var cmds []tea.Cmd
	busy := false
	for _, j := range c.jobs {
		if !j.running() {
			continue
		}
		cmds = append(cmds, c.read(j))
		busy = busy || j.running()
	}
	if s, ok := c.screen().(poller); ok {
		cmds = append(cmds, s.polled(c))
	}
	if busy {
		cmds = append(cmds, c.poll())
	} else if c.quitting {
		cmds = append(cmds, tea.Quit)
	}
	return tea.Batch(cmds...)
}

// read takes the numbers and the facts of one job.
func (c *console) read(j *job) tea.Cmd {
	j.snap = j.Snapshot()
	events, more := j.EventsSince(len(j.events))
	j.events = append(j.events, events...)
	for _, e := range events {
		if e.Level != engine.LevelInfo {
			j.warned++
		}
	}
	if more != nil {
		return nil
	}
	select { // the summary was the last event; the job seals itself right after it
	case <-j.Done():
	default:
		return nil
	}
	s, _ := j.Wait()
	j.summary = &s
	j.snap = j.Snapshot()
	kind := goodNews
	if s.Exit != engine.ExitDone {
		kind = badNews
	}
	c.note(kind, j.label()+" "+j.Kind()+": "+s.Outcome)
	if j.after != nil {
		j.after(c)
	}
	return c.ring()
}

// ring sounds the terminal's bell: a job has ended.
func (c *console) ring() tea.Cmd {
	if c.quiet {
		return nil
	}
	return tea.Raw("\a")
}

// runningJobs are those that have not ended.
func (c *console) runningJobs() []*job {
	var out []*job
	for _, j := range c.jobs {
		if j.running() {
			out = append(out, j)
		}
	}
	return out
}

// percent is how far a job is, and whether that is known.
func percent(s engine.Snapshot) (float64, bool) {
	if s.Total <= 0 {
		return 0, false
	}
	return min(100, 100*float64(s.Done)/float64(s.Total)), true
}
