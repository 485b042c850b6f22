package tui

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/engine/archive"
)

// countAfter is how long after the last key the records are counted: that may read segments.
const countAfter = 300 * time.Millisecond

// windowStep chooses a window of time, and shows what lies in it.
type windowStep struct {
	subject *subject
	topics  *topicsStep
	verb    string // "Restore"

	from, to input
	second   bool           // keys go to To
	zone     *time.Location // in which times without a zone are read
	window   archive.Window // as the fields said when they were last changed
	err      error

	cover  cover
	hist   engine.Histogram
	counts loader[counted]
	turn   int // of the fields: an old one is counted no more
	better loader[found]
	table  table[countRow]
	unseen int // topics that there was no room for, when last drawn
}

// cover is the time that the records of the chosen topics take up.
type cover struct {
	key    string // run and topics it was made of
	lo, hi int64  // smallest and largest timestamp, milliseconds
	end    int64  // what came before it was captured: after hi, or when the run began
	ok     bool   // there are records
}

// counted is what lies in a window.
type counted struct {
	key  string
	rows []engine.TopicCount
}

func newWindowStep(c *console, verb string, t *topicsStep, w archive.Window) *windowStep {
	s := &windowStep{subject: t.subject, topics: t, verb: verb, from: newInput("the beginning"), to: newInput("the end"), zone: c.desk.Zone, window: w}
	s.table = countTable(c)
	if w.Start != nil {
		s.from.set(fieldTime(int64(*w.Start), s.zone))
	}
	if w.End != nil {
		s.to.set(fieldTime(int64(*w.End), s.zone))
	}
	return s
}

// fieldTime writes a moment as a field reads it again: in the zone of the field, or with a Z where the
// zone's clocks show that time twice.
func fieldTime(ms int64, zone *time.Location) string {
	t := time.UnixMilli(ms).In(zone)
	layout := "2006-01-02 15:04:05.999"
	if ms%60_000 == 0 {
		layout = "2006-01-02 15:04"
	}
	text := t.Format(layout)
	if again, err := engine.ParseMoment(text, t, zone); err != nil || again.UnixMilli() != ms {
		return rfc3339(ms)
	}
	return text
}

func (s *windowStep) title(*console) string { return "Window" }
func (s *windowStep) typing() bool          { return false }
func (s *windowStep) field() bool           { return true }

// present is the field that keys go to.
func (s *windowStep) present() *input {
	if s.second {
		return &s.to
	}
	return &s.from
}

func (s *windowStep) enter(c *console) tea.Cmd {
	if s.topics.none() {
		return nil
	}
	return s.subject.open(c, func() tea.Cmd { return s.look(c) })
}

// look takes in which run and topics are chosen, and counts.
func (s *windowStep) look(c *console) tea.Cmd {
	s.topics.fill()
	k := s.subject.backup + "/" + s.subject.id() + "\n" + strings.Join(s.topics.chosen(), "\n")
	if s.cover.key != k {
		s.hist, s.cover = engine.Histogram{}, cover{key: k}
		s.cover.lo, s.cover.hi, s.cover.ok = s.subject.view.value.Cover(s.topics.is())
		s.cover.end = max(s.cover.hi+1, s.subject.view.value.StartedAt.UnixMilli())
	}
	return s.count(c)
}

// key names what is to be counted.
func (s *windowStep) key() string {
	end := func(v *archive.Int64) string {
		if v == nil {
			return ""
		}
		return rfc3339(int64(*v))
	}
	return end(s.window.Start) + " " + end(s.window.End) + "\n" + s.cover.key
}

// count asks the archive what lies in the window, and for another backup where nothing can.
func (s *windowStep) count(c *console) tea.Cmd {
	k := s.key()
	if s.err != nil || !s.subject.view.has || s.counts.has && s.counts.value.key == k && !s.counts.loading {
		return nil
	}
	s.counts.stop()
	view, topics, w := s.subject.view.value, s.topics.is(), s.window
	read := func(ctx context.Context) (counted, error) {
		rows, err := view.Count(ctx, topics, w)
		return counted{k, rows}, err
	}
	return tea.Batch(s.counts.load(c, "what lies in the window", read, nil), s.seekBetter(c))
}

