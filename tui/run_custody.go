package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/evidence"
	"kustody/tui/units"
)

// signed says what is known of the signatures of a run's documents.
func (o *openedRun) signed(c *console) line {
	if o.Signature == evidence.SignatureValid {
		return c.theme.word(markOK, "valid, by the trusted key")
	}
	return c.theme.word(markAbout, "not checked: no key is trusted")
}

// good is the mark of what the manifest says of itself: without a trusted key it could say anything.
func (o *openedRun) good() mark {
	if o.Signature == evidence.SignatureValid {
		return markOK
	}
	return markAbout
}

// aside is the preview of a run: its chain of custody, and the topic under the cursor.
func (s *runScreen) aside(c *console, w, h int) []line {
	o := s.run.opened.value
	if !c.wide() {
		return s.below(c, o, w, h)
	}
	before := "none: the first"
	if o.Previous != nil {
		before = o.Previous.RunID
	}
	out := []line{
		styled(bold, " "+o.RunID),
		field("Archive", o.BackupID),
		field("Taken", stamp(o.StartedAt)+" – "+o.CreatedAt.UTC().Format("15:04")+" UTC"),
		field("Cluster", o.SourceCluster),
		field("Cluster id", middle(o.SourceClusterID, w-14)),
		field("Tool", o.Tool.Name+" "+o.Tool.Version),
		field("Manifest", middle(o.Checksum, w-14)),
		markedField("Signature", o.signed(c)),
		field("Begins at", middle(before, w-14)),
	}
	out = append(out, s.trouble(c, o, w)...)
	out = append(out, nil)
	out = append(out, o.times.draw(w-2)...)
	if t, has := s.table.current(); has {
		out = append(out, nil, styled(bold, " "+short(t.Name, w-2)), field("Topic id", middle(t.ID, w-14)), field("Begins with", middle(t.FirstRun, w-14)))
		out = append(out, t.facts(c, w)...)
	}
	return out
}

// facts are what else a preview says of a topic.
func (t runTopic) facts(c *console, w int) []line {
	var out []line
	if t.timed {
		out = append(out, field("Records", minute(t.first)+" –"), field("", minute(t.last)+" UTC"))
		if !t.exact {
			out = append(out, styled(dim, "             (bounds: not read one by one)"))
		}
	}
	if len(t.Gaps) > 0 {
		text := units.Count(int64(len(t.Gaps)), "gap") + ", " + units.Count(t.lost, "offset") + ": " + t.Gaps[0].Reason
		out = append(out, hung(c.theme.glyph(markFinding).text, warn, text, w)...)
	}
	return out
}

// trouble are findings, notes and restores in few lines.
func (s *runScreen) trouble(c *console, o *openedRun, w int) []line {
	var out []line
	switch n := len(o.Findings); n {
	case 0:
		out = append(out, markedField("Findings", c.theme.word(o.good(), "none in this run")))
	default:
		out = append(out, markedField("Findings", c.theme.word(markFinding, itoa(n)+", tab shows all")))
		for _, l := range wrap(warn, o.Findings[0], w-4)[:1] {
			out = append(out, append(line{{"   ", plain}}, l...))
		}
	}
	if len(o.Notes) > 0 {
		out = append(out, field("Notes", itoa(len(o.Notes))+", tab shows all"))
	}
	restores := "none made of this archive"
	if n := len(o.Restores); n > 0 {
		last := o.Restores[n-1]
		restores = itoa(n) + ", last " + stamp(last.StartedAt)
	}
	return append(out, field("Restores", restores))
}

// below is the preview in few lines, the weightiest first.
func (s *runScreen) below(c *console, o *openedRun, w, h int) []line {
	topic := line{}
	if t, has := s.table.current(); has {
		topic = line{{" " + middle(t.Name, w/3), bold}, {"  id " + middle(t.ID, 13) + "  begins with " + t.FirstRun, plain}}
	}
	findings := c.theme.word(o.good(), "no finding")
	if n := len(o.Findings); n > 0 {
		findings = c.theme.word(markFinding, units.Count(int64(n), "finding"))
	}
	before := "the first run"
	if o.Previous != nil {
		before = "after " + o.Previous.RunID
	}
	out := []line{topic,
		append(line{{" Manifest " + middle(o.Checksum, 24) + "  Signature ", plain}}, o.signed(c)...),
		append(append(line{{" ", plain}}, findings...), span{" · " + units.Count(int64(len(o.Notes)), "note") + " · " + units.Count(int64(len(o.Restores)), "restore") + " · " + before, plain}),
		say(" " + o.SourceCluster + " (" + middle(o.SourceClusterID, 24) + ") · " + o.Tool.Name + " " + o.Tool.Version),
	}
	if h >= len(out)+2 {
		out = append(out, o.times.draw(w - 2)[:2]...)
	}
	return out[:min(len(out), h)]
}

