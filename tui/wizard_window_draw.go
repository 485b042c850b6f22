package tui

import (
	"slices"
	"strings"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui/units"
)

// draw is the whole step. What is worth least goes first where it is low.
func (s *windowStep) draw(c *console, w, h int) body {
	var out []line
	blank := func(from int) {
		if h >= from {
			out = append(out, nil)
		}
	}
	if h >= 20 {
		out = append(out, say("   "+s.verb+" records whose timestamp lies in this window (from included, to excluded)."), nil)
	}
	fields, cursor := s.fields(c, w)
	cursor.y += len(out)
	out = append(out, fields...)
	if s.topics.none() {
		return body{lines: append(out, nil, say("   There is no backup yet: what lies in the window is not known.")), cursor: cursor}
	}
	blank(14)
	if v := &s.subject.view; v.err != nil && !v.has {
		return body{lines: append(out, s.trouble(c, "Cannot read the run", v.err, w)...), cursor: cursor}
	} else if !v.has {
		return body{lines: append(out, append(line{{"  ", plain}}, v.wait(c)...)), cursor: cursor}
	}
	out = append(out, s.covered(c, w)...)
	blank(22)
	if s.cover.ok {
		out = append(out, s.histogram(w)...)
	}
	blank(16)
	hints := s.hints(w)
	if h < 13 {
		hints = nil
	}
	room := h - len(out) - len(hints)
	if len(hints) > 0 && h >= 18 {
		hints = append([]line{nil}, hints...)
		room--
	}
	out = append(out, s.countLines(c, w, max(1, room))...)
	return body{lines: append(out, hints...), cursor: cursor}
}

// echoWidth is what a local time with its zone takes.
const echoWidth = 26

// fields are From and To side by side, and below each what it means.
func (s *windowStep) fields(c *console, w int) ([]line, *point) {
	const label = 6
	half := (w - 4) / 2
	zone := s.zone.String()
	if half-label-len(zone) < 20 {
		zone = zone[strings.LastIndex(zone, "/")+1:]
	}
	room := min(28, half-label-3-width(zone))
	indent := max(0, min(label, half-1-echoWidth))
	cell := func(name string, f *input, second bool) ([]line, int) {
		at := s.second == second
		text, col := f.draw(room, at)
		head := span{pad(name, label), dim}
		if at {
			head.style = bold
		}
		out := []line{append(append(line{head}, text...), span{"  " + zone, dim})}
		for _, l := range s.echo(c, second, half-1-indent) {
			out = append(out, append(line{{repeat(" ", indent), plain}}, l...))
		}
		return out, col
	}
	left, at := cell("From", &s.from, false)
	right, at2 := cell("To", &s.to, true)
	x := 3 + label + at
	if s.second {
		x = 3 + half + label + at2
	}
	var out []line
	for i := range max(len(left), len(right)) {
		l := line{{"   ", plain}}
		if i < len(left) {
			l = append(l, left[i].fit(half-1)...)
		} else {
			l = l.add(plain, repeat(" ", half-1))
		}
		l = l.add(plain, " ")
		if i < len(right) {
			l = append(l, right[i]...)
		}
		out = append(out, l)
	}
	return out, &point{x, 0}
}

// echo says what a field means: the moment in UTC and by the local clock, or what is wrong.
func (s *windowStep) echo(c *console, second bool, w int) []line {
	const most = 4
	if p := s.problem(second); p != "" {
		lines := wrap(bad, p, w)
		if len(lines) > most { // what may be written stands below as well
			what, _, _ := strings.Cut(p, ": write ")
			lines = wrap(bad, what, w)
		}
		return lines[:min(len(lines), most)]
	}
	f, end := &s.from, s.window.Start
	if second {
		f, end = &s.to, s.window.End
	}
	if strings.TrimSpace(f.value()) == "" {
		return []line{styled(dim, "= open: "+map[bool]string{false: "from the first record on", true: "up to the last record"}[second])}
	}
	if s.err != nil { // the other field is wrong, and the window is an old one
		t, err := engine.ParseMoment(f.value(), c.now(), s.zone)
		if err != nil {
			return nil
		}
		ms := archive.Int64(t.UnixMilli())
		end = &ms
	}
	t := time.UnixMilli(int64(*end))
	out := []line{styled(accent, "= "+rfc3339(int64(*end)))}
	if local := s.local(c); local != nil {
		text := "= " + t.In(local).Format("2006-01-02 15:04:05 MST")
		if name := "  " + local.String(); width(text+name) <= w {
			text += name
		}
		out = append(out, styled(dim, text))
	}
	return out
}

// local is the zone whose clock is shown beside UTC; nil where there is none.
func (s *windowStep) local(c *console) *time.Location {
	if z := c.desk.Zone; z.String() != "UTC" {
		return z
	}
	if s.zone.String() != "UTC" {
		return s.zone
	}
	return nil
}

// covered says what the backup holds, and where the window does not fit.
func (s *windowStep) covered(c *console, w int) []line {
	if !s.cover.ok {
		return []line{append(line{{"   ", plain}}, c.theme.word(markFinding, "The chosen topics hold no record in this backup.")...)}
	}
	what := "   Covered by this backup: "
	if w < 70 {
		what = "   Covered: "
	}
	out := []line{{{what, plain}, {minute(s.cover.lo) + " → " + minute(s.cover.end), bold}, {" UTC", plain}}}
	add := func(text string) {
		out = append(out, append(line{{"   ", plain}}, c.theme.word(markFinding, short(text, w-6))...))
	}
	switch {
	case s.err != nil:
	case s.outside():
		add("The window lies outside: nothing would be restored.")
		out = append(out, s.nearest(c, w))
	case s.window.Start != nil && int64(*s.window.Start) < s.cover.lo:
		add("The window begins before: there is nothing of that time.")
	case s.window.End != nil && int64(*s.window.End) > s.cover.end:
		add("The window ends after: there is nothing of that time.")
	}
	return out
}

