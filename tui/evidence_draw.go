package tui

import (
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
	table := func(w, h int) []line { return s.table.draw(c, w, h, true) }
	switch {
	case !s.preview || !c.wide() && h < 14:
		return body{lines: append(append(lines, rule(w, -1, -1)), table(w, rest-1)...)}
	case c.wide():
		lw := w - previewWidth - 1
		lines = append(lines, rule(w, lw, -1))
		both := beside(table(lw, rest-1), lw, s.aside(c, previewWidth, rest-1), previewWidth, rest-1)
		return body{lines: append(lines, both...), bar: lw, barBelow: true}
	}
	b := withPreview(c, w, rest-1, table, func(w, h int) []line { return s.brief(c, w) })
	return body{lines: append(append(lines, rule(w, -1, -1)), b.lines...)}
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
		return body{lines: []line{nil, append(line{{" ", plain}}, first2(c.data.ledger.wait(c), c.data.reports.wait(c))...)}}, true
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
		sentence = units.Count(int64(len(rows)), "report") + " · no ledger: a report that is missing would not be noticed"
	}
	left := line{{" " + strconv.Itoa(s.year), bold | accent}, {"   " + sentence, plain}}
	lane, future := s.lane(c)
	all := append(slices.Clone(lane), future...)
	head := []line{spread(left, s.legend(c, all, w-left.width()-3), w)}
	labels, strip, cursor := s.strip(c, lane, future, w)
	if s.above(c, h) == 3 {
		return append(head, strip)
	}
	return append(head, labels, strip, cursor)
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
func (s *evidenceScreen) legend(c *console, rows []evidenceRow, room int) line {
	seen := map[mark]bool{}
	for _, r := range rows {
		m, _ := s.book.result(r, c.now())
		seen[m] = true
	}
	var l line
	for _, x := range []struct {
		m    mark
		word string
	}{{markOK, "pass"}, {markAbout, "not trusted"}, {markFinding, "finding"}, {markBad, "failed or broken"}, {markGap, "missed"}, {markWait, "not due"}} {
		if seen[x.m] && l.width()+len(x.word)+4 <= room {
			l = append(l, stripGlyph(x.m), span{" " + x.word + "  ", dim})
		}
	}
	if len(l) > 0 {
		l[len(l)-1].text = strings.TrimSuffix(l[len(l)-1].text, " ")
	}
	return l
}

// stripGlyph is a mark of one cell also where marks take two.
func stripGlyph(m mark) span { return span{markGlyphs[m][0], markStyles[m]} }

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
	text := []rune(repeat(" ", w))
	free, month := 0, time.Month(0)
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
		if t := all[i].due().UTC(); t.Month() != month {
			month = t.Month()
			if x := 1 + (i-from)*step; x >= free && x+3 <= w {
				copy(text[x:], []rune(t.Format("Jan")))
				free = x + 4
			}
		}
	}
	if at >= from && at < end {
		cursor = line{{repeat(" ", 1+(at-from)*step), plain}, {"▴", accent | bold}}
	}
	if s.book.lanes > 1 && has {
		cursor = spread(cursor, line{{cur.seriesWords() + " ", dim}}, w)
	}
	return styled(dim, string(text)), glyphs, cursor
}

