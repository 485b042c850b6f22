package tui

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// what names a reading.
func (s *recordsScreen) what(from int64) string {
	return fmt.Sprintf("records of %s/%d from offset %s", s.topic.Name, s.part.Partition, units.Thousands(from))
}

// page reads records from an offset on.
func (s *recordsScreen) page(ctx context.Context, from int64, n int) (readRecords, error) {
	p, err := s.run.opened.value.reader.Records(ctx, s.part, from, n)
	if err != nil {
		return readRecords{}, err
	}
	return readRecords{rows: rowsOf(p), next: p.Next, from: from, onto: -1}, nil
}

// rowsOf prepares a page's records for the list.
func rowsOf(p *engine.RecordPage) []recordRow {
	rows := make([]recordRow, len(p.Records))
	for i, r := range p.Records {
		rows[i] = recordRow{Record: r, key: briefly(r.Key, r.KeyLen), value: briefly(r.Value, r.ValueLen), proved: p.Proved}
	}
	return rows
}

// onwards reads the next page.
func (s *recordsScreen) onwards(c *console) tea.Cmd {
	from := s.next
	return s.read(c, s.what(from), func(ctx context.Context) (readRecords, error) { return s.page(ctx, from, pageRecords) })
}

// jump shows the records from an offset on, in place of what is here. onto is the offset that was asked
// for, or -1.
func (s *recordsScreen) jump(c *console, from, onto int64, last bool) tea.Cmd {
	s.reader.stop()
	return s.read(c, s.what(from), func(ctx context.Context) (readRecords, error) {
		got, err := s.page(ctx, from, pageRecords)
		got.onto, got.last, got.anew = onto, last, true
		return got, err
	})
}

// jumpTo shows the records from the first one on, in offset order, whose timestamp is at or after a time.
func (s *recordsScreen) jumpTo(c *console, ms int64) tea.Cmd {
	s.reader.stop()
	what := fmt.Sprintf("the first record of %s/%d at or after %s UTC", s.topic.Name, s.part.Partition, instant(ms))
	return s.read(c, what, func(ctx context.Context) (readRecords, error) {
		at, err := s.run.opened.value.reader.OffsetAt(ctx, s.part, ms)
		if err != nil {
			return readRecords{}, err
		}
		if at < 0 {
			return readRecords{none: "no record of the partition is as late as " + instant(ms) + " UTC", onto: -1}, nil
		}
		got, err := s.page(ctx, at, pageRecords)
		got.onto, got.anew = at, true
		return got, err
	})
}

// toTop goes to the first record of the partition, toBottom to the last.
func (s *recordsScreen) toTop(c *console) tea.Cmd {
	s.table.move(-len(s.table.shown))
	if s.from <= s.firstOffset() {
		return nil
	}
	return s.jump(c, s.firstOffset(), -1, false)
}

func (s *recordsScreen) toBottom(c *console) tea.Cmd {
	s.table.move(len(s.table.shown))
	if s.next < 0 && s.reader.err == nil && !s.reader.loading {
		return nil
	}
	end := int64(-1)
	for i := len(s.part.Segments) - 1; i >= 0 && end < 0; i-- {
		if seg := s.part.Segments[i]; seg.Counted > 0 {
			end = min(int64(seg.LastOffset)+1, int64(seg.Until))
		}
	}
	s.reader.stop()
	return s.read(c, s.what(end-1), func(ctx context.Context) (readRecords, error) {
		got, err := s.ending(ctx, end)
		got.next, got.last, got.anew = -1, true, true
		return got, err
	})
}

// earlier reads the records before those that are here.
func (s *recordsScreen) earlier(c *console) tea.Cmd {
	end := s.from
	return s.read(c, s.what(max(s.firstOffset(), end-pageRecords)), func(ctx context.Context) (readRecords, error) {
		got, err := s.ending(ctx, end)
		got.before = true
		return got, err
	})
}

// ending reads a page of the last records before an offset. Where a compacted partition holds few, it looks
// further and further back.
func (s *recordsScreen) ending(ctx context.Context, end int64) (readRecords, error) {
	first := s.firstOffset()
	for step := int64(pageRecords); ; step *= 4 {
		from := max(first, end-step)
		out := readRecords{from: from, onto: -1}
		for at := from; at >= 0 && at < end; {
			got, err := s.page(ctx, at, pageRecords)
			if err != nil {
				return readRecords{}, err
			}
			for _, r := range got.rows {
				if r.Offset < end {
					out.rows = append(out.rows, r)
				}
			}
			if n := len(out.rows) - pageRecords; n > 0 {
				out.rows = append([]recordRow{}, out.rows[n:]...)
				out.from = out.rows[0].Offset
			}
			at = got.next
		}
		if len(out.rows) > 0 || from == first {
			return out, nil
		}
	}
}

// trim keeps a list within its bounds: the first rows go when it grew at the end, else the last.
func (s *recordsScreen) trim(rows []recordRow, atEnd bool) []recordRow {
	bytes := 0
	for _, r := range rows {
		bytes += len(r.Key) + len(r.Value)
	}
	for len(rows) > 2*pageRecords && (len(rows) > keptRecords || bytes > keptBytes) {
		var out []recordRow
		if atEnd {
			out, rows = rows[:pageRecords], append([]recordRow{}, rows[pageRecords:]...)
			s.from = rows[0].Offset
		} else {
			out, rows = rows[len(rows)-pageRecords:], append([]recordRow{}, rows[:len(rows)-pageRecords]...)
			s.next = out[0].Offset
		}
		for _, r := range out {
			bytes -= len(r.Key) + len(r.Value)
		}
	}
	return rows
}

// briefBytes is how much of a field the list shows at most.
const briefBytes = 200

// briefly is a key or a value in short: null and empty are told apart, and what is no text is hex.
func briefly(b []byte, length int) span {
	switch {
	case length < 0:
		return span{"null", dim}
	case length == 0:
		return span{"empty", dim}
	}
	cut := b[:min(len(b), briefBytes)]
	if looksLikeText(cut, length > len(cut)) {
		text := strings.Map(func(r rune) rune {
			if r == '\n' || r == '\t' || r == '\r' {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(string(cut), ""))
		return span{text, plain}
	}
	return span{fmt.Sprintf("0x%x", cut[:min(len(cut), briefBytes/4)]), dim}
}

// looksLikeText says that bytes are UTF-8 without control characters but breaks and tabs. Of a text that
// was cut the last character may be in part.
func looksLikeText(b []byte, wasCut bool) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return wasCut && !utf8.FullRune(b)
		}
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
		b = b[n:]
	}
	return true
}
