package tui

import (
	"strings"
	"time"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
)

// exitWords are what exit codes mean.
var exitWords = map[engine.Exit]string{
	engine.ExitDone:      "done and clean",
	engine.ExitFailed:    "failed",
	engine.ExitUsage:     "refused: the request or the configuration is wrong",
	engine.ExitFindings:  "finished, but incomplete, failed a check or has findings",
	engine.ExitBroken:    "something stored does not verify",
	engine.ExitNoArchive: "there is no such archive",
	engine.ExitLocked:    "another job holds the lock",
	engine.ExitCancelled: "cancelled",
}

// outcomeMark is the mark of how a job ended.
func outcomeMark(s engine.Summary) mark {
	switch s.Exit {
	case engine.ExitDone:
		return markOK
	case engine.ExitFindings, engine.ExitCancelled:
		return markFinding
	default:
		return markBad
	}
}

// outcomeWord is how a job ended, in a word or two.
func outcomeWord(s engine.Summary) string {
	if s.Exit == engine.ExitFindings && len(s.Findings) > 0 {
		return units.Count(int64(len(s.Findings)), "finding")
	}
	return s.Outcome
}

// end is how a job ended, in a mark and a word or two. That it came to its end is not the same as that what it
// looked at is good: a verdict counts for more than the exit code, and carries its level.
func (j *job) end() (mark, string) {
	s := *j.summary
	m, word := outcomeMark(s), outcomeWord(s)
	if r := j.Report(); r != nil {
		v, words := reportMark(engine.ReportItem{Overall: r.Overall, Level: r.Level, Stale: r.Stale, Signature: evidence.SignatureValid,
			Topics: len(r.Restore.Topics), BackupTopics: r.Backup.Topics})
		switch {
		case s.Exit == engine.ExitFindings && r.Overall == evidence.Failed:
			return v, words
		case s.Exit == engine.ExitDone && (v != markOK || words != levelWords(evidence.LevelEveryRecord)):
			return v, s.Outcome + ", " + words
		}
		return m, word
	}
	if s.Kind == "validate" && s.Exit == engine.ExitDone {
		deep, _ := s.Get("deep").(bool)
		switch checked := s.Get("signatures") == "checked"; {
		case !checked && !deep:
			return markAbout, s.Outcome + ", neither signatures nor segments read"
		case !checked:
			return markAbout, s.Outcome + ", signatures not checked"
		case !deep:
			return m, s.Outcome + ", segments not read"
		}
	}
	return m, word
}

// jobState is the state of a job with its mark, for lists.
func (c *console) jobState(j *job) line {
	switch {
	case j.summary != nil:
		return c.theme.word(j.end())
	case j.asked:
		return c.theme.word(markFinding, "cancelling")
	case tallyOf(j.snap.Partitions)[rankRetrying] > 0:
		return c.theme.word(markFinding, "retrying")
	default:
		return c.theme.word(markNone, "running")
	}
}

// endHead is the outcome in the head's place: mark, words, what the exit code means, and when it was.
func endHead(c *console, j *job, w int) []line {
	s := *j.summary
	m, words := j.end()
	if s.Exit == engine.ExitFindings && m == markFinding {
		words = s.Outcome
	}
	l := append(line{{" ", plain}}, c.theme.word(m, capital(words)).with(bold)...)
	if s.Exit != engine.ExitDone || c.wide() {
		l = l.add(plain, "   exit "+itoa(int(s.Exit))+": "+exitWords[s.Exit])
	}
	when := line{{" " + clockTime(s.Started) + " → " + clockTime(s.Finished) + " UTC, took " + units.Span(s.Finished.Sub(s.Started)) + " ", dim}}
	switch {
	case c.wide():
		return []line{spread(l, when, w)}
	case l.width() > w:
		out := append([]line{l[:3]}, wrap(plain, " exit "+itoa(int(s.Exit))+": "+exitWords[s.Exit], w-1)...)
		return append(out, when)
	}
	return []line{l, when}
}

// quietFacts are facts that the page says in words of its own.
var quietFacts = map[string]bool{"level": true, "level_remark": true, "overall": true, "report_id": true}

