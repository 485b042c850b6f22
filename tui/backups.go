package tui

import (
	"slices"
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
	broken   string    // why it cannot be believed
	open     bool      // it has a plan and no manifest
	since    time.Time // start of the run before it in its chain; zero for the first
	evidence engine.ReportItem
	proved   bool // there is a report
}

func (r backupRow) id() string { return r.item.BackupID + "/" + r.item.RunID }

// backupsScreen lists the runs of all archives, the newest first.
type backupsScreen struct {
	table   table[backupRow]
	preview bool
}

func newBackupsScreen(c *console) *backupsScreen {
	s := &backupsScreen{preview: true}
	s.table = newTable("run", backupRow.id, func(r backupRow) string { return r.id() + " " + r.item.SourceCluster },
		column[backupRow]{title: "TAKEN", min: 16, sort: 't', less: compare(func(r backupRow) int64 { return r.item.CreatedAt.UnixNano() }),
			cell: func(r backupRow) span { return span{r.taken(), plain} }},
		column[backupRow]{title: "ARCHIVE", min: 12, flex: 1, drop: 3, sort: 'a', less: compare(func(r backupRow) string { return r.item.BackupID }),
			cell: func(r backupRow) span { return span{r.item.BackupID, dim} }},
		column[backupRow]{title: "TOPICS", min: 6, right: true, drop: 4, sort: 'o', less: compare(func(r backupRow) int { return r.item.Statistics.Topics }),
			cell: func(r backupRow) span { return r.number(int64(r.item.Statistics.Topics)) }},
		column[backupRow]{title: "PARTS", min: 6, right: true, drop: 5, sort: 'p', less: compare(func(r backupRow) int { return r.item.Statistics.Partitions }),
			cell: func(r backupRow) span { return r.number(int64(r.item.Statistics.Partitions)) }},
		column[backupRow]{title: "RECORDS", min: 11, right: true, sort: 'r', less: compare(func(r backupRow) int64 { return r.item.Statistics.Records }),
			cell: func(r backupRow) span { return r.number(r.item.Statistics.Records) }},
		column[backupRow]{title: "SIZE", min: 9, right: true, drop: 1, sort: 's', less: compare(func(r backupRow) int64 { return r.item.Statistics.Bytes }),
			cell: func(r backupRow) span {
				if r.finished() {
					return span{units.Size(r.item.Statistics.Bytes), plain}
				}
				return span{"—", dim}
			}},
		column[backupRow]{title: "COVERS", min: 7, drop: 2, cell: func(r backupRow) span { return span{r.covers(), plain} }},
		column[backupRow]{title: "EVIDENCE", min: 18, flex: 1, sort: 'e', less: compare(func(r backupRow) string { return r.result(c).text() }),
			cell: func(r backupRow) span { l := r.result(c); return span{l.text(), l[0].style} }})
	return s
}

func (r backupRow) finished() bool { return r.broken == "" && !r.open }

func (r backupRow) taken() string {
	if r.item.CreatedAt.IsZero() {
		return r.item.RunID
	}
	return stamp(r.item.CreatedAt)
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
	case r.since.IsZero():
		return "first"
	default:
		d := r.item.StartedAt.Sub(r.since)
		if d >= 48*time.Hour {
			return itoa(int(d.Round(time.Hour).Hours()/24)) + "d"
		}
		return itoa(int(d.Round(time.Hour).Hours())) + "h"
	}
}

// result says what is known of the run: its own findings, and the newest report on it.
func (r backupRow) result(c *console) line {
	switch {
	case r.broken != "":
		return c.theme.word(markBad, "does not verify")
	case r.open:
		return c.theme.word(markBad, "not finished")
	case len(r.item.Findings) > 0:
		return c.theme.word(markFinding, units.Count(int64(len(r.item.Findings)), "finding"))
	case !r.proved:
		return c.theme.word(markWait, "no report")
	default:
		m, text := reportMark(r.evidence)
		return c.theme.word(m, text)
	}
}

// reportMark is the verdict of a report with its level: never a bare tick.
func reportMark(r engine.ReportItem) (mark, string) {
	switch {
	case r.Overall == evidence.Passed && r.Stale:
		return markFinding, "stale restore"
	case r.Overall == evidence.Passed && r.Signature != evidence.SignatureValid:
		return markAbout, levelWords(r.Level) + ", not trusted"
	case r.Overall == evidence.Passed && r.Level.EvidenceForControl():
		return markOK, levelWords(r.Level)
	case r.Overall == evidence.Passed:
		return markFinding, levelWords(r.Level)
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
func (s *backupsScreen) capturing() bool      { return s.table.capturing() }

func (s *backupsScreen) enter(c *console) tea.Cmd {
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
	s.table.set(backupRows(c.data.backups.value, c.data.reports.value))
}

// backupRows are the runs of a list, the newest first, each with the newest report on it.
func backupRows(list *engine.BackupList, reports *engine.ReportList) []backupRow {
	if list == nil {
		return nil
	}
	newest := map[string]engine.ReportItem{}
	if reports != nil {
		for _, r := range reports.Reports { // the oldest first
			newest[r.BackupID+"/"+r.RunID] = r
		}
	}
	var rows []backupRow
	before := map[string]time.Time{}
	for _, b := range list.Backups {
		r := backupRow{item: b, since: before[b.BackupID]}
		r.evidence, r.proved = newest[b.BackupID+"/"+b.RunID]
		before[b.BackupID] = b.StartedAt
		rows = append(rows, r)
	}
	for _, u := range list.Unfinished {
		rows = append(rows, backupRow{open: true, item: engine.BackupItem{BackupID: u.BackupID, RunID: u.RunID}})
	}
	for _, b := range list.Broken {
		rows = append(rows, backupRow{broken: b.Problem, item: engine.BackupItem{RunID: b.Key}})
	}
	slices.Reverse(rows)
	return rows
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
		can(keys.Preview, func() tea.Cmd { s.preview = !s.preview; return nil }).hidden(),
	}
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// cannotWrite says why nothing that writes can be started; "" when it can.
func (c *console) cannotWrite() string {
	if c.desk.Work == nil {
		return first(c.desk.ReadOnly, "there is nothing to write with")
	}
	return ""
}

func (s *backupsScreen) seek(c *console, step int) tea.Cmd {
	if !s.table.seek(step, func(r backupRow) bool {
		return !r.finished() || len(r.item.Findings) > 0 || r.proved && r.evidence.Overall != evidence.Passed
	}) {
		return c.told("no run here has a problem")
	}
	return nil
}

func (s *backupsScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.table.press(k)
}

func (s *backupsScreen) paste(c *console, text string) tea.Cmd { s.table.paste(text); return nil }

func (s *backupsScreen) copied(*console) (string, string) {
	r, _ := s.table.current()
	return "the run's id", r.item.RunID
}

func (s *backupsScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y) && double {
		return s.actions(c)[0].run()
	}
	return nil
}

func (s *backupsScreen) wheel(c *console, down bool) {
	s.table.move(map[bool]int{true: 3, false: -3}[down])
}

func (s *backupsScreen) draw(c *console, w, h int) body {
	if b, ok := c.data.backups.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: s.empty(c)}
	}
	if !s.preview {
		return body{lines: s.table.draw(c, w, h, true)}
	}
	return withPreview(c, w, h, func(w, h int) []line { return s.table.draw(c, w, h, true) }, func(w, h int) []line { return s.aside(c, w, h) })
}

