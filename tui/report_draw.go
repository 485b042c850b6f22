package tui

import (
	"time"

	"kustody/evidence"
	"kustody/tui/units"
)

// verificationWidth is how wide the verification is beside the report.
const verificationWidth = 67

func (s *reportScreen) draw(c *console, w, h int) body {
	if b, ok := s.check.page(c, w, h); ok {
		return b
	}
	r := s.check.value
	walk := c.neighbours(s.walk(c), w)
	rest := h - 2
	if !c.wide() {
		out := append([]line{s.tabLine(w)}, s.panel(c, r, s.pane, w, rest-1)...)
		return body{lines: append(filled(out, rest), rule(w, -1, -1), walk)}
	}
	lw := w - verificationWidth - 1
	left := paneReport
	if s.pane == paneFiles {
		left = paneFiles
	}
	lines := beside(
		append([]line{s.paneTitle(left)}, s.panel(c, r, left, lw, rest-1)...), lw,
		append([]line{s.paneTitle(paneVerification)}, s.panel(c, r, paneVerification, verificationWidth, rest-1)...), verificationWidth, rest)
	return body{lines: append(lines, rule(w, -1, lw), walk), bar: lw, barAbove: true}
}

func (s *reportScreen) paneTitle(p int) line {
	st := plain | bold
	if p == s.pane {
		st = accent | bold
	}
	return line{{" " + paneNames[p], st}}
}

// tabLine are the panes as tabs.
func (s *reportScreen) tabLine(w int) line {
	l := line{{" ", plain}}
	for p := range panes {
		if p == s.pane {
			l = l.add(accent|bold, "["+paneNames[p]+"]").add(plain, " ")
		} else {
			l = l.add(plain, " "+paneNames[p]+"  ")
		}
	}
	return spread(l, line{{"tab ", bold}, {"next ", dim}}, w)
}

// panel is one pane, scrolled.
func (s *reportScreen) panel(c *console, r *reportCheck, p, w, h int) []line {
	var lines []line
	switch p {
	case paneVerification:
		var at []int
		lines, at = s.verification(c, r, w)
		s.keepInSight(at, h)
	case paneReport:
		lines = reportLines(c, r, w)
	default:
		lines = fileLines(c, r, w)
	}
	s.height[p], s.length[p] = h, len(lines)
	s.top[p] = max(0, min(s.top[p], len(lines)-h))
	end := min(len(lines), s.top[p]+h)
	out := append([]line{}, lines[s.top[p]:end]...)
	if end < len(lines) && len(out) > 0 {
		out[len(out)-1] = line{{" ↓ " + itoa(len(lines)-end+1) + " more lines", dim}}
	}
	return out
}

// keepInSight scrolls to the step under the cursor, unless what follows the last step is being read.
func (s *reportScreen) keepInSight(at []int, h int) {
	if s.step >= len(at)-1 {
		s.step = max(0, len(at)-2)
	}
	if len(at) < 2 {
		return
	}
	from, to := at[s.step], at[s.step+1]
	top := &s.top[paneVerification]
	switch {
	case s.step == 0:
		if *top <= from {
			*top = 0
		}
	case from < *top && s.step < len(at)-2:
		*top = from
	}
	if to > *top+h-1 {
		*top = to - h + 1
	}
}

