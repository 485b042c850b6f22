package tui

import (
	"path"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/tui/units"
)

// topicsStep chooses topics of the run by marks.
type topicsStep struct {
	subject  *subject
	table    table[wizardTopic]
	wanted   []string // names and globs to begin with; they are marked once the topics are known
	all      bool     // begin with every topic
	optional bool     // without a run one can go on: the job makes one
	filled   string   // the run whose topics are listed
	began    string   // the topics that were marked to begin with
}

func newTopicsStep(s *subject, wanted []string) *topicsStep {
	x := &topicsStep{subject: s, wanted: wanted}
	when := func(r wizardTopic, ms int64) span {
		if r.records == 0 {
			return span{"—", dim}
		}
		return span{minute(ms), plain}
	}
	x.table = newTable("topic", func(r wizardTopic) string { return r.name }, func(r wizardTopic) string { return r.name },
		column[wizardTopic]{title: "TOPIC", named: true, min: 16, flex: 1, sort: 't', less: compare(func(r wizardTopic) string { return r.name }),
			cell: func(r wizardTopic) span { return span{r.name, plain} }},
		column[wizardTopic]{title: "PARTITIONS", min: 10, right: true, drop: 3, sort: 'p', less: compare(func(r wizardTopic) int { return r.partitions }),
			cell: func(r wizardTopic) span { return span{itoa(r.partitions), plain} }},
		column[wizardTopic]{title: "RECORDS", min: 11, right: true, sort: 'r', less: compare(func(r wizardTopic) int64 { return r.records }),
			cell: func(r wizardTopic) span { return span{units.Thousands(r.records), plain} }},
		column[wizardTopic]{title: "SIZE", min: 9, right: true, drop: 4, sort: 's', less: compare(func(r wizardTopic) int64 { return r.bytes }),
			cell: func(r wizardTopic) span { return span{units.Size(r.bytes), plain} }},
		column[wizardTopic]{title: "FIRST RECORD", min: 16, drop: 2, sort: 'f', less: compare(func(r wizardTopic) int64 { return r.first }),
			cell: func(r wizardTopic) span { return when(r, r.first) }},
		column[wizardTopic]{title: "LAST RECORD", min: 16, drop: 1, sort: 'l', less: compare(func(r wizardTopic) int64 { return r.last }),
			cell: func(r wizardTopic) span { return when(r, r.last) }})
	return x
}

func (s *topicsStep) title(*console) string {
	if n := len(s.chosen()); n > 0 {
		return "Topics (" + itoa(n) + ")"
	}
	return "Topics"
}

func (s *topicsStep) typing() bool                          { return s.table.capturing() }
func (s *topicsStep) field() bool                           { return false }
func (s *topicsStep) paste(_ *console, text string) tea.Cmd { s.table.paste(text); return nil }

func (s *topicsStep) enter(c *console) tea.Cmd {
	return s.subject.open(c, func() tea.Cmd { s.fill(); return nil })
}

// fill lists the topics of the run. Marks stay on the names that it has.
func (s *topicsStep) fill() {
	run := s.subject.backup + "/" + s.subject.id()
	if s.filled == run {
		return
	}
	fresh := s.filled == ""
	s.filled = run
	s.table.set(wizardTopics(s.subject.view.value))
	if !fresh {
		return
	}
	for _, r := range s.table.rows {
		if s.all && len(s.wanted) == 0 || slices.ContainsFunc(s.wanted, func(p string) bool { return matches(p, r.name) }) {
			s.table.marks[r.name] = true
		}
	}
	s.began = strings.Join(s.chosen(), " ")
}

// change is what was marked by hand, "" if nothing.
func (s *topicsStep) change() string {
	if now := strings.Join(s.chosen(), " "); now != s.began {
		return now
	}
	return ""
}

// matches says whether a name is meant by a name or a glob.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// chosen are the names of the marked topics that the run has.
func (s *topicsStep) chosen() []string {
	var out []string
	for _, r := range s.table.marked() {
		out = append(out, r.name)
	}
	return out
}

