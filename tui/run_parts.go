package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"kustody/engine/archive"
	"kustody/tui/units"
)

// partsScreen lists the partitions of one topic of a run.
type partsScreen struct {
	listing[*archive.ViewPart]
	run    *runSource
	topic  runTopic
	prompt *prompt
}

func newPartsScreen(c *console, run *runSource, t runTopic) *partsScreen {
	type part = *archive.ViewPart
	s := &partsScreen{run: run, topic: t, listing: listing[part]{preview: true}}
	id := func(p part) string { return fmt.Sprint(p.Partition) }
	s.table = newTable("partition", id, id,
		number("PART", 5, 0, 'p', func(p part) int64 { return int64(p.Partition) }),
		number("START", 7, 4, 's', func(p part) int64 { return int64(p.Start) }),
		number("END", 7, 0, 'e', func(p part) int64 { return int64(p.End) }),
		number("RECORDS", 8, 0, 'r', func(p part) int64 { return p.Records }),
		column[part]{title: "SIZE", min: 8, right: true, drop: 1, sort: 'z', less: compare(func(p part) int64 { return p.Bytes }),
			cell: func(p part) span { return span{units.Size(p.Bytes), plain} }},
		number("SEGS", 5, 3, 'g', func(p part) int64 { return int64(len(p.Segments)) }),
		number("ABSENT", 7, 2, 'a', func(p part) int64 { return p.Absent.Total() }),
		column[part]{title: "LOST", min: 12, flex: 1, sort: 'l', less: compare(lostOf), cell: func(p part) span {
			if n := lostOf(p); n > 0 {
				return span{c.theme.glyph(markFinding).text + " " + units.Count(n, "offset"), warn}
			}
			return span{"none", dim}
		}})
	s.table.set(t.parts)
	s.table.fitColumns(19, "START", "END", "RECORDS", "SIZE", "ABSENT")
	return s
}

func lostOf(p *archive.ViewPart) int64 {
	n := int64(0)
	for _, g := range p.Gaps {
		n += g.Len()
	}
	return n
}

func (s *partsScreen) name(*console) string     { return s.topic.Name }
func (s *partsScreen) enter(c *console) tea.Cmd { return nil }
func (s *partsScreen) capturing() bool          { return s.prompt != nil || s.table.capturing() }

func (s *partsScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if cmd, taken := pressPrompt(&s.prompt, k); taken {
		return cmd, true
	}
	return s.listing.press(c, k)
}

func (s *partsScreen) actions(c *console) []action {
	p, has := s.table.current()
	none, empty := "", ""
	if !has {
		none = "there is no partition under the cursor"
	} else if p.Records == 0 {
		empty = "the partition holds no record"
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.push(newSegmentsScreen(c, s.run, s.topic, p)) }).named("segments").unless(none),
		can(keys.Offset, func() tea.Cmd {
			s.prompt = askOffset(p, func(from int64) tea.Cmd { return c.push(newRecordsScreen(c, s.run, s.topic, p, from)) })
			return nil
		}).named("records at offset").unless(first(none, empty)),
		can(keys.Moment, func() tea.Cmd {
			s.prompt = c.askMoment(func(ms int64) tea.Cmd { return c.pushRecordsAt(s.run, s.topic, p, ms) })
			return nil
		}).named("at time").unless(first(none, empty)),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }).named("next gap"),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).named("previous gap").hidden(),
		can(keys.Preview, s.togglePreview).hidden(),
	}
}

func (s *partsScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(p *archive.ViewPart) bool { return len(p.Gaps) > 0 }, "no partition here has a gap")
}

func (s *partsScreen) copied(*console) (string, string) {
	p, has := s.table.current()
	if !has {
		return "", ""
	}
	return "the partition", fmt.Sprintf("%s/%d (%s) offsets [%d, %d)", s.topic.Name, p.Partition, s.topic.ID, p.Start, p.End)
}

func (s *partsScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *partsScreen) draw(c *console, w, h int) body {
	if len(s.table.rows) == 0 {
		return body{lines: []line{nil, say(" No partition of this topic was captured.")}}
	}
	return s.drawWith(c, w, h, 4, func(w, h int) []line { return s.aside(c, w, h) })
}

// aside tells of the partition under the cursor where every offset is.
func (s *partsScreen) aside(c *console, w, h int) []line {
	p, has := s.table.current()
	if !has {
		return nil
	}
	if h < 8 {
		out := []line{{{fmt.Sprintf(" %s/%d", s.topic.Name, p.Partition), bold}, {"  " + absentWords(p.Absent), plain}}}
		return append(out, gapLines(c, p, w, h-1)...)
	}
	out := []line{styled(bold, fmt.Sprintf(" %s/%d", middle(s.topic.Name, w-8), p.Partition)), nil,
		field("Offsets", units.Thousands(int64(p.End-p.Start))),
		field("Records", units.Thousands(p.Records)),
		field("Markers", units.Thousands(p.Absent.Markers)),
		field("Aborted", units.Thousands(p.Absent.Aborted)),
		field("Compacted", units.Thousands(p.Absent.Compacted)+" (inferred)"),
		field("Lost", units.Thousands(lostOf(p))),
		field("Epoch", fmt.Sprint(p.LastEpoch)+" at the end"), nil}
	return append(out, gapLines(c, p, w, h-len(out))...)
}

// absentWords are the offsets that hold no record, by kind.
func absentWords(a archive.Absent) string {
	if a.Total() == 0 {
		return "every offset holds a record, or lies in a gap"
	}
	return fmt.Sprintf("no record at %s: markers %s, aborted %s, compacted %s", units.Count(a.Total(), "offset"), units.Thousands(a.Markers), units.Thousands(a.Aborted), units.Thousands(a.Compacted))
}

// gapLines are the gaps of a partition with their reasons, as many as fit.
func gapLines(c *console, p *archive.ViewPart, w, h int) []line {
	if len(p.Gaps) == 0 {
		return []line{styled(dim, " No gap: every offset is accounted for.")}
	}
	var out []line
	for i, g := range p.Gaps {
		text := fmt.Sprintf("%s–%s (%s): %s", units.Thousands(int64(g.From)), units.Thousands(int64(g.To)-1), units.Count(g.Len(), "offset"), g.Reason)
		rows := hung(c.theme.glyph(markFinding).text, warn, text, w)
		if len(out)+len(rows) > h || i < len(p.Gaps)-1 && len(out)+len(rows) == h {
			return append(out, hung(c.theme.glyph(markFinding).text, warn, units.Count(int64(len(p.Gaps)-i), "gap")+" more", w)...)
		}
		out = append(out, rows...)
	}
	return out
}

func (s *partsScreen) state(*console) (left, right line) {
	if s.prompt != nil {
		return s.prompt.line()
	}
	if l := s.table.status(); l != nil {
		return l, nil
	}
	left = say(" " + s.table.found() + " · " + units.Count(s.topic.Records, "record") + " · " + units.Size(s.topic.Bytes))
	if s.topic.lost > 0 {
		left = left.add(warn, " · "+units.Count(s.topic.lost, "offset")+" lost")
	}
	if s.topic.older {
		left = left.add(dim, " · older incarnation "+middle(s.topic.ID, 13))
	}
	return left, s.more()
}
