package tui

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"kustody/evidence"
	"kustody/tui/units"
)

// above is how many lines stand above the table: a sentence, the strip of the year with its labels, and a
// rule.
func (s *evidenceScreen) above(c *console, h int) int {
	if h < 14 {
		return 3
	}
	return 5
}

func (s *evidenceScreen) draw(c *console, w, h int) body {
	if b, ok := s.instead(c, w, h); ok {
		return b
	}
	lines := s.heading(c, w, h)
	rest := h - len(lines)
	if !c.wide() && h < 14 {
		return body{lines: append(append(lines, rule(w, -1, -1)), s.table.draw(c, w, rest-1, true)...)}
	}
	b := s.drawWith(c, w, rest-1, previewHeight, func(w, h int) []line {
		if c.wide() {
			return s.aside(c, w, h)
		}
		return s.brief(c, w)
	})
	joint := -1
	if b.bar > 0 {
		joint, b.barBelow = b.bar, true
	}
	b.lines = append(append(lines, rule(w, joint, -1)), b.lines...)
	return b
}

// instead is what stands in place of the rows when there are none: the wait, what went wrong, or why
// there is nothing.
func (s *evidenceScreen) instead(c *console, w, h int) (body, bool) {
	if len(s.book.rows) > 0 {
		return body{}, false
	}
	if b, ok := c.data.ledger.page(c, w, h); ok && !c.data.reports.has {
		return b, true
	}
	if c.data.ledger.loading || c.data.reports.loading {
		return body{lines: []line{nil, first2(c.data.ledger.wait(c), c.data.reports.wait(c))}}, true
	}
	if err := c.data.ledger.err; err != nil {
		return body{lines: c.failure("There is no ledger to show, and no report.", err, w)}, true
	}
	lines := []line{nil, say(" Nothing was due yet, and there is no report.")}
	if l := c.data.ledger.value; l != nil {
		lines = append(lines, line{{" The ledger has " + entryCount(len(l.Entries)) + ".   ", plain}, {"L", bold}, {"  look at it", dim}})
	}
	return body{lines: lines}, true
}

func first2(a, b line) line {
	if a != nil {
		return a
	}
	return b
}

// entryCount is units.Count for a noun whose plural is not made with an s.
func entryCount(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return itoa(n) + " entries"
}

// heading is the sentence of the year and its strip.
func (s *evidenceScreen) heading(c *console, w, h int) []line {
	rows := s.inYear()
	sentence := s.book.tally(rows, c.now())
	if s.book.ledger == nil {
		sentence = units.Count(int64(len(rows)), "report") + " · "
		if m, words := s.book.noLedger(); m == markBad {
			sentence += words
		} else {
			sentence += "no ledger: a report that is missing would not be noticed"
		}
	}
	left := line{{" " + strconv.Itoa(s.year), bold | accent}, {"   " + sentence, plain}}
	lane, future := s.lane(c)
	all := append(slices.Clone(lane), future...)
	labels, strip, cursor := s.strip(c, lane, future, w)
	if s.above(c, h) == 3 {
		l, _ := s.legend(c, all, w-left.width()-3)
		return []line{spread(left, l, w), strip}
	}
	first, rest := s.legend(c, all, w-left.width()-3)
	more, rest := s.legendOf(c, rest, w-labels.width()-2) // what finds no room stands below
	last, _ := s.legendOf(c, rest, w-cursor.width()-2)
	return []line{spread(left, first, w), spread(labels, more, w), strip, spread(cursor, last, w)}
}

// lane are the slots of the year of the kind under the cursor, the oldest first, and the due times of the
// rest of the year.
func (s *evidenceScreen) lane(c *console) (lane, future []evidenceRow) {
	rows := s.inYear()
	slices.SortStableFunc(rows, func(a, b evidenceRow) int { return a.due().Compare(b.due()) })
	want := ""
	if r, ok := s.table.current(); ok && r.kind != rowLoose {
		want = r.lane()
	}
	for _, r := range rows {
		if r.kind == rowSlot && (want == "" || r.lane() == want) {
			want = r.lane()
			lane = append(lane, r)
		}
	}
	if len(lane) == 0 {
		for _, r := range rows {
			if r.kind == rowLoose {
				lane = append(lane, r)
			}
		}
		return lane, nil
	}
	last := lane[len(lane)-1].slot
	if last.Next.After(c.now()) {
		for _, t := range s.book.dueAfter(last.Series, last.Kind, last.Due, time.Date(s.year+1, 1, 1, 0, 0, 0, -1, time.UTC)) {
			r := evidenceRow{kind: rowNext, slot: last}
			r.slot.Due = t
			future = append(future, r)
		}
	}
	return lane, future
}

// dueAfter are the due times to come, by the schedule that the ledger has last.
func (b *evidenceBook) dueAfter(series, kind string, after, until time.Time) []time.Time {
	var spec *evidence.ScheduleSpec
	for _, e := range b.ledger.Entries {
		var specs []evidence.SeriesSpec
		if e.Genesis != nil {
			specs = e.Genesis.Series
		} else if e.Changed != nil {
			specs = []evidence.SeriesSpec{*e.Changed}
		}
		for _, s := range specs {
			if s.Series != series {
				continue
			}
			spec = nil
			for i := range s.Schedules {
				if s.Schedules[i].Kind == kind {
					spec = &s.Schedules[i]
				}
			}
		}
	}
	if spec == nil {
		return nil
	}
	sched, err := evidence.ParseSchedule(spec.Cron, spec.Zone, time.Duration(spec.ToleranceSeconds)*time.Second)
	if err != nil {
		return nil // a finding of the ledger says so
	}
	return sched.Due(after, until)
}

