package tui

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui/units"
)

// restoreReview shows what a restore will do, before anything is written.
type restoreReview struct {
	z       *restoreWizard
	plan    loader[*engine.RestorePlan]
	of      string            // the request that the plan was made of
	names   map[string]string // that the plan was told, since it would choose others
	allowed []string          // target topics that were typed
	text    scroller
}

// complete adds to a request what the review found out.
func (s *restoreReview) complete(r RestoreRequest) RestoreRequest {
	targets := map[string]bool{}
	for _, source := range r.Topics {
		targets[s.z.target.name(source)] = true
	}
	for _, name := range s.allowed {
		if targets[name] {
			r.AllowTopics = append(r.AllowTopics, name)
		}
	}
	for source, to := range s.names {
		if slices.Contains(r.Topics, source) && s.z.target.name(source) == to {
			if r.Mapping == nil {
				r.Mapping = map[string]string{}
			}
			r.Mapping[source] = to
		}
	}
	return r
}

func (s *restoreReview) title(*console) string          { return "Review" }
func (s *restoreReview) typing() bool                   { return false }
func (s *restoreReview) field() bool                    { return false }
func (s *restoreReview) paste(*console, string) tea.Cmd { return nil }
func (s *restoreReview) enter(c *console) tea.Cmd       { return s.make(c) }
func (s *restoreReview) refresh(c *console) tea.Cmd     { s.of = ""; return s.make(c) }
func requestKey(r RestoreRequest) string                { return strings.Join(r.Args(), "\x00") }
func (s *restoreReview) current(r RestoreRequest) bool  { return s.plan.has && s.of == requestKey(r) }

// make plans the restore, unless the plan at hand is of the same request.
func (s *restoreReview) make(c *console) tea.Cmd {
	r := s.z.request()
	if s.current(r) && !s.plan.loading {
		return nil
	}
	s.plan.stop()
	if s.of != requestKey(r) {
		s.plan.has, s.plan.value = false, nil
	}
	read := func(ctx context.Context) (*engine.RestorePlan, error) {
		p, err := c.desk.Work.Plan(ctx, r)
		if p == nil && err == nil {
			err = errors.New("no plan was made, and no reason was given")
		}
		return p, err
	}
	return s.plan.load(c, "what the restore would do", read, func() tea.Cmd {
		s.of = requestKey(r)
		return s.rename(c)
	})
}

// rename tells the names where the engine would choose others: on another cluster it keeps the originals
// unless it is told.
func (s *restoreReview) rename(c *console) tea.Cmd {
	var wrong bool
	for _, t := range s.plan.value.Topics {
		want := s.z.target.name(t.Source)
		if t.Target == want || s.names[t.Source] == want {
			continue
		}
		if s.names == nil {
			s.names = map[string]string{}
		}
		s.names[t.Source], wrong = want, true
	}
	if wrong {
		return s.make(c)
	}
	return nil
}

// blocked says why the restore cannot start. That a name has to be typed first is no reason.
func (s *restoreReview) blocked(c *console) string {
	switch {
	case s.plan.err != nil && !s.plan.loading:
		return "the plan could not be made"
	case !s.current(s.z.request()) || s.plan.loading:
		return "the plan is being made"
	case s.plan.value.Done:
		return "restore " + s.plan.value.RestoreID + " is complete already; another restore id makes another"
	}
	occupied := 0
	for _, t := range s.plan.value.Topics {
		if t.Occupied {
			occupied++
		}
	}
	if n := len(s.plan.value.Conflicts) - occupied; n > 0 {
		return units.Count(int64(n), "conflict") + " must be resolved first"
	}
	return ""
}

func (s *restoreReview) actions(c *console) []action {
	why := ""
	if !s.plan.has {
		why = "the plan is not made yet"
	}
	return []action{can(keys.DryRun, func() tea.Cmd { return c.push(newDryRun(s.plan.value)) }).unless(why)}
}

func (s *restoreReview) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *restoreReview) wheel(_ *console, n int) { s.text.move(n) }

func (s *restoreReview) draw(c *console, w, h int) body {
	if b, ok := s.plan.page(c, w, h); ok {
		return b
	}
	return body{lines: s.text.show(planLines(c, s.plan.value, w), h)}
}

func (s *restoreReview) state(c *console) (left, right line) {
	right = s.text.place()
	if l := s.plan.wait(c); l != nil {
		return l, right
	}
	if !s.plan.has {
		return nil, nil
	}
	if why := s.blocked(c); why != "" {
		return append(line{{" ", plain}}, c.theme.word(markBad, why)...), right
	}
	for _, t := range s.plan.value.Topics {
		if t.Occupied {
			return append(line{{" ", plain}}, c.theme.word(markFinding, "enter asks for the name of each topic that is in use")...), right
		}
	}
	return styled(dim, " nothing is written before enter"), right
}

// windowWords writes a window.
func windowWords(w archive.Window) string {
	switch {
	case w.All():
		return "all of it"
	case w.Start == nil:
		return "before " + rfc3339(int64(*w.End))
	case w.End == nil:
		return "from " + rfc3339(int64(*w.Start)) + " on"
	}
	return rfc3339(int64(*w.Start)) + " → " + rfc3339(int64(*w.End)) + ", the end excluded"
}

