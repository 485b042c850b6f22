package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// topicRow is a topic of the cluster, or one that only the newest run holds.
type topicRow struct {
	engine.TopicCoverage
	gone bool // the run holds it and the cluster does not
	mark mark
	word string // of its state
}

// topicsScreen lists the topics of the cluster and how far the newest run covers them.
type topicsScreen struct {
	listing[topicRow]
	sums topicSums
}

// topicSums are what the state line says of all topics.
type topicSums struct {
	topics, inScope, captured, gone int
	lag                             int64
	unknown                         bool // the lag of some is not known
}

func newTopicsScreen(c *console) *topicsScreen {
	s := &topicsScreen{listing: listing[topicRow]{preview: true}}
	s.table = newTable("topic", func(r topicRow) string { return r.Name }, func(r topicRow) string { return r.Name + " " + r.word },
		column[topicRow]{title: "TOPIC", named: true, min: 18, flex: 3, sort: 't', less: compare(func(r topicRow) string { return r.Name }), cell: func(r topicRow) span {
			if r.gone || !r.InScope {
				return span{r.Name, dim}
			}
			return span{r.Name, plain}
		}},
		column[topicRow]{title: "STATE", min: 16, sort: 's', less: compare(func(r topicRow) int { return -weight[r.mark] }), cell: func(r topicRow) span {
			g := c.theme.glyph(r.mark)
			return span{g.text + " " + r.word, g.style &^ bold}
		}},
		column[topicRow]{title: "PARTS", min: 5, right: true, drop: 2, sort: 'p', less: compare(func(r topicRow) int { return r.Partitions }), cell: func(r topicRow) span {
			if r.gone {
				return span{"—", dim}
			}
			return span{itoa(r.Partitions), plain}
		}},
		column[topicRow]{title: "OFFSETS", min: 8, right: true, drop: 3, sort: 'o', less: compare(func(r topicRow) int64 { return r.Offsets }), cell: func(r topicRow) span { return r.offsets(r.Offsets) }},
		column[topicRow]{title: "LAG", min: 8, right: true, sort: 'l', less: compare(func(r topicRow) int64 { return r.Lag }), cell: func(r topicRow) span { return r.offsets(r.Lag) }},
		column[topicRow]{title: "NEW", min: 4, right: true, drop: 1, sort: 'n', less: compare(func(r topicRow) int { return r.NewPartitions }), cell: func(r topicRow) span {
			if r.NewPartitions == 0 {
				return span{"—", dim}
			}
			return span{itoa(r.NewPartitions), warn}
		}})
	return s
}

// weight orders states by how much they want attention.
var weight = map[mark]int{markGap: 4, markFinding: 3, markOK: 2, markWait: 1}

// offsets writes a number of offsets; with a sign that it is not all where a partition could not be asked.
func (r topicRow) offsets(n int64) span {
	switch {
	case r.gone:
		return span{"—", dim}
	case r.Problem != "":
		return span{"≥ " + units.Thousands(n), warn}
	case !r.InScope:
		return span{units.Thousands(n), dim}
	}
	return span{units.Thousands(n), plain}
}

// stateOf says in a mark and a word how a topic is covered.
func stateOf(t engine.TopicCoverage) (mark, string) {
	switch {
	case !t.InScope:
		return markWait, "out of scope"
	case t.Recreated:
		return markFinding, "recreated"
	case !t.Captured:
		return markGap, "not captured"
	case t.Problem != "":
		return markFinding, "cannot be told"
	case t.NewPartitions > 0:
		return markFinding, "new partitions"
	case t.Lag > 0:
		return markFinding, "lag"
	}
	return markOK, "covered"
}

func (s *topicsScreen) name(*console) string { return "Topics" }

func (s *topicsScreen) enter(c *console) tea.Cmd {
	if c.data.topics.has { // somebody else may have read it
		s.fill(c)
	}
	if c.desk.Source == nil {
		return nil
	}
	return c.loadTopics(false, func() tea.Cmd { s.fill(c); return nil })
}

func (s *topicsScreen) refresh(c *console) tea.Cmd {
	if c.desk.Source == nil {
		c.note(badNews, errNoCluster.Error())
		return nil
	}
	return c.loadTopics(true, func() tea.Cmd { s.fill(c); return nil })
}

// fill makes the rows anew.
func (s *topicsScreen) fill(c *console) {
	v := c.data.topics.value
	rows := make([]topicRow, 0, len(v.Topics)+len(v.Gone))
	sums := topicSums{topics: len(v.Topics), gone: len(v.Gone)}
	for _, t := range v.Topics {
		r := topicRow{TopicCoverage: t}
		r.mark, r.word = stateOf(t)
		rows = append(rows, r)
		if !t.InScope {
			continue
		}
		sums.inScope++
		sums.lag += t.Lag
		sums.unknown = sums.unknown || t.Problem != ""
		if t.Captured {
			sums.captured++
		}
	}
	for _, name := range v.Gone {
		rows = append(rows, topicRow{TopicCoverage: engine.TopicCoverage{Name: name}, gone: true, mark: markWait, word: "gone"})
	}
	s.sums = sums
	s.table.set(rows)
	s.table.fitColumns(19, "PARTS", "OFFSETS", "LAG")
}

func (s *topicsScreen) actions(c *console) []action {
	nothing := ""
	if !c.data.topics.has || len(s.table.rows) == 0 {
		nothing = "there is nothing to show"
	}
	return []action{
		can(keys.Backup, func() tea.Cmd { return c.startBackupWizard(BackupRequest{BackupID: c.desk.BackupID}) }).named("back up now").unless(c.cannotWrite()),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden(),
		can(keys.Preview, s.togglePreview).unless(nothing),
	}
}

