package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui/units"
)

// Bounds of a list of records: how many are read at a time, how near the end more are read, and how much
// is kept. What is dropped at the far end is read again when one goes there.
const (
	pageRecords = 500
	readAhead   = 60
	keptRecords = 20_000
	keptBytes   = 64 << 20
)

// recordRow is a record in the list. What it holds is somebody's data: it is shown here and in the viewer,
// and stands in no message.
type recordRow struct {
	engine.Record
	key, value span // in short
	proved     bool // the segment it came from was read to its end
}

// readRecords is what one reading brought.
type readRecords struct {
	rows   []recordRow
	next   int64  // offset to go on from, -1: there is none
	from   int64  // where it began
	before bool   // the rows go before those that are there
	anew   bool   // the rows replace those that are there
	onto   int64  // offset that was asked for; -1: none was
	last   bool   // put the cursor on the last row
	none   string // why there is nothing: what is there stays
}

// recordsScreen lists the records of one partition, as much as was read.
type recordsScreen struct {
	listing[recordRow]
	run    *runSource
	topic  runTopic
	part   *archive.ViewPart
	prompt *prompt
	reader loader[readRecords]
	again  func() tea.Cmd // the reading that failed
	from   int64          // records before it are not here
	next   int64          // offset to go on from, -1: there is none
	asked  func(c *console) tea.Cmd
}

func newRecordsScreen(c *console, run *runSource, t runTopic, p *archive.ViewPart, from int64) *recordsScreen {
	s := &recordsScreen{run: run, topic: t, part: p, from: from, next: from}
	s.asked = func(c *console) tea.Cmd { return s.jump(c, from, from, false) }
	s.table = newTable("record", func(r recordRow) string { return fmt.Sprint(r.Offset) }, func(r recordRow) string { return r.key.text + " " + r.value.text },
		column[recordRow]{title: "OFFSET", min: 7, right: true, cell: func(r recordRow) span { return span{units.Thousands(r.Offset), plain} }},
		column[recordRow]{title: "TIMESTAMP UTC", min: 23, drop: 1, cell: func(r recordRow) span { return span{instant(r.Timestamp), plain} }},
		column[recordRow]{title: "KEY", min: 4, cell: func(r recordRow) span { return r.key }},
		column[recordRow]{title: "VALUE", min: 10, flex: 1, cell: func(r recordRow) span { return r.value }},
		column[recordRow]{title: "KEY+VAL", min: 8, right: true, drop: 2, cell: func(r recordRow) span { return span{lengths(r.KeyLen) + "+" + lengths(r.ValueLen), dim} }},
		column[recordRow]{title: "HDRS", min: 4, right: true, drop: 3, cell: func(r recordRow) span { return span{itoa(r.HeaderCount), dim} }})
	return s
}

// lengths is a length in bytes, or a dash for null.
func lengths(n int) string {
	if n < 0 {
		return "-"
	}
	return itoa(n)
}

// pushRecordsAt opens the records of a partition at a point in time.
func (c *console) pushRecordsAt(run *runSource, t runTopic, p *archive.ViewPart, ms int64) tea.Cmd {
	s := newRecordsScreen(c, run, t, p, int64(p.Start))
	s.asked = func(c *console) tea.Cmd { return s.jumpTo(c, ms) }
	return c.push(s)
}

// verbatim says that what is shown are records' data, as they are.
func (s *recordsScreen) verbatim() {}

func (s *recordsScreen) name(*console) string { return "records" }
func (s *recordsScreen) capturing() bool      { return s.prompt != nil || s.table.capturing() }

func (s *recordsScreen) enter(c *console) tea.Cmd {
	if s.asked == nil {
		return nil
	}
	ask := s.asked
	s.asked = nil
	return ask(c)
}

// press moves, and reads on when the end of what is here comes near.
func (s *recordsScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if cmd, taken := pressPrompt(&s.prompt, k); taken {
		return cmd, true
	}
	if s.table.capturing() {
		return nil, s.table.press(k)
	}
	if key.Matches(k, keys.Back) && s.reader.loading {
		s.reader.stop()
		return c.told("no longer reading"), true
	}
	top := s.table.cursor == 0
	if !s.table.press(k) {
		return nil, false
	}
	return s.reach(c, top && (key.Matches(k, keys.Up) || key.Matches(k, keys.PageUp) || key.Matches(k, keys.HalfUp))), true
}

// reach reads what the cursor comes near of.
func (s *recordsScreen) reach(c *console, up bool) tea.Cmd {
	switch {
	case s.reader.err != nil:
		return nil // R tries again
	case up && s.from > s.firstOffset():
		return s.earlier(c)
	case s.next >= 0 && s.table.cursor >= len(s.table.shown)-readAhead:
		return s.onwards(c)
	}
	return nil
}

// firstOffset is where the records of the partition begin.
func (s *recordsScreen) firstOffset() int64 {
	for _, seg := range s.part.Segments {
		if seg.Counted > 0 {
			return int64(seg.BaseOffset)
		}
	}
	return int64(s.part.End)
}

