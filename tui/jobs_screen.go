package tui

import (
	"math"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/tui/units"
)

// lookEvery is how often the locks of others are looked at while the list of jobs is in front: it is a
// few requests to the store.
const lookEvery = 10 * time.Second

// jobsScreen lists the jobs of this console and, below them, those of others that hold a lock.
type jobsScreen struct {
	own    table[*job]
	others table[engine.Holding]
	below  bool // the keys go to the others
	top    int  // line of the body on which the others begin
	turn   int  // tells the look that is due from earlier ones
}

func newJobsScreen(c *console) screen {
	s := &jobsScreen{}
	s.own = newTable("job", func(j *job) string { return j.label() }, func(j *job) string { return j.label() + " " + j.Kind() + " " + j.title + " " + c.jobState(j).text() },
		column[*job]{title: "JOB", min: 5, cell: func(j *job) span { return span{j.label(), plain} }},
		column[*job]{title: "KIND", min: 10, drop: 5, sort: 'k', less: compare(func(j *job) string { return j.Kind() }),
			cell: func(j *job) span { return span{j.Kind(), plain} }},
		column[*job]{title: "WHAT", min: 16, flex: 1, cell: func(j *job) span { return span{j.title, plain} }},
		column[*job]{title: "STATE", min: 14, sort: 'e', less: compare(func(j *job) string { return c.jobState(j).text() }),
			cell: func(j *job) span { l := c.jobState(j); return span{l.text(), l[1].style | badge} }},
		column[*job]{title: "DONE", min: 15, drop: 3, cell: func(j *job) span { return jobBar(j) }},
		column[*job]{title: "RECORDS", min: 12, right: true, drop: 6, sort: 'r', less: compare(func(j *job) int64 { return j.recordsDone() }),
			cell: recordsCell},
		column[*job]{title: "STARTED", min: 8, drop: 4, sort: 's', less: compare(func(j *job) int64 { return j.snap.Started.UnixNano() }),
			cell: func(j *job) span { return span{clockTime(j.snap.Started), dim} }},
		column[*job]{title: "TOOK", min: 7, right: true, drop: 2, cell: func(j *job) span { return span{units.Span(j.took(c.now())), plain} }},
		column[*job]{title: "WARN", min: 4, right: true, drop: 1, sort: 'w', less: compare(func(j *job) int { return j.warned }), cell: warnCell})
	s.others = newHoldingsTable(c)
	return s
}

func recordsCell(j *job) span {
	if j.Kind() == "verify" { // what it counts are objects
		return span{"—", dim}
	}
	return span{units.Thousands(j.recordsDone()), plain}
}

func warnCell(j *job) span {
	if j.warned == 0 {
		return span{"0", dim}
	}
	return span{itoa(j.warned), warn}
}

// jobBar is how far a job is: its present step while it runs, all of it once it is done.
func jobBar(j *job) span {
	switch {
	case j.summary != nil && (j.summary.Exit == engine.ExitDone || j.summary.Exit == engine.ExitFindings):
		return span{smallBar(100, 10), plain}
	case j.far.known:
		return span{smallBar(math.Floor(j.far.percent), 10), plain}
	default:
		return span{repeat("░", 10) + "    —", dim}
	}
}

// recordsDone is how many records the job has counted: at its end what it says itself.
func (j *job) recordsDone() int64 {
	if j.summary != nil {
		if n, ok := j.summary.Get("records").(int64); ok {
			return n
		}
	}
	return j.most
}

// took is how long the job has run.
func (j *job) took(now time.Time) time.Duration {
	if j.summary != nil {
		return j.summary.Finished.Sub(j.summary.Started)
	}
	return now.Sub(j.snap.Started).Truncate(time.Second)
}

func (s *jobsScreen) name(*console) string { return "Jobs" }

func (s *jobsScreen) capturing() bool { return s.own.capturing() || s.others.capturing() }
func (s *jobsScreen) finds() []action { return s.own.finds() }

// lower says that the keys go to the lower table: it has been chosen, or it is the only one with rows.
func (s *jobsScreen) lower() bool {
	return len(s.others.rows) > 0 && (s.below || len(s.own.rows) == 0)
}

func (s *jobsScreen) enter(c *console) tea.Cmd {
	s.fill(c)
	return tea.Batch(s.look(c), s.again(c))
}

func (s *jobsScreen) refresh(c *console) tea.Cmd { return s.look(c) }

func (s *jobsScreen) polled(c *console) tea.Cmd { s.fill(c); return nil }

// look reads who holds locks.
func (s *jobsScreen) look(c *console) tea.Cmd {
	if c.desk.Archive == nil {
		return nil
	}
	return c.loadHolders(true, func() tea.Cmd { s.fill(c); return nil })
}

// again looks once more after a while, as long as the screen is in front.
func (s *jobsScreen) again(c *console) tea.Cmd {
	s.turn++
	turn := s.turn
	return c.after(lookEvery, doneMsg{func() tea.Cmd {
		if s.turn != turn || c.screen() != screen(s) {
			return nil
		}
		if c.data.holders.err != nil { // said once; R tries again
			return s.again(c)
		}
		return tea.Batch(s.look(c), s.again(c))
	}})
}

// fill makes the rows anew: the newest job first, and locks that are not of this process.
func (s *jobsScreen) fill(c *console) {
	rows := make([]*job, 0, len(c.jobs))
	for i := len(c.jobs) - 1; i >= 0; i-- {
		rows = append(rows, c.jobs[i])
	}
	begun := len(rows) > len(s.own.rows)
	s.own.set(rows)
	if begun {
		s.own.cursor = 0 // on the newest
	}
	var others []engine.Holding
	for _, h := range c.data.holders.value {
		if !h.Here {
			others = append(others, h)
		}
	}
	s.others.set(others)
}

