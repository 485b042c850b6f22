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
	told    []engine.Event // those of them that are worth a line below the job
	warned  int            // warnings and errors among them
	plans   []engine.Event // what is to be done, in its own words; a drill has several
	snap    engine.Snapshot
	summary *engine.Summary  // once it has ended
	asked   bool             // to cancel
	after   func(c *console) // once it has ended, for screens that must look again
	far     progress
	most    int64 // records counted by the step that counted most; a step begins at nothing again
}

// progress is how far the present phase of a job is. The engine freezes the end of what there is to do
// before it begins, but a phase may still learn of more to do: what is shown never goes back.
type progress struct {
	phase   string
	step    int
	percent float64
	known   bool
}

// advance takes the percent of a snapshot.
func (p *progress) advance(s engine.Snapshot) {
	if s.Phase != p.phase || s.Step != p.step {
		*p = progress{phase: s.Phase, step: s.Step}
	}
	if now, known := s.Percent(); known {
		p.percent, p.known = max(p.percent, now), true
	}
}

func (j *job) label() string { return "j-" + itoa(j.number) }

// running says that the job has not ended, as far as this console has seen.
func (j *job) running() bool { return j.summary == nil }

// stop tells the job to end in an orderly way.
func (j *job) stop() {
	j.asked = true
	j.Cancel()
}

// goOn says how to go on with the job once it was cancelled or has failed.
func (j *job) goOn() string {
	return first(j.again, "start it again: what is stored already is not made a second time")
}

// fact is a fact of the plan or, once it has ended, of the summary, as text; "" when there is none.
func (j *job) fact(key string) string {
	if j.summary != nil {
		if v, ok := j.summary.Get(key).(string); ok {
			return v
		}
	}
	for i := len(j.plans) - 1; i >= 0; i-- {
		if v, ok := j.plans[i].Get(key).(string); ok {
			return v
		}
	}
	return ""
}

// reportID is the report that the job wrote, "" none.
func (j *job) reportID() string {
	if j.summary == nil {
		return ""
	}
	return j.fact("report_id")
}

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
	j.far.advance(j.snap)
	c.jobs = append(c.jobs, j)
	if c.quitting { // it was being begun when quitting was asked for
		j.stop()
	}
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
	} else if c.quitting && c.starting == 0 {
		cmds = append(cmds, tea.Quit)
	}
	return tea.Batch(cmds...)
}

// read takes the numbers and the facts of one job.
func (c *console) read(j *job) tea.Cmd {
	j.snap = j.Snapshot()
	j.far.advance(j.snap)
	j.most = max(j.most, j.snap.Records)
	events, more := j.EventsSince(len(j.events))
	j.events = append(j.events, events...)
	for _, e := range events {
		if e.Level != engine.LevelInfo {
			j.warned++
		}
		if e.Level != engine.LevelInfo || !unshown[e.Type] {
			j.told = append(j.told, e)
		}
		if e.Type == "plan" {
			j.plans = append(j.plans, e)
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
	kind := badNews
	m, words := j.end()
	switch m {
	case markOK:
		kind = goodNews
	case markFinding, markAbout, markGap:
		kind = mixedNews
	}
	if s.Exit == engine.ExitFindings && m == markFinding {
		words = s.Outcome
	}
	c.note(kind, j.label()+" "+j.Kind()+": "+words)
	if j.after != nil {
		j.after(c)
	}
	return tea.Batch(c.ring(), c.outdated(j))
}

// writes are the kinds of jobs after which backups, reports, ledger and topics are not what they were.
var writes = map[string]bool{"backup": true, "restore": true, "restore finish": true, "drill": true, "validation": true}

// outdated has what a job may have changed read again as soon as a screen that shows it is in front.
func (c *console) outdated(j *job) tea.Cmd {
	if !writes[j.Kind()] {
		return nil
	}
	c.data.backups.stale, c.data.reports.stale, c.data.ledger.stale = true, true, true
	c.data.topics.stale, c.data.holders.stale = true, true
	if len(c.stacks[c.section]) > 1 {
		return nil // a wizard, a run, a job: they are not pulled from under who looks at them
	}
	return c.screen().enter(c)
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
