package tui

import (
	"slices"
	"strings"
	"time"

	"kustody/engine"
	"kustody/tui/units"
)

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
	rows := make([]backupRow, 0, len(list.Backups)+len(list.Unfinished)+len(list.Broken))
	started := map[string]time.Time{}
	for _, b := range list.Backups {
		r := backupRow{item: b, taken: b.CreatedAt, since: started[b.BackupID+"/"+b.Previous]}
		r.evidence, r.proved = newest[r.id()]
		started[r.id()] = b.StartedAt
		rows = append(rows, r)
	}
	for _, u := range list.Unfinished {
		rows = append(rows, backupRow{open: true, taken: begun(u.RunID), item: engine.BackupItem{BackupID: u.BackupID, RunID: u.RunID}})
	}
	for _, b := range list.Broken {
		archive, run := runOfKey(b.Key)
		rows = append(rows, backupRow{broken: b.Key + ": " + b.Problem, taken: begun(run), item: engine.BackupItem{BackupID: archive, RunID: run}})
	}
	for i := range rows {
		rows[i].mark, rows[i].word = rows[i].judge()
	}
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b backupRow) int {
		if a.taken.IsZero() != b.taken.IsZero() { // what has no time comes first: it must be seen
			return map[bool]int{true: -1, false: 1}[a.taken.IsZero()]
		}
		return b.taken.Compare(a.taken)
	})
	return rows
}

