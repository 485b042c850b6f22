package tui

import (
	"time"

	"kustody/engine"
	"kustody/tui/units"
)

// countRow is a line of the table of what lies in the window.
type countRow struct {
	engine.TopicCount
	total bool
	day   bool // all times lie on one day: it needs no saying
}

// countTable shows what lies in the window, by topic.
func countTable(c *console) table[countRow] {
	at := func(r countRow, ms int64) span {
		switch {
		case r.total:
			return span{}
		case r.Records == 0:
			return span{"—", dim}
		case r.day:
			return span{time.UnixMilli(ms).UTC().Format("15:04:05.000"), plain}
		}
		return span{minute(ms), plain}
	}
	bolder := func(r countRow) style {
		if r.total {
			return bold
		}
		return plain
	}
	return newTable("topic", func(r countRow) string { return r.Topic }, func(r countRow) string { return r.Topic },
		column[countRow]{title: "TOPIC", named: true, min: 14, flex: 1, cell: func(r countRow) span { return span{r.Topic, bolder(r)} }},
		column[countRow]{title: "PARTITIONS", min: 10, right: true, drop: 5, cell: func(r countRow) span { return span{itoa(r.Partitions), bolder(r)} }},
		column[countRow]{title: "FIRST RECORD UTC", min: 16, drop: 2, cell: func(r countRow) span { return at(r, r.First) }},
		column[countRow]{title: "LAST RECORD UTC", min: 16, drop: 1, cell: func(r countRow) span { return at(r, r.Last) }},
		column[countRow]{title: "RECORDS", min: 10, right: true, cell: func(r countRow) span { return span{units.Thousands(r.Records), bolder(r)} }},
		column[countRow]{title: "TO READ", min: 9, right: true, drop: 3, cell: func(r countRow) span { return span{units.Size(r.Bytes), bolder(r)} }},
		column[countRow]{title: "NOTE", min: 21, drop: 4, cell: func(r countRow) span { return r.note(c) }})
}

func (r countRow) note(c *console) span {
	mark := c.theme.glyph(markFinding)
	switch {
	case r.total:
		return span{"read from segments", dim}
	case r.Records == 0:
		return span{mark.text + " none in the window", warn}
	case r.Empty > 0:
		return span{mark.text + " " + units.Count(int64(r.Empty), "partition") + " empty", warn}
	case r.Guessed:
		return span{"~ times by headers", dim}
	}
	return span{}
}

// countLines is the table of what lies in the window, in at most so many lines.
func (s *windowStep) countLines(c *console, w, h int) []line {
	switch {
	case s.err != nil:
		return nil
	case s.counts.err != nil && !s.counts.loading:
		return s.trouble(c, "Cannot count what lies in the window", s.counts.err, w)
	case !s.counts.has:
		return []line{append(line{{"  ", plain}}, s.counts.wait(c)...)}
	}
	rows, total := countRows(s.counts.value.rows)
	s.unseen = 0
	if h < 3 || w < leastWidth {
		s.unseen, rows = len(rows), nil
	} else if len(rows) > h-2 {
		s.unseen, rows = len(rows)-(h-2), rows[:h-2]
	}
	s.table.set(append(rows, total))
	lines := s.table.draw(c, w, len(rows)+2, false)
	if h < 3 {
		lines = lines[1:]
	}
	if s.counts.value.key != s.key() {
		for i, l := range lines {
			lines[i] = faded(l)
		}
	}
	return lines
}

// countRows are the rows of the topics, and their sum.
func countRows(counts []engine.TopicCount) (rows []countRow, total countRow) {
	total = countRow{total: true}
	lo, hi := int64(0), int64(0)
	for _, x := range counts {
		if x.Records > 0 && (total.Records == 0 || x.First < lo) {
			lo = x.First
		}
		if x.Records > 0 && (total.Records == 0 || x.Last > hi) {
			hi = x.Last
		}
		total.Partitions += x.Partitions
		total.Records += x.Records
		total.Bytes += x.Bytes
		rows = append(rows, countRow{TopicCount: x})
	}
	total.Topic = "all " + units.Count(int64(len(counts)), "topic")
	day := time.UnixMilli(lo).UTC().Format(time.DateOnly) == time.UnixMilli(hi).UTC().Format(time.DateOnly)
	for i := range rows {
		rows[i].day = day
	}
	return rows, total
}

// faded is a line of numbers that are being counted anew.
func faded(l line) line {
	out := make(line, len(l))
	for i, x := range l {
		out[i] = span{x.text, dim | x.style&^roleMask}
	}
	return out
}
