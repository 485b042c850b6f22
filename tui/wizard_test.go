package tui

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

// worker is a Work that notes what it is asked for. Its jobs are real ones that end at once.
type worker struct {
	Work
	restores    []RestoreRequest
	plans       []RestoreRequest
	backups     []BackupRequest
	drills      []DrillRequest
	validations []ValidationRequest

	holds     map[string]int64 // target topics that exist, and what they hold
	elsewhere bool             // the target is another cluster, where names stay
	conflict  string
	refuse    error
	unplanned error
}

// wizardDesk is a desk on the stored year, and its worker.
func wizardDesk(t *testing.T) (func() Desk, *worker) {
	t.Helper()
	year := storedYear(t)
	query := year.Query()
	k := &worker{}
	job := func(ctx context.Context) (*engine.Job, error) {
		if k.refuse != nil {
			return nil, k.refuse
		}
		return engine.Validate(ctx, engine.ValidateOptions{Store: query.Store, BackupID: year.BackupID, RunID: "20200101T000000Z-000000"}), nil
	}
	k.Work = Work{Target: "demo-bank",
		Plan: func(_ context.Context, r RestoreRequest) (*engine.RestorePlan, error) {
			k.plans = append(k.plans, r)
			return k.plan(r), k.unplanned
		},
		Restore: func(ctx context.Context, r RestoreRequest) (*engine.Job, error) {
			k.restores = append(k.restores, r)
			return job(ctx)
		},
		Backup: func(ctx context.Context, r BackupRequest) (*engine.Job, error) {
			k.backups = append(k.backups, r)
			return job(ctx)
		},
		Drill: func(ctx context.Context, r DrillRequest) (*engine.Job, error) {
			k.drills = append(k.drills, r)
			return job(ctx)
		},
		Validation: func(ctx context.Context, r ValidationRequest) (*engine.Job, error) {
			k.validations = append(k.validations, r)
			return job(ctx)
		},
	}
	before := newRestoreID
	newRestoreID = func(time.Time) string { return "0042" }
	t.Cleanup(func() { newRestoreID = before })
	return func() Desk {
		return Desk{Cluster: "demo-bank", Location: year.Location, BackupID: year.BackupID, Command: "kustody --batch --config demo/kustody.toml",
			Archive: func(context.Context) (engine.QueryOptions, error) { return query, nil }, Work: &k.Work}
	}, k
}

// plan is what the engine would make of a request.
func (k *worker) plan(r RestoreRequest) *engine.RestorePlan {
	p := &engine.RestorePlan{RestoreID: r.RestoreID, BackupID: r.BackupID, RunID: r.RunID, Window: r.Window, Records: 48, Bytes: 4096, Digest: "sha256:00",
		Target: archive.Cluster{Declared: "demo-bank", Observed: "demo-bank"}}
	if k.conflict != "" {
		p.Conflicts = append(p.Conflicts, k.conflict)
	}
	for _, source := range r.Topics {
		t := engine.RestoreTopic{Source: source, Target: "restore-" + r.RestoreID + "." + source, Partitions: 6, Records: 16,
			HeldOpen: map[string]string{"retention.ms": "604800000"}, Configs: map[string]string{"retention.ms": "-1"},
			Parts: []engine.RestorePartition{{Partition: 0, Records: 16, Bytes: 99, MinTimestamp: 1795132800000, MaxTimestamp: 1795132900000}}}
		if k.elsewhere {
			t.Target = source
		}
		if to, ok := r.Mapping[source]; ok {
			t.Target = to
		}
		if n, there := k.holds[t.Target]; there {
			t.Exists, t.Holds, t.HeldOpen, t.Configs = true, n, nil, nil
			if t.Occupied = n > 0 && !slices.Contains(r.AllowTopics, t.Target); t.Occupied {
				p.Conflicts = append(p.Conflicts, "topic "+t.Target+" exists and holds records")
			}
		}
		p.Topics = append(p.Topics, t)
	}
	if r.Groups {
		p.Groups = append(p.Groups, engine.RestoreGroup{Source: "fraud-scoring", Target: "fraud-scoring", Offsets: make([]archive.GroupOffset, 6)})
	}
	return p
}

// driveWizard opens a console on a desk; pass lets what waits for a pause in the typing happen.
func driveWizard(t *testing.T, desk Desk, w, h int, theme string) (d *driver, pass func()) {
	d = drive(t, desk, w, h, theme)
	return d, d.Later
}

