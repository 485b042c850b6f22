package tui

import (
	"strings"
	"testing"
)

// TestRunOfTheYear looks into a real archive: everything that is shown was read from it.
func TestRunOfTheYear(t *testing.T) {
	heavy(t)
	desk := yearDesk(t)
	t.Run("run", func(t *testing.T) { testRunIsRead(t, desk) })
	t.Run("command", func(t *testing.T) { testRunCommand(t, desk) })
	t.Run("failure", func(t *testing.T) { testRunFailure(t, desk) })
	t.Run("custody", func(t *testing.T) { testCustodyIsCopied(t, desk) })
	t.Run("backups", func(t *testing.T) { testBackupsOfTheYear(t, desk) })
	t.Run("restore", testRunIsRestored)
	t.Run("goldens", func(t *testing.T) { testRunGoldens(t, desk) })
}

func testRunIsRead(t *testing.T, desk Desk) {
	d := drive(t, desk, 120, 36, ThemeDark)
	d.keys("enter")
	d.has("Backups › 20261120T113000Z-cd2272", "audit-log", "transactions", "compacted", "valid, by the trusted key", "5 topics", "Records per 2 weeks", "spread inside segments")
}

func TestRunLevels(t *testing.T) {
	f := &fakeRecords{start: 100, end: 1100, at: plainRecord}
	d := drive(t, Desk{Cluster: "prod-eu"}, 120, 36, ThemeDark)
	s := newRunScreen(d.c, craftedRun("payments", f))
	d.run(d.c.push(s))
	s.fill()
	d.has("payments", "older incarnation", "! 40 offsets lost", "compacted", "Begins at   20260813T020000Z-aa0001", "not checked", "payments/3: 40 offsets are lost")
	d.keys("down", "enter")
	d.has("Backups › 20260814T020000Z-aa0002 › payments", "deleted by", "60–99 (40 offsets)", "Markers     2", "Aborted     1")
	d.keys("enter")
	d.has("› payments › 3", "Segment", "! cut", "9f3c1b7a5502de91")
	d.keys("down")
	d.has("cut at offset 1,100", "100 of 150 records count")
	d.keys("up enter")
	d.has("› payments › 3 › records", "order-100", "500 of 1,000 records read", "CRC of every batch checked")
	d.keys("enter")
	d.has("› records › offset 100", `"zeta": 1`)
	d.keys("esc esc esc esc esc")
	d.has("[1 Backups]")
}

func TestRunMarks(t *testing.T) {
	f := &fakeRecords{start: 100, end: 1100, at: plainRecord}
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	s := newRunScreen(d.c, craftedRun("payments", f))
	d.run(d.c.push(s))
	s.fill()
	d.keys("space") // the older incarnation
	if n := s.chosen(); n != nil {
		t.Errorf("an older incarnation was marked: %v", n)
	}
	d.has("restore takes the newest incarnation")
	d.keys("ctrl+a")
	if n := strings.Join(s.chosen(), " "); n != "payments prices" {
		t.Errorf("all marked: %q", n)
	}
	d.keys("G space")
	if n := strings.Join(s.chosen(), " "); n != "payments" {
		t.Errorf("one unmarked: %q", n)
	}
	d.keys("n")
	if r, _ := s.table.current(); !r.Current || r.Name != "payments" {
		t.Errorf("n leads to %+v, not to the topic with a gap", r)
	}
}

// TestRunHostile: names of topics, reasons and findings are drawn harmless and in their columns.
func TestRunHostile(t *testing.T) {
	name := "evil\x1b]0;x\a\u202e\n" + strings.Repeat("長", 60) + "e\u0301"
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		f := &fakeRecords{start: 100, end: 1100, at: plainRecord}
		d := drive(t, Desk{Cluster: name, Location: name}, size.x, size.y, ThemeDark)
		src := craftedRun(name, f)
		src.opened.value.Tool.Name, src.opened.value.Notes = name, []string{name}
		s := newRunScreen(d.c, src)
		d.run(d.c.push(s))
		s.fill()
		d.has(`evil\x1b]0;x\a`)
		for _, k := range []string{"tab", "esc down enter", "enter", "enter", "enter", "x", "w"} {
			d.keys(k)
			d.frame()
		}
	}
}