func (s *jobsScreen) actions(c *console) []action {
	if s.lower() {
		h, _ := s.others.current()
		out := []action{can(keys.Open, func() tea.Cmd { return c.push(&holdingScreen{h: h}) })}
		return append(out, s.pane()...)
	}
	j, has := s.own.current()
	off, open := "", ""
	switch {
	case !has:
		off, open = "no job is under the cursor", "no job is under the cursor"
	case !j.running():
		off = "it has ended"
	case j.asked:
		off = "it was told to stop already"
	}
	out := []action{
		can(keys.Open, func() tea.Cmd { return c.openJob(j) }).unless(open),
		can(keys.Cancel, func() tea.Cmd { c.dialog = c.cancelDialog(j); return nil }).unless(off),
	}
	if has {
		out = append(out, can(keys.Log, func() tea.Cmd { return c.push(newLogScreen(c, j, "")) }))
	}
	return append(out, s.pane()...)
}

// pane is the key that goes to the other table, when there are two.
func (s *jobsScreen) pane() []action {
	if len(s.own.rows) == 0 || len(s.others.rows) == 0 {
		return nil
	}
	words := "others' jobs"
	if s.below {
		words = "jobs of this console"
	}
	return []action{can(keys.Pane, func() tea.Cmd { s.below = !s.below; return nil }).named(words)}
}

// press moves; at the end of one table it goes on in the other.
func (s *jobsScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	both := len(s.own.shown) > 0 && len(s.others.shown) > 0 && !s.capturing()
	switch {
	case both && !s.lower() && key.Matches(k, keys.Down) && s.own.cursor == len(s.own.shown)-1:
		s.below, s.others.cursor = true, 0
		return nil, true
	case both && s.lower() && key.Matches(k, keys.Up) && s.others.cursor == 0:
		s.below = false
		return nil, true
	case s.lower():
		return nil, s.others.press(k)
	}
	return nil, s.own.press(k)
}

func (s *jobsScreen) paste(c *console, text string) tea.Cmd {
	s.own.paste(text)
	s.others.paste(text)
	return nil
}

func (s *jobsScreen) wheel(_ *console, n int) {
	if s.lower() {
		s.others.move(n)
		return
	}
	s.own.move(n)
}

func (s *jobsScreen) click(c *console, at point, double bool) tea.Cmd {
	s.below = at.y >= s.top
	hit := false
	if s.below {
		hit = s.others.clickAt(at.y - s.top - 1)
	} else {
		hit = s.own.clickAt(at.y)
	}
	if hit && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *jobsScreen) copied(*console) (what, text string) {
	if s.lower() {
		h, _ := s.others.current()
		return "the holder's job", h.Job
	}
	j, has := s.own.current()
	switch {
	case !has:
		return "", ""
	case j.batch != "":
		return "the --batch line", j.batch
	default:
		return "the job's id", j.ID()
	}
}

// draw shows both tables; what others hold takes at most half.
func (s *jobsScreen) draw(c *console, w, h int) body {
	lower := s.othersPart(c, w, h)
	room := h - len(lower)
	var lines []line
	if len(s.own.rows) == 0 {
		lines = s.empty(c, w)
	} else {
		lines = s.own.draw(c, w, room, !s.lower())
	}
	s.top = room
	return body{lines: append(filled(lines, room), lower...)}
}

// empty says that nothing was started here, and which key would.
func (s *jobsScreen) empty(c *console, w int) []line {
	out := []line{nil, say(" No job has been started in this console.")}
	add := func(k key.Binding, words string) {
		out = append(out, line{{"   " + k.Help().Key, bold}, {"  then  ", dim}, {words, plain}})
	}
	if c.desk.Archive != nil {
		if c.desk.Work != nil {
			add(keys.Backups, "b back up, r restore, v drill, a check")
		} else {
			add(keys.Backups, "a check the archive: it only reads")
		}
	}
	if c.desk.Evidence != nil {
		add(keys.Evidence, "V verify all evidence: it only reads")
	}
	return out
}

// othersPart is the lower part: who else holds a lock.
func (s *jobsScreen) othersPart(c *console, w, h int) []line {
	l := &c.data.holders
	if c.desk.Archive == nil {
		return nil
	}
	title := "Locks of other processes"
	if l.has {
		title += ", as of " + clockTime(l.asOf) + " UTC"
	}
	out := []line{titled(title, w)}
	switch {
	case !l.has && l.err != nil:
		return append(out, c.failure("Cannot look who holds locks.", l.err, w)...)
	case !l.has:
		return append(out, l.wait(c))
	case len(s.others.rows) == 0:
		return append(out, styled(dim, " No other process holds a lock here."))
	}
	rows := min(len(s.others.rows)+1, max(3, h/2-1))
	return append(out, s.others.draw(c, w, rows, s.lower())...)
}

func (s *jobsScreen) state(c *console) (left, right line) {
	for _, l := range []line{s.own.status(), s.others.status()} {
		if l != nil {
			return l, nil
		}
	}
	running := len(c.runningJobs())
	if len(c.jobs) > 0 {
		left = say(" " + units.Count(int64(len(c.jobs)), "job") + " of this console, " + itoa(running) + " running")
	}
	if n := len(s.others.rows); n > 0 {
		if left != nil {
			left = left.add(plain, " ·")
		}
		left = left.add(plain, " "+units.Count(int64(n), "lock")+" of others")
	}
	if l := c.data.holders.wait(c); l != nil {
		return left, l
	}
	if c.data.holders.err != nil && c.data.holders.has {
		return left, line{{"could not look again; shown as of " + clockTime(c.data.holders.asOf), warn}}
	}
	return left, nil
}