// every says that all topics of the run are marked.
func (s *topicsStep) every() bool { return len(s.chosen()) == len(s.table.rows) }

// is is chosen as a filter, for questions to the run.
func (s *topicsStep) is() func(name string) bool {
	names := map[string]bool{}
	for _, n := range s.chosen() {
		names[n] = true
	}
	return func(name string) bool { return names[name] }
}

func (s *topicsStep) blocked(*console) string {
	switch {
	case s.none():
		return ""
	case !s.subject.view.has:
		return "the topics of the run are not known yet"
	case len(s.chosen()) == 0:
		return "no topic is marked: space marks the one under the cursor, ctrl+a all that are shown"
	}
	return ""
}

// none says that there is no run yet, and that none is needed.
func (s *topicsStep) none() bool {
	return s.optional && !s.subject.view.has && s.subject.view.err != nil && engine.ExitCode(s.subject.view.err) == engine.ExitNoArchive
}

func (s *topicsStep) actions(*console) []action {
	none := ""
	if len(s.table.shown) == 0 {
		none = "no topic is shown"
	}
	marks := []action{
		can(keys.Mark, func() tea.Cmd { s.table.toggle(); return nil }).unless(none),
		can(keys.MarkAll, func() tea.Cmd { s.table.markShown(); return nil }).named("mark all").unless(none),
	}
	if s.table.typing { // see press: these two are no text in a name
		return marks
	}
	return append(marks,
		can(keys.Filter, func() tea.Cmd { s.table.press(tea.KeyPressMsg{Code: '/', Text: "/"}); return nil }))
}

// press filters and moves. Topic names hold no blanks: so while a filter is typed, a blank marks the row
// under the cursor, and the next filter can begin.
func (s *topicsStep) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if s.table.typing && (key.Matches(k, keys.Mark) || key.Matches(k, keys.MarkAll)) {
		_, found := s.table.current()
		if key.Matches(k, keys.MarkAll) {
			s.table.markShown()
		} else if r, ok := s.table.current(); ok {
			s.table.marks[r.name] = !s.table.marks[r.name]
		}
		if found {
			s.table.press(tea.KeyPressMsg{Code: tea.KeyEnter})
			s.table.clearFilter()
		}
		return nil, true
	}
	return nil, s.table.press(k)
}

// clickAt marks the row that is pointed at: a second click must not go on with one topic too few.
func (s *topicsStep) clickAt(y int) bool {
	if !s.table.clickAt(y) {
		return false
	}
	if r, ok := s.table.current(); ok {
		s.table.marks[r.name] = !s.table.marks[r.name]
	}
	return false
}

func (s *topicsStep) wheel(_ *console, n int) { s.table.move(n) }

func (s *topicsStep) draw(c *console, w, h int) body {
	if s.none() {
		return body{lines: append([]line{nil}, wrap(plain, " There is no backup yet. The drill makes the first one, of every topic that the configuration names.", w-1)...)}
	}
	if b, ok := s.subject.view.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: []line{nil, say(" This run holds no topic.")}}
	}
	return body{lines: s.table.draw(c, w, h, true)}
}

func (s *topicsStep) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, line{{s.count(), accent}}
	}
	if l := s.subject.view.wait(c); l != nil {
		return l, nil
	}
	return say(" "+s.count()).add(dim, s.missing()), line{{s.table.more(), dim}}
}

func (s *topicsStep) count() string {
	var records int64
	marked := s.table.marked()
	for _, r := range marked {
		records += r.records
	}
	return itoa(len(marked)) + " of " + units.Count(int64(len(s.table.rows)), s.table.noun) + " marked, " + units.Count(records, "record")
}

// missing names what was asked for at the start and marks nothing.
func (s *topicsStep) missing() string {
	var out []string
	for _, p := range s.wanted {
		if !slices.ContainsFunc(s.table.rows, func(r wizardTopic) bool { return matches(p, r.name) }) {
			out = append(out, p)
		}
	}
	if len(out) == 0 || !s.subject.view.has {
		return ""
	}
	return "   nothing here is named " + strings.Join(out, ", ")
}
