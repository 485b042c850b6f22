package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// unshown are facts that the log below a job leaves out, since they are many; the full log has them.
var unshown = map[string]bool{"segment": true, "partition_start": true, "check": true, "part_done": true}

// logText is a fact as one line, in the words of --batch.
func logText(e engine.Event) string {
	if m, ok := e.Get("message").(string); ok {
		return strings.ReplaceAll(strings.TrimSpace(m), "\n", "; ")
	}
	label := strings.ReplaceAll(e.Type, "_", " ")
	if e.Type == "summary" {
		return fmt.Sprintf("ended: %v, exit %v", e.Get("outcome"), e.Get("exit"))
	}
	if s, ok := e.Get("sentence").(string); ok {
		return label + "  " + units.Value(e.Fields[0]) + ": " + s
	}
	if part := partOf(e); part != "" {
		rest := slices.DeleteFunc(slices.Clone(e.Fields), func(f engine.Field) bool { return f.Key == "topic" || f.Key == "partition" })
		return label + "  " + part + ": " + units.Facts(rest)
	}
	return label + "  " + units.Subject(e)
}

// logLevel is a fact's level, with a mark.
func logLevel(c *console, e engine.Event) line {
	switch e.Level {
	case engine.LevelError:
		return c.theme.word(markBad, "error")
	case engine.LevelWarning:
		return c.theme.word(markFinding, "warn")
	default:
		return line{{"  info", dim}}
	}
}

// logLine is a fact on one line of the log.
func logLine(c *console, e engine.Event) line {
	s := plain
	if e.Level != engine.LevelInfo {
		l := logLevel(c, e)
		s = l[len(l)-1].style
	}
	return line{{" " + clockTime(e.Time) + "  ", dim}, {pad(logLevel(c, e).text(), 9), s | badge}, {logText(e), s}}
}

// logTail are the last of some facts, the newest first.
func logTail(c *console, told []engine.Event, n int) []line {
	var out []line
	for i := len(told) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, logLine(c, told[i]))
	}
	return out
}

// logRow is a fact in the full log; its text is made once.
type logRow struct {
	engine.Event
	text  string
	found string // what a filter looks at, in small letters: of 100,000 lines it is made once
}

// logScreen is the full log of a job. At its end it follows what comes.
type logScreen struct {
	listing[*logRow]
	job  *job
	rows []*logRow
	only string // of this partition; "" all
	read int
}

func newLogScreen(c *console, j *job, only string) *logScreen {
	s := &logScreen{job: j, only: only}
	s.table = newTable("line", func(r *logRow) string { return strconv.Itoa(r.Seq) }, func(r *logRow) string { return r.found },
		column[*logRow]{title: "TIME", min: 8, cell: func(r *logRow) span { return span{clockTime(r.Time), dim} }},
		column[*logRow]{title: "LEVEL", min: 8, sort: 'l', less: compare(func(r *logRow) int { return -int(r.Level) }),
			cell: func(r *logRow) span { l := logLevel(c, r.Event); return span{l.text(), l[len(l)-1].style | badge} }},
		column[*logRow]{title: "WHAT", min: 20, flex: 1, sort: 'w', less: compare(func(r *logRow) string { return r.text }),
			cell: func(r *logRow) span { return span{r.text, plain} }})
	return s
}

func (s *logScreen) name(*console) string { return "log" }

func (s *logScreen) enter(c *console) tea.Cmd { return s.polled(c) }

// polled takes what is new.
func (s *logScreen) polled(c *console) tea.Cmd {
	if s.read == len(s.job.events) {
		return nil
	}
	atEnd := s.table.cursor >= len(s.table.shown)-1
	levels := map[engine.Level]string{} // as words, made once
	for ; s.read < len(s.job.events); s.read++ {
		e := s.job.events[s.read]
		if s.only == "" || s.only == partOf(e) {
			if levels[e.Level] == "" {
				levels[e.Level] = strings.ToLower(logLevel(c, e).text()) + " "
			}
			text := logText(e)
			s.rows = append(s.rows, &logRow{e, text, levels[e.Level] + strings.ToLower(text)})
		}
	}
	s.table.grow(s.rows)
	if atEnd {
		s.table.move(len(s.rows))
	}
	return nil
}

// partOf is the partition that a fact is about, "" when it is about none.
func partOf(e engine.Event) string {
	topic, ok := e.Get("topic").(string)
	part, is := e.Get("partition").(int32)
	if !ok || !is {
		return ""
	}
	return partID(topic, part)
}

func (s *logScreen) actions(c *console) []action {
	seek := func(step int) func() tea.Cmd {
		return func() tea.Cmd {
			return seekFor(c, &s.table, step, func(r *logRow) bool { return r.Level != engine.LevelInfo }, "no warning and no error in this log")
		}
	}
	return []action{can(keys.NextProblem, seek(1)), can(keys.PreviousProblem, seek(-1)).hidden()}
}

func (s *logScreen) copied(*console) (string, string) {
	if r, ok := s.table.current(); ok {
		return "the line", r.text
	}
	return "", ""
}

// logDetail is how many lines the line under the cursor has below the table, in full.
const logDetail = 3

func (s *logScreen) draw(c *console, w, h int) body {
	if len(s.rows) == 0 {
		return body{lines: []line{nil, say(" Nothing has been said yet.")}}
	}
	rows := h - logDetail - 1
	lines := append(filled(s.table.draw(c, w, rows, true), rows), rule(w, -1, -1))
	if r, ok := s.table.current(); ok {
		full := wrap(plain, r.text, w-2)
		if len(full) > logDetail {
			full = append(full[:logDetail-1:logDetail-1], styled(plain, short(full[logDetail-1].text(), w-4)+ellipsis))
		}
		for _, l := range full {
			lines = append(lines, append(line{{" ", plain}}, l...))
		}
	}
	return body{lines: lines}
}

func (s *logScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	left = say(" " + s.table.found() + ", " + units.Count(int64(s.job.warned), "warning"))
	if s.job.running() && s.table.cursor >= len(s.table.shown)-1 {
		return left, line{{"follows what comes", dim}}
	}
	return left, line{{s.table.more(), dim}}
}
