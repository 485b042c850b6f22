package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"kustody/engine"
	"kustody/tui/units"
)

// draw is the head, the partitions or the summary, and the end of the log.
func (s *jobScreen) draw(c *console, w, h int) body {
	s.fitColumns(c)
	lines := s.head(c, w)
	log := 0
	if h >= 14 {
		log = min(max(2, h/5), 6)
	}
	room := h - len(lines)
	if log > 0 {
		room -= log + 1
	}
	if s.summing() {
		lines = append(lines, s.text.show(summaryText(c, s.job, w), room)...)
	} else {
		lines = append(lines, s.partitions(c, w, room)...)
	}
	if log == 0 {
		return body{lines: lines}
	}
	lines = append(filled(lines, h-log-1), titled("Log", w))
	return body{lines: append(lines, logTail(c, s.told, log)...)}
}

// fitColumns sets what depends on the width and on the phase.
func (s *jobScreen) fitColumns(c *console) {
	s.parts.cols[colBar].min = barCells(c.wide()) + 5
	_, s.parts.cols[colOffset].title = measured(s.snap)
	s.parts.cols[0].title, s.parts.cols[1].title = "TOPIC", "PART"
	if s.snap.Kind == "verify" {
		s.parts.cols[0].title, s.parts.cols[1].title = "WHAT", ""
	}
	s.parts.cols[colOffset].min = offsetCells(s.snap.Partitions)
}

// partitions is the table, and how many rows are below it.
func (s *jobScreen) partitions(c *console, w, h int) []line {
	if len(s.refs) == 0 {
		return []line{styled(dim, " This step has no partitions to show.")}
	}
	if len(s.refs) <= h-1 {
		return s.parts.draw(c, w, h, true)
	}
	lines := s.parts.draw(c, w, h-1, true)
	var below tally
	n := 0
	for i := s.parts.top + s.parts.height; i < len(s.parts.shown); i++ {
		below[s.refs[s.parts.shown[i]].rank]++
		n++
	}
	if n == 0 {
		return lines
	}
	return append(lines, styled(dim, "   … "+units.Count(int64(n), "more partition")+" ("+below.words()+")"))
}

func (s *jobScreen) headHeight(c *console) int { return len(s.head(c, c.w)) }

// head says how far the job is, or how it ended.
func (s *jobScreen) head(c *console, w int) []line {
	if s.ended() {
		return append(endHead(c, s.job, w), nil)
	}
	if !c.wide() {
		return []line{s.narrowState(c, w), s.bigBar(c, w), nil}
	}
	const first, second = 47, 47
	field := func(name, value string, s style, w int) line {
		return line{{" " + pad(name, 9), dim}, {pad(value, w-10), s}}
	}
	state := s.stateWords(c)
	what, id := s.subject()
	l1 := append(field("State", "", plain, 10), state.fit(first-10)...)
	l1 = append(l1, field(what, id, plain, second)...)
	l1 = append(l1, field("Started", clockTime(s.snap.Started)+" UTC", plain, w-first-second)...)
	name, done := s.doneOf()
	l2 := append(field(name, done, plain, first), field("Rate", s.rate(), plain, second)...)
	left := "—"
	if s.snap.Left > 0 && s.running() {
		left = "about " + units.Span(s.snap.Left.Round(time.Second))
	}
	l2 = append(l2, field("Left", left, plain, w-first-second)...)
	return []line{l1, l2, s.bigBar(c, w), nil}
}

// running says that the picture is of a job at work.
func (s *jobScreen) running() bool { return s.job.running() && !s.job.asked }

// stateWords are "running, step 3 of 5: restore".
func (s *jobScreen) stateWords(c *console) line {
	var l line
	switch {
	case s.job.asked && s.job.running():
		l = c.theme.word(markFinding, "cancelling")
	case !s.job.running():
		l = say("has ended since this picture")
		return l
	default:
		l = say("running")
	}
	switch {
	case s.snap.Phase == "":
	case s.snap.Steps > 0 && s.snap.Step > 0:
		l = l.add(plain, fmt.Sprintf(", step %d of %d: %s", s.snap.Step, s.snap.Steps, s.snap.Phase))
	default:
		l = l.add(plain, ": "+s.snap.Phase)
	}
	return l
}

// subject is what the job works on, by its plan.
func (s *jobScreen) subject() (name, id string) {
	for _, f := range []struct{ key, name string }{{"restore_id", "Restore"}, {"run_id", "Run"}, {"backup_id", "Archive"}} {
		if id := s.job.fact(f.key); id != "" {
			return f.name, id
		}
	}
	return "Job", s.job.ID()
}

