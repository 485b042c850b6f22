package tui

import (
	"maps"

	tea "charm.land/bubbletea/v2"

	"kustody/tui/units"
)

// runScreen is one run: its topics, with the run's chain of custody beside them.
type runScreen struct {
	listing[runTopic]
	run *runSource
}

func newRunScreen(c *console, run *runSource) *runScreen {
	s := &runScreen{run: run, listing: listing[runTopic]{preview: true}}
	s.table = newTable("topic", func(t runTopic) string { return t.Name + " " + t.ID + " " + t.FirstRun }, func(t runTopic) string { return t.Name + " " + t.note(run).text },
		column[runTopic]{title: "TOPIC", named: true, min: 16, flex: 3, sort: 't', less: compare(func(t runTopic) string { return t.Name }),
			cell: func(t runTopic) span {
				if t.older || !t.Current {
					return span{t.Name, dim}
				}
				return span{t.Name, plain}
			}},
		column[runTopic]{title: "PARTS", min: 5, right: true, drop: 3, sort: 'p', less: compare(func(t runTopic) int { return t.Partitions }),
			cell: func(t runTopic) span { return span{itoa(t.Partitions), plain} }},
		column[runTopic]{title: "SEGS", min: 5, right: true, drop: 4, sort: 'g', less: compare(func(t runTopic) int { return t.Segments }),
			cell: func(t runTopic) span { return span{itoa(t.Segments), plain} }},
		column[runTopic]{title: "RECORDS", min: 8, right: true, sort: 'r', less: compare(func(t runTopic) int64 { return t.Records }),
			cell: func(t runTopic) span { return span{units.Thousands(t.Records), plain} }},
		column[runTopic]{title: "SIZE", min: 8, right: true, drop: 2, sort: 's', less: compare(func(t runTopic) int64 { return t.Bytes }),
			cell: func(t runTopic) span { return span{units.Size(t.Bytes), plain} }},
		column[runTopic]{title: "FIRST RECORD", min: 16, drop: 5, sort: 'f', less: compare(func(t runTopic) int64 { return t.first }),
			cell: func(t runTopic) span { return t.time(t.first) }},
		column[runTopic]{title: "LAST RECORD", min: 16, drop: 1, sort: 'l', less: compare(func(t runTopic) int64 { return t.last }),
			cell: func(t runTopic) span { return t.time(t.last) }},
		column[runTopic]{title: "NOTE", min: 4, flex: 1, cell: func(t runTopic) span { n := t.note(run); return t.mark(c, n) }})
	return s
}

// time writes one of the topic's ends.
func (t runTopic) time(ms int64) span {
	if !t.timed {
		return span{"—", dim}
	}
	return span{minute(ms), plain}
}

// note says in few words what is special about the topic in this run.
func (t runTopic) note(run *runSource) span {
	switch {
	case t.older:
		return span{"older incarnation", dim}
	case t.deleted:
		return span{"vanished meanwhile", warn}
	case t.lost > 0:
		return span{units.Count(t.lost, "offset") + " lost", warn}
	case !t.Current:
		return span{"of an earlier run", dim}
	case t.Compacted:
		return span{"compacted", dim}
	}
	return span{}
}

// mark sets the mark before a note.
func (t runTopic) mark(c *console, n span) span {
	if n.style != warn {
		return n
	}
	return span{c.theme.glyph(markFinding).text + " " + n.text, warn}
}

func (s *runScreen) name(*console) string {
	if s.run.opened.has {
		return s.run.opened.value.RunID
	}
	return first(s.run.run, "newest run")
}

func (s *runScreen) enter(c *console) tea.Cmd {
	return s.run.load(c, false, func() tea.Cmd { return s.fill() })
}

func (s *runScreen) refresh(c *console) tea.Cmd {
	return s.run.load(c, true, func() tea.Cmd { return s.fill() })
}

