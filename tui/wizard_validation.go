package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// restoresStep chooses the restore that is compared with the archive.
type restoresStep struct {
	subject *subject
	table   table[engine.DescribedRestore]
	wanted  string // restore id to begin with
}

// startValidationWizard chooses a restore and compares it with the archive.
func (c *console) startValidationWizard(r ValidationRequest) tea.Cmd {
	if why := c.cannotWrite(); why != "" {
		return c.notHere("validation", why)
	}
	s := newRestoresStep(&subject{backup: r.BackupID}, r.RestoreID)
	review := &validationReview{of: s}
	z := &wizard{kind: "validation", steps: []step{s, review}, about: func() string { return r.BackupID }}
	request := func() ValidationRequest {
		x, _ := s.table.current()
		return ValidationRequest{BackupID: r.BackupID, RestoreID: first(x.RestoreID, r.RestoreID)}
	}
	z.answers = func() string { return "" }
	z.startOff = s.blocked
	z.batch = func(c *console) string { return batchLine(c.desk, request().Args()) }
	z.begin = func(c *console) tea.Cmd {
		now, line := request(), z.batch(c)
		return z.start(c, "validation of restore "+now.RestoreID, line, func(ctx context.Context) (*engine.Job, error) { return c.desk.Work.Validation(ctx, now) })
	}
	return z.open(c, 0)
}

func newRestoresStep(of *subject, wanted string) *restoresStep {
	s := &restoresStep{subject: of, wanted: wanted}
	s.table = newTable("restore", func(r engine.DescribedRestore) string { return r.RestoreID }, func(r engine.DescribedRestore) string { return r.RestoreID + " " + r.TargetCluster },
		column[engine.DescribedRestore]{title: "FINISHED", min: 16, sort: 'f', less: compare(func(r engine.DescribedRestore) int64 { return r.FinishedAt.UnixNano() }),
			cell: func(r engine.DescribedRestore) span { return span{stamp(r.FinishedAt), plain} }},
		column[engine.DescribedRestore]{title: "RESTORE", min: 23, flex: 2, sort: 'r', less: compare(func(r engine.DescribedRestore) string { return r.RestoreID }),
			cell: func(r engine.DescribedRestore) span { return span{r.RestoreID, plain} }},
		column[engine.DescribedRestore]{title: "OF RUN", min: 23, drop: 4, cell: func(r engine.DescribedRestore) span { return span{r.RunID, dim} }},
		column[engine.DescribedRestore]{title: "INTO", min: 10, flex: 1, drop: 3, cell: func(r engine.DescribedRestore) span { return span{r.TargetCluster, plain} }},
		column[engine.DescribedRestore]{title: "RECORDS", min: 9, right: true, drop: 2, cell: func(r engine.DescribedRestore) span { return span{units.Thousands(r.Records), plain} }},
		column[engine.DescribedRestore]{title: "NOTE", min: 10, drop: 1, cell: func(r engine.DescribedRestore) span {
			if ofDrill(r) {
				return span{"of a drill", dim}
			}
			return span{}
		}})
	return s
}

// ofDrill says that a drill made the restore: it deletes the topics unless it was told to keep them.
func ofDrill(r engine.DescribedRestore) bool { return strings.HasPrefix(r.RestoreID, "drill-") }

func (s *restoresStep) title(*console) string     { return "Restore" }
func (s *restoresStep) typing() bool              { return s.table.capturing() }
func (s *restoresStep) field() bool               { return false }
func (s *restoresStep) actions(*console) []action { return nil }

func (s *restoresStep) paste(_ *console, text string) tea.Cmd { s.table.paste(text); return nil }

func (s *restoresStep) enter(c *console) tea.Cmd {
	return s.subject.open(c, func() tea.Cmd { s.fill(); return nil })
}

func (s *restoresStep) refresh(c *console) tea.Cmd {
	s.subject.view.drop()
	s.table.set(nil)
	return s.enter(c)
}

// fill lists the restores, the newest first, with the cursor on the newest that no drill made.
func (s *restoresStep) fill() {
	if len(s.table.rows) > 0 {
		return
	}
	rows := slices.Clone(s.subject.view.value.Restores)
	slices.SortStableFunc(rows, func(a, b engine.DescribedRestore) int { return b.FinishedAt.Compare(a.FinishedAt) })
	s.table.set(rows)
	if i := slices.IndexFunc(rows, func(r engine.DescribedRestore) bool { return !ofDrill(r) }); i > 0 {
		s.table.goTo(rows[i].RestoreID)
	}
	if s.wanted != "" {
		s.table.goTo(s.wanted)
	}
}

func (s *restoresStep) blocked(*console) string {
	if _, ok := s.table.current(); !ok {
		return "there is no restore under the cursor"
	}
	return ""
}

func (s *restoresStep) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.table.press(k)
}

func (s *restoresStep) clickAt(y int) bool      { return s.table.clickAt(y) }
func (s *restoresStep) wheel(_ *console, n int) { s.table.move(n) }

func (s *restoresStep) draw(c *console, w, h int) body {
	if b, ok := s.subject.view.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: []line{nil, say(" Nothing was restored from this archive yet. A drill restores and compares in one go: esc, then v.")}}
	}
	return body{lines: s.table.draw(c, w, h, true)}
}

func (s *restoresStep) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := s.subject.view.wait(c); l != nil {
		return l, nil
	}
	return say(" " + s.table.found() + " with a receipt, the newest first"), line{{s.table.more(), dim}}
}

// validationReview says what a validation will do.
type validationReview struct {
	of   *restoresStep
	text scroller
}

func (s *validationReview) title(*console) string          { return "Review" }
func (s *validationReview) typing() bool                   { return false }
func (s *validationReview) field() bool                    { return false }
func (s *validationReview) blocked(*console) string        { return "" }
func (s *validationReview) enter(*console) tea.Cmd         { return nil }
func (s *validationReview) actions(*console) []action      { return nil }
func (s *validationReview) paste(*console, string) tea.Cmd { return nil }
func (s *validationReview) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *validationReview) wheel(_ *console, n int) { s.text.move(n) }

func (s *validationReview) draw(c *console, w, h int) body {
	r, _ := s.of.table.current()
	t := &planText{w: w}
	t.say("Restore", bold, r.RestoreID)
	t.say("Of", plain, "run "+r.RunID+", finished "+stamp(r.FinishedAt)+" UTC, "+units.Count(r.Records, "record"))
	t.say("Receipt", plain, "sha256 "+middle(r.ReceiptSHA256, max(16, w-planLabel-12)))
	t.say("Compare", plain, "what is in the topics of "+r.TargetCluster+" now with the archive, by a second client library: every record, unless the configuration asks for less")
	t.say("Write", plain, "nothing but a signed report and entries in the ledger, whether it passes or fails; no topic is touched")
	if ofDrill(r) {
		t.out = append(t.out, nil, append(line{{"   ", plain}}, c.theme.word(markFinding, "A drill made this restore, and deletes its topics unless it was told to keep them.")...))
	}
	return body{lines: append([]line{nil}, s.text.show(t.out, h-1)...)}
}

func (s *validationReview) state(*console) (left, right line) {
	return styled(dim, " nothing is read or written before enter"), s.text.place()
}
