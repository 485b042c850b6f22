package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
)

// backupRow is a run in the list of backups: a finished one, one that was not finished, or one whose
// documents cannot be believed.
type backupRow struct {
	item     engine.BackupItem
	taken    time.Time // when it finished; of one that did not, when it began
	broken   string    // why it cannot be believed
	open     bool      // it has a plan and no manifest
	since    time.Time // start of the run that it begins at the end of; zero where that is not known
	evidence engine.ReportItem
	proved   bool // there is a report
	mark     mark
	word     string // what is known of it: findings, the newest report's verdict with its level
}

func (r backupRow) id() string { return r.item.BackupID + "/" + r.item.RunID }

// backupsScreen lists the runs of all archives, the newest first.
type backupsScreen struct {
	listing[backupRow]
	untrusted bool              // some verdict is by a signature that nothing trusted vouches for
	gapless   map[string]string // by archive: since when no offset was lost, in words
}

func newBackupsScreen(c *console) *backupsScreen {
	s := &backupsScreen{listing: listing[backupRow]{preview: true}}
	s.table = newTable("run", backupRow.id, func(r backupRow) string { return r.id() + " " + r.item.SourceCluster + " " + r.word },
		column[backupRow]{title: "TAKEN", min: 16, sort: 't', less: compare(func(r backupRow) int64 { return r.taken.UnixNano() }),
			cell: func(r backupRow) span { return span{r.when(), plain} }},
		column[backupRow]{title: "ARCHIVE", min: 12, flex: 1, drop: 2, sort: 'a', less: compare(func(r backupRow) string { return r.item.BackupID }),
			cell: func(r backupRow) span { return span{r.item.BackupID, dim} }},
		column[backupRow]{title: "TOPICS", min: 6, right: true, drop: 4, sort: 'o', less: compare(func(r backupRow) int { return r.item.Statistics.Topics }),
			cell: func(r backupRow) span { return r.number(int64(r.item.Statistics.Topics)) }},
		column[backupRow]{title: "PARTS", min: 5, right: true, drop: 5, sort: 'p', less: compare(func(r backupRow) int { return r.item.Statistics.Partitions }),
			cell: func(r backupRow) span { return r.number(int64(r.item.Statistics.Partitions)) }},
		column[backupRow]{title: "RECORDS", min: 7, right: true, sort: 'r', less: compare(func(r backupRow) int64 { return r.item.Statistics.Records }),
			cell: func(r backupRow) span { return r.number(r.item.Statistics.Records) }},
		column[backupRow]{title: "SIZE", min: 8, right: true, drop: 3, sort: 's', less: compare(func(r backupRow) int64 { return r.item.Statistics.Bytes }),
			cell: func(r backupRow) span {
				if r.finished() {
					return span{units.Size(r.item.Statistics.Bytes), plain}
				}
				return span{"—", dim}
			}},
		column[backupRow]{title: "COVERS", min: 6, drop: 1, cell: func(r backupRow) span { return span{r.covers(), plain} }},
		column[backupRow]{title: "EVIDENCE", min: 14, flex: 1, sort: 'e', less: compare(func(r backupRow) string { return r.word }),
			cell: func(r backupRow) span {
				g := c.theme.glyph(r.mark)
				return span{g.text + " " + strings.TrimSuffix(r.word, untrustedWords), g.style &^ bold}
			}})
	return s
}

func (r backupRow) finished() bool { return r.broken == "" && !r.open }

// when is the time a run was taken, or its id where no time is known.
func (r backupRow) when() string {
	if r.taken.IsZero() {
		return r.item.RunID
	}
	return stamp(r.taken)
}

func (r backupRow) number(n int64) span {
	if !r.finished() {
		return span{"—", dim}
	}
	return span{units.Thousands(n), plain}
}

// covers is the time that a run adds to its chain.
func (r backupRow) covers() string {
	switch {
	case !r.finished():
		return "—"
	case r.item.Previous == "":
		return "first"
	case r.since.IsZero():
		return "?"
	}
	d := r.item.StartedAt.Sub(r.since)
	switch {
	case d >= 48*time.Hour:
		return itoa(int(d.Round(time.Hour).Hours()/24)) + "d"
	case d >= time.Hour:
		return itoa(int(d.Round(time.Hour).Hours())) + "h"
	}
	return itoa(int(d.Round(time.Minute).Minutes())) + "m"
}

// result is what is known of the run.
func (r backupRow) result(c *console) line { return c.theme.word(r.mark, r.word) }