// outside says that nothing in this backup can lie in the window.
func (s *windowStep) outside() bool {
	return s.err == nil && s.cover.ok && (s.window.Misses(s.cover.lo, s.cover.end-1))
}

// seekBetter looks for a backup that covers a window which this one does not.
func (s *windowStep) seekBetter(c *console) tea.Cmd {
	s.better.drop()
	if !s.outside() {
		return nil
	}
	w, backup := s.window, s.subject.backup
	read := func(ctx context.Context) (found, error) { return findRun(ctx, c, backup, w) }
	return s.better.load(c, "the other backups", read, nil)
}

// edited takes the fields anew, and counts once the typing has paused.
func (s *windowStep) edited(c *console) tea.Cmd {
	s.resolve(c)
	s.turn++
	turn := s.turn
	return c.after(countAfter, doneMsg{func() tea.Cmd {
		if s.turn != turn {
			return nil
		}
		return s.count(c)
	}})
}

func (s *windowStep) resolve(c *console) {
	w, err := engine.ParseWindow(s.from.value(), s.to.value(), c.now(), s.zone)
	if s.err = err; err == nil {
		s.window = w
	}
}

// problem is what is wrong with a field, "" if nothing.
func (s *windowStep) problem(second bool) string {
	var wrong *engine.WindowError
	switch {
	case errors.As(s.err, &wrong) && wrong.End == second:
		return wrong.Err.Error()
	case s.err != nil && wrong == nil:
		return s.err.Error()
	}
	return ""
}

func (s *windowStep) blocked(*console) string {
	return first(s.problem(false), s.problem(true))
}

func (s *windowStep) actions(c *console) []action {
	shift := func(by time.Duration) func() tea.Cmd { return func() tea.Cmd { return s.shift(c, by) } }
	out := []action{
		can(keys.NextField, func() tea.Cmd { s.second = !s.second; return nil }).named("other field"),
		can(keys.Clear, func() tea.Cmd { s.present().set(""); return s.edited(c) }),
		can(keys.MinuteUp, shift(time.Minute)).named("±1 minute").showing("alt+↑↓"),
		can(keys.MinuteDown, shift(-time.Minute)).hidden(),
		can(keys.HourUp, shift(time.Hour)).hidden(),
		can(keys.HourDown, shift(-time.Hour)).hidden(),
		can(keys.Zone, func() tea.Cmd { return s.switchZone(c) }),
	}
	if s.outside() {
		near := can(keys.Nearest, func() tea.Cmd { return s.takeBetter(c) }).named("nearest backup")
		if !s.better.has || s.better.value.run == "" || s.better.value.run == s.subject.id() {
			near = near.unless("no other backup is nearer")
		}
		out = append([]action{near}, out...)
	}
	return out
}

// shift moves the field's moment. An empty field begins at the end of what is covered.
func (s *windowStep) shift(c *console, by time.Duration) tea.Cmd {
	at := int64(0)
	none := func() tea.Cmd { return c.told("there is no time in this field that could be moved") }
	switch w, f := s.window, s.present(); {
	case s.problem(s.second) != "":
		return none()
	case strings.TrimSpace(f.value()) == "" && !s.cover.ok:
		return none()
	case strings.TrimSpace(f.value()) == "":
		at = s.cover.lo
		if s.second {
			at = s.cover.end
		}
	case s.err != nil: // of the other field: the window is the one before
		t, err := engine.ParseMoment(f.value(), c.now(), s.zone)
		if err != nil {
			return none()
		}
		at = t.UnixMilli()
	case s.second:
		at = int64(*w.End)
	default:
		at = int64(*w.Start)
	}
	s.present().set(fieldTime(at+by.Milliseconds(), s.zone))
	return s.edited(c)
}