// previewWidth is how wide a preview is beside a table; previewHeight how high below it.
const (
	previewWidth  = 41
	previewHeight = 3
)

// withPreview draws a table with a preview: beside it where there is room, else below it.
func withPreview(c *console, w, h int, table, aside func(w, h int) []line) body {
	if c.wide() {
		lw := w - previewWidth - 1
		return body{lines: beside(table(lw, h), lw, aside(previewWidth, h), previewWidth, h), bar: lw}
	}
	rows := h - previewHeight - 1
	lines := table(w, rows)
	for len(lines) < rows {
		lines = append(lines, nil)
	}
	return body{lines: append(append(lines[:rows:rows], rule(w, -1, -1)), aside(w, previewHeight)...)}
}

func (s *backupsScreen) empty(c *console) []line {
	of := ""
	if c.desk.Cluster != "" {
		of = " of " + c.desk.Cluster
	}
	l := line{{" No backups" + of + " yet.", plain}}
	if c.desk.Work != nil {
		l = append(l, span{"   b", bold}, span{"  make the first one", dim})
	}
	return []line{nil, l}
}

// aside is the preview of the run under the cursor.
func (s *backupsScreen) aside(c *console, w, h int) []line {
	r, has := s.table.current()
	if !has {
		return nil
	}
	if !r.finished() {
		why := first(r.broken, "It has a plan and no manifest: the next backup goes on with it.")
		return append([]line{styled(bold, " "+middle(r.item.RunID, w-2)), nil}, wrap(plain, " "+why, w-1)...)
	}
	if h <= previewHeight {
		return []line{
			{{" " + r.item.RunID, bold}, {"   " + r.window(), plain}, {"   " + units.Count(int64(r.item.Statistics.Segments), "segment"), plain}},
			append(line{{" manifest " + middle(r.item.Checksum, 26) + "   evidence ", plain}}, r.result(c)...),
			s.firstFinding(r),
		}
	}
	out := []line{styled(bold, " "+r.item.RunID), nil}
	field := func(name, value string) { out = append(out, line{{" " + pad(name, 10) + " ", dim}, {value, plain}}) }
	field("Archive", r.item.BackupID)
	field("Cluster", r.item.SourceCluster)
	field("Window", r.window())
	field("Objects", units.Count(int64(r.item.Statistics.Segments), "segment")+", 1 manifest")
	field("Manifest", middle(r.item.Checksum, w-13))
	field("Signature", string(r.item.Signature))
	out = append(out, append(line{{" Evidence   ", dim}}, r.result(c)...))
	if r.proved {
		field("Report", r.evidence.ReportID)
	}
	field("Chain", units.Count(int64(r.item.Chain), "run"))
	for _, f := range r.item.Findings {
		out = append(out, nil)
		out = append(out, wrap(warn, " ! "+f, w-1)...)
	}
	return out
}

func (s *backupsScreen) firstFinding(r backupRow) line {
	if len(r.item.Findings) > 0 {
		return styled(warn, " ! "+r.item.Findings[0])
	}
	return nil
}

// window is the time that the run's own records came in.
func (r backupRow) window() string {
	end := r.item.StartedAt.UTC().Format("01-02 15:04")
	if r.since.IsZero() {
		return "beginning → " + end
	}
	return r.since.UTC().Format("01-02 15:04") + " → " + end
}

func (s *backupsScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := c.data.backups.wait(c); l != nil {
		return append(line{{" ", plain}}, l...), nil
	}
	list := c.data.backups.value
	if list == nil || len(list.Backups) == 0 {
		return nil, nil
	}
	bad := len(list.Unfinished) + len(list.Broken)
	left = say(" " + units.Count(int64(len(list.Backups)), "run"))
	if bad > 0 {
		left = left.add(warn, " · "+itoa(bad)+" not finished or broken")
	}
	newest := list.Backups[len(list.Backups)-1]
	left = left.add(plain, " · newest "+units.Ago(newest.CreatedAt, c.now()))
	return left, line{{s.table.more(), dim}}
}