// doneOf is how much is done of how much, in what the phase counts.
func (s *jobScreen) doneOf() (name, words string) {
	done, total := s.snap.Done, s.snap.Total
	of := func(write func(int64) string, done int64) string {
		if total <= 0 {
			return write(done)
		}
		return write(done) + " of " + write(total)
	}
	switch one, _ := measured(s.snap); one {
	case "byte":
		return "Read", of(units.Size, done)
	case "object":
		return "Checked", of(units.Thousands, done)
	case "record":
		return "Records", of(units.Thousands, s.snap.Records)
	default:
		if total <= 0 && s.snap.Records == 0 {
			return "Records", "—"
		}
		return "Offsets", of(units.Thousands, done)
	}
}

// rate is how fast it goes, "—" before that can be told.
func (s *jobScreen) rate() string {
	if s.snap.RecordsPerSecond <= 0 && s.snap.BytesPerSecond <= 0 {
		return "—"
	}
	return units.Thousands(int64(s.snap.RecordsPerSecond)) + " records/s  (" + units.Size(int64(s.snap.BytesPerSecond)) + "/s)"
}

// narrowState is the head on one line: "running 3/5 restore   2,104,551 of 4,890,112   18,204/s   about
// 2m 33s left". What is left is worth more than the rate where there is no room for both.
func (s *jobScreen) narrowState(c *console, w int) line {
	l := line{{" ", plain}}
	switch {
	case s.job.asked && s.job.running():
		l = append(l, c.theme.word(markFinding, "cancelling")...)
	case !s.job.running():
		l = l.add(plain, "before it ended")
	default:
		l = l.add(plain, "running")
	}
	if s.snap.Steps > 0 && s.snap.Step > 0 {
		l = l.add(plain, fmt.Sprintf(" %d/%d", s.snap.Step, s.snap.Steps))
	}
	l = l.add(plain, " "+s.snap.Phase)
	name, done := s.doneOf()
	if name == "Offsets" && s.snap.Total > 0 {
		done += " offsets"
	}
	parts := []string{"   " + done}
	if s.snap.Left > 0 && s.running() {
		parts = append(parts, "   about "+units.Span(s.snap.Left.Round(time.Second))+" left")
	}
	if s.snap.RecordsPerSecond > 0 {
		parts = append(parts[:1], append([]string{"   " + units.Thousands(int64(s.snap.RecordsPerSecond)) + "/s"}, parts[1:]...)...)
		if l.width()+textWidth(parts) > w {
			parts = append(parts[:1], parts[2:]...)
		}
	}
	if l.width()+textWidth(parts) > w {
		parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], " left")
	}
	for _, p := range parts {
		l = l.add(plain, p)
	}
	return l
}

func textWidth(parts []string) int {
	n := 0
	for _, p := range parts {
		n += width(p)
	}
	return n
}

// bigBar is how far the present step is.
func (s *jobScreen) bigBar(c *console, w int) line {
	after := "      —"
	if s.far.known {
		after = fmt.Sprintf("%6.1f%%", math.Floor(10*s.far.percent)/10)
	}
	if c.wide() && s.snap.Steps > 1 && s.far.known {
		after += " of this step"
	}
	cells := w - 2 - width(after)
	full := int(s.far.percent / 100 * float64(cells))
	colour := accent
	if n := tallyOf(s.snap.Partitions); n[rankFailed] > 0 {
		colour = bad
	}
	return line{{" ", plain}, {repeat("█", full), colour}, {repeat("░", cells-full), dim}, {after, plain}}
}

// written says what stays of a job that is cancelled now.
func written(j *job) string {
	switch {
	case !writes[j.Kind()]:
		return "It only reads, and leaves nothing behind."
	case j.snap.Records > 0 && (j.snap.Phase == "capture" || j.snap.Phase == "restore") && j.Kind() != "validation":
		return "What is written so far stays: " + units.Count(j.snap.Records, "record") + ", " + units.Size(j.snap.Bytes) + "."
	default:
		return "What is written so far stays."
	}
}

// partitionOf finds a partition in a snapshot.
func partitionOf(s engine.Snapshot, topic string, partition int32) (engine.PartitionProgress, bool) {
	for _, p := range s.Partitions {
		if p.Topic == topic && p.Partition == partition {
			return p, true
		}
	}
	return engine.PartitionProgress{}, false
}
