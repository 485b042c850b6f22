package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// command is what can be typed after a colon.
type command struct {
	name, args, says string
	run              func(c *console, args string) tea.Cmd
}

// commandBar is the line of a command being typed, with what fits below it.
type commandBar struct {
	field    input
	recalled int
	complain string
}

func (c *console) newCommandBar() *commandBar {
	return &commandBar{field: newInput(""), recalled: len(c.past)}
}

// commands are all there are. They are made when asked, since each belongs to the file of its screen.
func commands() []command {
	list := []command{
		{"backups", "", "archives and their runs", func(c *console, _ string) tea.Cmd { return c.visit(sectionBackups) }},
		{"jobs", "", "jobs of this console, and of others", func(c *console, _ string) tea.Cmd { return c.visit(sectionJobs) }},
		{"evidence", "[year]", "slots of the ledger", visitEvidence},
		{"topics", "[filter]", "topics of the cluster", visitTopics},
		{"messages", "", "everything that was said", func(c *console, _ string) tea.Cmd { return c.openMessages() }},
		{"help", "", "keys of this screen", func(c *console, _ string) tea.Cmd { c.help = c.newHelp(); return nil }},
		{"quit", "", "leave; asks while a job runs", func(c *console, _ string) tea.Cmd { return c.quit() }},
	}
	for _, more := range [][]command{backupCommands, jobCommands, evidenceCommands, wizardCommands} {
		list = append(list, more...)
	}
	slices.SortFunc(list, func(a, b command) int { return strings.Compare(a.name, b.name) })
	return list
}

// fitting are the commands that begin with what was typed.
func fitting(typed string) []command {
	name, _, _ := strings.Cut(typed, " ")
	return slices.DeleteFunc(commands(), func(x command) bool { return !strings.HasPrefix(x.name, name) })
}

// pressCommand edits, completes, recalls and runs.
func (c *console) pressCommand(k tea.KeyPressMsg) tea.Cmd {
	b := c.command
	b.complain = ""
	switch k.String() {
	case "esc":
		c.command = nil
	case "backspace":
		if b.field.value() == "" {
			c.command = nil
			return nil
		}
		b.field.press(k)
	case "tab":
		if list := fitting(b.field.value()); len(list) > 0 && !strings.Contains(b.field.value(), " ") {
			b.field.set(commonStart(list) + map[bool]string{true: " "}[len(list) == 1 && list[0].args != ""])
		}
	case "up", "down":
		b.recalled = max(0, min(b.recalled+map[string]int{"up": -1, "down": 1}[k.String()], len(c.past)))
		if b.recalled < len(c.past) {
			b.field.set(c.past[b.recalled])
		} else {
			b.field.set("")
		}
	case "enter":
		return c.obey(b)
	default:
		b.field.press(k)
	}
	return nil
}

// commonStart is as much of the names as all of them share.
func commonStart(list []command) string {
	start := list[0].name
	for _, x := range list[1:] {
		for !strings.HasPrefix(x.name, start) {
			start = start[:len(start)-1]
		}
	}
	return start
}

// staying are the commands that leave what is filled in where it is, or ask for themselves.
var staying = map[string]bool{"help": true, "messages": true, "quit": true, "backups": true, "jobs": true, "evidence": true, "topics": true, "cancel": true, "job": true}

// obey runs what was typed. An unknown command stays, with those that are near.
func (c *console) obey(b *commandBar) tea.Cmd {
	typed := strings.TrimSpace(b.field.value())
	if typed == "" {
		c.command = nil
		return nil
	}
	name, args, _ := strings.Cut(typed, " ")
	list := fitting(name)
	exact := slices.IndexFunc(list, func(x command) bool { return x.name == name })
	switch {
	case exact >= 0:
		list = list[exact : exact+1]
	case len(list) != 1:
		b.complain = "there is no command " + name + "; " + near(name)
		return nil
	}
	c.command = nil
	c.past = append(c.past, typed)
	if s, ok := c.screen().(stayer); ok && s.question() != "" && !staying[list[0].name] {
		c.dialog = confirm(s.question(), "leave it", keys.Yes, func() tea.Cmd { return tea.Batch(c.pop(), list[0].run(c, strings.TrimSpace(args))) })
		return nil
	}
	return list[0].run(c, strings.TrimSpace(args))
}

// near names the commands that share a beginning or a part with what was typed.
func near(name string) string {
	var names []string
	for _, x := range commands() {
		if strings.HasPrefix(x.name, name[:1]) || strings.Contains(x.name, name) {
			names = append(names, x.name)
		}
	}
	if len(names) == 0 {
		for _, x := range commands() {
			names = append(names, x.name)
		}
	}
	return "there are: " + strings.Join(names, ", ")
}

// over draws the bar on the last lines of the screen.
func (b *commandBar) over(c *console, lines []line) ([]line, *point) {
	out := append([]line{}, lines...)
	l, at := b.field.draw(c.w-3, true)
	out[c.h-1] = append(line{{" :", bold}}, l...)
	if b.complain != "" {
		out[c.h-2] = line{{" " + b.complain, bad}}
		return out, &point{2 + at, c.h - 1}
	}
	var hints line
	for _, x := range fitting(b.field.value()) {
		hints = append(hints, span{"  " + x.name, bold}, span{strings.TrimRight(" "+x.args, " "), dim})
	}
	if list := fitting(b.field.value()); len(list) == 1 {
		hints = append(hints, span{"  " + list[0].says, dim})
	}
	out[c.h-2] = hints
	return out, &point{2 + at, c.h - 1}
}