func (s *runScreen) fill() tea.Cmd {
	s.table.set(s.run.opened.value.topics)
	s.table.fitColumns(16, "RECORDS", "SIZE")
	s.table.fitColumns(26, "NOTE")
	return nil
}

// chosen are the names of the marked topics, each once since older incarnations are never marked; nil takes all.
func (s *runScreen) chosen() []string {
	var names []string
	for _, t := range s.table.marked() {
		names = append(names, t.Name)
	}
	return names
}

func (s *runScreen) actions(c *console) []action {
	t, has := s.table.current()
	nothing, none := "", ""
	if !has {
		none = "there is no topic under the cursor"
	}
	if !s.run.opened.has {
		nothing = "the run has not been read"
	}
	run := func() (string, string) { d := s.run.opened.value; return d.BackupID, d.RunID }
	of := ""
	if n := len(s.table.marks); n > 0 {
		of = " " + itoa(n) + " marked"
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.push(newPartsScreen(c, s.run, t)) }).unless(none),
		can(keys.Mark, func() tea.Cmd { return s.toggle(c, t) }).unless(none),
		can(keys.Restore, func() tea.Cmd {
			b, r := run()
			return c.startRestoreWizard(RestoreRequest{BackupID: b, RunID: r, Topics: s.chosen()})
		}).named("restore" + of).unless(first(c.cannotWrite(), nothing)),
		can(keys.Pane, func() tea.Cmd { return c.push(newCustodyScreen(s.run)) }).named("custody").unless(nothing),
		can(keys.Archive, func() tea.Cmd { return c.startArchiveCheck(run()) }).unless(nothing),
		can(keys.Validate, func() tea.Cmd {
			b, _ := run()
			return c.startDrillWizard(DrillRequest{BackupID: b, Topics: s.chosen()})
		}).named("drill").unless(first(c.cannotWrite(), nothing)),
		can(keys.MarkAll, func() tea.Cmd { s.markAll(); return nil }).unless(none).hidden(),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }).hidden(),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden(),
		can(keys.Preview, s.togglePreview).hidden(),
	}
}

// toggle marks a topic. A restore takes the newest incarnation under a name, so that no other is marked.
func (s *runScreen) toggle(c *console, t runTopic) tea.Cmd {
	if t.older {
		return c.told("a restore takes the newest incarnation of " + t.Name + "; this is an older one")
	}
	s.table.toggle()
	s.prune()
	return nil
}

func (s *runScreen) markAll() {
	s.table.markShown()
	for _, t := range s.table.rows {
		if t.older {
			delete(s.table.marks, s.table.id(t))
		}
	}
	s.prune()
}

// prune leaves only what is marked among the marks, so that their number is their count.
func (s *runScreen) prune() {
	maps.DeleteFunc(s.table.marks, func(_ string, on bool) bool { return !on })
}

func (s *runScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(t runTopic) bool { return t.deleted || t.lost > 0 }, "no topic here lost an offset")
}

func (s *runScreen) copied(*console) (string, string) {
	t, _ := s.table.current()
	return "the topic's id", t.ID
}

func (s *runScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *runScreen) draw(c *console, w, h int) body {
	if b, ok := s.run.opened.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: append([]line{nil, say(" This run holds no topic."), nil}, s.run.opened.value.custody(c, w)...)}
	}
	return s.drawWith(c, w, h, 6, func(w, h int) []line { return s.aside(c, w, h) })
}

func (s *runScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := s.run.opened.wait(c); l != nil {
		return l, nil
	}
	if !s.run.opened.has {
		return nil, nil
	}
	o := s.run.opened.value
	left = say(" " + s.table.found() + " · " + units.Count(o.Records, "record") + " · " + units.Size(o.Bytes))
	if n := len(o.Runs); n > 1 {
		left = left.add(dim, " of "+units.Count(int64(n), "run"))
	}
	if n := len(s.table.marks); n > 0 {
		left = left.add(accent, " · "+itoa(n)+" marked")
	}
	return left, s.more()
}
