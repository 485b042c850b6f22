package tui

import (
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"kustody/engine/archive"
	"kustody/tui/units"
)

// newRestoreID makes the name of a restore. It is made when the wizard opens, so that what is shown, what
// is started and what the batch line says are one.
var newRestoreID = archive.NewRestoreID

// The ways to name target topics.
const (
	namesNew = iota
	namesOriginal
	namesPrefix
	namesGiven // as the request that the wizard began with maps them
)

// targetStep chooses where records go, and under which names.
type targetStep struct {
	form   form
	topics *topicsStep
	given  map[string]string

	names, prefix, id, groups, limit *formField
}

func newTargetStep(t *topicsStep, r RestoreRequest) *targetStep {
	s := &targetStep{topics: t, given: r.Mapping}
	text := func(label, value, hint string) *formField {
		in := newInput(hint)
		in.set(value)
		return &formField{label: label, text: &in}
	}
	s.names = &formField{label: "Names", items: []formItem{{"new topics", ""}, {"the original names", ""}, {"a prefix of your own", ""}}}
	if len(r.Mapping) > 0 {
		s.names.items = append(s.names.items, formItem{"as they were given", mappingWords(r.Mapping)})
		s.names.at = namesGiven
	}
	s.prefix = text("Prefix", "", "such as copy-")
	s.prefix.absent = func() bool { return s.names.at != namesPrefix }
	s.prefix.problem = func() string {
		if s.prefix.value() == "" {
			return "write what the new names begin with"
		}
		return ""
	}
	s.id = text("Restore id", r.RestoreID, "")
	s.id.problem = func() string {
		if err := archive.ValidID(s.id.value()); err != nil {
			return err.Error()
		}
		return ""
	}
	s.id.note = func() string { return "the same id goes on with a restore that was cancelled or died" }
	s.groups = &formField{label: "Consumer groups", items: []formItem{{"no", "offsets are not translated"}, {"yes", "offsets of captured groups are translated and set"}}}
	if r.Groups {
		s.groups.at = 1
	}
	s.limit = limitField(r.MaxBytesPerSecond)
	s.form.fields = []*formField{s.names, s.prefix, s.id, s.groups, s.limit}
	return s
}

// limitField is the bound on bytes in a second.
func limitField(n int64) *formField {
	in := newInput("none but the configured one")
	if n > 0 {
		in.set(plainNumber(n))
	}
	f := &formField{label: "Limit per second", text: &in}
	f.problem = func() string {
		if _, err := sizeOf(f.value()); err != nil {
			return err.Error()
		}
		return ""
	}
	f.note = func() string {
		if n, _ := sizeOf(f.value()); n > 0 {
			return "= " + units.Size(n) + " in a second"
		}
		return ""
	}
	return f
}

func (f *formField) size() int64 { n, _ := sizeOf(f.value()); return n }

// mappingWords is the first pair of a mapping, and how many more there are.
func mappingWords(m map[string]string) string {
	sources := slices.Sorted(maps.Keys(m))
	if len(sources) == 0 {
		return ""
	}
	text := sources[0] + " → " + m[sources[0]]
	if more := len(sources) - 1; more > 0 {
		text += " and " + itoa(more) + " more"
	}
	return text
}

func (s *targetStep) title(*console) string { return "Target" }
func (s *targetStep) typing() bool          { return false }
func (s *targetStep) field() bool           { return s.form.typing() }

func (s *targetStep) enter(*console) tea.Cmd {
	s.describe()
	return nil
}

// name is the target name of a topic under the present choice.
func (s *targetStep) name(source string) string {
	switch s.names.at {
	case namesOriginal:
		return source
	case namesPrefix:
		return s.prefix.value() + source
	case namesGiven:
		if to, ok := s.given[source]; ok {
			return to
		}
	}
	return "restore-" + s.id.value() + "." + source
}

// mapping are the names that have to be said: those that the restore would not choose by itself.
func (s *targetStep) mapping() map[string]string {
	if s.names.at == namesNew {
		return nil
	}
	out := map[string]string{}
	for _, source := range s.topics.chosen() {
		if _, given := s.given[source]; s.names.at != namesGiven || given {
			out[source] = s.name(source)
		}
	}
	return out
}

// describe shows what each choice makes of the first topic.
func (s *targetStep) describe() {
	topic := "TOPIC"
	if chosen := s.topics.chosen(); len(chosen) > 0 {
		topic = chosen[0]
	}
	s.names.items[namesNew].says = "restore-" + s.id.value() + "." + topic
	s.names.items[namesOriginal].says = topic + ": where it exists, records are added to it"
	s.names.items[namesPrefix].says = first(s.prefix.value(), ellipsis) + topic
}

func (s *targetStep) blocked(*console) string   { return s.form.blocked() }
func (s *targetStep) actions(*console) []action { return s.form.actions() }
func (s *targetStep) paste(_ *console, text string) tea.Cmd {
	s.form.paste(text)
	return nil
}

func (s *targetStep) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.form.press(k)
}

func (s *targetStep) draw(c *console, w, h int) body {
	s.describe()
	out := []line{targetLine(c)}
	if h >= 12 {
		out = append(out, nil)
	}
	fields, cursor := s.form.draw(c, w, h-len(out))
	if cursor != nil {
		cursor.y += len(out)
	}
	return body{lines: append(out, fields...), cursor: cursor}
}

// targetLine says which cluster is written to.
func targetLine(c *console) line {
	l := line{{"   ", plain}, {pad("Cluster", formLabel), dim}}
	if c.desk.Work == nil || c.desk.Work.Target == "" {
		return l.add(plain, "the configured target")
	}
	l = l.add(bold, c.desk.Work.Target)
	if c.desk.Work.Production {
		l = l.add(plain, "  ").add(warn|bold, "production").add(dim, "   its name is asked for before anything is written")
	}
	return l
}

func (s *targetStep) state(*console) (left, right line) {
	return styled(dim, " another cluster is chosen in the configuration: [target]"), nil
}