// aside is the preview of the row under the cursor.
func (s *evidenceScreen) aside(c *console, w, h int) []line {
	r, has := s.table.current()
	if !has {
		return nil
	}
	m, words := s.book.result(r, c.now())
	out := []line{styled(bold, " "+short(s.title(r), w-2)), nil, append(line{{" Result     ", dim}}, c.theme.word(m, words)...)}
	field := func(name, value string) {
		if value != "" {
			out = append(out, line{{" " + pad(name, 10) + " ", dim}, {short(value, w-13), plain}})
		}
	}
	field("Series", r.slot.Series)
	if x := r.report; x != nil {
		field("Compared", units.Count(x.Records, "record")+", "+strconv.Itoa(x.Topics)+" of "+units.Count(int64(x.BackupTopics), "topic"))
		field("Restore", spanCell(x.TimeToRestoreMS).text)
		if r.age() >= 0 {
			field("Newest", spanCell(r.age()).text+" old at restore")
		}
		field("Backup run", x.RunID)
	}
	if r.closing != nil {
		field("Key", r.closing.KeyID)
		field("Ledger", "entry "+plainNumber(r.closing.Sequence)+" of "+plainNumber(s.book.ledger.Head.Sequence))
	}
	for _, l := range s.explain(r) {
		out = append(out, nil)
		out = append(out, para(l[0].style, l[0].text, w)...)
	}
	if len(r.slot.Attempts) > 0 && r.kind != rowLoose {
		out = append(out, nil, styled(dim, " Attempts"))
		for _, a := range r.slot.Attempts {
			out = append(out, s.attemptLines(c, a)...)
		}
	}
	out = append(out, nil)
	out = append(out, s.verifiedLines(c, r, w)...)
	return out
}

// title names the row in a few words.
func (s *evidenceScreen) title(r evidenceRow) string {
	switch r.kind {
	case rowLoose:
		return r.reportID
	case rowAgain:
		return "again for " + stamp(r.slot.Due) + ": " + r.reportID
	}
	return r.slot.Kind + " due " + stamp(r.slot.Due) + " UTC"
}

// attemptLines are one attempt: when it started, what it came to, and its report.
func (s *evidenceScreen) attemptLines(c *console, a evidence.Attempt) []line {
	m, word := attemptMark(a)
	for _, r := range s.book.rows {
		if r.attempt != nil && r.attempt.Job == a.Job && a.Verdict != "" {
			m, word = s.book.result(r, c.now())
		}
	}
	out := []line{{{"  " + a.StartedAt.UTC().Format("01-02 15:04") + " ", plain}, c.theme.glyph(m), {" " + word, plain}}}
	if a.ReportID != "" {
		out = append(out, styled(dim, "              "+a.ReportID))
	}
	return out
}

// attemptMark is how a job ended, by the ledger alone.
func attemptMark(a evidence.Attempt) (mark, string) {
	switch {
	case a.Abandoned:
		return markFinding, "abandoned"
	case a.Closing < 0:
		return markWait, "running, or dead"
	case a.Verdict == evidence.VerdictPassed:
		return markAbout, "passed"
	case a.Verdict == "":
		return markFinding, "no verdict"
	case a.Verdict == evidence.VerdictFailed || a.Verdict == evidence.VerdictError:
		return markBad, string(a.Verdict)
	}
	return markFinding, string(a.Verdict)
}

// lastNames leaves of long keys in a sentence only what follows the last slash.
func lastNames(sentence string) string {
	words := strings.Split(sentence, " ")
	for i, w := range words {
		if len(w) > 30 && strings.Contains(w, "/") {
			words[i] = w[strings.LastIndex(w, "/")+1:]
		}
	}
	return strings.Join(words, " ")
}

// explain are the sentences that a row needs beyond its verdict.
func (s *evidenceScreen) explain(r evidenceRow) []line {
	var out []line
	if r.broken != "" {
		out = append(out, styled(bad, lastNames(r.broken)))
	}
	switch {
	case r.kind == rowAgain:
		out = append(out, styled(plain, "A further attempt: the first verdict closes the slot, which stays "+string(r.slot.Verdict)+"."))
	case r.kind == rowLoose && r.unnamed:
		out = append(out, styled(warn, "It lies among the reports, and no entry of the ledger names it."))
	case r.slot.Verdict == evidence.VerdictMissed && r.kind == rowSlot:
		out = append(out, styled(plain, "Nothing closed it before the next was due. enter says more."))
	case r.slot.Verdict == evidence.VerdictStale:
		out = append(out, styled(plain, "It was validated with a restore that was not started in its period."))
	}
	return out
}