// targetWords are the target topics in few words: their common beginning, or the name of the only one.
func targetWords(p *engine.RestorePlan) string {
	if len(p.Topics) == 0 {
		return "nothing"
	}
	if len(p.Topics) == 1 {
		return p.Topics[0].Target
	}
	prefix, found := strings.CutSuffix(p.Topics[0].Target, p.Topics[0].Source)
	for _, t := range p.Topics {
		found = found && t.Target == prefix+t.Source
	}
	switch {
	case found && prefix == "":
		return "the original names"
	case found:
		return prefix + "*"
	}
	return units.Count(int64(len(p.Topics)), "topic") + " of other names"
}

// planText draws a plan, a labelled paragraph at a time.
type planText struct {
	w   int
	out []line
}

const planLabel = 12

// put adds a line under a label.
func (t *planText) put(label string, l line) {
	t.out = append(t.out, append(line{{"   " + pad(label, planLabel), dim}}, l...))
}

// say adds a text under a label, broken where it is too long.
func (t *planText) say(label string, s style, text string) {
	t.out = append(t.out, flow(line{{"   " + pad(label, planLabel), dim}}, span{}, s, text, t.w)...)
}

// planLines is a plan for people.
func planLines(c *console, p *engine.RestorePlan, w int) []line {
	t := &planText{w: w}
	for _, x := range atMost(p.Conflicts) {
		t.trouble(c, markBad, x)
	}
	for _, x := range atMost(p.Warnings) {
		t.trouble(c, markFinding, x)
	}
	if len(t.out) > 0 {
		t.out = append(t.out, nil)
	}
	t.say("From", plain, "run "+p.RunID+" of "+p.BackupID)
	t.say("Window", plain, windowWords(p.Window))
	read := units.Size(p.Bytes)
	if n := p.Segments(); n > 0 {
		read = units.Count(int64(n), "segment") + ", " + read
	}
	t.say("Read", plain, read)
	into := first(p.Target.Declared, c.desk.Work.Target, p.Target.Observed)
	t.put("Write", line{{into, bold}, {": " + units.Count(p.Records, "record") + " into " + units.Count(int64(len(p.Topics)), "topic"), plain}})
	t.topics(c, p.Topics)
	t.say("Restore id", plain, p.RestoreID+map[bool]string{true: ", which began and did not end: it goes on where it stopped"}[p.Resumes])
	t.keeps(p)
	t.held(p)
	t.groups(p)
	for i, n := range p.Notes {
		t.say(map[bool]string{true: "Notes"}[i == 0], plain, n)
	}
	return t.out
}

// trouble is a conflict or a warning.
func (t *planText) trouble(c *console, m mark, text string) {
	word := map[mark]string{markBad: "conflict", markFinding: "warning"}[m]
	head := line{{"   ", plain}, c.theme.glyph(m), {" " + pad(word, planLabel-2), markStyles[m]}}
	t.out = append(t.out, flow(head, span{}, markStyles[m]&^bold, text, t.w)...)
}

// topics lists the targets, each with what is there.
func (t *planText) topics(c *console, topics []engine.RestoreTopic) {
	name, wide := 0, 0
	for _, x := range topics {
		name, wide = max(name, width(x.Target)), max(wide, topicState(c, x).width())
	}
	name = max(12, min(name, t.w-planLabel-wide-6))
	for _, x := range topics {
		t.put("", append(line{{pad(middle(x.Target, name), name) + "  ", plain}}, topicState(c, x)...))
	}
}

// topicState says of a target whether it is new or exists.
func topicState(c *console, x engine.RestoreTopic) (l line) {
	switch parts := units.Count(int64(x.Partitions), "partition"); {
	case x.Adopted:
		l = l.add(plain, "made by an earlier attempt, empty, "+parts)
	case x.Occupied || x.Holds > 0:
		l = append(append(l, c.theme.glyph(map[bool]mark{true: markBad, false: markFinding}[x.Occupied])),
			span{" EXISTS, holds " + units.Count(x.Holds, "record") + ", adds " + units.Thousands(x.Records), markStyles[markFinding]})
	case x.Exists:
		l = append(append(l, c.theme.glyph(markFinding)), span{" EXISTS, empty, " + parts, warn})
	default:
		l = l.add(plain, "new, "+parts+", "+units.Count(x.Records, "record"))
	}
	return l
}

func (t *planText) keeps(p *engine.RestorePlan) {
	what := "key, value, headers, timestamp and partition of every record; offsets are new, and mapped in the receipt"
	if p.Repartition != "" {
		what = "key, value, headers and timestamp of every record; partitions are chosen anew by " + p.Repartition
	}
	if p.OffsetHeaders {
		what += "; headers are added that tell the original place"
	}
	t.say("Keeps", plain, what)
}

// held says which configs stand open until the restore is finished.
func (t *planText) held(p *engine.RestorePlan) {
	names := map[string]int{}
	for _, x := range p.Topics {
		for name := range x.HeldOpen {
			names[name]++
		}
	}
	if len(names) == 0 {
		return
	}
	t.say("Held open", plain, strings.Join(slices.Sorted(maps.Keys(names)), ", ")+": open on the new topics, so that no record is deleted, merged or restamped, until `restore finish` sets them as captured")
}

func (t *planText) groups(p *engine.RestorePlan) {
	if len(p.Groups) == 0 {
		t.say("Groups", plain, "no consumer group is touched")
		return
	}
	for i, g := range p.Groups {
		text := g.Source + " → " + g.Target + ": " + units.Count(int64(len(g.Offsets)), "offset")
		if g.Error != "" {
			text = g.Source + ": " + g.Error
		}
		t.say(map[bool]string{true: "Groups"}[i == 0], plain, text)
	}
}
