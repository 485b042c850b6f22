package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
)

// evidenceScreen lists the slots of one year: what was due, and what became of it. What is missing is a
// row like any other.
type evidenceScreen struct {
	listing[evidenceRow]
	book  *evidenceBook
	year  int
	lanes int // as the columns were laid out for
	keys  int
	going string    // a date to go to once the rows are there
	allAt time.Time // when everything was verified, as far as it was taken over
}

func newEvidenceScreen(c *console) screen {
	s := &evidenceScreen{listing: listing[evidenceRow]{preview: true}, book: newEvidenceBook(nil, nil)}
	s.columns(c)
	return s
}

// columns lays the table out: the series is told where there is more than one.
func (s *evidenceScreen) columns(c *console) {
	type row = evidenceRow
	result := func(r row) span {
		m, words := s.book.result(r, c.now())
		g := c.theme.glyph(m)
		return span{g.text + " " + words, g.style}
	}
	keyDrop := 3 // the key goes first, unless there are several to be told apart
	if s.book.keys > 1 {
		keyDrop = 2
	}
	cols := []column[row]{{title: "DUE", min: 16, sort: 'd', less: compare(func(r row) int64 { return r.due().UnixNano() }), cell: func(r row) span { return dueCell(r) }}}
	if s.book.lanes > 1 {
		cols = append(cols, column[row]{title: "SERIES", min: s.book.longest(24), flex: 1, sort: 's', less: compare(row.lane), cell: func(r row) span { return span{r.seriesWords(), dim} }})
	}
	cols = append(cols,
		column[row]{title: "CLOSED", min: 11, cell: func(r row) span { return closedCell(r) }},
		column[row]{title: "RESULT", min: 17, flex: 2, sort: 'r', less: compare(func(r row) string { return result(r).text }), cell: result},
		column[row]{title: "RPO", min: 7, right: true, drop: 5 - keyDrop, sort: 'p', less: compare(func(r row) int64 { return r.age() }), cell: func(r row) span { return spanCell(r.age()) }},
		column[row]{title: "RTO", min: 7, right: true, drop: 1, sort: 't', less: compare(func(r row) int64 { return r.took() }), cell: func(r row) span { return spanCell(r.took()) }},
		column[row]{title: "KEY", min: 8, drop: keyDrop, sort: 'k', less: compare(row.key), cell: func(r row) span { return span{keyStart(r.key()), dim} }},
		column[row]{title: "CHAIN", min: 7, cell: func(r row) span {
			m, words := s.book.place(r)
			if m == markNone {
				return span{words, dim}
			}
			g := c.theme.glyph(m)
			return span{g.text + " " + words, g.style}
		}})
	old := s.table
	s.table = newTable("row", row.id, func(r row) string {
		return strings.Join([]string{r.due().UTC().Format("2006-01-02 15:04"), r.slot.Series, r.slot.Kind, result(r).text, r.reportID, r.key()}, " ")
	}, cols...)
	if s.lanes, s.keys = s.book.lanes, s.book.keys; old.cols != nil {
		s.table.filter, s.table.before = old.filter, old.before
	}
}

func dueCell(r evidenceRow) span {
	switch {
	case r.kind == rowAgain:
		return span{"      run again", dim}
	case r.due().IsZero():
		return span{"time unknown", dim}
	case r.kind == rowLoose:
		return span{stamp(r.at), dim}
	}
	return span{stamp(r.due()), plain}
}

func closedCell(r evidenceRow) span {
	switch {
	case r.attempt != nil && r.attempt.Closing >= 0:
		return span{r.attempt.ClosedAt.UTC().Format("01-02 15:04"), plain}
	case r.kind == rowLoose && r.closing != nil:
		return span{r.closing.Time.UTC().Format("01-02 15:04"), plain}
	case r.kind == rowSlot && r.slot.Verdict == evidence.VerdictMissed:
		return span{"no report", dim}
	}
	return span{"—", dim}
}

