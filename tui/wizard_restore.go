package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// restoreWizard asks for what a restore needs.
type restoreWizard struct {
	wizard
	subject subject
	topics  *topicsStep
	window  *windowStep
	target  *targetStep
	review  *restoreReview
}

// startRestoreWizard opens the wizard with what is known. With a run it begins at the topics.
func (c *console) startRestoreWizard(r RestoreRequest) tea.Cmd {
	if why := c.cannotWrite(); why != "" {
		return c.notHere("restore", why)
	}
	if r.RunID == "latest" {
		r.RunID = ""
	}
	if r.RestoreID == "" {
		r.RestoreID = newRestoreID(c.now())
	}
	z := &restoreWizard{subject: subject{backup: r.BackupID, run: r.RunID}}
	z.topics = newTopicsStep(&z.subject, r.Topics)
	z.window = newWindowStep(c, "Restore", z.topics, r.Window)
	z.target = newTargetStep(z.topics, r)
	z.review = &restoreReview{z: z, allowed: slices.Clone(r.AllowTopics)}
	z.kind = "restore"
	z.about = z.subject.id
	z.steps = []step{newRunsStep(&z.subject), z.topics, z.window, z.target, z.review}
	z.answers = func() string {
		return strings.Join(append(z.target.form.answers(), z.topics.change(), z.window.from.value(), z.window.to.value()), "\x00")
	}
	z.wizard.begin, z.startOff = z.confirm, z.review.blocked
	z.batch = func(c *console) string { return batchLine(c.desk, z.request().Over(c.desk.Work.Defaults)) }
	at := 0
	if r.RunID != "" {
		at = 1
	}
	return z.open(c, at)
}

// request is what was filled in.
func (z *restoreWizard) request() RestoreRequest {
	r := RestoreRequest{BackupID: z.subject.backup, RunID: z.subject.id(), RestoreID: z.target.id.value(), Topics: z.topics.chosen(),
		Window: z.window.result(), Mapping: z.target.mapping(), Groups: z.target.groups.at == 1, MaxBytesPerSecond: z.target.limit.size()}
	if z.review != nil {
		r = z.review.complete(r)
	}
	return r
}

// confirm asks for what has to be typed, a name at a time, and then starts.
func (z *restoreWizard) confirm(c *console) tea.Cmd {
	for _, t := range z.review.plan.value.Topics {
		if t.Occupied && !slices.Contains(z.review.allowed, t.Target) {
			c.dialog = confirmTyped("This writes into a topic that is in use", t.Target, "add to it", func() tea.Cmd {
				z.review.allowed = append(z.review.allowed, t.Target)
				for _, next := range z.review.plan.value.Topics {
					if next.Occupied && !slices.Contains(z.review.allowed, next.Target) {
						return z.confirm(c)
					}
				}
				return z.review.make(c)
			}, say(units.Count(t.Holds, "record")+" already in "+middle(t.Target, 40)+" stay;"),
				say(units.Thousands(t.Records)+" are appended. This cannot be undone."))
			return nil
		}
	}
	if w := c.desk.Work; w.Production && w.Target != "" {
		c.dialog = confirmTyped("This writes into a production cluster", w.Target, "start restore", func() tea.Cmd { return z.run(c) },
			say(units.Count(z.review.plan.value.Records, "record")+" are written into "+units.Count(int64(len(z.review.plan.value.Topics)), "topic")+"."))
		return nil
	}
	return z.run(c)
}

// run starts the restore that the review shows.
func (z *restoreWizard) run(c *console) tea.Cmd {
	r, p := z.request(), z.review.plan.value
	into := ""
	if c.desk.Work.Target != "" {
		into = " into " + c.desk.Work.Target
	}
	title := "restore " + units.Count(int64(len(r.Topics)), "topic") + " from " + r.RunID + into + " as " + targetWords(p)
	line := batchLine(c.desk, r.Over(c.desk.Work.Defaults))
	return z.start(c, title, line, func(ctx context.Context) (*engine.Job, error) { return c.desk.Work.Restore(ctx, r) })
}