// testRunIsRestored: the wizard begins with the run and the marked topics.
func testRunIsRestored(t *testing.T) {
	desk, k := wizardDesk(t)
	d := drive(t, desk(), 120, 36, ThemeDark)
	d.keys("down enter G space k space")
	d.has("2 marked")
	d.keys("r enter enter enter")
	if len(k.plans) == 0 {
		t.Fatalf("no plan was asked for:\n%s", d.frame().Text())
	}
	r := k.plans[len(k.plans)-1]
	if r.BackupID != "demo-weekly" || r.RunID != "20261120T111000Z-c28584" || strings.Join(r.Topics, " ") != "settlements transactions" {
		t.Errorf("the wizard asks for %s, run %s, topics %v", r.BackupID, r.RunID, r.Topics)
	}
}

func testRunCommand(t *testing.T, desk Desk) {
	d := drive(t, desk, 80, 24, ThemeDark)
	d.keys(":run", "space", "20261120T1130", "enter")
	d.has("Backups › 20261120T113000Z-cd2272", "audit-log")
	d.keys("esc", ":run", "space", "20261120", "enter")
	d.has("2 runs begin with 20261120", "[1 Backups]")
	d.keys("esc", ":run", "space", "1999", "enter")
	d.has("no finished run's id begins with 1999")
}

// testRunFailure: a run that is not there is an error in three parts, and R reads again.
func testRunFailure(t *testing.T, desk Desk) {
	d := drive(t, desk, 80, 24, ThemeDark)
	d.run(d.c.openRun("demo-weekly", "20991120T113000Z-000000"))
	d.has("Cannot read run 20991120T113000Z-000000 of demo-weekly.", "R try again")
	d.keys("enter")
	d.has("not here")
}

func testCustodyIsCopied(t *testing.T, desk Desk) {
	d := drive(t, desk, 80, 24, ThemeDark)
	d.keys("enter tab")
	d.has("Run 20261120T113000Z-cd2272", "Manifest         sha256:4bea")
	s := d.c.screen().(*custodyScreen)
	msg := copiedBy(s.copy(d.c))
	for _, want := range []string{"sha256:4bea138494d1de2bfd696b6cd66b2f4e512bb90fceff962e3de1757e4b9e2d75", "Restores of this archive"} {
		if !strings.Contains(msg, want) {
			t.Errorf("what is copied lacks %q", want)
		}
	}
	d.keys("G")
	d.has("drill-20261120T113000Z-522008", "cef4ae3d64c5f738")
}

// shown turns one console to each size and theme, so that the archive is read once.
func shown(d *driver) func(w, h int, theme string) *driver {
	return func(w, h int, theme string) *driver {
		d.Resize(w, h)
		d.c.theme = newTheme(theme, false)
		return d
	}
}

func testRunGoldens(t *testing.T, desk Desk) {
	for name, keys := range map[string]string{"backups": "", "run": "enter", "run-custody": "enter tab", "run-partitions": "enter G enter", "run-segments": "enter G enter enter",
		"run-records": "enter G enter enter enter", "run-record": "enter G enter enter enter down enter"} {
		d := drive(t, desk, 120, 36, ThemeDark)
		d.keys(keys)
		golden(t, name, shown(d))
	}
}

func TestGapGoldens(t *testing.T) {
	for name, keys := range map[string]string{"run-gap": "down", "run-gap-partition": "down enter"} {
		d := drive(t, Desk{Cluster: "prod-eu"}, 120, 36, ThemeDark)
		s := newRunScreen(d.c, craftedRun("payments", &fakeRecords{start: 100, end: 1100, at: plainRecord}))
		d.run(d.c.push(s))
		s.fill()
		d.keys(keys)
		golden(t, name, shown(d))
	}
}
