package tui

import (
	"fmt"
	"math"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// View draws everything.
func (c *console) View() tea.View {
	f, cursor := c.picture()
	v := tea.NewView(f.content())
	v.AltScreen = true
	v.WindowTitle = "kustody"
	if c.desk.Cluster != "" {
		v.WindowTitle = "kustody " + clean(c.desk.Cluster)
	}
	if c.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.ProgressBar = c.terminalBar()
	if cursor != nil {
		v.Cursor = tea.NewCursor(cursor.x, cursor.y)
		v.Cursor.Shape = tea.CursorBar
	}
	return v
}

// picture is the present frame, and where the cursor stands.
func (c *console) picture() (Frame, *point) {
	if c.tooSmall() {
		text := fmt.Sprintf("80×24 needed, this is %d×%d", c.w, c.h)
		way := styled(dim, "ctrl+c quits")
		if c.dialog != nil {
			way = styled(warn, "a question waits")
		}
		return newFrame(c.w, c.h, c.theme, []line{say(text), way}), nil
	}
	b := c.screen().draw(c, c.w, c.h-chrome)
	bar := b.bar
	if bar == 0 {
		bar = -1
	}
	top, bottom := bar, bar
	if b.barBelow {
		top = -1
	}
	if b.barAbove {
		bottom = -1
	}
	lines := []line{c.header(), c.second(), rule(c.w, top, -1)}
	for i := range c.h - chrome {
		if i < len(b.lines) {
			lines = append(lines, b.lines[i])
		} else if bottom > 0 {
			lines = append(lines, line{{repeat(" ", bar), plain}, {"│", dim}})
		} else {
			lines = append(lines, nil)
		}
	}
	lines = append(lines, rule(c.w, -1, bottom), c.stateLine(), c.keyLine())
	cursor := b.cursor
	if cursor != nil {
		cursor = &point{cursor.x, cursor.y + 3}
	}
	switch {
	case c.dialog != nil:
		lines, cursor = c.dialogOver(lines)
	case c.help != nil:
		box := c.help.box(c, c.w, c.h)
		lines, cursor = over(lines, box, (c.w-box[0].width())/2, max(0, (c.h-len(box))/2), c.w), nil
	case c.command != nil:
		lines, cursor = c.command.over(c, lines)
	}
	if _, verbatim := c.screen().(verbatim); !verbatim || c.dialog != nil {
		lines = unfeigned(lines)
	}
	return newFrame(c.w, c.h, c.theme, lines), cursor
}

func (c *console) dialogOver(lines []line) ([]line, *point) {
	box, at := c.dialog.box(c.w, c.h)
	x, y := (c.w-box[0].width())/2, max(0, (c.h-len(box))/2)
	if at != nil {
		at = &point{x + at.x, y + at.y}
	}
	return over(lines, box, x, y, c.w), at
}

// header is the first line: which cluster, which store, what runs, what time it is.
func (c *console) header() line {
	left := line{{" kustody", bold}}
	if c.desk.Cluster != "" {
		left = left.add(plain, "  ").add(accent|bold, clean(c.desk.Cluster)+" ●")
		if c.desk.Production {
			left = left.add(plain, " ").add(warn|bold, "production")
		}
	}
	var right line
	running := c.runningJobs()
	switch len(running) {
	case 0:
		right = line{{"no job running", dim}}
		if !c.wide() {
			right = line{{"no job", dim}}
		}
	default:
		right = line{{fmt.Sprintf("%d job", len(running)), accent}}
		if len(running) > 1 {
			right = line{{fmt.Sprintf("%d jobs", len(running)), accent}}
		}
		if c.wide() {
			right = right.add(accent, " running  "+running[0].Kind())
		}
		if running[0].asked {
			right = right.add(warn, " cancelling")
		} else if p := running[0].far; p.known {
			right = right.add(accent, fmt.Sprintf(" %3.0f%%", math.Floor(p.percent)))
		}
		if c.quitting {
			right = right.add(warn, ", quits then")
		}
	}
	now := c.now().UTC()
	if c.wide() {
		right = right.add(plain, "   "+now.Format("15:04:05 UTC")+" ")
		room := c.w - left.width() - right.width() - 4
		left = left.add(dim, "  "+middle(c.desk.Location, room))
	} else {
		right = right.add(plain, "   "+now.Format("15:04 UTC")+" ")
	}
	return spread(left, right, c.w)
}

// tab is a section's name in the second line.
type tab struct {
	section  section
	from, to int
}

// tabs are the sections' places in the second line.
func (c *console) tabs() []tab {
	var out []tab
	at := 1
	if len(c.stacks[c.section]) > 1 {
		return nil
	}
	for s := range sections {
		n := width(sectionNames[s]) + 4
		out = append(out, tab{s, at, at + n})
		at += n + 1
	}
	return out
}

// crumbs is the way to the present screen; the names on the way take at most so many cells each.
func (c *console) crumbs(most int) line {
	stack := c.stacks[c.section]
	l := line{{" " + sectionNames[c.section], dim}}
	for i, s := range stack[1:] {
		l = l.add(dim, " › ")
		if i == len(stack)-2 {
			l = l.add(bold, s.name(c))
		} else {
			l = l.add(dim, short(s.name(c), most))
		}
	}
	return l
}

// second is the second line: the sections, or the way to a deeper screen.
func (c *console) second() line {
	stack := c.stacks[c.section]
	var l line
	if len(stack) == 1 {
		l = l.add(plain, " ")
		for s := range sections {
			text := fmt.Sprintf("%d %s", s+1, sectionNames[s])
			if s == c.section {
				l = l.add(accent|bold, "["+text+"]").add(plain, " ")
			} else {
				l = l.add(plain, " "+text+"  ")
			}
		}
	} else {
		if l = c.crumbs(c.w); l.width() > c.w { // where one is matters more than the way there
			l = c.crumbs(18)
		}
	}
	right := line{{"read-write", dim}}
	if c.desk.Work == nil {
		right = line{{"read-only", warn}}
	}
	help := append(slices.Clone(right), span{"   ? help ", dim})
	if l.width()+help.width() >= c.w { // the line of keys names help as well
		return spread(l, append(right, span{" ", plain}), c.w)
	}
	return spread(l, help, c.w)
}

// stateLine is the screen's state, or the message that has just come.
func (c *console) stateLine() line {
	if !c.typing() { // what is being typed must be seen
		if l := c.toastLine(); l != nil {
			return l
		}
	}
	left, right := c.screen().state(c)
	return spread(left, append(right, span{" ", plain}), c.w)
}

// typing says that the state line takes typed text, or the letter of a column to sort by.
func (c *console) typing() bool {
	switch s := c.screen().(type) {
	case asker:
		return s.asking()
	case capturer:
		return s.capturing()
	}
	return false
}

// keyLine is the line of keys. Where letters are typed text, they do nothing else, and ? is one of them.
func (c *console) keyLine() line {
	s := c.screen()
	if c.typing() {
		list := []action{can(keys.Open, nil).named("done"), can(keys.Back, nil).named("leave")}
		if z, ok := s.(*wizard); ok {
			list = append(list, z.now().actions(c)...)
		}
		return footer(list, nil, c.w)
	}
	return footer(append(s.actions(c), c.footActions()...), line{{keys.Help.Help().Key, bold}, {" help", dim}}, c.w)
}

// backAction is what esc does, for the footer: of a form it leaves all of it, and not only the step.
func (c *console) backAction() action {
	a := can(keys.Back, nil)
	if _, ok := c.screen().(stayer); ok {
		a = a.named("leave")
	}
	return a
}

func capturing(s screen) bool {
	x, ok := s.(capturer)
	return ok && x.capturing()
}

// footActions are the common actions that the footer shows when there is room: back, copy, command, quit.
func (c *console) footActions() []action {
	if capturing(c.screen()) { // letters are typed text
		return []action{c.backAction()}
	}
	var out []action
	if len(c.stacks[c.section]) > 1 {
		out = append(out, c.backAction())
	}
	if s, ok := c.screen().(finder); ok {
		out = append(out, s.finds()...)
	}
	return append(out, c.common()...)
}