// verifiedLines say what was verified of the row, when, and against what.
func (s *evidenceScreen) verifiedLines(c *console, r evidenceRow, w int) []line {
	if !s.book.trusted {
		return para(warn, "Nothing is verified: there is no trusted public key.", w)
	}
	if x, done := s.checks[r.reportID]; done && r.reportID != "" {
		l := append(line{{" ", plain}}, c.theme.word(x.mark, "verified "+units.Ago(x.at, c.now())+":")...)
		return append([]line{l}, para(plain, x.words, w)...)
	}
	when := units.Ago(c.data.ledger.asOf, c.now()) + s.offline(c)
	if r.broken != "" || r.kind == rowNext {
		return []line{styled(dim, " looked at "+when)}
	}
	if s.book.ledger == nil {
		return []line{styled(dim, " verified "+units.Ago(c.data.reports.asOf, c.now())+", without a ledger")}
	}
	var l line
	if r.report != nil && r.report.Signature == evidence.SignatureValid {
		l = append(append(l, span{" ", plain}), c.theme.word(markOK, "signature")...)
	}
	m, _ := s.book.place(r)
	if m != markNone {
		l = append(append(l, span{"  ", plain}), c.theme.word(m, "chain")...)
	}
	return []line{l, styled(dim, " verified "+when)}
}

// offline says so where everything was read from a folder.
func (s *evidenceScreen) offline(c *console) string {
	if strings.HasPrefix(c.desk.Location, "file:") {
		return ", offline"
	}
	return ""
}

// brief is the preview in three lines.
func (s *evidenceScreen) brief(c *console, w int) []line {
	r, has := s.table.current()
	if !has {
		return nil
	}
	m, words := s.book.result(r, c.now())
	l := append(line{{" " + s.title(r) + "  ", bold}}, c.theme.word(m, words)...)
	second := styled(dim, " "+first(r.reportID, "no report"))
	if r.report != nil {
		second = second.add(plain, "   "+units.Count(r.report.Records, "record")+"   RPO "+spanCell(r.age()).text+"   RTO "+spanCell(r.took()).text)
	}
	if n := len(r.slot.Attempts); n > 1 && r.kind == rowSlot {
		second = second.add(warn, "   "+itoa(n)+" attempts")
	}
	third := line(nil)
	if e := s.explain(r); len(e) > 0 {
		third = line{{" " + e[0][0].text, e[0][0].style}}
	} else if v := s.verifiedLines(c, r, 1000); len(v) > 0 {
		for _, x := range v {
			third = append(append(third, x...), span{"  ", plain})
		}
	}
	return []line{l.fit(w), second.fit(w), third.fit(w)}
}

func (s *evidenceScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := first2(c.data.ledger.wait(c), c.data.reports.wait(c)); l != nil {
		return append(line{{" ", plain}}, l...), nil
	}
	if c.desk.Evidence == nil {
		return nil, nil
	}
	return c.trustLine(s.book), line{{s.table.more(), dim}}
}

// trustLine is what the ledger as a whole comes to, and against what.
func (c *console) trustLine(b *evidenceBook) line {
	pre := line{{" ", plain}}
	switch {
	case len(b.rows) == 0 && b.ledger == nil:
		return nil
	case !b.trusted:
		return append(pre, c.theme.word(markAbout, "no trusted key: nothing is verified. Give the one you received: --public-key FILE")...)
	case b.ledger == nil:
		return append(pre, c.theme.word(markFinding, "no ledger here: what is missing cannot be noticed")...)
	case b.inTrouble():
		return append(pre, c.theme.word(markBad, b.ledger.Summary())...)
	case b.ledger.Worst() == evidence.Finding:
		return append(pre, c.theme.word(markFinding, b.ledger.Summary())...)
	}
	return append(pre, c.theme.word(markOK, b.ledger.Summary())...)
}