// verification is the verdict, every step, what is not proved, and how to do it without this program. at
// is where each step begins, and where the last one ends.
func (s *reportScreen) verification(c *console, r *reportCheck, w int) (out []line, at []int) {
	m, words := r.verdict()
	out = append(out, flow(line{{" Verdict   ", dim}}, c.theme.glyph(m), markStyles[m]&^bold, words, w)...)
	if failed := failedSteps(r.steps); failed != "" {
		out = append(out, flow(line{{" Failed    ", dim}}, span{}, bad, failed, w)...)
	}
	if r.report != nil {
		m, says := reportSays(r)
		out = append(out, flow(line{{" It says   ", dim}}, c.theme.glyph(m), markStyles[m]&^bold, says, w)...)
	}
	out = append(out, nil)
	for i, x := range r.steps {
		at = append(at, len(out))
		out = append(out, s.stepLines(c, r, i, x, w)...)
	}
	at = append(at, len(out))
	if !r.missing {
		out = append(append(out, nil), byHandTitle(c, r.trusted, w)...)
		for _, x := range byHand(r.steps) {
			out = append(out, commandLines(x, w)...)
		}
		out = append(out, para(dim, "Each step has its own line: enter on it.", w)...)
	}
	out = append(out, nil, styled(bold, " Not proved"))
	for _, x := range r.notProved() {
		out = append(out, bullet(x, w)...)
	}
	return out, at
}

// reportSays is what the report itself claims: genuine or not is another question.
func reportSays(r *reportCheck) (mark, string) {
	x := r.report
	words := string(x.Overall) + ", " + string(x.Level) + ", " + itoa(len(x.Restore.Topics)) + " of " + units.Count(int64(x.Backup.Topics), "topic") + inWindow(x)
	if x.Stale {
		words += ", with a stale restore"
	}
	switch {
	case x.Overall == evidence.Failed:
		return markBad, words
	case x.Overall != evidence.Passed || x.Stale || !x.Level.EvidenceForControl():
		return markFinding, words
	case !r.holds():
		return markAbout, words
	}
	return markOK, words
}

// stepLines is one step: its mark, number and sentence, and the values that were compared where they are
// hashes or differ.
func (s *reportScreen) stepLines(c *console, r *reportCheck, i int, x evidence.Step, w int) []line {
	name := padLeft(itoa(i+1), 2) + " " + pad(x.Name, 10)
	head := line{{"  ", plain}, c.theme.glyph(r.stepMark(x)), {" " + name + " ", plain}}
	if i == s.step && s.pane == paneVerification {
		head[0].text = "▸ "
		head[0].style = accent
		head[2].style = bold
	}
	out := flow(head, span{}, plain, r.stepWords(x), w)
	isHash := len(x.Computed) == 64 || len(x.Expected) == 64
	shown := c.wide() && (x.Name == evidence.StepChecksum || x.Name == evidence.StepChain) || i == s.step || !x.OK
	if shown && x.Checked && (isHash && x.Expected != "" || !x.OK) && (x.Expected != "" || x.Computed != "") {
		st := plain
		if !x.OK {
			st = bad
		}
		out = append(out, line{{"       expected  ", dim}, {short(grouped(first(x.Expected, "nothing"), w-18), w-18), st}})
		out = append(out, line{{"       computed  ", dim}, {short(grouped(first(x.Computed, "nothing"), w-18), w-18), st}})
	}
	return out
}

// shortWords are what steps that hold come to, in fewer words than their sentences.
var shortWords = map[string]string{
	evidence.StepSignature: "ECDSA P-256 over the file's sha256",
	evidence.StepPlace:     "id and time agree with where it lies",
	evidence.StepVerdict:   "follows from the outcomes of the checks",
}

// stepWords are the step in few words.
func (r *reportCheck) stepWords(x evidence.Step) string {
	switch {
	case x.Name == evidence.StepChain && x.Checked && r.at.Sub(r.ledgerAt) > time.Minute:
		return x.Sentence + ", as of " + stampSeconds(r.ledgerAt) + " UTC"
	case x.Name == evidence.StepTime && x.Computed != "":
		return x.Computed + " by the signer's clock only"
	case x.Name == evidence.StepRead && x.OK:
		return x.Computed + ", " + x.Sentence
	case x.Name == evidence.StepKey && x.OK && r.folder == nil:
		return "its fingerprint is that of the trusted key"
	case x.OK && shortWords[x.Name] != "":
		return shortWords[x.Name]
	}
	return x.Sentence
}
