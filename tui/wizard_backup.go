package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// backupStep is the one page of the backup wizard: what a backup takes now, and how.
type backupStep struct {
	form        form
	kind, limit *formField
	table       table[engine.TopicCoverage]
}

// startBackupWizard shows what a backup takes, and starts it.
func (c *console) startBackupWizard(r BackupRequest) tea.Cmd {
	if why := c.cannotWrite(); why != "" {
		return c.notHere("backup", why)
	}
	s := newBackupStep(c, r)
	z := &wizard{kind: "backup", steps: []step{s}, about: func() string { return r.BackupID }}
	request := func() BackupRequest {
		return BackupRequest{BackupID: r.BackupID, Full: s.kind.at == 1, MaxBytesPerSecond: s.limit.size()}
	}
	z.answers = func() string { return strings.Join(s.form.answers(), "\x00") }
	z.startOff = s.blocked
	z.batch = func(c *console) string { return batchLine(c.desk, request().Args()) }
	z.begin = func(c *console) tea.Cmd {
		now, line := request(), z.batch(c)
		title := "incremental backup"
		if now.Full {
			title = "full backup"
		}
		if c.desk.Cluster != "" {
			title += " of " + c.desk.Cluster
		}
		if now.BackupID != "" {
			title += " into " + now.BackupID
		}
		return z.start(c, title, line, func(ctx context.Context) (*engine.Job, error) { return c.desk.Work.Backup(ctx, now) })
	}
	return z.open(c, 0)
}

func newBackupStep(c *console, r BackupRequest) *backupStep {
	s := &backupStep{limit: limitField(r.MaxBytesPerSecond)}
	s.kind = &formField{label: "Take", items: []formItem{{"what is new", "goes on where the last run ended"}, {"everything again", "begins a new chain, which needs no run before it"}}}
	if r.Full {
		s.kind.at = 1
	}
	s.form.fields = []*formField{s.kind, s.limit}
	s.table = newTable("topic", func(t engine.TopicCoverage) string { return t.Name + t.ID }, func(t engine.TopicCoverage) string { return t.Name },
		column[engine.TopicCoverage]{title: "TOPIC", named: true, min: 18, flex: 1, cell: func(t engine.TopicCoverage) span { return span{t.Name, plain} }},
		column[engine.TopicCoverage]{title: "PARTITIONS", min: 10, right: true, drop: 2, cell: func(t engine.TopicCoverage) span { return span{itoa(t.Partitions), plain} }},
		column[engine.TopicCoverage]{title: "OFFSETS TO TAKE", min: 15, right: true, cell: func(t engine.TopicCoverage) span { return s.toTake(t) }},
		column[engine.TopicCoverage]{title: "STATE", min: 20, flex: 1, drop: 1, cell: func(t engine.TopicCoverage) span { return coverageWords(c, t) }})
	return s
}

// toTake is how many offsets a backup reads of a topic.
func (s *backupStep) toTake(t engine.TopicCoverage) span {
	if t.Problem != "" {
		return span{"not known", warn}
	}
	return span{units.Thousands(s.offsets(t)), plain}
}

// offsets are those that are read: what is new, or all of a topic that is captured in full each time, since
// keys whose tombstones were cleaned away would come back to life otherwise.
func (s *backupStep) offsets(t engine.TopicCoverage) int64 {
	if s.kind.at == 1 || t.Compacted {
		return t.Offsets
	}
	return t.Lag
}

// coverageWords says what the newest run has of a topic.
func coverageWords(c *console, t engine.TopicCoverage) span {
	word := func(m mark, text string) span { return span{c.theme.word(m, text).text(), markStyles[m]&^bold | badge} }
	switch {
	case t.Problem != "":
		return word(markFinding, t.Problem)
	case t.Recreated:
		return word(markFinding, "deleted and made again since")
	case !t.Captured:
		return word(markWait, "new: nothing of it is captured")
	case t.NewPartitions > 0:
		return word(markWait, units.Count(int64(t.NewPartitions), "new partition"))
	case t.Compacted:
		return word(markWait, "compacted: taken whole")
	case t.Lag == 0:
		return word(markOK, "nothing new")
	}
	return word(markWait, "goes on")
}

func (s *backupStep) title(*console) string       { return "Review" }
func (s *backupStep) typing() bool                { return s.table.capturing() }
func (s *backupStep) field() bool                 { return s.form.typing() }
func (s *backupStep) blocked(*console) string     { return s.form.blocked() }
func (s *backupStep) actions(c *console) []action { return s.form.actions() }
func (s *backupStep) fill(cover *engine.Coverage) {
	if cover == nil {
		return
	}
	s.table.set(slices.DeleteFunc(slices.Clone(cover.Topics), func(t engine.TopicCoverage) bool { return !t.InScope }))
}

func (s *backupStep) enter(c *console) tea.Cmd { return s.load(c, false) }

func (s *backupStep) refresh(c *console) tea.Cmd { return s.load(c, true) }

func (s *backupStep) load(c *console, again bool) tea.Cmd {
	s.fill(c.data.topics.value)
	return c.loadTopics(again, func() tea.Cmd { s.fill(c.data.topics.value); return nil })
}

func (s *backupStep) paste(_ *console, text string) tea.Cmd { s.form.paste(text); return nil }

func (s *backupStep) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if k.Code == tea.KeyPgDown || k.Code == tea.KeyPgUp {
		return nil, s.table.press(k)
	}
	return nil, s.form.press(k)
}

func (s *backupStep) draw(c *console, w, h int) body {
	fields, cursor := s.form.draw(c, w, max(2, h-3))
	out := append([]line{}, fields...)
	if h >= 14 {
		out = append([]line{nil}, append(out, nil)...)
		if cursor != nil {
			cursor.y++
		}
	}
	if b, ok := c.data.topics.page(c, w, h-len(out)); ok {
		return body{lines: append(out, b.lines...), cursor: cursor}
	}
	if h >= 12 {
		for _, l := range wrap(dim, "The topics come from the configuration and are not narrowed here; compression and all else are as configured.", w-5) {
			out = append(out, append(line{{"   ", plain}}, l...))
		}
	}
	if len(s.table.rows) == 0 {
		return body{lines: append(out, nil, append(line{{"   ", plain}}, c.theme.word(markFinding, "No topic of the cluster is in scope.")...)), cursor: cursor}
	}
	return body{lines: append(out, s.table.draw(c, w, max(2, h-len(out)), false)...), cursor: cursor}
}

func (s *backupStep) state(c *console) (left, right line) {
	if l := c.data.topics.wait(c); l != nil {
		return l, nil
	}
	if !c.data.topics.has {
		return nil, nil
	}
	var offsets int64
	for _, t := range s.table.rows {
		offsets += s.offsets(t)
	}
	left = say(" " + units.Count(int64(len(s.table.rows)), "topic") + " in scope, " + units.Count(offsets, "offset") + " to take")
	return left, line{{s.table.more(), dim}}
}
