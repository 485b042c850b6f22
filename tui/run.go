package tui

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

var errNoOffset = errors.New("an offset is a number, 0 or more")

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

// timeline is how many records lie where in time.
type timeline struct {
	engine.Histogram
	per string // the unit of time; "" where the whole range is divided
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

// timelineCells is how wide a timeline is drawn at most.
const timelineCells = 38

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
	return fetch(c, &r.opened, again, what, func(ctx context.Context) (*openedRun, error) {
		if c.desk.Archive == nil {
			return nil, errNoArchive
		}
		q, err := c.desk.Archive(ctx)
		if err != nil {
			return nil, err
		}
		q.BackupID, q.RunID = r.backup, r.run
		view, err := engine.OpenRun(ctx, q)
		if err != nil {
			return nil, err
		}
		return lookInto(view, view), nil
	}, then)
}

// lookInto lays out what the screens draw of a run.
func lookInto(view *engine.RunView, reader runReader) *openedRun {
	o := &openedRun{Description: view.Description, reader: reader, topics: make([]runTopic, len(view.View.Topics))}
	newest := map[string]int{}
	for i := range view.View.Topics {
		t := &view.View.Topics[i]
		o.topics[i] = topicOf(t, view.Topics[i])
		if at, known := newest[t.Name]; !known || t.Current || !view.View.Topics[at].Current { // as archive.View.Topic decides
			newest[t.Name] = i
		}
	}
	for i := range o.topics {
		o.topics[i].older = newest[o.topics[i].Name] != i
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

// backupCommands are the commands of the browsing screens.
var backupCommands = []command{
	{"run", "ID", "open a run; the beginning of its id is enough", func(c *console, id string) tea.Cmd { return c.openRunLike(id) }},
}

// openRunLike opens the one run whose id begins with a text.
func (c *console) openRunLike(id string) tea.Cmd {
	if id == "" {
		c.note(badNews, "which run? :run and the beginning of its id")
		return nil
	}
	switch {
	case c.data.backups.has:
		return c.openFound(id)
	case c.data.backups.loading:
		return c.told("the runs are still being read: try again when they are there")
	}
	return c.loadBackups(true, func() tea.Cmd { return c.openFound(id) })
}

// openFound opens the run of the list whose id begins with a text, or says why none.
func (c *console) openFound(id string) tea.Cmd {
	list := c.data.backups.value
	var found []engine.BackupItem
	for _, b := range list.Backups {
		if b.RunID == id {
			found = []engine.BackupItem{b}
			break
		}
		if strings.HasPrefix(b.RunID, id) || strings.HasPrefix(b.BackupID+"/"+b.RunID, id) {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		c.note(badNews, "no finished run's id begins with "+id+"; there are "+itoa(len(list.Backups))+" in "+c.desk.Location)
		return nil
	case 1:
		return c.openRun(found[0].BackupID, found[0].RunID)
	}
	c.note(badNews, itoa(len(found))+" runs begin with "+id+", the newest is "+found[len(found)-1].RunID+": write more of the id")
	return nil
}
