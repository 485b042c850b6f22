package tui

import (
	"fmt"
	"maps"
	"math"
	"slices"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// dryRun is a restore's plan in full: what a dry run says, and writes nothing.
type dryRun struct {
	plan *engine.RestorePlan
	text scroller
}

func newDryRun(p *engine.RestorePlan) *dryRun { return &dryRun{plan: p} }

func (s *dryRun) name(*console) string                                { return "dry run" }
func (s *dryRun) enter(*console) tea.Cmd                              { return nil }
func (s *dryRun) actions(*console) []action                           { return nil }
func (s *dryRun) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) { return nil, s.text.press(k) }

func (s *dryRun) wheel(_ *console, n int) { s.text.move(n) }

func (s *dryRun) draw(c *console, w, h int) body {
	return body{lines: s.text.show(append(planLines(c, s.plan, w), s.details(w)...), h)}
}

func (s *dryRun) state(*console) (left, right line) {
	return styled(dim, " nothing was written; digest of the plan "+short(s.plan.Digest, 24)), s.text.place()
}

// copied is the whole plan as text.
func (s *dryRun) copied(c *console) (what, text string) {
	for _, l := range append(planLines(c, s.plan, 100), s.details(100)...) {
		text += clean(l.text()) + "\n"
	}
	return "the plan", text
}

// details are partitions and configs, topic by topic.
func (s *dryRun) details(w int) []line {
	t := &planText{w: w}
	for _, x := range s.plan.Topics {
		t.out = append(t.out, nil, line{{"   " + x.Source, bold}, {" → ", plain}, {x.Target, bold}})
		for _, p := range x.Parts {
			when := ""
			if p.Records > 0 && int64(p.MinTimestamp) != math.MinInt64 { // else no sidecar knows it
				when = ", " + rfc3339(int64(p.MinTimestamp)) + " → " + rfc3339(int64(p.MaxTimestamp))
			}
			t.say("", plain, fmt.Sprintf("partition %d: %s, %s read%s", p.Partition, units.Count(p.Records, "record"), units.Size(p.Bytes), when))
		}
		for _, name := range slices.Sorted(maps.Keys(x.Configs)) {
			text := name + " = " + x.Configs[name]
			if captured, held := x.HeldOpen[name]; held {
				text += "   (captured: " + first(captured, "the broker's default") + ")"
			}
			t.say("", dim, text)
		}
	}
	return t.out
}