// other is the zone that is not the present one.
func (s *windowStep) other(c *console) *time.Location {
	local := c.desk.Zone
	if local.String() == "UTC" {
		local = time.Local
	}
	if s.zone.String() == "UTC" {
		return local
	}
	return time.UTC
}

// switchZone reads times without a zone in the other one from now on.
func (s *windowStep) switchZone(c *console) tea.Cmd {
	if s.zone.String() == s.other(c).String() {
		return c.told("this computer's clock shows UTC, and the configuration names no time_zone: there is no other")
	}
	s.zone = s.other(c)
	return s.edited(c)
}

// takeBetter goes on with the backup that covers the window.
func (s *windowStep) takeBetter(c *console) tea.Cmd {
	b := s.better.value
	s.subject.choose(b.backup, b.run)
	return s.enter(c)
}

func (s *windowStep) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if key.Matches(k, keys.Up) && k.Text == "" || key.Matches(k, keys.Down) && k.Text == "" {
		return nil, true // plain arrows never change a value
	}
	before := s.present().value()
	s.present().press(k)
	if s.present().value() == before {
		return nil, true
	}
	return s.edited(c), true
}

// paste is text like typed text.
func (s *windowStep) paste(c *console, text string) tea.Cmd {
	s.present().paste(text)
	return s.edited(c)
}

// result is the window that was chosen.
func (s *windowStep) result() archive.Window { return s.window }

// found is the backup that covers a window, or the nearest.
type found struct {
	backup, run string
	lo, end     int64 // what it covers, milliseconds
	covers      bool
}

// holds says whether a window lies in [lo, end).
func holds(w archive.Window, lo, end int64) bool {
	return (w.Start == nil || int64(*w.Start) >= lo && int64(*w.Start) < end) && (w.End == nil || int64(*w.End) <= end && int64(*w.End) > lo)
}

// gap is how far apart a window and [lo, end) lie; 0 when they meet.
func gap(w archive.Window, lo, end int64) int64 {
	var d int64
	if w.Start != nil {
		d = max(d, int64(*w.Start)-end+1)
	}
	if w.End != nil {
		d = max(d, lo-int64(*w.End)+1)
	}
	return d
}

// findRun looks for the newest run that covers a window; where none does, for the nearest. Of each chain
// only the newest run is opened: the older ones hold less.
func findRun(ctx context.Context, c *console, backup string, w archive.Window) (found, error) {
	if c.desk.Archive == nil {
		return found{}, errNoArchive
	}
	q, err := c.desk.Archive(ctx)
	if err != nil {
		return found{}, err
	}
	q.BackupID = cmp.Or(backup, q.BackupID)
	list, err := engine.ListBackups(ctx, q)
	if err != nil {
		return found{}, err
	}
	var best found
	seen := map[string]bool{}
	for i := len(list.Backups) - 1; i >= 0; i-- {
		b := list.Backups[i]
		if seen[b.BackupID+"/"+b.RunID] {
			continue
		}
		q.BackupID, q.RunID = b.BackupID, b.RunID
		r, err := engine.OpenRun(ctx, q)
		var broken *archive.BrokenError
		if errors.As(err, &broken) {
			continue // the list of backups says so
		}
		if err != nil {
			return found{}, err
		}
		for _, x := range r.Runs {
			seen[b.BackupID+"/"+x.RunID] = true
		}
		lo, hi, ok := r.Cover(nil)
		f := found{b.BackupID, b.RunID, lo, max(hi+1, r.StartedAt.UnixMilli()), false}
		if f.covers = ok && holds(w, f.lo, f.end); f.covers {
			return f, nil
		}
		if ok && (best.run == "" || gap(w, f.lo, f.end) < gap(w, best.lo, best.end)) {
			best = f
		}
	}
	return best, nil
}
