package main

import "kustody/tui"

// press makes the steps of a shot.
func press(keys ...string) func(*tui.Tour) {
	return func(t *tui.Tour) { t.Press(keys...) }
}

// shots are the pictures.
func shots(*world) []shot {
	evidence := tui.Place{Verb: "evidence"}
	return []shot{
		{name: "backups", cols: 120, rows: 36, shows: []string{"54 runs"}},
		{name: "backups-80x24", cols: 80, rows: 24, theme: tui.ThemeLight, shows: []string{"54 runs"}},
		{name: "evidence", cols: 120, rows: 36, desk: (*world).auditor, place: evidence},
		{name: "evidence-80x24", cols: 80, rows: 24, theme: tui.ThemeLight, desk: (*world).auditor, place: evidence},
		{name: "gap", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("n enter")},
		{name: "report", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("enter")},
		{name: "report-80x24", cols: 80, rows: 24, desk: (*world).auditor, place: evidence, do: press("enter")},
		{name: "failed", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("n n enter")},
		{name: "step", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("enter down down down down enter")},
		{name: "ledger", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("L")},
		{name: "entry", cols: 120, rows: 36, desk: (*world).auditor, place: evidence, do: press("L enter")},
		{name: "run", cols: 120, rows: 36, do: press("enter")},
		{name: "partitions", cols: 120, rows: 36, do: press("enter enter")},
		{name: "segments", cols: 120, rows: 36, do: press("enter enter enter")},
		{name: "records", cols: 120, rows: 36, do: press("enter enter enter enter")},
		{name: "record", cols: 120, rows: 36, do: press("enter enter enter enter enter")},
		{name: "restore-topics", cols: 120, rows: 36, do: press("r space space")},
		{name: "restore-window", cols: 120, rows: 36, do: func(t *tui.Tour) {
			t.Press("r space space space enter")
			t.Type("2026-11-20 00:30")
			t.Press("tab +45m")
			t.Later()
		}},
		{name: "jobs", cols: 120, rows: 36, do: press("2")},
		{name: "help", cols: 120, rows: 36, do: press("?")},
	}
}