// custody is the whole chain of custody of a run, for reading and for copying: nothing is cut short.
func (o *openedRun) custody(c *console, w int) []line {
	var out []line
	add := func(name, value string) { out = append(out, named(name, 16, plain, value, w)...) }
	head := func(title string) { out = append(out, nil, styled(bold, " "+title)) }
	out = append(out, styled(bold, " Run "+o.RunID))
	add("Archive", o.BackupID)
	add("Location", o.StorageLocation)
	add("Started", stampSeconds(o.StartedAt)+" UTC")
	add("Finished", stampSeconds(o.CreatedAt)+" UTC")
	add("By", o.CreatedBy)
	add("Cluster", o.SourceCluster)
	add("Cluster id", o.SourceClusterID)
	add("Tool", strings.TrimSpace(o.Tool.Name+" "+o.Tool.Version+" "+o.Tool.Commit))
	add("Configuration", first(o.ConfigSHA256, "not recorded"))
	add("Manifest", o.Checksum)
	out = append(out, append(line{{" " + pad("Signature", 16) + " ", dim}}, o.signed(c)...))
	add("Compression", o.Compression)
	add("Inspected", o.Inspect)
	add("Topic ids", o.Generation)
	add("Consumer groups", itoa(o.Groups))
	add("Encryption", o.Encryption)
	add("Retention", o.RetentionPolicy)
	head("Chain, the oldest first: " + units.Count(int64(len(o.Runs)), "run"))
	for _, r := range o.Runs {
		add(stamp(r.CreatedAt), r.RunID+"  sha256:"+r.ManifestSHA256)
	}
	for _, list := range []struct {
		title string
		texts []string
	}{{"Findings", o.Findings}, {"Notes", o.Notes}, {"Topics that were missing", o.Missing}, {"Topics that vanished", o.Vanished}} {
		head(list.title)
		if len(list.texts) == 0 {
			add("", "none")
		}
		for _, x := range atMost(list.texts) {
			add("", x)
		}
	}
	return append(out, o.restored(w)...)
}

// restored lists the restores of the archive.
func (o *openedRun) restored(w int) []line {
	out := []line{nil, styled(bold, " Restores of this archive")}
	if len(o.Restores) == 0 {
		out = append(out, say("                  none"))
	}
	for _, r := range o.Restores {
		text := r.RestoreID + " of run " + r.RunID + " into " + r.TargetCluster + ": " + units.Count(r.Records, "record") + ", receipt sha256:" + r.ReceiptSHA256
		out = append(out, named(stamp(r.StartedAt), 16, plain, text, w)...)
	}
	return out
}

// custodyScreen shows the chain of custody in full.
type custodyScreen struct {
	run  *runSource
	text scroller
}

func newCustodyScreen(run *runSource) *custodyScreen { return &custodyScreen{run: run} }

func (s *custodyScreen) name(*console) string     { return "custody" }
func (s *custodyScreen) enter(c *console) tea.Cmd { return nil }
func (s *custodyScreen) actions(c *console) []action {
	return []action{can(keys.Copy, func() tea.Cmd { return s.copy(c) }).named("copy all of it")}
}

func (s *custodyScreen) press(_ *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *custodyScreen) wheel(_ *console, n int) { s.text.move(n) }

func (s *custodyScreen) draw(c *console, w, h int) body {
	return body{lines: s.text.show(s.run.opened.value.custody(c, w), h)}
}

func (s *custodyScreen) state(*console) (left, right line) { return s.text.place(), nil }

// copy copies all of it, without the line breaks of the screen.
func (s *custodyScreen) copy(c *console) tea.Cmd {
	var lines []string
	for _, l := range s.run.opened.value.custody(c, 4000) {
		lines = append(lines, strings.TrimRight(l.text(), " "))
	}
	c.note(noNews, "copied the chain of custody, "+units.Count(int64(len(lines)), "line"))
	return tea.SetClipboard(strings.Join(lines, "\n") + "\n")
}