// nearest offers another backup.
func (s *windowStep) nearest(c *console, w int) line {
	b := s.better.value
	switch {
	case s.better.loading:
		return line{{"     " + c.spinner() + " looking for one that covers it …", dim}}
	case s.better.err != nil:
		return styled(bad, short("     the other backups cannot be read: "+s.better.err.Error(), w))
	case !s.better.has:
		return nil
	case b.run == "" || b.run == s.subject.id():
		return styled(dim, "     No other backup covers it either, or comes nearer.")
	}
	what := "is the nearest, and covers it no better: "
	if b.covers {
		what = "covers it: "
	}
	return line{{"     ", plain}, {"ctrl+n", bold}, {" takes ", plain}, {b.run, accent}, {short(", which "+what+minute(b.lo)+" → "+minute(b.end), max(0, w-20-width(b.run))), plain}}
}

// histogram is the records over time, with its scale above and the window below.
func (s *windowStep) histogram(w int) []line {
	n := max(10, w-6)
	if len(s.hist.Counts) != n {
		s.hist = s.subject.view.value.Histogram(s.topics.is(), s.cover.lo, s.cover.end, n)
	}
	return []line{
		styled(dim, "   "+timeScale(s.hist, n)),
		{{"   ", plain}, {sparkline(s.hist.Counts), ok}},
		{{"   ", plain}, {windowMark(s.hist, s.window), accent | bold}},
	}
}

// timeScale writes the time above a histogram every so many cells, as finely as its length asks for.
func timeScale(h engine.Histogram, n int) string {
	layout, step := "2006-01-02", 16
	switch d := time.Duration(h.To-h.From) * time.Millisecond; {
	case d <= 36*time.Hour:
		layout, step = "15:04", 22
	case d <= 60*24*time.Hour:
		layout, step = "01-02 15:04", 22
	}
	out := []rune(repeat(" ", n))
	labels := max(2, (n+step-len(layout))/step)
	for i := range labels {
		at := i * (n - len(layout)) / (labels - 1)
		ms := h.Bound(at)
		if i == labels-1 { // the last one ends where the histogram does
			ms = h.To
		}
		copy(out[at:], []rune(time.UnixMilli(ms).UTC().Format(layout)))
	}
	return string(out)
}

// windowMark draws the window below a histogram: [──]. An open end has no bracket; a window that lies
// beside it is an arrow at that side.
func windowMark(h engine.Histogram, w archive.Window) string {
	n := len(h.Counts)
	out := []rune(repeat(" ", n))
	cell := func(ms int64) int {
		for i := range n {
			if h.Bound(i+1) > ms {
				return i
			}
		}
		return n
	}
	first, last := 0, n-1
	if w.Start != nil {
		if first = cell(int64(*w.Start)); first == n {
			out[n-1] = '→'
			return string(out)
		}
	}
	if w.End != nil {
		if int64(*w.End) <= h.From {
			out[0] = '←'
			return string(out)
		}
		last = min(n-1, cell(int64(*w.End)-1))
	}
	for i := first; i <= last; i++ {
		out[i] = '─'
	}
	closed := w.End != nil && int64(*w.End) <= h.To
	if opened := w.Start != nil && int64(*w.Start) >= h.From; first == last && (opened || closed) {
		out[first] = '▴'
		return string(out)
	} else if opened {
		out[first] = '['
	}
	if closed {
		out[last] = ']'
	}
	return string(out)
}

// trouble is an error, where letters are typed text and none can stand for trying again.
func (s *windowStep) trouble(c *console, what string, err error, w int) []line {
	out := flow(line{{"   ", plain}}, c.theme.glyph(markBad), bad, what+": "+err.Error(), w)
	return append(out, styled(dim, "     shift+tab and enter look again"))
}

// hints say what may be written.
func (s *windowStep) hints(w int) []line {
	l := line{{"   You may write", dim}}
	for _, x := range []string{"2026-08-14 00:30", "00:30", "yesterday 22:00", "-3h", "now", "+45m (in To: from the start)"} {
		if l.width()+width(x)+4 > w {
			break
		}
		l = l.add(plain, "   "+x)
	}
	return []line{l}
}

func (s *windowStep) state(c *console) (left, right line) {
	if l := s.counts.wait(c); l != nil {
		return l, nil
	}
	if s.err == nil && s.counts.has && s.counts.value.key == s.key() {
		l := say(" counted exactly, at " + clockTime(s.counts.asOf))
		if slices.ContainsFunc(s.counts.value.rows, func(r engine.TopicCount) bool { return r.Guessed }) {
			l = l.add(dim, "; first and last are partly what batch headers say")
		}
		if s.unseen > 0 {
			right = styled(dim, "… "+units.Count(int64(s.unseen), "more topic"))
		}
		return l, right
	}
	if s.err == nil && s.counts.has {
		return styled(dim, " the numbers are of the window before; they are counted when you pause"), nil
	}
	return nil, nil
}