// TestRestoreWalk is the flow of an engineer who restores three topics for a window, and counts what has
// to be decided: each line of the table of CONSOLE.md's walk.
func TestRestoreWalk(t *testing.T) {
	desk, k := wizardDesk(t)
	d, pass := driveWizard(t, desk(), 120, 36, ThemeDark)
	decisions := 0
	decide := func(keys string, shows ...string) {
		t.Helper()
		decisions++
		d.keys(keys)
		pass()
		d.has(shows...)
		t.Logf("%d: %s\n%s", decisions, keys, d.frame().Text())
	}
	d.has("2026-11-20 11:30")
	decide("r", "✓ Backup", "● Topics", "0 of 5 topics marked")
	decide("/trans space", "● Topics (1)", "1 of 5 topics marked")
	decide("/ledger-e space", "● Topics (2)", "2 of 5 topics marked")
	decide("/settl space", "● Topics (3)", "3 of 5 topics marked")
	decide("enter", "● Window", "Covered by this backup: 2025-11-16 06:45 → 2026-11-20 11:30 UTC", "all 3 topics", "8,071")
	decide("00:30 tab +45m", "= 2026-11-20T00:30:00Z", "= 2026-11-20T01:15:00Z", "37", "counted exactly")
	decide("enter", "● Target", "restore-0042.ledger-entries", "demo-bank")
	decide("enter", "● Review", "new, 6 partitions", "nothing is written before enter")
	decide("enter")
	if decisions > 9 {
		t.Errorf("the walk takes %d decisions, and nine are promised", decisions)
	}
	from, to := archive.Int64(1795134600000), archive.Int64(1795137300000)
	if len(k.restores) != 1 {
		t.Fatalf("%d restores were started", len(k.restores))
	}
	r := k.restores[0]
	want := RestoreRequest{BackupID: "demo-weekly", RunID: "20261120T113000Z-cd2272", RestoreID: "0042",
		Topics: []string{"ledger-entries", "settlements", "transactions"}, Window: archive.Window{Start: &from, End: &to}}
	if got, want := strings.Join(r.Args(), " "), strings.Join(want.Args(), " "); got != want {
		t.Errorf("asked for\n%s, want\n%s", got, want)
	}
	if len(d.c.jobs) != 1 || d.c.jobs[0].title != "restore 3 topics from 20261120T113000Z-cd2272 into demo-bank as restore-0042.*" {
		t.Fatalf("jobs: %+v", d.c.jobs)
	}
	line := "kustody --batch --config demo/kustody.toml " + strings.Join(want.Args(), " ")
	if j := d.c.jobs[0]; j.batch != line || j.again != line {
		t.Errorf("the job's line is\n%s, want\n%s", j.batch, line)
	}
	for _, stack := range d.c.stacks {
		for _, s := range stack {
			if _, ok := s.(*wizard); ok {
				t.Error("the wizard is still there")
			}
		}
	}
}