// legend explains the glyphs that the strip shows, and no others.
func (s *evidenceScreen) legend(c *console, rows []evidenceRow, room int) (l line, rest map[mark]bool) {
	seen := map[mark]bool{}
	for _, r := range rows {
		m, _ := s.book.result(r, c.now())
		seen[m] = true
	}
	return s.legendOf(c, seen, room)
}

// legendOf explains as many marks as there is room for; rest are the others.
func (s *evidenceScreen) legendOf(c *console, seen map[mark]bool, room int) (l line, rest map[mark]bool) {
	rest = maps.Clone(seen)
	bad := "failed"
	if s.book.inTrouble() {
		bad = "failed or broken"
	}
	for _, x := range []struct {
		m    mark
		word string
	}{{markOK, "pass"}, {markAbout, "not trusted"}, {markFinding, "finding"}, {markBad, bad}, {markGap, "missed"}, {markWait, "not due"}} {
		if seen[x.m] && l.width()+len(x.word)+4 <= room {
			l = append(l, stripGlyph(x.m), span{" " + x.word + "  ", dim})
			delete(rest, x.m)
		}
	}
	if len(l) > 0 {
		l[len(l)-1].text = strings.TrimSuffix(l[len(l)-1].text, " ")
	}
	return l, rest
}

// stripGlyph is a mark of one cell also where marks take two.
func stripGlyph(m mark) span { return span{markGlyphs[m][0], markStyles[m] | badge} }

// strip is one glyph per slot of the year, month names above, and a pointer below.
func (s *evidenceScreen) strip(c *console, lane, future []evidenceRow, w int) (labels, glyphs, cursor line) {
	all := append(slices.Clone(lane), future...)
	room := w - 2
	step := 1
	if len(all)*2 <= room {
		step = 2
	}
	at := -1
	cur, has := s.table.current()
	for i, r := range all {
		if has && r.lane() == cur.lane() && r.due().Equal(cur.due()) {
			at = i
		}
	}
	from := 0
	if len(all)*step > room {
		from = max(0, min(at-room/2, len(all)-room))
	}
	end := min(len(all), from+room/step)
	glyphs = line{{" ", plain}}
	for i := from; i < end; i++ {
		m, _ := s.book.result(all[i], c.now())
		g := stripGlyph(m)
		if i == at {
			g.style |= bold
		}
		glyphs = append(glyphs, g)
		if step == 2 {
			glyphs = append(glyphs, span{" ", plain})
		}
	}
	if at >= from && at < end {
		cursor = line{{repeat(" ", 1+(at-from)*step), plain}, {"▴", accent | bold}}
	}
	if s.book.lanes > 1 && has {
		cursor = spread(cursor, line{{cur.seriesWords() + " ", dim}}, w)
	}
	return months(all[from:end], step, w), glyphs, cursor
}

// months names the month above the first slot of each, where there is room.
func months(rows []evidenceRow, step, w int) line {
	text := []rune(repeat(" ", w))
	free, month := 0, time.Month(0)
	for i, r := range rows {
		if t := r.due().UTC(); t.Month() != month {
			month = t.Month()
			if x := 1 + i*step; x >= free && x+3 <= w {
				copy(text[x:], []rune(t.Format("Jan")))
				free = x + 4
			}
		}
	}
	return styled(dim, strings.TrimRight(string(text), " "))
}

func (s *evidenceScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := first2(c.data.ledger.wait(c), c.data.reports.wait(c)); l != nil {
		return l, nil
	}
	if c.desk.Evidence == nil {
		return nil, nil
	}
	left, right = c.trustLine(s.book), line{{s.table.more(), dim}}
	at := c.data.ledger.asOf // a mark is as old as what it stands on
	if s.book.ledger == nil || c.data.reports.has && c.data.reports.asOf.Before(at) {
		at = c.data.reports.asOf
	}
	if age := (line{{" as of " + stampSeconds(at) + " UTC   ", dim}}); !at.IsZero() && c.now().Sub(at) > time.Minute && left.width()+age.width()+right.width() < c.w {
		right = append(age, right...)
	}
	return left, right
}

// trustLine is what the ledger as a whole comes to, and against what.
func (c *console) trustLine(b *evidenceBook) line {
	pre := line{{" ", plain}}
	switch l := c.data.ledger; {
	case l.has && l.err != nil && !b.inTrouble():
		return append(pre, c.theme.word(markFinding, "the ledger could not be read again; shown as of "+clockTime(l.asOf)+" UTC (M says why)")...)
	case len(b.rows) == 0 && b.ledger == nil:
		return nil
	case !b.trusted:
		return append(pre, c.theme.word(markAbout, "no trusted key: nothing is verified; give yours with --public-key FILE")...)
	case b.ledger == nil:
		m, words := b.noLedger()
		return append(pre, c.theme.word(m, words)...)
	case b.otherKey() != "":
		return append(pre, c.theme.word(markBad, "the ledger does not verify: it names key "+b.otherKey()[:8]+", yours is "+b.ledger.Options.PublicKey.KeyID()[:8])...)
	case b.inTrouble():
		return append(pre, c.theme.word(markBad, b.ledger.Summary())...)
	case b.ledger.Worst() == evidence.Finding:
		return append(pre, c.theme.word(markFinding, b.ledger.Summary())...)
	}
	return append(pre, c.theme.word(markOK, b.ledger.Summary())...)
}