func (s *recordsScreen) actions(c *console) []action {
	none := ""
	if len(s.table.shown) == 0 {
		none = "there is no record under the cursor"
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.push(newRecordScreen(s)) }).unless(none),
		can(keys.Offset, func() tea.Cmd {
			s.prompt = askOffset(s.part, func(from int64) tea.Cmd { return s.jump(c, from, from, false) })
			return nil
		}),
		can(keys.Moment, func() tea.Cmd {
			s.prompt = c.askMoment(func(ms int64) tea.Cmd { return s.jumpTo(c, ms) })
			return nil
		}),
		can(keys.Top, func() tea.Cmd { return s.toTop(c) }),
		can(keys.Bottom, func() tea.Cmd { return s.toBottom(c) }),
	}
}

func (s *recordsScreen) refresh(c *console) tea.Cmd {
	if s.reader.err != nil && s.again != nil {
		s.reader.err = nil
		return s.again()
	}
	return s.jump(c, s.from, -1, false)
}

func (s *recordsScreen) copied(*console) (string, string) {
	r, has := s.table.current()
	if !has {
		return "", ""
	}
	return "where the record lies", fmt.Sprintf("%s/%d@%d in %s/%s", s.topic.Name, s.part.Partition, r.Offset, s.run.opened.value.BackupID, r.Segment)
}

func (s *recordsScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return c.do(s.actions(c)[0])
	}
	return s.reach(c, false)
}

func (s *recordsScreen) draw(c *console, w, h int) body {
	if len(s.table.rows) == 0 {
		if b, ok := s.reader.page(c, w, h); ok {
			return b
		}
		return body{lines: []line{nil, say(" No record lies here: the partition ends before.")}}
	}
	return body{lines: s.table.draw(c, w, h, true)}
}

func (s *recordsScreen) state(c *console) (left, right line) {
	switch {
	case s.prompt != nil:
		return s.prompt.line()
	case s.reader.err != nil && len(s.table.rows) > 0:
		return append(line{{" ", plain}}, c.theme.word(markBad, "reading on failed: "+s.reader.err.Error())...), line{{"R", bold}, {" try again", dim}}
	}
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := s.reader.wait(c); l != nil {
		return l, line{{"esc", bold}, {" stop", dim}}
	}
	n := len(s.table.rows)
	if n == 0 {
		return nil, nil
	}
	left = say(fmt.Sprintf(" %s of %s read · offsets %s–%s", itoa(n), units.Count(s.part.Records, "record"), units.Thousands(s.table.rows[0].Offset), units.Thousands(s.table.rows[n-1].Offset)))
	return left, styled(dim, s.proof())
}

// proof says what was checked of the records that are here.
func (s *recordsScreen) proof() string {
	for _, r := range s.table.rows {
		if !r.proved {
			return "CRC of every batch checked"
		}
	}
	if !s.trusted() {
		return "segments as the manifest names them"
	}
	return "segments proved by their sha256"
}

// read begins a reading and takes in what it brings.
func (s *recordsScreen) read(c *console, what string, read func(ctx context.Context) (readRecords, error)) tea.Cmd {
	begin := func() tea.Cmd {
		return s.reader.load(c, what, read, func() tea.Cmd { return s.takeIn(c) })
	}
	s.again = begin
	return begin()
}

// takeIn puts what was read where it belongs.
func (s *recordsScreen) takeIn(c *console) tea.Cmd {
	got := s.reader.value
	s.reader.value.rows = nil
	rows := s.table.rows
	switch {
	case got.none != "":
		c.note(noNews, got.none)
		if len(rows) == 0 {
			return s.toBottom(c)
		}
		return nil
	case got.before:
		rows = append(got.rows, rows...)
		s.from = got.from
		rows = s.trim(rows, false)
	case got.anew:
		rows = got.rows
		s.from, s.next = got.from, got.next
	default:
		rows = append(rows, got.rows...)
		s.next = got.next
		rows = s.trim(rows, true)
	}
	s.table.set(rows)
	s.table.fitColumns(19, "OFFSET", "KEY+VAL")
	s.table.fitColumns(24, "KEY")
	s.land(c, got)
	return nil
}

// land puts the cursor where the reading was to lead, and says so when that is not where it was asked for.
func (s *recordsScreen) land(c *console, got readRecords) {
	switch {
	case got.last:
		s.table.move(len(s.table.shown))
	case got.onto >= 0:
		s.table.cursor = 0
		if len(got.rows) == 0 {
			c.note(noNews, "no record lies at or after offset "+units.Thousands(got.onto))
		} else if at := got.rows[0].Offset; at != got.onto {
			c.note(noNews, "offset "+units.Thousands(got.onto)+" holds no record"+s.why(got.onto)+"; the next one is "+units.Thousands(at))
		}
	}
}

// why says why an offset holds nothing, where that is known.
func (s *recordsScreen) why(offset int64) string {
	if offset < int64(s.part.Start) {
		return " here: the archive begins at " + units.Thousands(int64(s.part.Start))
	}
	for _, g := range s.part.Gaps {
		if offset >= int64(g.From) && offset < int64(g.To) {
			return ", it is lost: " + g.Reason
		}
	}
	return ""
}
