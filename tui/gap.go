package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
)

// gapScreen says of a slot without a report why there is none: missed, open, or a job that died.
type gapScreen struct {
	row    evidenceRow
	cursor int
	follow bool // the cursor was moved, and is to be in sight
	text   reader
}

func newGapScreen(r evidenceRow) *gapScreen { return &gapScreen{row: r, cursor: -1} }

func (s *gapScreen) name(c *console) string {
	_, words := s.book(c).result(s.row, c.now())
	return stamp(s.row.due()) + " › " + strings.ToLower(words)
}

func (s *gapScreen) book(c *console) *evidenceBook {
	return c.evidenceBook()
}

func (s *gapScreen) enter(*console) tea.Cmd { return nil }

func (s *gapScreen) refresh(c *console) tea.Cmd {
	return tea.Batch(c.loadLedger(true, func() tea.Cmd {
		for _, r := range s.book(c).rows {
			if r.id() == s.row.id() {
				s.row = r
			}
		}
		return nil
	}), c.loadReports(true, nil))
}

func (s *gapScreen) walk(c *console) walk {
	return c.walkFrom(func(r evidenceRow) bool { return r.id() == s.row.id() })
}

// related are the entries that bear on the slot: that which brought its schedule, those of its attempts,
// the one that entered the miss, and its neighbours in the chain.
func (s *gapScreen) related(b *evidenceBook) []*evidence.Sealed {
	if b.ledger == nil {
		return nil
	}
	var out []*evidence.Sealed
	add := func(n int64) {
		if e := b.entries[n]; e != nil && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	for i := range b.ledger.Entries {
		e := &b.ledger.Entries[i]
		if e.Time.After(s.row.slot.Due) {
			break
		}
		if lays(e, s.row.slot.Series) {
			out = []*evidence.Sealed{e}
		}
	}
	for _, a := range s.row.slot.Attempts {
		add(a.Started)
		add(a.Closing)
	}
	if s.row.slot.Closing >= 0 {
		add(s.row.slot.Closing - 1)
		add(s.row.slot.Closing)
	}
	return out
}

// lays says that an entry lays down what a series is.
func lays(e *evidence.Sealed, series string) bool {
	if e.Changed != nil && e.Changed.Series == series {
		return true
	}
	return e.Genesis != nil && slices.ContainsFunc(e.Genesis.Series, func(x evidence.SeriesSpec) bool { return x.Series == series })
}

// at is the entry under the cursor of so many; at first the last one, which says that the slot was missed.
func (s *gapScreen) at(n int) int {
	if s.cursor < 0 || s.cursor >= n {
		s.cursor = n - 1
	}
	return max(0, s.cursor)
}

func (s *gapScreen) actions(c *console) []action {
	list := s.related(s.book(c))
	none := ""
	if len(list) == 0 {
		none = "no entry of the ledger bears on it"
	}
	out := []action{can(keys.Open, func() tea.Cmd { return c.openEntry(list[s.at(len(list))].Sequence) }).named("open entry").unless(none)}
	out = append(out, c.walkActions(func() walk { return s.walk(c) })...)
	return append(out, can(keys.Ledger, func() tea.Cmd { return c.openLedger() }))
}

func (s *gapScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	n := len(s.related(s.book(c)))
	switch {
	case key.Matches(k, keys.Up) && s.at(n) > 0:
		s.cursor, s.follow = s.at(n)-1, true
	case key.Matches(k, keys.Down) && s.at(n) < n-1:
		s.cursor, s.follow = s.at(n)+1, true
	default:
		return nil, s.text.press(k)
	}
	return nil, true
}

func (s *gapScreen) copied(c *console) (string, string) {
	return "the slot", engine.Sanitize(strings.Join(s.sentences(c), " "))
}

func (s *gapScreen) draw(c *console, w, h int) body {
	b := s.book(c)
	m, words := b.result(s.row, c.now())
	t := &sheet{w: min(w, 110)}
	t.lines = append(t.lines, append(line{{" ", plain}}, append(c.theme.word(m, words), span{"   " + s.row.seriesWords() + ", due " + stamp(s.row.due()) + " UTC", bold})...), nil)
	for i, x := range s.sentences(c) {
		if i > 0 && h >= 24 {
			t.blank()
		}
		t.lines = append(t.lines, para(plain, x, t.w)...)
	}
	list := s.related(b)
	if len(list) > 0 {
		t.title("Entries of the ledger that bear on it")
		for i, e := range list {
			l := line{{"   ", plain}, {pad("#"+plainNumber(e.Sequence), 7) + " " + stamp(e.Time) + "  " + pad(string(e.Type), 14) + " ", plain}, {short(subjectWords(e), max(0, w-45)), dim}}
			if i == s.at(len(list)) {
				l[0] = span{" ▸ ", accent}
				l = l.fit(w).with(reverse)
				if at := len(t.lines); s.follow {
					s.text.top = max(min(s.text.top, at), at-(h-2)+2)
				}
			}
			t.lines = append(t.lines, l)
		}
	}
	s.follow = false
	out := s.text.draw(t.lines, h-2)
	out.lines = append(filled(out.lines, h-2), rule(w, -1, -1), c.neighbours(s.walk(c), w))
	return out
}

// sentences tell the slot: what was due, who entered the miss, and what all of it is worth.
func (s *gapScreen) sentences(c *console) []string {
	b, slot := s.book(c), s.row.slot
	var out []string
	what := "the " + slot.Kind + " of series " + slot.Series + " due " + stamp(slot.Due) + " UTC"
	switch {
	case s.row.kind == rowNext:
		return []string{capital(what) + " is not due yet: there can be nothing."}
	case slot.Verdict == evidence.VerdictOpen:
		text := "Nothing has closed " + what + " yet. It is in time until " + stamp(slot.InTime) + " UTC"
		if slot.Overdue(c.now()) {
			text = "Nothing has closed " + what + ". Its tolerance ended " + stamp(slot.InTime) + " UTC"
		}
		if !slot.Next.IsZero() {
			text += "; from " + stamp(slot.Next) + " UTC on it counts as missed"
		}
		out = append(out, text+".")
	case slot.Verdict == evidence.VerdictMissed && s.row.kind == rowSlot:
		noun := map[bool]string{true: "No report", false: "Nothing"}[slot.Kind == evidence.SlotReport]
		out = append(out, noun+" for the slot due "+stamp(slot.Due)+" UTC (series "+slot.Series+"). It was in time until "+stamp(slot.InTime)+
			" UTC ("+units.Span(slot.InTime.Sub(slot.Due))+" of tolerance), and the next was due "+stamp(slot.Next)+" UTC; by then no verdict had closed it.", s.enteredWords())
	default:
		out = append(out, b.sentence(s.row, c.now()))
		if s.row.broken != "" {
			out = append(out, "It does not verify: "+s.row.broken+".")
		}
	}
	out = append(out, s.attemptWords()...)
	out = append(out, b.chainWords()...)
	return append(out, s.exceptionWords(b))
}

// enteredWords say who entered the miss, and when.
func (s *gapScreen) enteredWords() string {
	e := s.row.closing
	if e == nil {
		return "Nobody has entered the miss; it follows from the schedule that the ledger holds, and from nothing having closed the slot."
	}
	text := "Missed; entered by entry " + plainNumber(e.Sequence) + " on " + stamp(e.Time) + " UTC"
	if late := e.Time.Sub(s.row.slot.Due); late > 0 {
		text += ", " + units.Span(late.Round(time.Second)) + " after it was due"
	}
	if e.Job != "" {
		text += ", by job " + e.Job
	}
	if e.Host != "" {
		text += " on " + e.Host
	}
	if e.Operator.Value != "" {
		text += ", operator " + e.Operator.Value + " (" + e.Operator.Source + ")"
	}
	return text + "."
}

func (s *gapScreen) attemptWords() []string {
	if len(s.row.slot.Attempts) == 0 {
		return []string{"No job started in its period, as far as the ledger says."}
	}
	var parts []string
	for _, a := range s.row.slot.Attempts {
		_, word := attemptMark(a)
		parts = append(parts, "job "+a.Job+" at "+stamp(a.StartedAt)+" UTC ("+word+")")
	}
	return []string{"Jobs that started in its period: " + strings.Join(parts, "; ") + "."}
}

// chainWords say what the chain is worth, and what it does not prove.
func (b *evidenceBook) chainWords() []string {
	if b.ledger == nil {
		return []string{"There is no ledger."}
	}
	l := b.ledger
	ends := entryCount(len(l.Entries))
	switch {
	case b.inTrouble():
		return []string{"The ledger does not verify (" + ends + "): " + l.Summary() + ". What it says of this slot cannot be believed."}
	case !b.trusted:
		return []string{"The entries follow from each other (" + ends + "). Their signatures were not checked: no trusted public key was given, so all of this may be made up."}
	}
	text := "The chain is unbroken as given to you: " + ends + ", each signed by key " + l.Options.PublicKey.KeyID() + ". Its head is " + l.Head.String() + "."
	if l.Options.Head == "" {
		return []string{text, "Not proved: whoever holds the signing key could have rebuilt it, and no outside witness has seen its head (none was given with --head)."}
	}
	return []string{text, "The head " + l.Options.Head + " that you gave is in it, so nothing up to there was rebuilt or cut off. Not proved: what came after it."}
}

// exceptionWords say whether anything in the ledger explains the gap.
func (s *gapScreen) exceptionWords(b *evidenceBook) string {
	var open []string
	if b.ledger != nil {
		for _, e := range b.ledger.Entries {
			if e.Type == "exception_opened" && (e.Series == s.row.slot.Series || e.Series == "") {
				open = append(open, plainNumber(e.Sequence))
			}
		}
	}
	if len(open) == 0 {
		return "No exception explains it: the ledger opens none for this series."
	}
	return "The ledger opens exceptions for this series, which this version does not interpret: entries " + strings.Join(open, ", ") + "."
}

func (s *gapScreen) wheel(_ *console, n int) { s.text.move(n) }

func (s *gapScreen) state(c *console) (left, right line) {
	if l := c.data.ledger.wait(c); l != nil {
		return l, nil
	}
	return c.trustLine(s.book(c)), nil
}
