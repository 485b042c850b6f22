package tui

import (
	"context"
	"slices"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
)

// coverage is what a cluster holds beside the newest run.
func coverage() *engine.Coverage {
	return &engine.Coverage{RunID: "r", Topics: []engine.TopicCoverage{
		{Name: "audit-log", Partitions: 2, InScope: true, Captured: true, Offsets: 552},
		{Name: "balances", Partitions: 1, InScope: true, Captured: true, Compacted: true, Offsets: 200, Lag: 3},
		{Name: "elsewhere", Partitions: 9, Offsets: 1000, Lag: 1000},
		{Name: "ledger-entries", Partitions: 3, InScope: true, Recreated: true, Offsets: 3412, Lag: 3412},
		{Name: "refunds", Partitions: 4, InScope: true, Offsets: 90, Lag: 90},
		{Name: "settlements", Partitions: 3, InScope: true, Captured: true, NewPartitions: 1, Offsets: 2953, Lag: 53},
		{Name: "transactions", Partitions: 6, InScope: true, Captured: true, Offsets: 1706, Lag: 17},
		{Name: "unreadable", Partitions: 1, InScope: true, Captured: true, Problem: "partition 0 has no leader"},
	}}
}

// covered puts what the cluster holds in place of asking one.
func (d *driver) covered() {
	d.c.data.topics = loader[*engine.Coverage]{value: coverage(), has: true, asOf: testNow}
}

func TestBackupWizard(t *testing.T) {
	desk, k := wizardDesk(t)
	d, _ := driveWizard(t, desk(), 100, 30, ThemeDark)
	d.covered()
	d.keys("b")
	d.has("demo-weekly › backup", "7 topics in scope, 3,772 offsets to take", "compacted: taken whole", "deleted and made again since", "new: nothing of it is captured", "1 new partition",
		"nothing new", "partition 0 has no leader", "not known", "not narrowed here")
	d.lacks("elsewhere")
	d.keys("esc")
	d.has("[1 Backups]")
	d.keys("b", "space")
	d.has("8,913 offsets to take")
	d.keys("tab", "nonsense", "enter")
	d.has("is no size")
	d.keys("ctrl+u", "2MiB", "esc", "esc")
	d.has("Leave this backup?")
	d.keys("esc", "enter")
	if want := (BackupRequest{BackupID: "demo-weekly", Full: true, MaxBytesPerSecond: 2 << 20}); !slices.Equal(k.backups, []BackupRequest{want}) {
		t.Fatalf("started: %+v", k.backups)
	}
	j := d.c.jobs[0]
	if j.title != "full backup of demo-bank into demo-weekly" || j.batch != "kustody --batch --config demo/kustody.toml backup --backup-id demo-weekly --full --max-bytes-per-second 2097152" {
		t.Errorf("the job is %q: %s", j.title, j.batch)
	}
}

func TestDrillWizard(t *testing.T) {
	desk, k := wizardDesk(t)
	d, pass := driveWizard(t, desk(), 100, 30, ThemeDark)
	d.keys("v")
	d.has("● Topics (5)", "5 of 5 topics marked")
	d.keys("enter", "00:30", "tab", "+45m")
	pass()
	d.has("Compare records whose timestamp lies in this window", "all 5 topics")
	d.keys("enter")
	d.has("1 Back up", "every topic, 2026-11-20T00:30:00Z → 2026-11-20T01:15:00Z, the end excluded, into", "fresh topics of demo-bank", "5 Clean up",
		"deleted again", "records lie in the window now")
	d.keys("space")
	d.has("the restored topics stay")
	d.keys("enter")
	from, to := archive.Int64(1795134600000), archive.Int64(1795137300000)
	want := batchLine(d.c.desk, DrillRequest{BackupID: "demo-weekly", Window: archive.Window{Start: &from, End: &to}, KeepTopics: true}.Args())
	if len(k.drills) != 1 || d.c.jobs[0].batch != want || d.c.jobs[0].title != "drill of every topic in demo-bank" {
		t.Fatalf("started %+v as\n%s, want\n%s", k.drills, d.c.jobs[0].batch, want)
	}

	k.Production = true
	d.keys(":drill", "enter", "space", "enter", "enter", "enter")
	d.has("This writes into a production cluster")
	d.keys("demo-bank", "enter")
	if len(k.drills) != 2 || len(k.drills[1].Topics) != 4 {
		t.Errorf("started: %+v", k.drills)
	}
}

// TestDrillWithoutBackup: the drill takes the first one.
func TestDrillWithoutBackup(t *testing.T) {
	desk, k := wizardDesk(t)
	of := desk()
	open := of.Archive
	of.Archive = func(ctx context.Context) (engine.QueryOptions, error) {
		q, err := open(ctx)
		return q, err
	}
	of.BackupID = "fresh"
	d, _ := driveWizard(t, of, 80, 24, ThemeDark)
	d.keys(":drill", "enter")
	d.has("There is no backup yet. The drill makes the first one")
	d.keys("enter")
	d.has("what lies in the window is not known")
	d.keys("enter", "enter")
	if len(k.drills) != 1 || k.drills[0].BackupID != "fresh" || k.drills[0].Topics != nil {
		t.Errorf("started: %+v", k.drills)
	}
}

