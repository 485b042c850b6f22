package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"kustody/engine"
	"kustody/tui/units"
)

// bar is one line on stderr that is drawn over itself. It is only used on a terminal.
type bar struct {
	app    *app
	drawn  bool
	phase  string
	since  time.Time
	before engine.Snapshot // where the phase began
}

func (a *app) newBar() *bar { return &bar{app: a} }

// clear takes the line away, before anything else is printed.
func (b *bar) clear() {
	if b.drawn {
		fmt.Fprint(b.app.stderr, "\r\x1b[K")
		b.drawn = false
	}
}

// draw shows the numbers now. Rates are those of the present phase.
func (b *bar) draw(s engine.Snapshot) {
	if s.Phase != b.phase {
		b.phase, b.since, b.before = s.Phase, s.Now, s
	}
	if len(s.Partitions) == 0 || s.Ended {
		return
	}
	line := b.line(s)
	if most := b.app.width() - 1; utf8.RuneCountInString(line) > most {
		line = string([]rune(line)[:max(most, 0)])
	}
	fmt.Fprintf(b.app.stderr, "\r\x1b[K%s", line)
	b.drawn = true
}

func (b *bar) line(s engine.Snapshot) string {
	done := 0
	for _, p := range s.Partitions {
		if p.State == engine.Done {
			done++
		}
	}
	parts := []string{fmt.Sprintf("%s: %d/%s", engine.Sanitize(s.Phase), done, units.Count(int64(len(s.Partitions)), "partition"))}
	seconds := s.Now.Sub(b.since).Seconds()
	if seconds > 0 {
		parts = append(parts, units.Thousands(int64(float64(s.Records-b.before.Records)/seconds))+" records/s",
			units.Size(int64(float64(s.Bytes-b.before.Bytes)/seconds))+"/s")
	}
	if s.Total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", 100*s.Done/s.Total))
		if moved := s.Done - b.before.Done; moved > 0 && seconds >= 1 {
			left := time.Duration(float64(s.Total-s.Done) / float64(moved) * seconds * float64(time.Second))
			parts = append(parts, "ETA "+left.Round(time.Second).String())
		}
	}
	return strings.Join(parts, ", ")
}