func (s *topicsScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(r topicRow) bool { return r.mark == markFinding || r.mark == markGap }, "every topic in scope is covered")
}

func (s *topicsScreen) copied(*console) (string, string) {
	r, _ := s.table.current()
	return "the topic's name", r.Name
}

// visitTopics opens the topics, with a filter if one is given.
func visitTopics(c *console, filter string) tea.Cmd {
	if s, ok := c.stacks[sectionTopics][0].(*topicsScreen); ok && filter != "" {
		s.table.filter.set(filter)
		s.table.arrange("")
		c.stacks[sectionTopics] = c.stacks[sectionTopics][:1]
	}
	return c.visit(sectionTopics)
}

func (s *topicsScreen) draw(c *console, w, h int) body {
	if c.desk.Source == nil && !c.data.topics.has {
		return body{lines: []line{nil, say(" No cluster was named, so there are no topics to compare with the archive."),
			say(" Start kustody with a configuration that has a source: kustody --config FILE"), nil,
			{{" 1", bold}, {" backups lists what the archive holds", dim}}}}
	}
	if b, ok := c.data.topics.page(c, w, h); ok {
		return b
	}
	if len(s.table.rows) == 0 {
		return body{lines: []line{nil, say(" " + first(c.desk.Cluster, "The cluster") + " has no topic.   "), {{" R", bold}, {" looks again", dim}}}}
	}
	return s.drawWith(c, w, h, 3, func(w, h int) []line { return s.aside(c, w, h) })
}

// aside tells of the topic under the cursor and what its state means.
func (s *topicsScreen) aside(c *console, w, h int) []line {
	r, has := s.table.current()
	if !has {
		return nil
	}
	v := c.data.topics.value
	means := append([]line{}, wrap(plain, means(r, v), w-2)...)
	for i, l := range means {
		means[i] = append(line{{" ", plain}}, l...)
	}
	if h < 8 {
		head := append(line{{" " + middle(r.Name, w/2) + "  ", bold}}, c.theme.word(r.mark, r.word)...)
		return append([]line{head}, means...)
	}
	out := []line{styled(bold, " "+middle(r.Name, w-2)), nil, markedField("State", c.theme.word(r.mark, r.word))}
	if !r.gone {
		out = append(out, field("Topic id", middle(id(r.ID), w-14)), field("Partitions", itoa(r.Partitions)),
			markedField("Offsets", line{r.offsets(r.Offsets)}), markedField("Lag", line{r.offsets(r.Lag)}))
		if r.Compacted {
			out = append(out, field("Policy", "compacted, as it was captured"))
		}
	}
	out = append(append(out, nil), means...)
	out = append(out, nil, styled(dim, " Cluster and run"), field("Cluster id", middle(v.ClusterID, w-14)), field("Newest run", first(middle(v.RunID, w-14), "none yet")))
	if !v.RunFinished.IsZero() {
		out = append(out, field("Finished", stamp(v.RunFinished)+" UTC"))
	}
	return out
}

// id is a topic's id, or that there is none.
func id(s string) string {
	if strings.Trim(s, "0") == "" {
		return "none: the brokers are too old"
	}
	return s
}

// means says in a sentence what a topic's state means.
func means(r topicRow, v *engine.Coverage) string {
	switch {
	case r.gone:
		return "The newest run holds it, and the cluster has no topic of this name any more. What was captured stays in the archive."
	case r.Internal && !r.InScope:
		return "An internal topic of Kafka, which a backup does not take."
	case !r.InScope:
		return "A backup does not take it: the configuration's topics leave it out."
	case v.RunID != "" && v.RunClusterID != v.ClusterID:
		return "The newest run was taken of another cluster (" + v.RunClusterID + "): nothing of this one is captured."
	case r.Recreated:
		return "It was deleted and made anew: the run holds the earlier incarnation, and nothing of this one. The next backup begins it."
	case !r.Captured:
		return "No run holds it yet. The next backup takes all of it."
	case r.Problem != "":
		return "Offsets are not known in full: " + r.Problem
	case r.NewPartitions > 0:
		return units.Count(int64(r.NewPartitions), "partition") + " came after the newest run. The next backup takes them whole."
	case r.Lag > 0:
		return units.Count(r.Lag, "offset") + " came after the newest run. The next backup takes them."
	}
	return "The newest run accounts for every offset that the cluster holds of it now."
}

func (s *topicsScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, s.more()
	}
	if l := c.data.topics.wait(c); l != nil {
		return l, nil
	}
	if !c.data.topics.has {
		return nil, nil
	}
	return styled(plain, " "+s.summary(c)), s.more()
}

// summary is all topics in a line.
func (s *topicsScreen) summary(c *console) string {
	v, n := c.data.topics.value, s.sums
	text := itoa(n.inScope) + " of " + units.Count(int64(n.topics), "topic") + " in scope"
	switch {
	case v.RunID == "":
		text += ", no finished run yet"
	case v.RunClusterID != v.ClusterID:
		text += ", the newest run is of another cluster"
	default:
		text += ", " + itoa(n.captured) + " captured, newest run " + units.Ago(v.RunFinished, c.now())
	}
	lag := units.Count(n.lag, "offset")
	if n.unknown {
		lag = "at least " + lag
	}
	text += ", lag " + lag
	if n.gone > 0 {
		text += ", " + itoa(n.gone) + " gone"
	}
	return text
}