// took is the time to restore in milliseconds, -1 where there is none; age that of the newest record.
func (r evidenceRow) took() int64 {
	if r.report == nil {
		return -1
	}
	return r.report.TimeToRestoreMS
}

func (r evidenceRow) age() int64 {
	if r.report == nil || r.report.NewestRecordAgeMS == nil {
		return -1
	}
	return *r.report.NewestRecordAgeMS
}

func spanCell(ms int64) span {
	if ms < 0 {
		return span{"—", dim}
	}
	return span{millis(ms), plain}
}

func (r evidenceRow) key() string {
	if r.closing == nil || r.reportID == "" && r.attempt == nil {
		return ""
	}
	return r.closing.KeyID
}

// keyStart is the beginning of a key's id: enough to tell keys apart.
func keyStart(id string) string { return id[:min(8, len(id))] }

func (r evidenceRow) seriesWords() string {
	return strings.TrimSpace(r.slot.Series + " " + r.slot.Kind)
}

func (s *evidenceScreen) name(*console) string { return "Evidence" }

func (s *evidenceScreen) enter(c *console) tea.Cmd { return s.load(c, false) }

// refresh reads everything anew; what was found of single reports before then counts no more.
func (s *evidenceScreen) refresh(c *console) tea.Cmd {
	clear(c.checks)
	return s.load(c, true)
}

func (s *evidenceScreen) load(c *console, again bool) tea.Cmd {
	s.fill(c)
	then := func() tea.Cmd { s.fill(c); return nil }
	return tea.Batch(c.loadLedger(again, then), c.loadReports(again, then))
}

// fill makes the rows anew from what was read.
func (s *evidenceScreen) fill(c *console) {
	s.takeAll(c)
	s.book = c.evidenceBook()
	years := s.book.years()
	if len(years) > 0 && !slices.Contains(years, s.year) {
		s.year = years[len(years)-1]
	}
	if s.lanes != s.book.lanes || s.keys != s.book.keys || s.table.cols == nil {
		s.columns(c)
	}
	s.show()
	if s.going != "" && len(years) > 0 {
		text := s.going
		s.going = ""
		s.goToDate(c, text)
	}
}

// takeAll takes over what a verification of everything found, once it is newer than what is shown.
func (s *evidenceScreen) takeAll(c *console) {
	v := c.verified
	if v == nil || !c.verifiedAt.After(s.allAt) {
		return
	}
	s.allAt = c.verifiedAt
	if c.data.ledger.has && c.verifiedAt.After(c.data.ledger.asOf) {
		c.takeLedger(v.Ledger, engine.NoArchive("there is no ledger below %s", c.desk.Location), c.verifiedAt)
	}
	for i := range v.Reports {
		r := &v.Reports[i]
		m := markOK
		switch {
		case r.Failed() != "" || len(r.Steps) == 0: // no step: it was listed, and is not there
			m = markBad
		case !r.Verified:
			m = markAbout
		case v.Ledger == nil:
			m = markFinding
		}
		c.checks[r.Item.ReportID] = checked{c.verifiedAt, m, r.Verdict}
	}
}

// show puts the year's rows into the table, the newest first; what was run again stands below its slot.
func (s *evidenceScreen) show() {
	rows := s.inYear()
	slices.SortStableFunc(rows, func(a, b evidenceRow) int { return b.due().Compare(a.due()) })
	s.table.set(rows)
	if r, ok := s.table.current(); ok && r.kind == rowNext && s.table.cursor == 0 {
		s.table.seek(1, func(r evidenceRow) bool { return r.kind != rowNext })
	}
}

