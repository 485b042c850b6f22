package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kustody/engine"
	"kustody/tui/units"
)

// plainText shows a job in lines for people: what it does, what became of each topic, and a summary.
type plainText struct {
	app    *app
	kind   string
	order  []string // topics, as they began
	topics map[string]*topicLine
}

// topicLine adds up the partitions of one topic.
type topicLine struct {
	done    int
	records int64
}

// textFor makes the text of one kind of job.
func (a *app) textFor(kind string) func() shower {
	return func() shower { return newPlainText(a, kind) }
}

func newPlainText(a *app, kind string) *plainText {
	return &plainText{app: a, kind: kind, topics: map[string]*topicLine{}}
}

// quiet are facts that are many, or say what another line says too.
var quiet = map[string]bool{"segment": true, "partition_start": true, "ledger": true, "note": true, "error": true, "part_done": true}

func (t *plainText) event(e engine.Event) {
	switch {
	case e.Type == "summary":
		t.flush()
		t.summary(e)
	case e.Type == "phase":
		t.flush()
		t.line("phase", text(e.Get("phase")))
	case e.Type == "partition_done":
		t.partition(e)
	case e.Level != engine.LevelInfo || quiet[e.Type]:
	case e.Get("message") != nil:
		t.line(e.Type, e.Text())
	default:
		t.line(e.Type, units.Subject(e))
	}
}

// line prints a label and what it is about. Everything in it may come from data.
func (t *plainText) line(label, what string) {
	fmt.Fprintf(t.app.stdout, "%-16s %s\n", engine.Sanitize(strings.ReplaceAll(label, "_", " ")), oneLine(what))
}

// partition counts a partition for its topic's line: a topic may have thousands.
func (t *plainText) partition(e engine.Event) {
	name := text(e.Get("topic"))
	l := t.topics[name]
	if l == nil {
		l = &topicLine{}
		t.topics[name] = l
		t.order = append(t.order, name)
	}
	l.done++
	l.records += number(e.Get("records"))
}

// flush prints the lines of the topics that are done.
func (t *plainText) flush() {
	for _, name := range t.order {
		l := t.topics[name]
		t.line("done", fmt.Sprintf("%s: %s, %s", name, units.Count(int64(l.done), "partition"), units.Count(l.records, "record")))
	}
	t.order, t.topics = nil, map[string]*topicLine{}
}

// outcomes are the words for how a job ended.
var outcomes = map[string]string{"done": "done", "findings": "finished, with findings", "failed": "FAILED", "broken": "BROKEN: something stored does not verify",
	"cancelled": "cancelled", "refused": "refused"}

// told are the fields of a summary that have lines or words of their own.
var told = []string{"kind", "outcome", "exit", "duration_ms", "findings", "notes", "error"}

func (t *plainText) summary(e engine.Event) {
	rest := slices.DeleteFunc(slices.Clone(e.Fields), func(f engine.Field) bool { return slices.Contains(told, f.Key) })
	exit := number(e.Get("exit"))
	if len(rest) == 0 && exit != 0 && exit != int64(engine.ExitFindings) {
		return // nothing was done; stderr says why
	}
	for _, n := range list(e.Get("notes")) {
		t.line("note", n)
	}
	for _, f := range list(e.Get("findings")) {
		t.line("finding", f)
	}
	for _, f := range rest {
		t.line(f.Key, units.Value(f))
	}
	took := time.Duration(number(e.Get("duration_ms"))) * time.Millisecond
	line := fmt.Sprintf("%s in %s", outcomes[text(e.Get("outcome"))], took)
	if exit != 0 {
		line += fmt.Sprintf(" (exit %d)", exit)
	}
	t.line(t.kind, line)
}

// checkText shows a preflight: a line for each answer.
type checkText struct{ plainText }

func (a *app) textForCheck() func() shower {
	return func() shower { return &checkText{*newPlainText(a, "check")} }
}

func (t *checkText) event(e engine.Event) {
	switch e.Type {
	case "phase":
	case "check":
		line := text(e.Get("subject")) + ": " + text(e.Get("what"))
		if r := text(e.Get("reason")); r != "" {
			line += " — " + r
		}
		fmt.Fprintf(t.app.stdout, "%-8s %s\n", text(e.Get("answer")), oneLine(line))
	case "summary":
		if e.Get("can") != nil {
			fmt.Fprintf(t.app.stdout, "%v can, %v cannot, %v unknown\n", e.Get("can"), e.Get("cannot"), e.Get("unknown"))
		}
	}
}