func TestValidationWizard(t *testing.T) {
	desk, k := wizardDesk(t)
	d, _ := driveWizard(t, desk(), 120, 36, ThemeDark)
	d.keys(":validate", "enter")
	d.has("● Restore", "▸ 2026-11-20 11:20  20261120T112000Z-235578", "of a drill")
	d.keys("enter")
	d.has("● Review", "run 20261120T111000Z-c28584", "no topic is touched")
	d.keys("enter")
	if want := (ValidationRequest{BackupID: "demo-weekly", RestoreID: "20261120T112000Z-235578"}); !slices.Equal(k.validations, []ValidationRequest{want}) {
		t.Fatalf("started: %+v", k.validations)
	}
	if j := d.c.jobs[0]; j.batch != "kustody --batch --config demo/kustody.toml validation run --backup-id demo-weekly --restore-id 20261120T112000Z-235578" {
		t.Errorf("the job's line: %s", j.batch)
	}
	d.keys(":")
	d.text("validate 20260322T020500Z-baf3ae")
	d.keys("enter")
	d.has("▸ 2026-03-22 02:05  20260322T020500Z-baf3ae")
}

// TestWizardsReadOnly: without a way to write there is no wizard.
func TestWizardsReadOnly(t *testing.T) {
	d := drive(t, Desk{ReadOnly: "started with --read-only"}, 100, 30, ThemeDark)
	for _, name := range []string{":backup", ":restore", ":drill", ":validate"} {
		d.keys("esc", name, "enter")
		d.has("not here: started with --read-only", "[1 Backups]")
	}
}

// TestRestoreFromVerb begins with what a configuration and flags say.
func TestRestoreFromVerb(t *testing.T) {
	desk, k := wizardDesk(t)
	d, pass := driveWizard(t, desk(), 100, 30, ThemeDark)
	from := archive.Int64(1795134600000)
	d.run(d.c.startRestoreWizard(RestoreRequest{BackupID: "demo-weekly", RestoreID: "check-1", Topics: []string{"ledger-*", "nothing"}, Window: archive.Window{Start: &from},
		Mapping: map[string]string{"ledger-entries": "copied"}, Groups: true, MaxBytesPerSecond: 5000}))
	d.has("● Backup", "▸ 2026-11-20 11:30")
	d.keys("down", "enter")
	d.has("● Topics (2)", "nothing here is named nothing")
	d.keys("enter")
	pass()
	d.has("2026-11-20 00:30", "= open: up to the last record")
	d.keys("enter")
	d.has("● as they were given   ledger-entries → copied", "check-1", "● yes", "5000")
	d.keys("enter")
	d.has("copied", "restore-check-1.ledger-accounts")
	d.keys("enter")
	if len(k.restores) != 1 || k.restores[0].RunID != "20261120T111000Z-c28584" || len(k.restores[0].Mapping) != 1 || k.restores[0].MaxBytesPerSecond != 5000 {
		t.Errorf("started: %+v", k.restores)
	}
}

// TestWizardFrames looks at every step in every size and theme.
func TestWizardFrames(t *testing.T) {
	heavy(t)
	desk, k := wizardDesk(t)
	k.holds = map[string]int64{"transactions": 1960000}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	// One console goes to a screen once, and is drawn in every size and theme.
	at := func(words ...string) func(w, h int, theme string) *driver {
		var there *driver
		return func(w, h int, theme string) *driver {
			if there != nil {
				there.c.w, there.c.h, there.c.theme = w, h, newTheme(theme, false)
				return there
			}
			of := desk()
			of.Zone = berlin
			d, pass := driveWizard(t, of, w, h, theme)
			d.covered()
			for _, x := range words {
				d.keys(x)
				pass()
			}
			there = d
			return d
		}
	}
	topics := []string{"r", "/trans space", "/ledger-e space", "/settl space"}
	window := append(slices.Clone(topics), "enter", "01:30 tab +45m")
	for _, x := range []struct {
		name  string
		words []string
	}{
		{"wizard-runs", []string{":restore", "enter"}},
		{"wizard-topics", topics},
		{"wizard-window", window},
		{"wizard-window-outside", append(slices.Clone(topics), "enter", "2027-01-01")},
		{"wizard-target", append(slices.Clone(window), "enter")},
		{"wizard-review", append(slices.Clone(window), "enter enter")},
		{"wizard-dry-run", append(slices.Clone(window), "enter enter d")},
		{"wizard-typed", append(slices.Clone(window), "enter space enter enter trans")},
		{"wizard-backup", []string{"b"}},
		{"wizard-drill", []string{"v enter enter"}},
		{"wizard-validation", []string{":validate", "enter"}},
		{"wizard-validation-review", []string{":validate", "enter", "enter"}},
	} {
		reach := at(x.words...)
		golden(t, x.name, reach)
		small := reach(60, 16, ThemeNone)
		small.t = t
		t.Log(x.name + "\n" + small.frame().Text())
		ascii := reach(80, 24, ThemeNone)
		ascii.c.theme = newTheme(ThemeNone, true)
		for i, r := range ascii.frame().Text() {
			if r > '~' {
				t.Errorf("%s: %q at %d is not ASCII", x.name, r, i)
				break
			}
		}
	}
}
