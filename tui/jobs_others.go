package tui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/tui/units"
)

// newHoldingsTable lists locks that other processes hold.
func newHoldingsTable(c *console) table[engine.Holding] {
	id := func(h engine.Holding) string { return h.BackupID + "/" + h.RestoreID }
	return newTable("lock", id, func(h engine.Holding) string { return id(h) + " " + h.Kind + " " + h.Who + " " + h.Host },
		column[engine.Holding]{title: "ARCHIVE", min: 14, flex: 2, sort: 'a', less: compare(id), cell: func(h engine.Holding) span { return span{holdingPlace(h), plain} }},
		column[engine.Holding]{title: "KIND", min: 8, drop: 1, cell: func(h engine.Holding) span { return span{unsaid(h.Kind), plain} }},
		column[engine.Holding]{title: "WHO", min: 16, flex: 1, sort: 'o', less: compare(holder), cell: func(h engine.Holding) span { return span{holder(h), plain} }},
		column[engine.Holding]{title: "PID", min: 7, right: true, drop: 4, cell: func(h engine.Holding) span { return span{pidText(h), plain} }},
		column[engine.Holding]{title: "SINCE", min: 16, drop: 3, sort: 's', less: compare(func(h engine.Holding) int64 { return h.Since.UnixNano() }),
			cell: func(h engine.Holding) span { return span{momentText(h.Since), plain} }},
		column[engine.Holding]{title: "DONE", min: 15, cell: holdingBar},
		column[engine.Holding]{title: "PARTITIONS", min: 10, right: true, drop: 5, cell: func(h engine.Holding) span {
			if h.RunID == "" || h.Partitions == 0 {
				return span{"—", dim}
			}
			return span{itoa(h.PartitionsDone) + " of " + itoa(h.Partitions), plain}
		}},
		column[engine.Holding]{title: "AS OF", min: 8, drop: 2, cell: func(h engine.Holding) span {
			if h.AsOf.IsZero() {
				return span{"—", dim}
			}
			return span{clockTime(h.AsOf), dim}
		}})
}

// unsaid is a holder's own word, or that it did not say.
func unsaid(s string) string { return first(s, "not said") }

// holder is who holds it, and where.
func holder(h engine.Holding) string {
	switch {
	case h.Who == "" && h.Host == "":
		return "not said"
	case h.Who == "":
		return h.Host
	case h.Host == "":
		return h.Who
	default:
		return h.Who + "@" + h.Host
	}
}

func pidText(h engine.Holding) string {
	if h.PID == 0 {
		return "—"
	}
	return strconv.Itoa(h.PID)
}

// holdingPlace is what is locked.
func holdingPlace(h engine.Holding) string {
	if h.RestoreID != "" {
		return h.BackupID + " › " + h.RestoreID
	}
	return h.BackupID
}

// holdingBar is how far the run is, by what the store has of it.
func holdingBar(h engine.Holding) span {
	if h.RunID == "" || h.Total <= 0 {
		return span{repeat("░", 10) + "    ?", dim}
	}
	return span{smallBar(min(100, 100*float64(h.Done)/float64(h.Total)), 10), plain}
}

// holdingScreen is all that is known of a lock of another process, and what cannot be known from here.
type holdingScreen struct {
	h    engine.Holding
	text scroller
}

func (s *holdingScreen) name(*console) string { return "lock of " + holdingPlace(s.h) }

// enter takes what was looked at last.
func (s *holdingScreen) enter(c *console) tea.Cmd { s.find(c); return nil }

func (s *holdingScreen) find(c *console) {
	for _, h := range c.data.holders.value {
		if h.BackupID == s.h.BackupID && h.RestoreID == s.h.RestoreID {
			s.h = h
		}
	}
}

func (s *holdingScreen) refresh(c *console) tea.Cmd {
	return c.loadHolders(true, func() tea.Cmd { s.find(c); return nil })
}