// inYear are the rows of the year that is shown; what is due next stands in the newest one.
func (s *evidenceScreen) inYear() []evidenceRow {
	years := s.book.years()
	var rows []evidenceRow
	for _, r := range s.book.rows {
		newest := len(years) > 0 && s.year == years[len(years)-1]
		if (r.kind == rowNext || r.year() == 0) && newest || r.kind != rowNext && r.year() == s.year {
			rows = append(rows, r)
		}
	}
	return rows
}

func (s *evidenceScreen) actions(c *console) []action {
	r, has := s.table.current()
	none, noReport := "", ""
	if !has {
		none = "there is no row under the cursor"
	}
	if !has || r.reportID == "" {
		noReport = "there is no report under the cursor"
	}
	nothing := ""
	if c.desk.Evidence == nil {
		nothing = errNoEvidence.Error()
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return s.open(c, r) }).unless(none),
		can(keys.Verify, func() tea.Cmd { return s.verify(c, r) }).unless(noReport),
		can(keys.VerifyAll, func() tea.Cmd { return c.startVerifyAll() }).unless(nothing),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }).named("problem"),
		can(keys.Ledger, func() tea.Cmd { return c.openLedger() }).unless(nothing),
		can(keys.Around, func() tea.Cmd { return s.turn(c, -1) }).named("year"),
		can(keys.Next, func() tea.Cmd { return s.turn(c, 1) }).named("the year after").hidden(),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden(),
		can(keys.Preview, s.togglePreview).hidden(),
	}
}

// open shows what stands behind a row: its report, or why there is none.
func (s *evidenceScreen) open(c *console, r evidenceRow) tea.Cmd {
	if r.reportID != "" {
		return c.openReport(r.reportID)
	}
	return c.push(newGapScreen(r))
}

// verify reads and verifies the report of a row.
func (s *evidenceScreen) verify(c *console, r evidenceRow) tea.Cmd {
	var l loader[*reportCheck]
	return c.loadCheck(&l, r.reportID, false, func() tea.Cmd {
		v := l.value
		m, words := v.verdict()
		c.checks[r.reportID] = checked{c.now(), m, words}
		s.fill(c)
		kind := goodNews
		if m != markOK {
			kind = badNews
		}
		c.note(kind, r.reportID+": "+words)
		return nil
	})
}

func (s *evidenceScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(r evidenceRow) bool { return s.book.problem(r, c.now()) }, "nothing in "+strconv.Itoa(s.year)+" has a problem")
}

// turn goes to the year before or after.
func (s *evidenceScreen) turn(c *console, step int) tea.Cmd {
	years := s.book.years()
	at := slices.Index(years, s.year) + step
	if at < 0 || at >= len(years) {
		return c.told(map[bool]string{true: "this is the first year", false: "this is the last year"}[step < 0])
	}
	s.year = years[at]
	s.show()
	s.table.cursor = 0
	return nil
}

// goToDate puts the cursor on the slot in whose period a date lies: the last one due at or before it.
func (s *evidenceScreen) goToDate(c *console, text string) {
	if len(s.book.years()) == 0 {
		s.going = text
		return
	}
	ms, err := c.moment(text)
	if err != nil {
		c.note(badNews, err.Error())
		return
	}
	end := time.UnixMilli(ms)
	if _, err := time.Parse(time.DateOnly, text); err == nil || text == "today" || text == "yesterday" { // all of that day
		end = end.Add(24*time.Hour - 1)
	}
	best := -1
	for i, r := range s.book.rows {
		if r.kind == rowSlot && !r.due().After(end) {
			best = i
		}
	}
	if best < 0 {
		c.note(badNews, "no slot was due by "+text)
		return
	}
	s.table.clearFilter()
	s.year = s.book.rows[best].year()
	s.show()
	s.table.goTo(s.book.rows[best].id())
}

func (s *evidenceScreen) copied(c *console) (string, string) {
	r, ok := s.table.current()
	if !ok {
		return "", ""
	}
	return "the slot", s.book.sentence(r, c.now())
}

func (s *evidenceScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y-s.above(c, c.h-chrome)) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}
