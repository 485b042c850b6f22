package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"kustody/engine/archive"
	"kustody/tui/units"
)

// segmentsScreen lists the segments of one partition of a run.
type segmentsScreen struct {
	listing[archive.ViewSegment]
	run    *runSource
	topic  runTopic
	part   *archive.ViewPart
	prompt *prompt
}

func newSegmentsScreen(c *console, run *runSource, t runTopic, p *archive.ViewPart) *segmentsScreen {
	type seg = archive.ViewSegment
	s := &segmentsScreen{run: run, topic: t, part: p, listing: listing[seg]{preview: true}}
	s.table = newTable("segment", func(s seg) string { return s.Key }, func(s seg) string { return s.Key + " " + s.RunID + " " + s.SHA256 },
		number("FIRST", 7, 0, 'f', func(s seg) int64 { return int64(s.BaseOffset) }),
		number("LAST", 7, 0, 'l', func(s seg) int64 { return int64(s.LastOffset) }),
		number("RECORDS", 8, 0, 'r', func(s seg) int64 { return s.Counted }),
		number("BATCHES", 7, 4, 'b', func(s seg) int64 { return s.Batches }),
		column[seg]{title: "SIZE", min: 8, right: true, drop: 3, sort: 'z', less: compare(func(s seg) int64 { return s.Size }), cell: func(s seg) span { return span{units.Size(s.Size), plain} }},
		column[seg]{title: "FROM", min: 16, drop: 2, sort: 't', less: compare(func(s seg) int64 { return int64(s.MinTimestamp) }), cell: func(s seg) span { return timesOf(s, s.MinTimestamp) }},
		column[seg]{title: "TO", min: 16, drop: 1, sort: 'o', less: compare(func(s seg) int64 { return int64(s.MaxTimestamp) }), cell: func(s seg) span { return timesOf(s, s.MaxTimestamp) }},
		column[seg]{title: "NOTE", min: 5, flex: 1, cell: func(s seg) span {
			if s.Cut() {
				return span{c.theme.glyph(markFinding).text + " cut", warn}
			}
			return span{}
		}})
	s.table.set(p.Segments)
	s.table.fitColumns(19, "FIRST", "LAST", "RECORDS", "BATCHES", "SIZE")
	return s
}

// timesOf is one end of a segment in time.
func timesOf(s archive.ViewSegment, ms archive.Int64) span {
	if s.Records == 0 {
		return span{"—", dim}
	}
	return span{minute(int64(ms)), plain}
}

func (s *segmentsScreen) name(*console) string     { return fmt.Sprint(s.part.Partition) }
func (s *segmentsScreen) enter(c *console) tea.Cmd { return nil }
func (s *segmentsScreen) capturing() bool          { return s.prompt != nil || s.table.capturing() }

func (s *segmentsScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if cmd, taken := pressPrompt(&s.prompt, k); taken {
		return cmd, true
	}
	return s.listing.press(c, k)
}

func (s *segmentsScreen) actions(c *console) []action {
	seg, has := s.table.current()
	none, empty := "", ""
	if !has {
		none = "there is no segment under the cursor"
	} else if seg.Counted == 0 {
		none = "no record of the segment counts"
	}
	if s.part.Records == 0 {
		empty = "the partition holds no record"
	}
	return []action{
		can(keys.Open, func() tea.Cmd {
			return c.push(newRecordsScreen(c, s.run, s.topic, s.part, int64(seg.BaseOffset)))
		}).named("records").unless(none),
		can(keys.Offset, func() tea.Cmd {
			s.prompt = askOffset(s.part, func(from int64) tea.Cmd { return c.push(newRecordsScreen(c, s.run, s.topic, s.part, from)) })
			return nil
		}).unless(empty),
		can(keys.Moment, func() tea.Cmd {
			s.prompt = c.askMoment(func(ms int64) tea.Cmd { return c.pushRecordsAt(s.run, s.topic, s.part, ms) })
			return nil
		}).unless(empty),
		can(keys.Preview, s.togglePreview).hidden(),
	}
}

