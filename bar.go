package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"kustody/engine"
	"kustody/tui/units"
)

// bar is one line on stderr that is drawn over itself. It is only used on a terminal.
type bar struct {
	app   *app
	drawn bool
}

func (a *app) newBar() *bar { return &bar{app: a} }

// clear takes the line away, before anything else is printed.
func (b *bar) clear() {
	if b.drawn {
		fmt.Fprint(b.app.stderr, "\r\x1b[K")
		b.drawn = false
	}
}

// draw shows the numbers now. Rates are the engine's, as soon as it can tell.
func (b *bar) draw(s engine.Snapshot) {
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
	if s.RecordsPerSecond > 0 || s.BytesPerSecond > 0 {
		parts = append(parts, units.Thousands(int64(s.RecordsPerSecond))+" records/s", units.Size(int64(s.BytesPerSecond))+"/s")
	}
	if percent, known := s.Percent(); known {
		parts = append(parts, fmt.Sprintf("%d %%", int(percent)))
	}
	if s.Left > 0 {
		parts = append(parts, "about "+units.Span(s.Left)+" left")
	}
	return strings.Join(parts, ", ")
}