// judge says what is known of the run, the worst first: its own findings, and the newest report on it.
func (r backupRow) judge() (mark, string) {
	switch {
	case r.broken != "":
		return markBad, "does not verify"
	case r.open:
		return markBad, "not finished"
	case r.proved && r.evidence.Overall == evidence.Failed:
		return reportMark(r.evidence)
	case len(r.item.Findings) > 0:
		return markFinding, units.Count(int64(len(r.item.Findings)), "finding")
	case r.item.Statistics.Gaps > 0:
		return markFinding, units.Count(r.item.Statistics.Gaps, "offset") + " lost"
	case !r.proved:
		return markWait, "no report"
	}
	return reportMark(r.evidence)
}

// untrustedWords end a verdict whose signature no trusted key was there to check. In the table the mark
// says it, and the state line what the mark means.
const untrustedWords = ", not trusted"

// reportMark is the verdict of a report with its level: never a bare tick.
func reportMark(r engine.ReportItem) (mark, string) {
	switch {
	case r.Overall == evidence.Passed && r.Stale:
		return markFinding, "stale restore"
	case r.Overall == evidence.Passed && r.Signature != evidence.SignatureValid:
		return markAbout, scopeWords(r) + untrustedWords
	case r.Overall == evidence.Passed && r.Level.EvidenceForControl():
		return markOK, scopeWords(r)
	case r.Overall == evidence.Passed:
		return markFinding, scopeWords(r)
	case r.Overall == evidence.Failed:
		return markBad, "FAILED"
	default:
		return markGap, strings.ToLower(string(r.Overall))
	}
}

// levelWords is a level in few words.
func levelWords(l evidence.Level) string {
	if l == evidence.LevelEveryRecord {
		return "every record"
	}
	return string(l)
}

func (s *backupsScreen) name(*console) string { return "Backups" }

func (s *backupsScreen) enter(c *console) tea.Cmd {
	if c.data.backups.has { // somebody else may have read it
		s.fill(c)
	}
	return tea.Batch(c.loadBackups(false, func() tea.Cmd { s.fill(c); return nil }), s.loadReports(c, false))
}

// loadReports adds the reports, where there are any: a store without evidence still has backups.
func (s *backupsScreen) loadReports(c *console, again bool) tea.Cmd {
	if c.desk.Evidence == nil {
		return nil
	}
	return c.loadReports(again, func() tea.Cmd { s.fill(c); return nil })
}

func (s *backupsScreen) refresh(c *console) tea.Cmd {
	return tea.Batch(c.loadBackups(true, func() tea.Cmd { s.fill(c); return nil }), s.loadReports(c, true))
}

// fill makes the rows anew.
func (s *backupsScreen) fill(c *console) {
	rows := backupRows(c.data.backups.value, c.data.reports.value)
	s.gapless, s.untrusted = map[string]string{}, false
	for _, r := range rows {
		if _, known := s.gapless[r.item.BackupID]; !known {
			s.gapless[r.item.BackupID] = gaplessWords(rows, r.item.BackupID)
		}
		s.untrusted = s.untrusted || r.mark == markAbout
	}
	for i := range s.table.cols {
		if s.table.cols[i].title == "ARCHIVE" {
			s.table.cols[i].off = len(s.gapless) < 2
		}
	}
	s.table.set(rows)
	s.table.fitColumns(24, "ARCHIVE", "PARTS", "RECORDS", "SIZE", "EVIDENCE")
}

func (s *backupsScreen) actions(c *console) []action {
	r, has := s.table.current()
	none := ""
	if !has || !r.finished() {
		none = "there is no finished run under the cursor"
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.openRun(r.item.BackupID, r.item.RunID) }).unless(none),
		can(keys.Backup, func() tea.Cmd { return c.startBackupWizard(BackupRequest{BackupID: c.desk.BackupID}) }).named("back up now").unless(c.cannotWrite()),
		can(keys.Restore, func() tea.Cmd {
			return c.startRestoreWizard(RestoreRequest{BackupID: r.item.BackupID, RunID: r.item.RunID})
		}).unless(first(c.cannotWrite(), none)),
		can(keys.Validate, func() tea.Cmd { return c.startDrillWizard(DrillRequest{BackupID: r.item.BackupID}) }).named("drill").unless(c.cannotWrite()),
		can(keys.Archive, func() tea.Cmd { return c.startArchiveCheck(r.item.BackupID, r.item.RunID) }).unless(none),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }).hidden(),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden(),
		can(keys.Preview, s.togglePreview).hidden(),
	}
}

func (s *backupsScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(r backupRow) bool {
		return r.mark == markFinding || r.mark == markBad || r.mark == markGap
	}, "no run here has a problem")
}

func (s *backupsScreen) copied(*console) (string, string) {
	r, _ := s.table.current()
	return "the run's id", r.item.RunID
}

func (s *backupsScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *backupsScreen) draw(c *console, w, h int) body {
	if b, ok := c.data.backups.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: s.empty(c)}
	}
	return s.drawWith(c, w, h, previewHeight, func(w, h int) []line { return s.aside(c, w, h) })
}
