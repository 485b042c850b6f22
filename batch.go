package main

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"kustody/engine"
)

// shower shows a job's facts to people. It is called from one goroutine.
type shower interface {
	event(e engine.Event)
}

// barEvery is how often the progress bar is drawn: often enough to look alive.
const barEvery = 200 * time.Millisecond

// follow drains a job's own log until its end, and tells its exit code. The job never waits for it: a
// slow or closed pipe slows this goroutine only.
func (a *app) follow(job *engine.Job, text func() shower) engine.Exit {
	out := shower(&jsonLines{app: a})
	if a.format != "json" {
		out = text()
	}
	status, stop := a.every(a.format == "json", a.progress)
	defer stop()
	bar, show := a.newBar(), a.format != "json" && a.progressTerminal
	draw, stopDrawing := a.every(show, barEvery)
	defer stopDrawing()
	seq := 0
	for {
		events, more := job.EventsSince(seq)
		seq += len(events)
		if len(events) > 0 {
			bar.clear()
		}
		for _, e := range events {
			out.event(e)
			a.warnOf(e)
		}
		if more == nil { // the summary was the last
			break
		}
		select {
		case <-more:
		case <-status:
			out.event(statusOf(job.Snapshot()))
		case <-draw:
			bar.draw(job.Snapshot())
		}
	}
	summary, _ := job.Wait() // its error is in the events already
	return summary.Exit
}

// every is a channel that ticks, if wanted.
func (a *app) every(wanted bool, d time.Duration) (<-chan time.Time, func()) {
	if !wanted || d <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// warnOf puts a warning or an error on stderr, one line each.
func (a *app) warnOf(e engine.Event) {
	text := e.Text()
	if m, ok := e.Get("message").(string); ok {
		text = oneLine(m)
	}
	switch e.Level {
	case engine.LevelWarning:
		a.warn(text)
	case engine.LevelError:
		fmt.Fprintf(a.stderr, "kustody: %s\n", text)
	}
}

// jsonLines prints facts as lines of JSON, numbered from 0 whatever they come from.
type jsonLines struct {
	app *app
	seq int
}

func (l *jsonLines) event(e engine.Event) {
	e.Seq = l.seq
	l.seq++
	line, err := json.Marshal(e)
	if err != nil { // a field of a kind that JSON has no form for: a mistake of ours, never of the data
		line, _ = json.Marshal(engine.Event{Seq: e.Seq, Time: e.Time, Type: e.Type, Job: e.Job, Fields: []engine.Field{engine.F("error", err.Error())}})
	}
	fmt.Fprintf(l.app.stdout, "%s\n", harmlessJSON(line))
}

// statusOf is a job's numbers as a line. Rates are the engine's: 0 until it can tell.
func statusOf(s engine.Snapshot) engine.Event {
	done, failed := 0, 0
	for _, p := range s.Partitions {
		switch p.State {
		case engine.Done:
			done++
		case engine.Failed:
			failed++
		}
	}
	fields := []engine.Field{
		engine.F("kind", s.Kind), engine.F("phase", s.Phase), engine.F("records", s.Records), engine.F("bytes", s.Bytes),
		engine.F("done", s.Done), engine.F("total", s.Total), engine.F("partitions", len(s.Partitions)),
		engine.F("partitions_done", done), engine.F("partitions_failed", failed),
		engine.F("records_per_second", int64(s.RecordsPerSecond)), engine.F("bytes_per_second", int64(s.BytesPerSecond)),
		engine.F("elapsed_ms", s.Now.Sub(s.Started).Milliseconds()),
	}
	if percent, known := s.Percent(); known {
		fields = append(fields, engine.F("percent", math.Floor(10*percent)/10))
	}
	if s.Left > 0 {
		fields = append(fields, engine.F("seconds_left", int64(s.Left.Seconds()+0.5)))
	}
	return engine.Event{Time: s.Now, Type: "status", Job: s.Job, Fields: fields}
}
