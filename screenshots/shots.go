package main

import (
	"kustody/engine"
	"kustody/tui"
)

// press makes the steps of a shot.
func press(keys ...string) func(*tui.Tour) {
	return func(t *tui.Tour) { t.Press(keys...) }
}

// engineers are the shots of somebody who looks after backups.
func engineers(report engine.ReportItem) []shot {
	// The restore's id is given, since one that is made is another each time.
	restorePlace := tui.Place{Verb: "restore", Restore: tui.RestoreRequest{BackupID: report.BackupID, RunID: report.RunID, RestoreID: "0042"}}
	const marks = "/ trans space / ledger-e space / settl space"
	window := func(t *tui.Tour) {
		t.Press(marks, "enter")
		t.Type("2026-11-20 01:30")
		t.Press("tab +45m")
		t.Later()
	}
	review := func(t *tui.Tour) {
		window(t)
		t.Press("enter enter")
		t.Later()
	}
	watch := func(w tui.Watched, title string, keys ...string) func(*tui.Tour) {
		return func(t *tui.Tour) {
			t.Watch(title, "kustody --batch --config demo/kustody.toml "+w.Kind(), w)
			t.Press("2 enter")
			t.Later()
			t.Press(keys...)
		}
	}
	const restore = "restore 3 topics into demo-bank as restore-0042.*"
	return []shot{
		{name: "backups", shows: []string{"54 runs"}},
		{name: "backups-80x24", small: true, theme: tui.ThemeLight, shows: []string{"54 runs"}},
		{name: "run", do: press("enter"), shows: []string{"transactions"}},
		{name: "partitions", do: press("enter G enter"), shows: []string{"START"}},
		{name: "segments", do: press("enter G enter enter"), shows: []string{"sha256"}},
		{name: "records", do: press("enter G enter enter enter"), shows: []string{"OFFSET"}},
		{name: "record", do: press("enter G enter enter enter enter"), shows: []string{"Timestamp"}},
		{name: "topics", do: press("4"), shows: []string{"scratch-loadtest", "lag"}},
		{name: "restore-topics", place: restorePlace, do: press(marks), shows: []string{"3 of 5 topics marked"}},
		{name: "restore-window", place: restorePlace, do: window, shows: []string{"2026-11-20T00:30:00Z"}},
		{name: "restore-target", place: restorePlace, do: func(t *tui.Tour) { window(t); t.Press("enter") }, shows: []string{"Target"}},
		{name: "restore-review", place: restorePlace, do: review, shows: []string{"transactions"}},
		{name: "restore-review-80x24", small: true, theme: tui.ThemeLight, place: restorePlace, do: review, shows: []string{"transactions"}},
		{name: "backup-review", do: press("b"), shows: []string{"what is new"}},
		{name: "drill-review", do: press("v enter enter"), shows: []string{"compare"}},
		{name: "job", do: watch(restoring(), restore), shows: []string{"retrying", "restore-0042"}},
		{name: "job-80x24", small: true, do: watch(restoring(), restore), shows: []string{"retrying"}},
		{name: "job-cancel", do: watch(restoring(), restore, "c"), shows: []string{"esc"}},
		{name: "job-done", do: watch(drilled(report), "drill of every topic in demo-bank"), shows: []string{report.ReportID}},
		{name: "jobs", do: watch(restoring(), restore, "esc"), shows: []string{"j-1"}},
		{name: "help", do: press("?"), shows: []string{"any key"}},
		{name: "command", do: press(":"), shows: []string{"evidence"}},
	}
}

// auditors are the shots of somebody who got a folder and a public key.
func auditors() []shot {
	list := []shot{
		{name: "evidence", shows: []string{"1 missed"}},
		{name: "evidence-light", theme: tui.ThemeLight, shows: []string{"1 missed"}},
		{name: "evidence-none", theme: tui.ThemeNone, shows: []string{"1 missed"}},
		{name: "evidence-ascii", theme: tui.ThemeNone, ascii: true, small: true, shows: []string{"1 missed"}},
		{name: "evidence-80x24", small: true, shows: []string{"1 missed"}},
		{name: "gap", do: press("n enter"), shows: []string{"No report for the slot"}},
		{name: "report", do: press("enter"), shows: []string{"genuine and unchanged"}},
		{name: "report-80x24", small: true, theme: tui.ThemeLight, do: press("enter"), shows: []string{"genuine and unchanged"}},
		{name: "report-failed", do: press("n n enter"), shows: []string{"FAILED", "genuine and unchanged"}},
		{name: "step", do: press("enter G enter"), shows: []string{"step"}},
		{name: "ledger", do: press("L"), shows: []string{"genesis"}},
		{name: "entry", do: press("L enter"), shows: []string{"openssl dgst"}},
	}
	for i := range list {
		list[i].desk, list[i].place = (*world).auditor, tui.Place{Verb: "evidence"}
	}
	return append(list, shot{name: "first-page", desk: (*world).empty, shows: []string{"demo"}})
}

// shots are the pictures.
func shots(report engine.ReportItem) []shot {
	return append(engineers(report), auditors()...)
}