// TestRestoreConflicts walks past what the plan refuses, and types the names that have to be typed.
func TestRestoreConflicts(t *testing.T) {
	heavy(t)
	desk, k := wizardDesk(t)
	review := func(t *testing.T) *driver {
		d, _ := driveWizard(t, desk(), 100, 30, ThemeDark)
		k.restores, k.plans = nil, nil
		d.t = t
		d.keys("r", "/trans space", "/settl space", "enter", "enter")
		d.has("● Target")
		return d
	}
	t.Run("typed", func(t *testing.T) {
		k.holds, k.Production = map[string]int64{"transactions": 77, "settlements": 0}, true
		defer func() { k.holds, k.Production = nil, false }()
		d := review(t)
		d.keys("space", "enter") // the original names
		d.has("EXISTS, holds 77 records, adds 16", "EXISTS, empty", "enter asks for the name of each topic")
		d.keys("enter")
		d.has("This writes into a topic that is in use", "77 records already in transactions stay")
		d.keys("enter", "transaction", "enter")
		d.send(tea.PasteMsg{Content: "s"})
		d.keys("enter")
		if len(k.restores) != 0 || len(k.plans) != 1 {
			t.Fatal("half a name was taken for the name")
		}
		d.keys("s", "enter")
		if len(k.plans) != 2 || !slices.Equal(k.plans[1].AllowTopics, []string{"transactions"}) {
			t.Fatalf("planned again: %+v", k.plans)
		}
		d.has("! EXISTS, holds 77 records")
		d.lacks("conflict")
		d.keys("enter")
		d.has("This writes into a production cluster")
		d.keys("demo-bank", "enter")
		if len(k.restores) != 1 || !slices.Equal(k.restores[0].AllowTopics, []string{"transactions"}) || k.restores[0].Mapping["transactions"] != "transactions" {
			t.Errorf("started: %+v", k.restores)
		}
	})
	t.Run("refused", func(t *testing.T) {
		k.conflict = "topic x has cleanup.policy=compact: records with the same key would be merged"
		defer func() { k.conflict = "" }()
		d := review(t)
		d.keys("enter", "enter")
		d.has("conflict", "cleanup.policy=compact", "not here: 1 conflict must be resolved first")
		if len(k.restores) != 0 {
			t.Error("it was started")
		}
	})
	t.Run("names", func(t *testing.T) {
		k.elsewhere = true
		defer func() { k.elsewhere = false }()
		d := review(t)
		d.keys("enter") // new topics: on another cluster they have to be named
		if n := len(k.plans); n != 2 || k.plans[1].Mapping["settlements"] != "restore-0042.settlements" {
			t.Fatalf("plans: %+v", k.plans)
		}
		d.keys("shift+tab", "space", "space", "enter")
		d.has("● Target", "write what the new names begin with")
		d.keys("tab", "copy-", "enter")
		d.has("● Review", "copy-transactions")
		d.keys("y")
		if said := d.c.messages[len(d.c.messages)-1].text; !strings.HasSuffix(said, " --map settlements=copy-settlements --map transactions=copy-transactions") {
			t.Errorf("copied: %s", said)
		}
		d.keys("d")
		d.has("dry run", "retention.ms = -1   (captured: 604800000)")
		d.keys("esc", "enter")
		if len(k.restores) != 1 || k.restores[0].Mapping["transactions"] != "copy-transactions" || len(k.restores[0].Mapping) != 2 {
			t.Errorf("started: %+v", k.restores)
		}
	})
	t.Run("failed start", func(t *testing.T) {
		k.refuse = errors.New("the lock is held")
		defer func() { k.refuse = nil }()
		d := review(t)
		d.keys("enter", "enter")
		d.has("start the restore: the lock is held", "● Review")
		if len(d.c.jobs) != 0 {
			t.Error("there is a job")
		}
	})
	t.Run("failed plan", func(t *testing.T) {
		k.unplanned = &engine.Problem{Exit: engine.ExitFailed, Err: errors.New("the target does not answer"), Hint: "look at [target]"}
		defer func() { k.unplanned = nil }()
		d := review(t)
		d.keys("enter")
		d.has("Cannot read what the restore would do", "the target does not answer", "look at [target]", "R try again")
		d.keys("enter")
		d.has("not here: the plan could not be made")
		k.unplanned = nil
		d.keys("esc", "R")
		d.has("restore-0042.transactions", "nothing is written before enter")
	})
	t.Run("limit and groups", func(t *testing.T) {
		d := review(t)
		d.keys("tab", "tab", "space", "tab", "10", "enter")
		d.keys("shift+tab", "ctrl+u", "10XiB", "enter")
		d.has("is no size")
		d.keys("ctrl+u", "10MiB")
		d.has("= 10.0 MiB in a second")
		d.keys("enter")
		d.has("fraud-scoring")
		d.keys("enter")
		if len(k.restores) != 1 || k.restores[0].MaxBytesPerSecond != 10<<20 || !k.restores[0].Groups {
			t.Errorf("started: %+v", k.restores)
		}
	})
}

// TestWizardKeepsAndAsks goes back and forth, and leaves.
func TestWizardKeepsAndAsks(t *testing.T) {
	desk, _ := wizardDesk(t)
	d, pass := driveWizard(t, desk(), 80, 24, ThemeDark)
	d.keys("r", "esc")
	d.has("[1 Backups]") // nothing was filled in
	d.keys("r", "enter")
	d.has("no topic is marked")
	d.keys("esc", "ctrl+a", "enter", "08:30")
	pass()
	d.keys("shift+tab", "shift+tab")
	d.has("● Backup")
	d.keys("enter")
	d.has("● Topics (5)")
	d.keys("enter")
	d.has("● Window", "08:30", "= 2026-11-20T08:30:00Z", "all 5 topics")
	d.lacks("more topic")
	d.Resize(80, 22)
	d.has("all 5 topics", "… 1 more topic ")
	d.Resize(80, 24)
	d.keys("esc")
	d.has("Leave this restore?")
	d.keys("esc")
	d.has("● Window")
	d.keys("?")
	d.has("Keys: ", "other field")
	d.keys("x", "esc", "y")
	d.has("[1 Backups]")
}