// begun is when a run began, as its id says; zero where it does not.
func begun(run string) time.Time {
	text, _, _ := strings.Cut(run, "-")
	t, err := time.Parse("20060102T150405Z", text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// runOfKey is the archive and the run that a stored document belongs to; a key that names none is taken
// for the run's id.
func runOfKey(key string) (archive, run string) {
	archive, rest, found := strings.Cut(key, "/runs/")
	if !found {
		return "", key
	}
	run, _, _ = strings.Cut(rest, "/")
	return archive, run
}

// gapless is since when the chain of an archive's newest run has lost no offset: the start of the earliest run
// that all of it goes back to. first says that this is the first run. ok is false where the newest run itself
// has a gap, or where there is no run.
func gapless(rows []backupRow, archive string) (since time.Time, first, ok bool) {
	want := ""
	for _, r := range rows { // the newest first
		if !r.finished() || r.item.BackupID != archive || want != "" && r.item.RunID != want {
			continue
		}
		if r.item.Statistics.Gaps > 0 {
			return since, false, ok
		}
		since, ok, want = r.item.StartedAt, true, r.item.Previous
		if !r.since.IsZero() {
			since = r.since
		}
		if want == "" {
			return since, true, true
		}
	}
	return since, false, ok
}

// gaplessWords are gapless in words; "" where there is nothing to say.
func gaplessWords(rows []backupRow, archive string) string {
	switch since, whole, ok := gapless(rows, archive); {
	case whole:
		return "no gap since the first run"
	case ok:
		return "no gap since " + stamp(since)
	}
	return ""
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

// maxAside is how many findings a preview begins to draw: there is no room for more, and the run has them.
const maxAside = 50

// aside is the preview of the run under the cursor.
func (s *backupsScreen) aside(c *console, w, h int) []line {
	r, has := s.table.current()
	if !has {
		return nil
	}
	if !r.finished() {
		why := first(r.broken, "It has a plan and no manifest: the next backup goes on with it.")
		out := []line{append(line{{" " + middle(r.item.RunID, w-20) + "  ", bold}}, r.result(c)...)}
		if h > previewHeight {
			out = []line{styled(bold, " "+middle(r.item.RunID, w-2)), nil, append(line{{" ", plain}}, r.result(c)...), nil}
		}
		for _, l := range wrap(plain, why, w-2) {
			out = append(out, append(line{{" ", plain}}, l...))
		}
		return out
	}
	if h <= previewHeight {
		return []line{
			{{" " + r.item.RunID, bold}, {"   " + r.window() + " UTC", plain}, {"   " + units.Count(int64(r.item.Statistics.Segments), "segment"), plain}},
			append(line{{" manifest " + middle(r.item.Checksum, 26) + "   evidence ", plain}}, r.result(c)...),
			append(line{{" ", plain}}, s.firstFinding(c, r)...),
		}
	}
	begins := first(r.item.Previous, "none: the first run")
	out := []line{styled(bold, " "+r.item.RunID), nil,
		field("Archive", r.item.BackupID),
		field("Cluster", r.item.SourceCluster),
		field("Window", r.window()),
		field("Objects", units.Count(int64(r.item.Statistics.Segments), "segment")+" + 1 manifest"),
		field("Manifest", middle(r.item.Checksum, w-14)),
		field("Signature", string(r.item.Signature)),
		markedField("Evidence", r.result(c))}
	if r.proved {
		out = append(out, field("Report", r.evidence.ReportID), field("", stamp(r.evidence.GeneratedAt)+" UTC"))
	}
	out = append(out, field("Follows", middle(begins, w-14)))
	if n := r.item.Statistics.Gaps; n > 0 {
		out = append(out, markedField("Lost", c.theme.word(markFinding, units.Count(n, "offset"))))
	}
	if n := r.item.Statistics.HeldBack; n > 0 {
		out = append(out, field("Held back", units.Count(n, "offset")+" not yet stable"))
	}
	for _, f := range r.item.Findings[:min(len(r.item.Findings), maxAside)] {
		out = append(append(out, nil), hung(c.theme.glyph(markFinding).text, warn, f, w)...)
	}
	out = append(out, nil, line{{" enter", bold}, {"  topics, segments, records", dim}})
	if c.cannotWrite() == "" {
		out = append(out, line{{" r", bold}, {"      restore from this run", dim}}, line{{" v", bold}, {"      drill: restore, compare, tear down", dim}})
	}
	return append(out, line{{" a", bold}, {"      check every object of it", dim}})
}

func (s *backupsScreen) firstFinding(c *console, r backupRow) line {
	switch {
	case len(r.item.Findings) > 0:
		return c.theme.word(markFinding, r.item.Findings[0])
	case r.item.Statistics.Gaps > 0:
		return c.theme.word(markFinding, units.Count(r.item.Statistics.Gaps, "offset")+" lost")
	}
	return line{{"follows " + first(r.item.Previous, "no run: it is the first"), dim}}
}

// window is the time that the run's own records came in.
func (r backupRow) window() string {
	end := r.item.StartedAt.UTC().Format("01-02 15:04")
	switch {
	case r.item.Previous == "":
		return "beginning → " + end
	case r.since.IsZero():
		return "not known → " + end
	}
	return r.since.UTC().Format("01-02 15:04") + " → " + end
}

func (s *backupsScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, s.more()
	}
	if l := c.data.backups.wait(c); l != nil {
		return l, nil
	}
	list := c.data.backups.value
	if list == nil || len(s.table.rows) == 0 {
		return nil, nil
	}
	left = say(" " + units.Count(int64(len(list.Backups)), "run"))
	if n := len(list.Unfinished); n > 0 {
		left = left.add(warn, " · "+itoa(n)+" not finished")
	}
	if n := len(list.Broken); n > 0 {
		left = left.add(bad, " · "+units.Count(int64(n), "broken object"))
	}
	if r := c.data.reports.value; r != nil && len(r.Broken) > 0 {
		left = left.add(bad, " · "+units.Count(int64(len(r.Broken)), "report")+" here cannot be believed")
	}
	if n := len(list.Backups); n > 0 && (c.wide() || !s.untrusted) { // what a mark means comes first
		left = left.add(plain, " · newest "+units.Ago(list.Backups[n-1].CreatedAt, c.now()))
	}
	return left, s.hints(c, c.w-left.width()-2)
}

// hints are what else the state line says, as much as there is room for.
func (s *backupsScreen) hints(c *console, room int) line {
	var out line
	add := func(style style, text string) {
		if text == "" {
			return
		}
		if out != nil {
			text = "   " + text
		}
		if out.width()+width(text) <= room {
			out = append(out, span{text, style})
		}
	}
	if s.untrusted {
		add(warn, c.theme.glyph(markAbout).text+map[bool]string{true: " matches, not trusted", false: " not trusted"}[c.wide()])
	}
	if r, has := s.table.current(); has {
		add(plain, s.gapless[r.item.BackupID])
	}
	add(dim, s.table.more())
	return out
}
