package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/tui/units"
)

// jobScreen is one job: live while it runs, its summary once it has ended.
type jobScreen struct {
	job      *job
	parts    table[*partRow]
	rows     []partRow
	refs     []*partRow
	shared   string // what all topics begin with
	step     int    // to which that belongs
	moved    bool   // a person has moved in the table: the cursor stays on its partition
	frozen   time.Time
	snap     engine.Snapshot // what is drawn: of now, or of the moment it was frozen
	far      progress
	told     []engine.Event
	text     scroller // of the summary
	showText bool     // the summary, not the partitions
}

// openJob shows a job.
func (c *console) openJob(j *job) tea.Cmd {
	return c.push(newJobScreen(c, j))
}

func newJobScreen(c *console, j *job) *jobScreen {
	return &jobScreen{job: j, parts: newPartsTable(c), showText: true}
}

func (s *jobScreen) name(*console) string {
	mark := ""
	if !s.frozen.IsZero() {
		mark = " (frozen)"
	}
	return s.job.label() + mark + " " + s.job.title
}

func (s *jobScreen) capturing() bool { return s.parts.capturing() }

// finds: the summary of a job that has ended is no table.
func (s *jobScreen) finds() []action {
	if s.summing() {
		return nil
	}
	return s.parts.finds()
}

func (s *jobScreen) enter(c *console) tea.Cmd { return s.polled(c) }

// polled takes the numbers that were read, unless the picture is frozen.
func (s *jobScreen) polled(*console) tea.Cmd {
	if !s.frozen.IsZero() {
		return nil
	}
	same := slices.Equal(s.snap.Partitions, s.job.snap.Partitions)
	s.snap, s.far, s.told = s.job.snap, s.job.far, s.job.told
	if !same || len(s.refs) != len(s.snap.Partitions) {
		s.fill()
	}
	return nil
}

// fill gives the table its rows. Rows that are there already are filled anew: at ten looks a second
// 2,000 of them would be work for the garbage collector only.
func (s *jobScreen) fill() {
	n := len(s.snap.Partitions)
	if len(s.rows) != n || s.step != s.snap.Step {
		s.shared, s.step = sharedStart(s.snap.Partitions), s.snap.Step
		s.rows = make([]partRow, n)
		s.refs = make([]*partRow, n)
		for i := range s.rows {
			s.refs[i] = &s.rows[i]
		}
	}
	for i := range s.rows {
		s.rows[i].take(s.snap.Partitions[i])
		s.rows[i].name, s.rows[i].whole, s.rows[i].rated = s.rows[i].Topic, s.snap.Kind == "verify", s.snap.RecordsPerSecond > 0
		if s.shared != "" {
			s.rows[i].name = ellipsis + s.rows[i].Topic[len(s.shared):]
		}
	}
	s.parts.set(s.refs)
	if !s.moved {
		s.parts.cursor = 0 // on whatever is first: trouble
	}
}

// ended says that the summary is shown.
func (s *jobScreen) ended() bool { return !s.job.running() && s.frozen.IsZero() }

// summing says that the text of the summary has the keys, not the table.
func (s *jobScreen) summing() bool { return s.ended() && (s.showText || len(s.refs) == 0) }

func (s *jobScreen) actions(c *console) []action {
	log := can(keys.Log, func() tea.Cmd { return c.push(newLogScreen(c, s.job, "")) })
	if s.ended() {
		return s.endedActions(c, log)
	}
	off := ""
	switch {
	case !s.job.running():
		off = "it has ended"
	case s.job.asked:
		off = "it was told to stop already"
	}
	freeze := can(keys.Freeze, func() tea.Cmd { return s.freeze(c) })
	if !s.frozen.IsZero() {
		freeze = freeze.named("go on")
	}
	return []action{s.openPart(c), log, can(keys.Cancel, func() tea.Cmd { return s.cancel(c) }).unless(off), freeze,
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }).hidden(), can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden()}
}