// TestWindowFields types into the fields of the window step.
func TestWindowFields(t *testing.T) {
	desk, _ := wizardDesk(t)
	of := desk()
	var err error
	if of.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Skip("no time zones on this machine")
	}
	d, pass := driveWizard(t, of, 120, 36, ThemeDark)
	d.keys("r", "ctrl+a", "enter")
	d.has("= open: from the first record on", "= open: up to the last record", "Europe/Berlin", "8,806")
	d.keys("09:30")
	d.has("= 2026-11-20T08:30:00Z", "= 2026-11-20 09:30:00 CET", "the numbers are of the window before")
	faded := func() bool {
		for _, l := range d.frame().Lines() {
			text := ""
			for _, x := range l {
				text += x.Text
			}
			if strings.Contains(text, "all 5 topics") {
				return len(l) == 1 && l[0].Colour == darkPalette[dim] || l[1].Colour == darkPalette[dim]
			}
		}
		t.Fatal("there are no numbers")
		return false
	}
	if !faded() {
		t.Error("numbers of the window before are not dimmed")
	}
	pass()
	d.has("counted exactly")
	if faded() {
		t.Error("numbers of the present window are dimmed")
	}
	d.keys("ctrl+z")
	d.has("= 2026-11-20T09:30:00Z")
	d.keys("ctrl+z", "alt+up", "alt+up", "alt+down", "alt+pgup", "up", "down")
	d.has("2026-11-20 10:31", "= 2026-11-20T09:31:00Z")
	d.keys("tab", "alt+pgdown")
	d.has("2026-11-20 11:30:00.1", "= 2026-11-20T10:30:00.1Z")
	d.keys("ctrl+u", "+45m")
	d.has("= 2026-11-20T10:16:00Z")
	d.keys("ctrl+u", "+45")
	d.has("is no distance in time")
	d.keys("enter")
	d.has("● Window", "not here")
	d.keys("esc", "m", "tab", "ctrl+u", "2027-01-01", "tab", "ctrl+u")
	pass()
	d.has("lies outside", "No other backup covers it")
	d.keys("tab", "ctrl+u", "2026-10-25")
	d.text(" 02:30")
	d.has("exists twice")
}

// TestRestoreCommand finds the backup that covers a time, and offers another where one does not.
func TestRestoreCommand(t *testing.T) {
	desk, k := wizardDesk(t)
	d, pass := driveWizard(t, desk(), 120, 36, ThemeDark)
	d.keys(":")
	d.text("restore 2026-11-20 08:30 +45m")
	d.keys("enter")
	d.has("20261120T113000Z-cd2272 › restore", "● Topics", "run 20261120T113000Z-cd2272 covers it")
	d.keys("ctrl+a", "enter")
	d.has("= 2026-11-20T08:30:00Z", "= 2026-11-20T09:15:00Z")
	d.keys("esc", "y", ":")
	d.text("restore 2026-11-20 08:30 +45x")
	d.keys("enter")
	d.has("is no distance in time")
	d.keys("esc", ":")
	d.text("restore 2031-01-01")
	d.keys("enter")
	d.has("no backup covers from 2031-01-01T00:00:00Z on", "● Topics")
	d.keys("esc", "esc")

	// An old run holds less: the window step offers the newer one.
	d.run(d.c.startRestoreWizard(RestoreRequest{BackupID: "demo-weekly", RunID: "20251123T020200Z-a512fa"}))
	d.keys("ctrl+a", "enter", "2026-11-20")
	pass()
	d.has("lies outside: nothing would be restored", "ctrl+n takes 20261120T113000Z-cd2272, which covers it")
	d.keys("ctrl+n")
	d.has("Covered by this backup: 2025-11-16 06:45 → 2026-11-20 11:30 UTC", "counted exactly")
	d.keys("enter", "enter", "enter")
	if len(k.restores) != 1 || k.restores[0].RunID != "20261120T113000Z-cd2272" {
		t.Errorf("started: %+v", k.restores)
	}
}

