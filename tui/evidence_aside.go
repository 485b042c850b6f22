package tui

import (
	"strconv"
	"strings"

	"kustody/evidence"
	"kustody/tui/units"
)

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
		field("Ledger", "entry "+plainNumber(r.closing.Sequence)+", the last is "+plainNumber(s.book.ledger.Head.Sequence))
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
	if x, done := c.checkOf(r.reportID); done {
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
	if l == nil {
		return []line{styled(dim, " looked at "+when)}
	}
	verb := " verified "
	if s.book.inTrouble() {
		verb = " looked at "
	}
	return []line{l, styled(dim, verb+when)}
}

// offline says so where everything was read from a folder.
func (s *evidenceScreen) offline(c *console) string {
	if _, local := localFolder(c.desk.Location); local {
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