// copied is a line as sha256sum writes and checks it, from the storage location.
func (s *segmentsScreen) copied(*console) (string, string) {
	seg, has := s.table.current()
	if !has {
		return "", ""
	}
	return "the segment's line for sha256sum -c", seg.SHA256 + "  " + s.run.opened.value.BackupID + "/" + seg.Key
}

func (s *segmentsScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *segmentsScreen) draw(c *console, w, h int) body {
	if len(s.table.rows) == 0 {
		lines := []line{nil, say(" No segment counts in this partition: offsets " + units.Thousands(int64(s.part.Start)) + " to " + units.Thousands(int64(s.part.End)) + " hold no record."),
			say(" " + absentWords(s.part.Absent))}
		return body{lines: append(lines, gapLines(c, s.part, w, h-3)...)}
	}
	return s.drawWith(c, w, h, 5, func(w, h int) []line { return s.aside(c, w, h) })
}

// aside is the segment under the cursor, with what proves it.
func (s *segmentsScreen) aside(c *console, w, h int) []line {
	seg, has := s.table.current()
	if !has {
		return nil
	}
	exact := "read from the records"
	if !seg.TimestampsExact {
		exact = "as the batch headers say"
	}
	if seg.Records == 0 {
		exact = "no record, no time"
	}
	if h < 10 {
		out := []line{say(" Key     " + middle(seg.Key, w-10)), say(" sha256  " + middle(seg.SHA256, w-10)),
			say(" Offsets [" + fmt.Sprint(seg.From) + ", " + fmt.Sprint(seg.To) + ") · batches " + units.Thousands(seg.Batches) + " · times " + exact),
			say(" Run     " + seg.RunID)}
		if seg.Cut() {
			out = append([]line{hung(c.theme.glyph(markFinding).text, warn, cutWords(seg), 1000)[0]}, out...)
		}
		return out[:min(h, len(out))]
	}
	out := []line{styled(bold, " Segment"), nil}
	for _, l := range wrap(plain, seg.Key, w-2) {
		out = append(out, append(line{{" ", plain}}, l...))
	}
	out = append(out, nil, styled(dim, " sha256"))
	for _, l := range wrap(plain, seg.SHA256, w-2) {
		out = append(out, append(line{{" ", plain}}, l...))
	}
	out = append(out, nil, field("Written by", middle(seg.RunID, w-14)), field("Accounts", fmt.Sprintf("[%s, %s)", units.Thousands(int64(seg.From)), units.Thousands(int64(seg.To)))),
		field("Records", units.Thousands(seg.Records)), field("Batches", units.Thousands(seg.Batches)), field("Largest", units.Size(seg.LargestBatch)),
		field("Absent", units.Thousands(seg.Absent.Total())), field("Times", exact))
	if seg.Records > 0 {
		out = append(out, field("", instant(int64(seg.MinTimestamp))), field("", instant(int64(seg.MaxTimestamp))+" UTC"))
	}
	if seg.Cut() {
		out = append(append(out, nil), hung(c.theme.glyph(markFinding).text, warn, cutWords(seg), w)...)
	}
	return out
}

// cutWords say that the end of a segment no longer counts.
func cutWords(seg archive.ViewSegment) string {
	return fmt.Sprintf("cut at offset %s: the source was rewritten; %s of %s count", units.Thousands(int64(seg.Until)), units.Thousands(seg.Counted), units.Count(seg.Records, "record"))
}

func (s *segmentsScreen) state(*console) (left, right line) {
	if s.prompt != nil {
		return s.prompt.line()
	}
	if l := s.table.status(); l != nil {
		return l, nil
	}
	return say(" " + s.table.found() + " · " + units.Count(s.part.Records, "record") + " · " + units.Size(s.part.Bytes) + " · offsets " +
		units.Thousands(int64(s.part.Start)) + "–" + units.Thousands(int64(s.part.End)-1)), s.more()
}
