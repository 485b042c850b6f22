package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

// runReader reads records of an opened run; *engine.RunView is one.
type runReader interface {
	Records(ctx context.Context, part *archive.ViewPart, from int64, n int) (*engine.RecordPage, error)
	OffsetAt(ctx context.Context, part *archive.ViewPart, ms int64) (int64, error)
}

// runSource is one run, read once and shared by the screens of its levels.
type runSource struct {
	backup, run string
	opened      loader[*openedRun]
}

// openedRun is a run with what its screens draw of it.
type openedRun struct {
	*engine.Description
	reader runReader
	topics []runTopic
	times  timeline
}

// runTopic is one incarnation of a topic in a run's chain.
type runTopic struct {
	engine.DescribedTopic
	parts       []*archive.ViewPart
	older       bool  // a newer incarnation has its name
	deleted     bool  // it vanished while it was being captured
	lost        int64 // offsets in gaps
	first, last int64 // smallest and largest timestamp, milliseconds
	timed       bool  // there is a record
	exact       bool  // the timestamps were read from the records, not from batch headers
}

// openRun opens a run to be looked into; an empty run is the newest.
func (c *console) openRun(backup, run string) tea.Cmd {
	return c.push(newRunScreen(c, &runSource{backup: backup, run: run}))
}

// load reads the run.
func (r *runSource) load(c *console, again bool, then func() tea.Cmd) tea.Cmd {
	what := "run " + r.run + " of " + r.backup
	if r.run == "" {
		what = "the newest run of " + r.backup
	}
	return fetch(c, &r.opened, again, what, reading(c.desk.Archive, errNoArchive, func(ctx context.Context, q engine.QueryOptions) (*openedRun, error) {
		q.BackupID, q.RunID = r.backup, r.run
		view, err := engine.OpenRun(ctx, q)
		if err != nil {
			return nil, err
		}
		return lookInto(view, view), nil
	}), then)
}

// lookInto lays out what the screens draw of a run.
func lookInto(view *engine.RunView, reader runReader) *openedRun {
	o := &openedRun{Description: view.Description, reader: reader, topics: make([]runTopic, len(view.View.Topics))}
	newest := map[*archive.ViewTopic]bool{}
	for _, t := range view.Newest(nil) {
		newest[t] = true
	}
	for i := range view.View.Topics {
		t := &view.View.Topics[i]
		o.topics[i] = topicOf(t, view.Topics[i])
		o.topics[i].older = !newest[t]
	}
	if lo, hi, ok := view.Cover(nil); ok {
		from, to, parts, per := scaleOf(lo, hi, timelineCells)
		o.times = timeline{view.Histogram(nil, from, to, parts), per}
	}
	return o
}

// topicOf sums up one incarnation.
func topicOf(t *archive.ViewTopic, d engine.DescribedTopic) runTopic {
	r := runTopic{DescribedTopic: d, deleted: t.Deleted, exact: true}
	for _, g := range d.Gaps {
		r.lost += g.Len()
	}
	for i := range t.Parts {
		p := &t.Parts[i]
		r.parts = append(r.parts, p)
		for _, s := range p.Segments {
			if s.Counted == 0 {
				continue
			}
			lo, hi := int64(s.MinTimestamp), int64(s.MaxTimestamp)
			if !r.timed {
				r.first, r.last, r.timed = lo, hi, true
			}
			r.first, r.last = min(r.first, lo), max(r.last, hi)
			r.exact = r.exact && s.TimestampsExact && !s.Cut()
		}
	}
	return r
}