// gone says that the last look did not find it any more.
func (s *holdingScreen) gone(c *console) bool {
	for _, h := range c.data.holders.value {
		if h.BackupID == s.h.BackupID && h.RestoreID == s.h.RestoreID && h.Job == s.h.Job {
			return false
		}
	}
	return true
}

func (s *holdingScreen) actions(c *console) []action {
	return []action{can(keys.Cancel, func() tea.Cmd { return nil }).unless("only the process that holds it can stop the job")}
}

func (s *holdingScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *holdingScreen) wheel(_ *console, n int) { s.text.move(n) }

func (s *holdingScreen) copied(*console) (what, text string) {
	return "what is known of the lock", "archive " + s.h.BackupID + ", restore " + first(s.h.RestoreID, "none") + ", job " + unsaid(s.h.Job) +
		", " + holder(s.h) + ", pid " + pidText(s.h) + ", since " + momentText(s.h.Since) + " UTC"
}

func (s *holdingScreen) draw(c *console, w, h int) body {
	x := s.h
	out := []line{nil}
	field := func(name, value string) { out = append(out, named(name, 13, plain, value, w)...) }
	field("Archive", x.BackupID)
	if x.RestoreID != "" {
		field("Restore", x.RestoreID)
	}
	field("Kind", unsaid(x.Kind))
	field("Job", unsaid(x.Job))
	field("Held by", holder(x))
	field("Process", pidText(x))
	since := momentText(x.Since)
	if !x.Since.IsZero() {
		since += " UTC, " + units.Ago(x.Since, c.now())
	}
	field("Since", since)
	field("Ends", s.ends(c))
	out = append(out, nil)
	if x.RunID == "" {
		field("How far", "No run is under way under this lock, as far as the store tells.")
	} else {
		s.progress(c, field)
	}
	if x.Problem != "" {
		field("", "It could not be told how far: "+x.Problem)
	}
	out = append(out, nil)
	field("Not known", "How fast it is, what it has in memory, what it warned of and whether it is stuck cannot be seen from here. "+
		"Its sidecars show only what the store has taken. Ask the holder, or look on its machine.")
	return body{lines: s.text.show(out, h)}
}

// progress says how far the run is by its sidecars.
func (s *holdingScreen) progress(c *console, field func(name, value string)) {
	x := s.h
	field("Run", x.RunID)
	if x.Total > 0 {
		field("Offsets", holdingBar(x).text+"   "+units.Thousands(x.Done)+" of "+units.Thousands(x.Total))
	} else {
		field("Offsets", units.Thousands(x.Done)+"; how many there are in all is not known")
	}
	field("Partitions", itoa(x.PartitionsDone)+" of "+itoa(x.Partitions)+" done")
	if x.AsOf.IsZero() {
		field("As of", "no segment of it is stored yet")
		return
	}
	field("As of", stamp(x.AsOf)+" UTC, "+units.Ago(x.AsOf, c.now())+": then the newest segment was stored")
}

// ends says when the lock goes away by itself.
func (s *holdingScreen) ends(c *console) string {
	switch x := s.h; {
	case x.Expired:
		return "its lease ran out at " + stamp(x.Expires) + " UTC; it still keeps others out for a moment"
	case x.Expires.IsZero():
		return "with its process"
	default:
		return "its lease runs out at " + clockTime(x.Expires) + " UTC (" + units.Ago(x.Expires, c.now()) + "), unless it is renewed"
	}
}

func (s *holdingScreen) state(c *console) (left, right line) {
	if l := c.data.holders.wait(c); l != nil {
		return l, nil
	}
	if s.gone(c) {
		return append(line{{" ", plain}}, c.theme.word(markWait, "nobody holds this lock any more, as of "+clockTime(c.data.holders.asOf)+" UTC")...), nil
	}
	right = line{{"R", bold}, {" looks again", dim}}
	if n := s.text.hidden(); n > 0 {
		right = line{{"… " + units.Count(int64(n), "more line"), dim}}
	}
	return say(" as of " + clockTime(c.data.holders.asOf) + " UTC"), right
}