// endedActions are what can be done with a job that has ended.
func (s *jobScreen) endedActions(c *console, log action) []action {
	id := s.job.reportID()
	report := func() tea.Cmd { return c.openReport(id) }
	var out []action
	switch {
	case !s.summing():
		out = append(out, s.openPart(c))
	case id != "":
		out = append(out, can(keys.Open, report).named("open the report"))
	}
	if id != "" {
		out = append(out, can(keys.Report, report).hidden())
	}
	if len(s.refs) > 0 {
		words := "partitions"
		if !s.summing() {
			words = "summary"
		}
		out = append(out, can(keys.Pane, func() tea.Cmd { s.showText = !s.showText; return nil }).named(words))
	}
	return append(out, log)
}

func (s *jobScreen) openPart(c *console) action {
	r, ok := s.parts.current()
	none := ""
	if !ok {
		none = "there is no partition under the cursor"
	}
	return can(keys.Open, func() tea.Cmd { return c.push(newJobPartScreen(c, s.job, r.Topic, r.Partition)) }).named("partition").unless(none)
}

// freeze stops the picture, or lets it go on. The job does not notice.
func (s *jobScreen) freeze(c *console) tea.Cmd {
	if s.frozen.IsZero() {
		s.frozen = c.now()
		return nil
	}
	s.frozen = time.Time{}
	return s.polled(c)
}

// seek goes to the next partition that is in trouble.
func (s *jobScreen) seek(c *console, step int) tea.Cmd {
	s.moved = true
	return seekFor(c, &s.parts, step, func(r *partRow) bool { return r.rank <= rankRetrying || r.Retries > 0 }, "no partition is in trouble")
}

// cancel asks before the job is told to stop.
func (s *jobScreen) cancel(c *console) tea.Cmd {
	c.dialog = c.cancelDialog(s.job)
	return nil
}

// cancelDialog asks whether to cancel a job. The key that answers is not the one that asked.
func (c *console) cancelDialog(j *job) *dialog {
	text := []line{{{j.label() + " ", bold}, {j.title, plain}}, nil, say(written(j)), say("To go on: " + j.goOn() + ".")}
	return confirm("Cancel this job?", "cancel the job", keys.Yes, func() tea.Cmd {
		if j.running() {
			j.stop()
			c.note(goodNews, j.label()+": cancelling")
		}
		return c.poll()
	}, text...)
}

// press moves in what is in front.
func (s *jobScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if s.summing() {
		return nil, s.text.press(k)
	}
	before := s.parts.cursor
	taken := s.parts.press(k)
	if key.Matches(k, keys.Top) && !s.parts.capturing() {
		s.moved = false
	} else if s.parts.cursor != before {
		s.moved = true
	}
	return nil, taken
}

func (s *jobScreen) paste(c *console, text string) tea.Cmd { s.parts.paste(text); return nil }

func (s *jobScreen) wheel(_ *console, n int) {
	if s.summing() {
		s.text.move(n)
		return
	}
	s.moved = true
	s.parts.move(n)
}

func (s *jobScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.summing() || !s.parts.clickAt(at.y-s.headHeight(c)) {
		return nil
	}
	s.moved = true
	if double {
		return c.do(s.openPart(c))
	}
	return nil
}

func (s *jobScreen) copied(*console) (string, string) {
	if s.job.batch != "" {
		return "the --batch line", s.job.batch
	}
	return "the job's id", s.job.ID()
}

func (s *jobScreen) state(c *console) (left, right line) {
	if l := s.parts.status(); l != nil && !s.summing() {
		return l, nil
	}
	switch {
	case !s.frozen.IsZero():
		left = line{{" frozen at " + clockTime(s.frozen), warn}, {"   f", bold}, {" goes on", dim}}
	case s.ended():
		return s.endedState()
	case s.parts.by == colState && !s.parts.down && len(s.refs) > 0:
		left = line{{" trouble first (", dim}, {"s", bold}, {" to change)", dim}}
	}
	if s.job.running() {
		right = line{{"the job goes on when you leave this screen", dim}}
		if !c.wide() {
			right = line{{"the job goes on when you leave", dim}}
		}
	}
	return left, right
}

func (s *jobScreen) endedState() (left, right line) {
	if !s.summing() {
		return say(" " + s.parts.found() + ", as they were at the end"), line{{s.parts.more(), dim}}
	}
	if s.text.hidden() > 0 {
		return nil, line{{"… " + units.Count(int64(s.text.hidden()), "more line"), dim}}
	}
	return nil, nil
}
