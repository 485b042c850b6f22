package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// drillWizard asks for what a drill needs.
type drillWizard struct {
	wizard
	subject subject
	topics  *topicsStep
	window  *windowStep
	review  *drillReview
}

// startDrillWizard opens the wizard with every topic marked, unless some were named.
func (c *console) startDrillWizard(r DrillRequest) tea.Cmd {
	if why := c.cannotWrite(); why != "" {
		return c.notHere("drill", why)
	}
	z := &drillWizard{subject: subject{backup: r.BackupID}}
	z.topics = newTopicsStep(&z.subject, r.Topics)
	z.topics.all, z.topics.optional = true, true
	z.window = newWindowStep(c, "Compare", z.topics, r.Window)
	z.review = newDrillReview(z, r)
	z.kind, z.about = "drill", func() string { return r.BackupID }
	z.steps = []step{z.topics, z.window, z.review}
	z.answers = func() string {
		return strings.Join(append(z.review.form.answers(), z.topics.change(), z.window.from.value(), z.window.to.value()), "\x00")
	}
	z.startOff = z.review.blocked
	request := func() DrillRequest {
		return DrillRequest{BackupID: r.BackupID, Topics: z.named(c), Window: z.window.result(), KeepTopics: z.review.keep.at == 1}
	}
	z.batch = func(c *console) string { return batchLine(c.desk, request().Over(c.desk.Work.Defaults)) }
	z.begin = func(c *console) tea.Cmd {
		now, line := request(), z.batch(c)
		title := "drill of " + z.what()
		if c.desk.Work.Target != "" {
			title += " in " + c.desk.Work.Target
		}
		return z.confirm(c, func() tea.Cmd {
			return z.start(c, title, line, func(ctx context.Context) (*engine.Job, error) { return c.desk.Work.Drill(ctx, now) })
		})
	}
	return z.open(c, 0)
}

// named are the topics that the request names: none where all are meant, so that those which the drill's
// own backup finds first are among them.
func (z *drillWizard) named(c *console) []string {
	if z.topics.every() && len(c.desk.Work.Defaults.Topics) == 0 {
		return nil
	}
	return z.topics.chosen()
}

// what is the drill's topics in words.
func (z *drillWizard) what() string {
	if z.topics.every() {
		return "every topic"
	}
	return itoa(len(z.topics.chosen())) + " of " + units.Count(int64(len(z.topics.table.rows)), "topic")
}

// confirm asks for the name of a production cluster.
func (z *drillWizard) confirm(c *console, run func() tea.Cmd) tea.Cmd {
	w := c.desk.Work
	if !w.Production || w.Target == "" {
		return run()
	}
	c.dialog = confirmTyped("This writes into a production cluster", w.Target, "start drill", run,
		say("Fresh topics are made there, filled, compared and deleted again."))
	return nil
}

// drillReview says what a drill will do.
type drillReview struct {
	z    *drillWizard
	form form
	keep *formField
	text scroller
}

func newDrillReview(z *drillWizard, r DrillRequest) *drillReview {
	s := &drillReview{z: z}
	s.keep = &formField{label: "Restored topics", items: []formItem{{"delete again", "when they were compared, also when a check failed"}, {"keep", "to be looked at afterwards"}}}
	if r.KeepTopics {
		s.keep.at = 1
	}
	s.form.fields = []*formField{s.keep}
	return s
}

func (s *drillReview) title(*console) string          { return "Review" }
func (s *drillReview) typing() bool                   { return false }
func (s *drillReview) field() bool                    { return false }
func (s *drillReview) blocked(*console) string        { return "" }
func (s *drillReview) enter(*console) tea.Cmd         { return nil }
func (s *drillReview) actions(*console) []action      { return s.form.actions()[1:] }
func (s *drillReview) paste(*console, string) tea.Cmd { return nil }
func (s *drillReview) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *drillReview) wheel(_ *console, n int) { s.text.move(n) }

func (s *drillReview) draw(c *console, w, h int) body {
	out, _ := s.form.draw(c, w, max(2, h-3))
	out = append(out, nil)
	t := &planText{w: w}
	target := first(c.desk.Work.Target, "the configured target")
	for i, x := range []struct{ what, text string }{
		{"Back up", "what is new in the topics that the configuration names; the drill proves this very backup"},
		{"Restore", s.z.what() + ", " + windowWords(s.z.window.result()) + ", into fresh topics of " + target + "; nothing that is there is touched"},
		{"Compare", "what was restored with the archive, by a second client library: every record, unless the configuration asks for less"},
		{"Report", "the result is signed and entered in the ledger, whether it passes or fails"},
		{"Clean up", map[bool]string{true: "the restored topics stay, unless the drill does not get to its end", false: "the restored topics are deleted again"}[s.keep.at == 1]},
	} {
		t.say(itoa(i+1)+" "+x.what, plain, x.text)
	}
	t.out = append(t.out, nil)
	switch n := s.z.window.counts; {
	case s.z.topics.none():
		t.say("Size", plain, "not known: there is no backup yet")
	case n.has && n.value.key == s.z.window.key():
		_, total := countRows(n.value.rows)
		t.say("Size", plain, units.Count(total.Records, "record")+" lie in the window now, "+units.Size(total.Bytes)+" are read; what is backed up first comes on top")
	}
	return body{lines: append(out, s.text.show(t.out, h-len(out))...)}
}

func (s *drillReview) state(*console) (left, right line) {
	return styled(dim, " nothing is written before enter"), s.text.place()
}
