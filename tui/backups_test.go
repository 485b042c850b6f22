package tui

import (
	"strings"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

func testBackupsOfTheYear(t *testing.T, desk Desk) {
	d := drive(t, desk, 80, 24, ThemeDark)
	d.has("TAKEN", "TOPICS", "RECORDS", "SIZE", "COVERS", "EVIDENCE", "2026-11-20 11:30", "✓ every record", "· no report", "54 runs", "no gap since the first run")
	d.lacks("ARCHIVE")
	d.keys("enter")
	d.has("Backups › 20261120T113000Z-cd2272")
}

// aList is three archives' runs: a chain with a gap in the middle, a run with a finding, one that was not finished, one
// whose manifest is broken.
func aList() (*engine.BackupList, *engine.ReportList) {
	day := func(n int) time.Time { return time.Date(2026, 8, n, 2, 0, 0, 0, time.UTC) }
	run := func(archiveID string, n int, previous string, gaps int64) engine.BackupItem {
		return engine.BackupItem{BackupID: archiveID, RunID: day(n).Format("20060102T150405Z") + "-aaaaaa", CreatedAt: day(n).Add(time.Minute), StartedAt: day(n), SourceCluster: "prod-eu",
			Statistics: archive.Statistics{Topics: 14, Partitions: 212, Segments: 1204, Records: 48_120_331, Bytes: 9_771_050_598, Gaps: gaps}, Previous: previous, Chain: n,
			Checksum: "sha256:9f3c1b7a5502de9177c0a17e", Signature: evidence.SignatureNotChecked}
	}
	id := func(n int) string { return day(n).Format("20060102T150405Z") + "-aaaaaa" }
	b := &engine.BackupList{Backups: []engine.BackupItem{run("prod-eu", 10, "", 0), run("prod-eu", 11, id(10), 7), run("prod-eu", 12, id(11), 0), run("audit", 12, "", 0), run("prod-eu", 13, id(12), 0)},
		Unfinished: []engine.UnfinishedRun{{BackupID: "prod-eu", RunID: "20260814T020000Z-bbbbbb"}},
		Broken:     []engine.BrokenObject{{Key: "prod-eu/runs/20260809T020000Z-cccccc/manifest.json", Problem: "the signature does not verify"}}}
	b.Backups[3].Findings = []string{"topic payments was not there"}
	r := &engine.ReportList{Reports: []engine.ReportItem{
		{ReportID: "validation-00000001", BackupID: "prod-eu", RunID: id(13), Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Signature: evidence.SignatureNotChecked},
		{ReportID: "validation-00000002", BackupID: "prod-eu", RunID: id(12), Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Signature: evidence.SignatureValid},
		{ReportID: "validation-00000003", BackupID: "prod-eu", RunID: id(11), Overall: evidence.Failed, Signature: evidence.SignatureValid}}}
	return b, r
}

func atBackups(t testing.TB, b *engine.BackupList, r *engine.ReportList, w, h int) *driver {
	t.Helper()
	d := drive(t, Desk{Cluster: "prod-eu", Location: "file:///backups", ReadOnly: "started with --read-only"}, w, h, ThemeDark)
	d.c.data.backups = loader[*engine.BackupList]{value: b, has: true, asOf: testNow}
	d.c.data.reports = loader[*engine.ReportList]{value: r, has: true, asOf: testNow}
	d.keys("1")
	d.c.toast = nil
	return d
}

func TestBackupsList(t *testing.T) {
	b, r := aList()
	d := atBackups(t, b, r, 120, 36)
	d.has("ARCHIVE", "2026-08-14 02:00", "✗ not finished", "✗ does not verify", "! 1 finding", "~ every record", "~ matches, not trusted", "✗ FAILED", "1 not finished", "1 broken object",
		"It has a plan and no manifest", "no gap since 2026-08-11 02:00")
	d.keys("down")
	d.has("every record, not trusted", "Follows     20260812T020000Z-aaaaaa", "24h")
	d.keys("n")
	d.has("topic payments was not there")
	d.keys("n n")
	d.has("prod-eu/runs/20260809T020000Z-", "cccccc/manifest.json: the signature")
	d.keys("enter")
	d.has("open: not here: there is no finished run under the cursor")
	d = atBackups(t, b, r, 80, 24)
	d.has("ARCHIVE", "RECORDS", "48,120,331", "EVIDENCE", "COVERS", "~ not trusted")
	atBackups(t, b, r, 60, 16).has("~ not trusted")
}

func TestBackupsFilterAndSort(t *testing.T) {
	b, r := aList()
	d := atBackups(t, b, r, 80, 24)
	d.keys("/aud enter")
	d.has("1 of 7 runs")
	d.keys("esc", "/zzz enter")
	d.has(`Nothing matches "zzz". 7 without the filter.`)
	d.keys("esc", "st")
	if at := d.c.screen().(*backupsScreen); !strings.HasPrefix(at.table.rows[at.table.shown[0]].item.RunID, "20260809") {
		t.Errorf("sorted by time the oldest is not first: %+v", at.table.rows[at.table.shown[0]].item)
	}
}

// TestBackupVerdicts: the worst that is known of a run is what the list shows.
func TestBackupVerdicts(t *testing.T) {
	passed := engine.ReportItem{Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Signature: evidence.SignatureValid}
	failed, stale, counts := passed, passed, passed
	failed.Overall, stale.Stale, counts.Level = evidence.Failed, true, "counts only"
	found := engine.BackupItem{Findings: []string{"x"}}
	lost := engine.BackupItem{Statistics: archive.Statistics{Gaps: 7}}
	for _, tc := range []struct {
		row  backupRow
		mark mark
		word string
	}{
		{backupRow{proved: true, evidence: passed}, markOK, "every record"},
		{backupRow{proved: true, evidence: counts}, markFinding, "counts only"},
		{backupRow{proved: true, evidence: stale}, markFinding, "stale restore"},
		{backupRow{proved: true, evidence: failed, item: found}, markBad, "FAILED"},
		{backupRow{proved: true, evidence: passed, item: found}, markFinding, "1 finding"},
		{backupRow{proved: true, evidence: passed, item: lost}, markFinding, "7 offsets lost"},
		{backupRow{}, markWait, "no report"},
		{backupRow{open: true, proved: true, evidence: passed}, markBad, "not finished"},
		{backupRow{broken: "x", open: true}, markBad, "does not verify"},
	} {
		if m, word := tc.row.judge(); m != tc.mark || word != tc.word {
			t.Errorf("%+v: %d %q, want %d %q", tc.row, m, word, tc.mark, tc.word)
		}
	}
}

// TestGapless: what is said to be covered without a gap is what the chain of runs shows, and no more.
func TestGapless(t *testing.T) {
	b, _ := aList()
	for _, tc := range []struct {
		what    string
		change  func(l *engine.BackupList)
		archive string
		since   string // "" none
		whole   bool
	}{
		{"a gap in the second run", func(*engine.BackupList) {}, "prod-eu", "2026-08-11", false},
		{"another archive, one run", func(*engine.BackupList) {}, "audit", "2026-08-12", true},
		{"no gap at all", func(l *engine.BackupList) { l.Backups[1].Statistics.Gaps = 0 }, "prod-eu", "2026-08-10", true},
		{"a gap in the newest", func(l *engine.BackupList) { l.Backups[4].Statistics.Gaps = 1 }, "prod-eu", "", false},
		{"a run of the chain is not there", func(l *engine.BackupList) { l.Backups = append(l.Backups[:2:2], l.Backups[3:]...) }, "prod-eu", "2026-08-13", false},
		{"no run", func(l *engine.BackupList) { l.Backups = nil }, "prod-eu", "", false},
	} {
		l := *b
		l.Backups = append([]engine.BackupItem{}, b.Backups...)
		tc.change(&l)
		since, whole, ok := gapless(backupRows(&l, nil), tc.archive)
		if ok != (tc.since != "") || ok && since.Format(time.DateOnly) != tc.since || whole != tc.whole {
			t.Errorf("%s: since %v, whole %v, %v", tc.what, since, whole, ok)
		}
	}
}

func TestBackupsStates(t *testing.T) {
	d := atBackups(t, &engine.BackupList{}, nil, 80, 24)
	d.has("No backups of prod-eu yet.")
	d.lacks("make the first one") // nothing to write with
	d.keys("b")
	d.has("back up now: not here: started with --read-only")
	b, r := aList()
	for _, size := range []point{{60, 16}, {59, 16}, {60, 15}} {
		d = atBackups(t, b, r, size.x, size.y)
		d.frame()
	}
}

func TestBackupsHostile(t *testing.T) {
	b, r := aList()
	evil := "a\x1b[2J\u202e\r\n" + strings.Repeat("長", 50)
	b.Backups[4].BackupID, b.Backups[4].SourceCluster, b.Backups[4].Findings = evil, evil, []string{evil}
	b.Unfinished[0].RunID, b.Broken[0].Key, b.Broken[0].Problem = evil, evil, evil
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		d := atBackups(t, b, r, size.x, size.y)
		for range 7 {
			d.frame()
			d.keys("down")
		}
	}
}

func TestBackupsGoldens(t *testing.T) {
	b, r := aList()
	golden(t, "backups-trouble", shown(atBackups(t, b, r, 120, 36)))
	golden(t, "backups-empty", shown(atBackups(t, &engine.BackupList{}, nil, 120, 36)))
}