// summaryText is everything that the job has to say at its end.
func summaryText(c *console, j *job, w int) []line {
	s := *j.summary
	var out []line
	if r := j.Report(); r != nil {
		out = append(out, verdictLine(c, r), nil)
	}
	if s.Error != "" {
		out = append(out, marked(c, markBad, "Error", []string{s.Error}, w)...)
	}
	if l := doneLine(j); l != nil {
		out = append(out, l, nil)
	}
	out = append(out, marked(c, markFinding, units.Count(int64(len(s.Findings)), "finding"), s.Findings, w)...)
	out = append(out, goOnText(j, w)...)
	out = append(out, reportText(c, j)...)
	out = append(out, marked(c, markWait, units.Count(int64(len(s.Notes)), "note"), s.Notes, w)...)
	facts := len(out)
	for _, f := range s.Facts {
		value := units.Value(f)
		if quietFacts[f.Key] || value == "" {
			continue
		}
		name := strings.ReplaceAll(f.Key, "_", " ")
		if m, _ := j.end(); s.Kind == "validate" && f.Key == "verified" && m != markOK {
			name = "as named"
		}
		if ms, ok := f.Value.(int64); ok && strings.HasSuffix(f.Key, "_ms") {
			name, value = strings.TrimSuffix(name, " ms"), units.Span(time.Duration(ms)*time.Millisecond)
		}
		out = append(out, named(name, 21, plain, value, w)...)
	}
	if len(out) == facts && facts == 0 {
		return []line{styled(dim, " It has nothing to add.")}
	}
	return out
}

// doneLine says first of all what was written, in numbers: the notes may take all the room there is.
func doneLine(j *job) line {
	s := j.summary
	var parts []string
	number := func(key string) (int64, bool) {
		switch v := s.Get(key).(type) {
		case int64:
			return v, true
		case int:
			return int64(v), true
		}
		return 0, false
	}
	for _, noun := range []string{"record", "partition", "topic"} {
		if n, ok := number(noun + "s"); ok {
			parts = append(parts, units.Count(n, noun))
		}
	}
	if n, ok := number("bytes"); ok {
		parts = append(parts, units.Size(n))
	}
	what := map[string]string{"backup": "Backed up", "restore": "Restored"}[j.Kind()]
	if what == "" || len(parts) < 3 || s.Exit != engine.ExitDone && s.Exit != engine.ExitFindings {
		return nil
	}
	l := line{{" " + what + "   ", dim}, {strings.Join(parts, ", "), bold}}
	if to := j.fact("target_cluster"); to != "" {
		l = l.add(plain, " into "+clean(to))
	}
	return l
}

// verdictLine is a report's verdict with its level.
func verdictLine(c *console, r *evidence.Report) line {
	m := map[evidence.Outcome]mark{evidence.Passed: markOK, evidence.Failed: markBad}[r.Overall]
	switch {
	case m == markNone:
		m = markGap
	case m == markOK && (!r.Level.EvidenceForControl() || r.Stale):
		m = markFinding
	}
	words := string(r.Overall) + ", " + string(r.Level) + ", " + itoa(len(r.Restore.Topics)) + " of " + units.Count(int64(r.Backup.Topics), "topic") + inWindow(r)
	return append(line{{" Verdict   ", dim}}, c.theme.word(m, words)...)
}

// marked is a list of sentences under a title, each in full; nothing when there is none.
func marked(c *console, m mark, title string, list []string, w int) []line {
	if len(list) == 0 {
		return nil
	}
	out := []line{styled(bold, " "+title)}
	for _, text := range atMost(list) {
		g := c.theme.glyph(m)
		out = append(out, flow(line{{"   ", plain}, {pad(g.text, 2), g.style}}, span{}, plain, text, w)...)
	}
	return append(out, nil)
}

// goOnText says how to go on with what was cancelled or has failed.
func goOnText(j *job, w int) []line {
	switch j.summary.Exit {
	case engine.ExitDone, engine.ExitFindings, engine.ExitBroken, engine.ExitUsage:
		return nil
	}
	out := []line{styled(bold, " How to go on")}
	if j.summary.Exit == engine.ExitCancelled {
		out = append(out, flow(line{{"     ", plain}}, span{}, plain, written(j), w)...)
	}
	next := capital(j.goOn())
	if strings.HasPrefix(j.goOn(), "kustody ") { // a command line begins as it is typed
		next = "To go on: " + j.goOn()
	}
	return append(append(out, flow(line{{"     ", plain}}, span{}, plain, next, w)...), nil)
}

// reportText names the report that was written, and the keys that open it.
func reportText(c *console, j *job) []line {
	id := j.reportID()
	if id == "" {
		return nil
	}
	return []line{{{" Report written   ", bold}, {id, plain}, {"   enter", bold}, {" or ", dim}, {"o", bold}, {" opens it", dim}}, nil}
}
