package tui

import (
	tea "charm.land/bubbletea/v2"

	"kustody/tui/units"
)

// jobPartScreen is one partition of a job: all its numbers, and what was said of it.
type jobPartScreen struct {
	job       *job
	topic     string
	partition int32
	row       partRow
	there     bool
	log       *logScreen
}

func newJobPartScreen(c *console, j *job, topic string, partition int32) *jobPartScreen {
	return &jobPartScreen{job: j, topic: topic, partition: partition, log: newLogScreen(c, j, partID(topic, partition))}
}

func (s *jobPartScreen) name(*console) string        { return partID(s.topic, s.partition) }
func (s *jobPartScreen) capturing() bool             { return s.log.capturing() }
func (s *jobPartScreen) finds() []action             { return s.log.finds() }
func (s *jobPartScreen) enter(c *console) tea.Cmd    { return s.polled(c) }
func (s *jobPartScreen) actions(c *console) []action { return s.log.actions(c) }
func (s *jobPartScreen) copied(*console) (a, b string) {
	return "the partition", partID(s.topic, s.partition)
}

func (s *jobPartScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return s.log.press(c, k)
}

func (s *jobPartScreen) wheel(c *console, n int) { s.log.wheel(c, n) }

func (s *jobPartScreen) paste(c *console, text string) tea.Cmd { return s.log.paste(c, text) }

func (s *jobPartScreen) polled(c *console) tea.Cmd {
	p, there := partitionOf(s.job.snap, s.topic, s.partition)
	s.there = there
	if there {
		s.row.take(p)
		s.row.rated = s.job.snap.RecordsPerSecond > 0
	}
	return s.log.polled(c)
}

func (s *jobPartScreen) draw(c *console, w, h int) body {
	var out []line
	field := func(name string, l line) { out = append(out, append(line{{" " + pad(name, 11), dim}}, l...)) }
	r := &s.row
	if r.id == "" {
		return body{lines: []line{nil, say(" Nothing is known of it.")}}
	}
	state := r.state(c)
	if !s.there {
		state = state.add(dim, "   when its step ended; the present step does not have it")
	}
	field("State", state)
	one, _ := measured(s.job.snap)
	of := units.Thousands
	if one == "byte" {
		of = units.Size
	}
	field("Done", line{{smallBar(r.percent, 24), plain}})
	field(map[string]string{"byte": "Read", "object": "Checked", "record": "Records"}[one]+map[bool]string{true: "Offset"}[one == "offset"],
		say(of(r.Offset)+" → "+of(r.End)+map[bool]string{true: ", from " + of(r.Start)}[r.Start > 0]))
	field("Counted", say(units.Count(r.Records, "record")+", "+units.Size(r.Bytes)))
	if rate := r.rate(); rate != "" {
		field("Rate", say(rate))
	}
	retries := "none"
	if r.Retries > 0 {
		retries = units.Count(int64(r.Retries), "retry")
		if r.Retries > 1 {
			retries = itoa(r.Retries) + " retries"
		}
	}
	field("Retries", say(retries))
	out = append(out, nil, titled("Said of it", w))
	if len(s.log.rows) == 0 {
		return body{lines: append(out, styled(dim, " Nothing yet."))}
	}
	return body{lines: append(out, s.log.table.draw(c, w, max(2, h-len(out)), true)...)}
}

func (s *jobPartScreen) state(c *console) (left, right line) { return s.log.state(c) }