func TestSplitWindow(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-08-14 00:30 +45m":             "--from 2026-08-14T00:30:00Z --to 2026-08-14T01:15:00Z",
		"2026-08-14 00:30 2026-08-14 01:15": "--from 2026-08-14T00:30:00Z --to 2026-08-14T01:15:00Z",
		"2026-08-14 2026-08-15":             "--from 2026-08-14T00:00:00Z --to 2026-08-15T00:00:00Z",
		"00:30 01:15":                       "--from 2026-11-20T00:30:00Z --to 2026-11-20T01:15:00Z",
		"yesterday 22:00":                   "--from 2026-11-19T22:00:00Z",
		"yesterday 22:00 now":               "--from 2026-11-19T22:00:00Z --to 2026-11-20T12:00:00Z",
		"-3h":                               "--from 2026-11-20T09:00:00Z",
	} {
		w, err := splitWindow(text, now, time.UTC)
		var a arguments
		a.window(w)
		if got := strings.Join(a, " "); err != nil || got != want {
			t.Errorf("%q: %s (%v), want %s", text, got, err, want)
		}
	}
	for text, part := range map[string]string{"tomorrow": "is no time", "00:30 nonsense": "nonsense", "01:15 00:30": "is empty"} {
		if _, err := splitWindow(text, now, time.UTC); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %q", text, err, part)
		}
	}
}

// TestBatchLines writes every request as a line, and lets a shell read the line again.
func TestBatchLines(t *testing.T) {
	from, to := archive.Int64(1795163400000), archive.Int64(1795166100001)
	hostile := []string{"it's", "$(touch x)", "`id`", "a b", "", "-x", "*", "new\nline", "\"quoted\"", "~root", "back\\slash", "é\u202ex", "a;b&c|d>e#f!g", "=x"}
	for _, x := range []struct {
		args []string
		want string
	}{
		{RestoreRequest{BackupID: "b", RunID: "r", RestoreID: "i", Topics: []string{"t1", "t2"}, Window: archive.Window{Start: &from, End: &to},
			Mapping: map[string]string{"t2": "y", "t1": "x"}, AllowTopics: []string{"x"}, Groups: true, MaxBytesPerSecond: 9}.Args(),
			"restore --backup-id b --run r --restore-id i --topic t1 --topic t2 --from 2026-11-20T08:30:00Z --to 2026-11-20T09:15:00.001Z --map t1=x --map t2=y --allow-existing x --groups --max-bytes-per-second 9"},
		{RestoreRequest{}.Args(), "restore"},
		{BackupRequest{BackupID: "b", Full: true, MaxBytesPerSecond: 7}.Args(), "backup --backup-id b --full --max-bytes-per-second 7"},
		{DrillRequest{BackupID: "b", Topics: []string{"t"}, Window: archive.Window{End: &to}, KeepTopics: true}.Args(),
			"drill --backup-id b --topic t --to 2026-11-20T09:15:00.001Z --keep-topics"},
		{ValidationRequest{BackupID: "b", RestoreID: "i"}.Args(), "validation run --backup-id b --restore-id i"},
	} {
		if got := strings.Join(x.args, " "); got != x.want {
			t.Errorf("got  %s\nwant %s", got, x.want)
		}
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	line := batchLine(Desk{Command: `printf '%s\0'`}, hostile)
	out, err := exec.Command(sh, "-c", line).Output()
	if err != nil {
		t.Fatalf("sh -c %s: %v", line, err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, hostile) {
		t.Errorf("a shell reads %q as\n%q, want\n%q", line, got, hostile)
	}
}

func TestSizeOf(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "1048576": 1 << 20, "10MiB": 10 << 20, "10 mib": 10 << 20, "1.5 GB": 15e8, "1kB": 1000} {
		if got, err := sizeOf(text); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "10M", "MiB", "1.2.3", "0.3", "9999999999 TiB", "x", "1e3"} {
		if got, err := sizeOf(text); err == nil {
			t.Errorf("%q is %d, and should be refused", text, got)
		}
	}
}

// TestWizardMouse points at rows.
func TestWizardMouse(t *testing.T) {
	desk, _ := wizardDesk(t)
	d, _ := driveWizard(t, desk(), 80, 24, ThemeDark)
	click := func(y int) {
		d.frame() // where rows are is known once they were drawn
		d.send(tea.MouseClickMsg{X: 10, Y: y, Button: tea.MouseLeft})
	}
	d.keys(":restore", "enter")
	click(8) // header, bar, rule, steps, blank, titles: the third run
	d.has("▸ 2026-11-15 02:04")
	click(8)
	d.has("20261115T020400Z-217855 › restore", "● Topics")
	click(7)
	click(8)
	d.has("▸*ledger-entries", " *ledger-accounts", "2 of 5 topics marked")
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	d.has("▸ audit-log")
}
