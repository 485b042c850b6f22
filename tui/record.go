package tui

import (
	"fmt"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// shape is how a value is shown.
type shape int

const (
	asText shape = iota
	asJSON
	asHex
	shapes
)

var shapeNames = [shapes]string{"text", "JSON", "hex"}

// recordScreen shows one record of a list: the one under the list's cursor.
type recordScreen struct {
	list   *recordsScreen
	text   textView
	shape  shape
	chosen bool  // by x; else the shape follows from each value
	drawn  drawn // what the text was made of
}

// drawn tells one made text from the next.
type drawn struct {
	offset int64
	shape  shape
	wide   int
	there  bool
}

func newRecordScreen(list *recordsScreen) *recordScreen { return &recordScreen{list: list} }

func (s *recordScreen) record() (recordRow, bool) { return s.list.table.current() }

// verbatim says that what is shown are records' data, as they are.
func (s *recordScreen) verbatim() {}

func (s *recordScreen) name(*console) string {
	r, _ := s.record()
	return "offset " + units.Thousands(r.Offset)
}

func (s *recordScreen) enter(*console) tea.Cmd { return nil }
func (s *recordScreen) capturing() bool        { return s.text.typing }
func (s *recordScreen) finds() []action        { return []action{can(keys.Filter, nil).named("search")} }

func (s *recordScreen) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *recordScreen) paste(_ *console, text string) tea.Cmd {
	if s.text.typing {
		s.text.field.paste(text)
		s.text.search(s.text.field.value())
	}
	return nil
}

func (s *recordScreen) wheel(_ *console, n int) { s.text.move(n) }

func (s *recordScreen) actions(c *console) []action {
	r, has := s.record()
	none := ""
	if !has {
		none = "there is no record here"
	}
	search := ""
	if s.text.term == "" {
		search = "nothing is searched for: / does"
	}
	next := shapeNames[s.following(r.Record)]
	return []action{
		can(keys.Next, func() tea.Cmd { return s.step(c, 1) }).unless(none),
		can(keys.Previous, func() tea.Cmd { return s.step(c, -1) }).unless(none),
		can(keys.Show, func() tea.Cmd { s.shape, s.chosen = s.following(r.Record), true; return nil }).named("as " + next).unless(none),
		can(keys.Wide, func() tea.Cmd { s.text.whole, s.text.wide, s.text.left = !s.text.whole, -1, 0; return nil }).named("wrap or not"),
		can(keys.Copy, func() tea.Cmd { return s.copy(c, r.Record) }).named("copy value").unless(none),
		can(keys.NextProblem, func() tea.Cmd { s.text.next(1); return nil }).named("next match").unless(search).hidden(),
		can(keys.PreviousProblem, func() tea.Cmd { s.text.next(-1); return nil }).named("previous match").unless(search).hidden(),
	}
}

// present is the shape that a record is shown in.
func (s *recordScreen) present(r engine.Record) shape {
	if !s.chosen || s.shape == asJSON && !isJSON(r) {
		return guess(r)
	}
	return s.shape
}

// following is the shape that x turns to. What is no JSON is not shown as such.
func (s *recordScreen) following(r engine.Record) shape {
	next := (s.present(r) + 1) % shapes
	if next == asJSON && !isJSON(r) {
		next++
	}
	return next
}

// step goes to the next record of the list, or the one before.
func (s *recordScreen) step(c *console, n int) tea.Cmd {
	t := &s.list.table
	before := t.cursor
	t.move(n)
	cmd := s.list.reach(c, n < 0 && before == 0)
	switch {
	case t.cursor != before:
		s.text.top, s.text.left = 0, 0
	case cmd == nil && n > 0:
		return c.told("this is the last record that is here")
	case cmd == nil:
		return c.told("this is the first record that is here")
	}
	return cmd
}

// copy puts the value on the clipboard. The message says how much, never what.
func (s *recordScreen) copy(c *console, r engine.Record) tea.Cmd {
	if r.ValueLen < 0 {
		return c.told("the value is null: there is nothing to copy")
	}
	text, what := string(r.Value), "the value"
	if !utf8.Valid(r.Value) {
		text, what = fmt.Sprintf("%x", r.Value), "the value as hex"
	}
	what += ", " + units.Count(int64(len(r.Value)), "byte")
	if len(r.Value) < r.ValueLen {
		what += " of " + units.Thousands(int64(r.ValueLen))
	}
	c.note(noNews, "copied "+what)
	return tea.SetClipboard(text)
}

func (s *recordScreen) draw(c *console, w, h int) body {
	r, has := s.record()
	if !has {
		return body{lines: []line{nil, say(" This record is no longer here.")}}
	}
	now := drawn{r.Offset, s.present(r.Record), w, true}
	if s.drawn != now {
		s.drawn = now
		s.text.set(recordLines(c, s.list, r, now.shape, w-1))
	}
	return body{lines: s.text.draw(w, h)}
}

func (s *recordScreen) state(c *console) (left, right line) {
	if l := s.list.reader.wait(c); l != nil && s.list.reader.loading && !s.text.typing {
		return l, nil
	}
	r, has := s.record()
	if !has {
		return nil, nil
	}
	left = s.text.status()
	if left == nil {
		left = styled(dim, " all of it is in sight")
	}
	return left, styled(dim, "value as "+shapeNames[s.present(r.Record)]+", x changes it")
}
