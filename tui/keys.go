package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// bind makes a binding: the keys, how they are written for people, and what they do.
func bind(help, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, does))
}

// keys are all bindings of the console. Every one works in plain tmux: none needs a terminal that tells
// more about keys than the old ones did.
var keys = struct {
	// everywhere
	Backups, Jobs, Evidence, Topics   key.Binding
	Help, Command, Back, Quit, Redraw key.Binding
	Refresh, Copy, Mouse, Messages    key.Binding
	// in tables and texts
	Up, Down, PageUp, PageDown, HalfUp, HalfDown, Top, Bottom key.Binding
	Filter, Sort, Mark, MarkAll, Preview                      key.Binding
	// verbs
	Open, Backup, Restore, Validate, Archive, Verify, VerifyAll, Cancel, Freeze, Log, Start, DryRun key.Binding
	Next, Previous, NextProblem, PreviousProblem, Pane, Ledger, Zone, Around                        key.Binding
	Offset, Moment, Show, Wide, Report, Deep                                                        key.Binding
	// in forms
	NextField, PreviousField, Clear, MinuteUp, MinuteDown, HourUp, HourDown, Left, Right, Yes, Nearest key.Binding
}{
	Backups: bind("1", "backups", "1"), Jobs: bind("2", "jobs", "2"), Evidence: bind("3", "evidence", "3"), Topics: bind("4", "topics", "4"),
	Help: bind("?", "help", "?"), Command: bind(":", "command", ":"), Back: bind("esc", "back", "esc"), Quit: bind("q", "quit", "q"),
	Redraw: bind("ctrl+l", "draw anew", "ctrl+l"), Refresh: bind("R", "look again", "R"), Copy: bind("y", "copy", "y"),
	Mouse: bind("m", "mouse on or off", "m"), Messages: bind("M", "messages", "M"),

	Up: bind("↑/k", "up", "up", "k"), Down: bind("↓/j", "down", "down", "j"), PageUp: bind("pgup", "page up", "pgup", "ctrl+b"),
	PageDown: bind("pgdn", "page down", "pgdown", "ctrl+f"), HalfUp: bind("ctrl+u", "half a page up", "ctrl+u"),
	HalfDown: bind("ctrl+d", "half a page down", "ctrl+d"), Top: bind("g", "first", "g", "home"), Bottom: bind("G", "last", "G", "end"),
	Filter: bind("/", "filter", "/"), Sort: bind("s", "sort", "s"), Mark: bind("space", "mark", "space"), MarkAll: bind("ctrl+a", "mark all shown", "ctrl+a"),
	Preview: bind("p", "preview", "p"),

	Open: bind("enter", "open", "enter"), Backup: bind("b", "back up", "b"), Restore: bind("r", "restore", "r"), Validate: bind("v", "validate", "v"),
	Archive: bind("a", "check archive", "a"), Verify: bind("v", "verify", "v"), VerifyAll: bind("V", "verify all", "V"), Cancel: bind("c", "cancel…", "c"),
	Freeze: bind("f", "freeze", "f"), Log: bind("l", "log", "l"), Start: bind("enter", "start", "enter"), DryRun: bind("d", "dry run", "d"),
	Around: bind("[ ]", "before and after", "["), // for the footer; ] is an action of its own
	Next:   bind("]", "next", "]"), Previous: bind("[", "previous", "["), NextProblem: bind("n", "next problem", "n"),
	PreviousProblem: bind("N", "previous problem", "N"), Pane: bind("tab", "pane", "tab"), Ledger: bind("L", "ledger", "L"), Zone: bind("ctrl+z", "zone", "ctrl+z"),
	Offset: bind("o", "go to offset", "o"), Moment: bind("t", "go to time", "t"), Show: bind("x", "text, JSON, hex", "x"), Wide: bind("w", "wrap", "w"),
	Report: bind("o", "open the report", "o"), Deep: bind("d", "other level", "d"),

	NextField: bind("tab", "next field", "tab"), PreviousField: bind("shift+tab", "step back", "shift+tab"), Clear: bind("ctrl+u", "clear", "ctrl+u"),
	MinuteUp: bind("alt+↑", "a minute later", "alt+up"), MinuteDown: bind("alt+↓", "a minute earlier", "alt+down"),
	HourUp: bind("alt+pgup", "an hour later", "alt+pgup"), HourDown: bind("alt+pgdn", "an hour earlier", "alt+pgdown"),
	Left: bind("←", "left", "left"), Right: bind("→", "right", "right"), Yes: bind("y", "yes", "y"),
	Nearest: bind("ctrl+n", "take the nearest backup", "ctrl+n"),
}

// action is something that can be done on a screen: a key, what it does, and why it cannot be done now.
type action struct {
	key   key.Binding
	name  string         // in place of the binding's own words; "" keeps them
	run   func() tea.Cmd //
	off   string         // why it cannot be done here; "" when it can
	quiet bool           // not in the footer, only in help
}

func (a action) words() string {
	if a.name != "" {
		return a.name
	}
	return a.key.Help().Desc
}

// can makes an action.
func can(k key.Binding, run func() tea.Cmd) action { return action{key: k, run: run} }

// named is an action with words of its own.
func (a action) named(words string) action { a.name = words; return a }

// showing is an action whose keys are written in another way, where one entry stands for several.
func (a action) showing(keys string) action { a.key.SetHelp(keys, a.key.Help().Desc); return a }

// unless is an action that cannot be done for a reason; "" leaves it as it is.
func (a action) unless(why string) action {
	if why != "" {
		a.off = why
	}
	return a
}

// hidden is an action that only help lists.
func (a action) hidden() action { a.quiet = true; return a }

// writes says that a key of the action is text where text is typed.
func (a action) writes() bool {
	return slices.ContainsFunc(a.key.Keys(), func(k string) bool { return k == "space" || len([]rune(k)) == 1 })
}

// footer is the line of keys, as many as there is room for. The last one is always help, where it is given.
func footer(actions []action, help line, w int) line {
	var l line
	l = l.add(plain, " ")
	for _, a := range actions {
		if a.quiet {
			continue
		}
		part := footerPart(a)
		if l.width()+part.width()+2+help.width() > w {
			continue // a shorter one may fit
		}
		l = append(append(l, part...), span{"  ", plain})
	}
	return append(l, help...)
}

func footerPart(a action) line {
	if a.off != "" {
		return line{{a.key.Help().Key + " " + a.words(), dim}}
	}
	return line{{a.key.Help().Key, bold}, {" " + a.words(), dim}}
}

// do runs an action, or says why it cannot be done.
func (c *console) do(a action) tea.Cmd {
	if a.off != "" {
		return c.notHere(a.words(), a.off)
	}
	return a.run()
}

// notHere says why something cannot be done here.
func (c *console) notHere(what, why string) tea.Cmd {
	c.note(badNews, what+": not here: "+why)
	return nil
}

// cannotWrite says why nothing that writes can be started; "" when it can.
func (c *console) cannotWrite() string {
	if c.quitting {
		return quitsSoon
	}
	if c.desk.Work == nil {
		return first(c.desk.ReadOnly, "there is nothing to write with")
	}
	return ""
}
