package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// formField is one field of a form: typed text, or one of several choices.
type formField struct {
	label   string
	text    *input     // nil: a choice
	items   []formItem // what can be chosen
	at      int
	absent  func() bool   // not asked for now; nil: always asked for
	note    func() string // what follows from it, below it; "" nothing
	problem func() string // why it cannot stay so
}

// formItem is one choice.
type formItem struct{ name, says string }

// form is a few fields below each other.
type form struct {
	fields []*formField
	at     int
}

func (f *formField) shown() bool { return f.absent == nil || !f.absent() }

// value is the text that was typed, without blanks around it.
func (f *formField) value() string { return strings.TrimSpace(f.text.value()) }

// current is the field that keys go to.
func (f *form) current() *formField {
	if !f.fields[f.at].shown() {
		f.move(1)
	}
	return f.fields[f.at]
}

// move goes to the next field that is asked for, around the end.
func (f *form) move(step int) {
	for range f.fields {
		f.at = (f.at + step + len(f.fields)) % len(f.fields)
		if f.fields[f.at].shown() {
			return
		}
	}
}

// blocked is the first thing that is wrong.
func (f *form) blocked() string {
	for _, x := range f.fields {
		if x.shown() && x.problem != nil && x.problem() != "" {
			return x.problem()
		}
	}
	return ""
}

// answers are the values of all fields.
func (f *form) answers() []string {
	var out []string
	for _, x := range f.fields {
		if x.text != nil {
			out = append(out, x.value())
		} else {
			out = append(out, itoa(x.at))
		}
	}
	return out
}

// typing says that text is typed now.
func (f *form) typing() bool { return f.current().text != nil }

// actions are those of the field in front.
func (f *form) actions() []action {
	x := f.current()
	out := []action{can(keys.NextField, func() tea.Cmd { f.move(1); return nil })}
	if x.text != nil {
		return append(out, can(keys.Clear, func() tea.Cmd { x.text.set(""); return nil }))
	}
	choose := func(step int) func() tea.Cmd {
		return func() tea.Cmd { x.at = (x.at + step + len(x.items)) % len(x.items); return nil }
	}
	return append(out, can(keys.Mark, choose(1)).named("next choice"), can(keys.Right, choose(1)).hidden(), can(keys.Left, choose(-1)).hidden())
}

// press edits text, or moves between the fields.
func (f *form) press(k tea.KeyPressMsg) bool {
	switch x := f.current(); {
	case k.Code == tea.KeyUp:
		f.move(-1)
	case k.Code == tea.KeyDown:
		f.move(1)
	case x.text != nil:
		x.text.press(k)
	case key.Matches(k, keys.Up):
		f.move(-1)
	case key.Matches(k, keys.Down):
		f.move(1)
	default:
		return false
	}
	return true
}

func (f *form) paste(text string) {
	if x := f.current(); x.text != nil {
		x.text.paste(text)
	}
}

// formLabel is the room for a field's name.
const formLabel = 18

// draw is the form in so many cells, and where typing goes. Where it is low, what follows from a field is
// left out, and the field in front is kept in sight.
func (f *form) draw(c *console, w, h int) ([]line, *point) {
	lines, cursor, at := f.lines(c, w, true)
	if len(lines) > h {
		lines, cursor, at = f.lines(c, w, false)
	}
	if top := max(0, min(at, len(lines)-h)); top > 0 && len(lines) > h {
		lines = lines[top:]
		if cursor != nil {
			cursor.y -= top
		}
	}
	return lines[:min(len(lines), max(h, 1))], cursor
}

// lines draws all of it; front is the line where the field in front begins.
func (f *form) lines(c *console, w int, notes bool) (out []line, cursor *point, front int) {
	f.current()
	for i, x := range f.fields {
		if !x.shown() {
			continue
		}
		at := i == f.at
		if at {
			front = len(out)
		}
		head := line{{"   ", plain}, {pad(x.label, formLabel-1) + " ", dim}}
		if at {
			head = line{{" ▸ ", accent}, {pad(x.label, formLabel-1) + " ", bold}}
		}
		if x.text != nil {
			l, col := x.text.draw(min(44, max(10, w-formLabel-5)), at)
			if at {
				cursor = &point{3 + formLabel + col, len(out)}
			}
			out = append(out, append(head, l...))
		} else {
			out = append(out, x.choices(head, at, w)...)
		}
		out = append(out, x.below(w, notes)...)
	}
	return out, cursor, front
}

// choices draws what can be chosen, one below the other.
func (f *formField) choices(head line, at bool, w int) []line {
	var out []line
	for i, item := range f.items {
		l := head
		if i > 0 {
			l = line{{repeat(" ", 3+formLabel), plain}}
		}
		switch {
		case i == f.at && at:
			l = l.add(accent|bold, "● "+item.name)
		case i == f.at:
			l = l.add(plain, "● "+item.name)
		default:
			l = l.add(dim, "○ "+item.name)
		}
		if item.says != "" {
			cut := short
			if !strings.Contains(item.says, " ") { // a name, whose end tells most
				cut = middle
			}
			l = l.add(dim, "   "+cut(item.says, max(8, w-l.width()-4)))
		}
		out = append(out, l)
	}
	return out
}

// below is what is wrong with a field, or what follows from it.
func (f *formField) below(w int, notes bool) []line {
	text, s := "", dim
	if f.problem != nil {
		text, s = f.problem(), bad
	}
	if text == "" && f.note != nil && notes {
		text, s = f.note(), dim
	}
	if text == "" {
		return nil
	}
	var out []line
	for _, l := range wrap(s, text, max(10, w-formLabel-5)) {
		out = append(out, append(line{{repeat(" ", 3+formLabel), plain}}, l...))
	}
	return out
}
