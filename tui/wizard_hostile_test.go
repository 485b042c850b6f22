package tui

import (
	"context"
	"testing"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

// hostileNames are texts that would disturb a terminal or a table.
var hostileNames = []string{"\x1b[31mred\x1b[0m\x1b]0;title\a", "right\u202eto left", "two\nlines\tand a tab", "日本語のとても長い名前日本語のとても長い名前日本語のとても長い名前",
	"é́́́ combining", "👩‍👩‍👧‍👦🏳️‍🌈", "", "\u202a\u200b\ufeff", string(make([]byte, 300)),
	"very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-very-long-name"}

// TestWizardsHoldHostileNames walks through the wizards with names that nobody would choose, in every
// size: each frame is as wide as the screen and holds nothing that a terminal acts on.
func TestWizardsHoldHostileNames(t *testing.T) {
	k := &worker{holds: map[string]int64{}, conflict: hostileNames[0] + hostileNames[2]}
	k.Work = Work{Target: hostileNames[1] + hostileNames[3], Production: true,
		Plan: func(_ context.Context, r RestoreRequest) (*engine.RestorePlan, error) {
			p := k.plan(r)
			p.Notes, p.Warnings, p.Target.Declared = hostileNames, hostileNames, hostileNames[4]
			return p, nil
		}}
	view := &archive.View{}
	cover := &engine.Coverage{}
	for i, name := range hostileNames {
		at := archive.Int64(1795134600000 + int64(i)*3600000)
		view.Topics = append(view.Topics, archive.ViewTopic{ManifestTopic: archive.ManifestTopic{Name: name}, Parts: []archive.ViewPart{{Records: 5,
			Segments: []archive.ViewSegment{{Held: archive.Held{Segment: archive.Segment{Records: 5, MinTimestamp: at, MaxTimestamp: at, TimestampsExact: true}}, Counted: 5}}}}})
		cover.Topics = append(cover.Topics, engine.TopicCoverage{Name: name, InScope: true, Problem: name})
		if i%2 == 0 {
			k.holds[name] = 7
		}
	}
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		for _, name := range hostileNames[:4] {
			d := drive(t, Desk{Cluster: name, Location: name, BackupID: name, Work: &k.Work}, size.x, size.y, ThemeDark)
			d.c.data.topics = loader[*engine.Coverage]{value: cover, has: true, asOf: testNow}
			run := &engine.RunView{Description: &engine.Description{RunID: name, StartedAt: testNow}, View: view}
			d.run(d.c.startRestoreWizard(RestoreRequest{BackupID: name, RunID: name, RestoreID: "r"}))
			z := d.c.screen().(*wizard)
			z.steps[1].(*topicsStep).subject.view = loader[*engine.RunView]{value: run, has: true, asOf: testNow}
			d.run(z.enter(d.c))
			reached := 0
			for _, press := range []string{"ctrl+a", "/", "e", "space", "ctrl+a", "enter", "x", "ctrl+u", "enter", "space", "space", "tab", "p", "enter", "d", "esc", "esc", "y", "enter"} {
				d.keys(press)
				d.frame()
				reached = max(reached, z.at)
			}
			if reached != 4 {
				t.Errorf("the walk came to step %d only", reached+1)
			}
			d.send(tea.PasteMsg{Content: hostileNames[0]})
			d.run(d.c.startBackupWizard(BackupRequest{BackupID: name}))
			d.frame()
			d.run(d.c.startValidationWizard(ValidationRequest{BackupID: name}))
			d.c.screen().(*wizard).steps[0].(*restoresStep).subject.view = loader[*engine.RunView]{has: true, value: &engine.RunView{
				Description: &engine.Description{Restores: []engine.DescribedRestore{{RestoreID: name, RunID: name, TargetCluster: name, ReceiptSHA256: name}}}}}
			d.keys("R")
			d.frame()
			d.keys("enter")
			d.frame()
		}
	}
}
