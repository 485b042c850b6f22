package tui

import (
	"context"
	"fmt"
	"math"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// subject is the run that a wizard works on, opened to be looked into.
type subject struct {
	backup, run string // run "": the newest
	view        loader[*engine.RunView]
}

// choose takes another run. What was read of the one before is forgotten.
func (s *subject) choose(backup, run string) {
	if s.backup == backup && s.run == run {
		return
	}
	s.view.drop()
	s.backup, s.run = backup, run
}

// open reads the run's documents, unless they were read.
func (s *subject) open(c *console, then func() tea.Cmd) tea.Cmd {
	if s.view.has {
		return then()
	}
	backup, run := s.backup, s.run
	read := reading(c.desk.Archive, errNoArchive, func(ctx context.Context, q engine.QueryOptions) (*engine.RunView, error) {
		if q.RunID = run; backup != "" {
			q.BackupID = backup
		}
		return engine.OpenRun(ctx, q)
	})
	return s.view.load(c, "run "+first(run, "the newest")+" of "+first(backup, c.desk.BackupID), read, then)
}

// id is the run's own id, once it is known.
func (s *subject) id() string {
	if s.view.has && s.view.value.Description != nil {
		return s.view.value.RunID
	}
	return s.run
}

// wizardTopic is a topic of a run, across its chain.
type wizardTopic struct {
	name        string
	partitions  int
	records     int64
	bytes       int64
	first, last int64 // timestamps, milliseconds; without meaning where there is no record
}

// wizardTopics are the newest incarnations of a run's topics, by name.
func wizardTopics(r *engine.RunView) []wizardTopic {
	var out []wizardTopic
	for _, t := range r.Newest(nil) {
		row := wizardTopic{name: t.Name, partitions: len(t.Parts), first: math.MaxInt64, last: math.MinInt64}
		for k := range t.Parts {
			p := &t.Parts[k]
			row.records += p.Records
			row.bytes += p.Bytes
			for _, s := range p.Segments {
				if s.Counted > 0 {
					row.first, row.last = min(row.first, int64(s.MinTimestamp)), max(row.last, int64(s.MaxTimestamp))
				}
			}
		}
		out = append(out, row)
	}
	return out
}

// runsStep chooses the run to restore.
type runsStep struct {
	subject *subject
	table   table[engine.BackupItem]
	only    string // archive; "" every one
}

func newRunsStep(s *subject) *runsStep {
	x := &runsStep{subject: s, only: s.backup}
	x.table = newTable("run", func(b engine.BackupItem) string { return b.BackupID + "/" + b.RunID },
		func(b engine.BackupItem) string { return b.BackupID + " " + b.RunID + " " + stamp(b.CreatedAt) },
		column[engine.BackupItem]{title: "TAKEN", min: 16, sort: 't', less: compare(func(b engine.BackupItem) int64 { return b.CreatedAt.UnixNano() }),
			cell: func(b engine.BackupItem) span { return span{stamp(b.CreatedAt), plain} }},
		column[engine.BackupItem]{title: "RUN", min: 23, flex: 1, cell: func(b engine.BackupItem) span { return span{b.RunID, plain} }},
		column[engine.BackupItem]{title: "ARCHIVE", min: 10, flex: 1, drop: 1, cell: func(b engine.BackupItem) span { return span{b.BackupID, dim} }},
		column[engine.BackupItem]{title: "TOPICS", min: 6, right: true, drop: 2, cell: func(b engine.BackupItem) span { return span{itoa(b.Statistics.Topics), plain} }},
		column[engine.BackupItem]{title: "NEW RECORDS", min: 12, right: true, cell: func(b engine.BackupItem) span { return span{units.Thousands(b.Statistics.Records), plain} }})
	return x
}

func (s *runsStep) title(*console) string                 { return "Backup" }
func (s *runsStep) typing() bool                          { return s.table.capturing() }
func (s *runsStep) field() bool                           { return false }
func (s *runsStep) paste(_ *console, text string) tea.Cmd { s.table.paste(text); return nil }

func (s *runsStep) enter(c *console) tea.Cmd {
	if c.data.backups.has {
		s.fill(c)
	}
	return c.loadBackups(false, func() tea.Cmd { s.fill(c); return nil })
}

func (s *runsStep) refresh(c *console) tea.Cmd {
	return c.loadBackups(true, func() tea.Cmd { s.fill(c); return nil })
}

// fill lists the finished runs, the newest first, with the cursor on the one that is chosen.
func (s *runsStep) fill(c *console) {
	var rows []engine.BackupItem
	for _, r := range backupRows(c.data.backups.value, nil) {
		if r.finished() && (s.only == "" || r.item.BackupID == s.only) {
			rows = append(rows, r.item)
		}
	}
	s.table.set(rows)
	s.table.goTo(s.subject.backup + "/" + s.subject.run)
	s.take()
}

func (s *runsStep) blocked(*console) string {
	if _, ok := s.table.current(); !ok {
		return "there is no run under the cursor"
	}
	return ""
}

func (s *runsStep) actions(*console) []action { return nil }

func (s *runsStep) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	taken := s.table.press(k)
	s.take()
	return nil, taken
}

// take makes the run under the cursor the wizard's.
func (s *runsStep) take() {
	if b, ok := s.table.current(); ok {
		s.subject.choose(b.BackupID, b.RunID)
	}
}

func (s *runsStep) clickAt(y int) bool {
	hit := s.table.clickAt(y)
	s.take()
	return hit
}

func (s *runsStep) wheel(_ *console, n int) {
	s.table.move(n)
	s.take()
}

func (s *runsStep) draw(c *console, w, h int) body {
	if b, ok := c.data.backups.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: []line{nil, say(" There is no finished backup to restore. Make one first: esc, then b.")}}
	}
	return body{lines: s.table.draw(c, w, h, true)}
}

func (s *runsStep) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := c.data.backups.wait(c); l != nil {
		return l, nil
	}
	return say(fmt.Sprintf(" %s; each restores all that was backed up until then", s.table.found())), nil
}
