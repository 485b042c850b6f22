package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui/units"
)

// checkScreen is the review of a check of an archive: how deep it looks. It only reads, so that it can be
// started in a read-only console too.
type checkScreen struct {
	backup, run string
	deep        bool
	store       loader[engine.QueryOptions]
}

// startArchiveCheck asks how deep an archive, or one run and what it rests on, is to be checked.
func (c *console) startArchiveCheck(backup, run string) tea.Cmd {
	backup = first(backup, c.desk.BackupID)
	switch {
	case c.desk.Archive == nil:
		return c.failed("check archive", errNoArchive)
	case c.quitting:
		return c.notHere("check archive", quitsSoon)
	case backup == "":
		c.note(badNews, "check archive: which one? Name it: :check ARCHIVE")
		return nil
	}
	return c.push(&checkScreen{backup: backup, run: run})
}

func (s *checkScreen) name(*console) string { return "check " + s.place() }

func (s *checkScreen) place() string {
	if s.run != "" {
		return s.backup + " › " + s.run
	}
	return s.backup
}

func (s *checkScreen) enter(c *console) tea.Cmd {
	return fetch(c, &s.store, false, "the archive in "+c.desk.Location, c.desk.Archive, nil)
}

func (s *checkScreen) refresh(c *console) tea.Cmd {
	return fetch(c, &s.store, true, "the archive in "+c.desk.Location, c.desk.Archive, nil)
}

func (s *checkScreen) actions(c *console) []action {
	off, unread := "", ""
	if !s.store.has {
		unread = "the archive has not been opened"
	}
	switch {
	case unread != "":
		off = unread
	case c.quitting:
		off = quitsSoon
	}
	return []action{
		can(keys.Start, func() tea.Cmd { return s.start(c) }).unless(off),
		can(keys.Deep, func() tea.Cmd { s.deep = !s.deep; return nil }).named("other level").unless(unread),
	}
}

// start begins the job and shows it in the review's place.
func (s *checkScreen) start(c *console) tea.Cmd {
	q := s.store.value
	work := engine.Validate(c.ctx, engine.ValidateOptions{Env: engine.Env{Clock: c.desk.Now}, Store: q.Store,
		Keys: archive.Keys{Trusted: q.Trusted}, BackupID: s.backup, RunID: s.run, Deep: s.deep})
	title := "check " + s.place()
	if s.deep {
		title += ", every segment"
	}
	j := &job{work: work, title: title, batch: s.batch(c), again: "check it again: it only reads, and begins at the beginning"}
	return tea.Batch(c.begin(j), c.replace(newJobScreen(c, j)))
}

// batch is the same as a --batch line.
func (s *checkScreen) batch(c *console) string {
	a := arguments{"validate"}
	configured := strings.Contains(c.desk.Command, "--config")
	if !configured && !strings.Contains(c.desk.Command, "--path") {
		a.text("--path", c.desk.Location)
	}
	a.text("--backup-id", s.backup)
	a.text("--run", s.run)
	a.on("--deep", s.deep)
	if k := s.store.value.Trusted; k != nil && !configured && !strings.Contains(c.desk.Command, "--public-key") {
		a.text("--public-key", k.File())
	}
	return batchLine(c.desk, a)
}

func (s *checkScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(k, keys.Up):
		s.deep = false
	case key.Matches(k, keys.Down):
		s.deep = true
	default:
		return nil, false
	}
	return nil, true
}

func (s *checkScreen) copied(c *console) (what, text string) {
	if !s.store.has {
		return "", ""
	}
	return "the --batch line", s.batch(c)
}

func (s *checkScreen) draw(c *console, w, h int) body {
	if b, ok := s.store.page(c, w, h); ok {
		return b
	}
	low := h < 16 // only what is chosen is explained
	var out []line
	if !low {
		out = []line{nil, styled(bold, " How deep shall it look?"), nil}
	}
	out = append(out, s.level(w, low, !s.deep, "Sizes and sidecars", "Every plan, manifest, sidecar and receipt is verified; of each segment that it is there, in its size.")...)
	of := ""
	if segments, bytes := s.size(c); segments > 0 {
		of = " That is " + units.Count(segments, "segment") + " of " + units.Size(bytes) + " in all."
	}
	out = append(out, s.level(w, low, s.deep, "Deep", "Every segment as well is read, hashed and decoded to its last record."+of)...)
	out = append(out, nil)
	field := func(name, value string, st style) { out = append(out, named(name, 11, st, value, w)...) }
	what := "every run"
	if s.run != "" {
		what = "run " + s.run + ", and the runs it rests on"
	}
	field("Archive", s.backup+" in "+c.desk.Location, plain)
	field("Checked", what, plain)
	if s.store.value.Trusted == nil {
		field("Signatures", "not checked: no public key is trusted here (--public-key)", warn)
	} else {
		field("Signatures", "checked with the trusted key", plain)
	}
	field("Changes", "nothing: it only reads, and may run beside any job", plain)
	return body{lines: out}
}

// level is one choice.
func (s *checkScreen) level(w int, low, chosen bool, name, text string) []line {
	head, st := " ○ ", plain
	if chosen {
		head, st = " ● ", accent
	}
	out := []line{{{head, st | bold}, {name, st | bold}}}
	if low && !chosen {
		return out
	}
	for _, l := range wrap(plain, text, max(10, w-6)) {
		out = append(out, append(line{{"   ", plain}}, l...))
	}
	return out
}

// size is how much there is to read, by the list of backups; nothing when it was not read.
func (s *checkScreen) size(c *console) (segments, bytes int64) {
	list := c.data.backups.value
	if list == nil {
		return 0, 0
	}
	wanted := s.run
	for i := len(list.Backups) - 1; i >= 0; i-- { // the newest first, as chains lead back
		b := list.Backups[i]
		if b.BackupID != s.backup || s.run != "" && b.RunID != wanted {
			continue
		}
		segments += int64(b.Statistics.Segments)
		bytes += b.Statistics.Bytes
		if s.run != "" {
			wanted = b.Previous
			if wanted == "" {
				break
			}
		}
	}
	return segments, bytes
}

func (s *checkScreen) state(c *console) (left, right line) {
	if l := s.store.wait(c); l != nil {
		return l, nil
	}
	return styled(dim, " ↑↓ chooses the level"), nil
}
