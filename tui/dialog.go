package tui

import (
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// dialog lies over a screen and takes every key until it is answered.
type dialog struct {
	title string
	text  []line
	// choices are the keys that answer; esc always leaves without doing anything.
	choices []choice
	// typed, if not "", must be typed letter by letter before enter does anything. Pasting is refused: who
	// pastes has not read.
	typed string
	field input
}

// choice is one answer of a dialog.
type choice struct {
	key key.Binding
	say string
	run func() tea.Cmd
}

// confirm asks whether to do something. The key that answers must not be the one that asked.
func confirm(title, say string, k key.Binding, run func() tea.Cmd, text ...line) *dialog {
	return &dialog{title: title, text: text, choices: []choice{{k, say, run}}}
}

// confirmTyped asks for a name to be typed.
func confirmTyped(title, name, say string, run func() tea.Cmd, text ...line) *dialog {
	return &dialog{title: title, text: text, typed: name, field: newInput(""), choices: []choice{{keys.Start, say, run}}}
}

// pressDialog answers the dialog, or not.
func (c *console) pressDialog(k tea.KeyPressMsg) tea.Cmd {
	d := c.dialog
	if key.Matches(k, keys.Back) {
		c.dialog = nil
		return nil
	}
	for _, x := range d.choices {
		if !key.Matches(k, x.key) || d.typed != "" && d.field.value() != d.typed {
			continue
		}
		c.dialog = nil
		return x.run()
	}
	if d.typed != "" {
		d.field.press(k)
	}
	return nil
}

// box draws the dialog, at most so wide, and where typing goes.
func (d *dialog) box(w int) ([]line, *point) {
	inner := min(72, w-8)
	var in []line
	in = append(in, nil)
	for _, l := range d.text {
		if len(l) == 1 && l.width() > inner-1 {
			in = append(in, wrap(l[0].style, l[0].text, inner-1)...)
			continue
		}
		in = append(in, l)
	}
	var cursor *point
	if d.typed != "" {
		prompt := "Type the name to go on: "
		in = append(in, nil, line{{prompt, plain}, {d.typed, bold}})
		l, at := d.field.draw(min(inner-4, 60), true)
		in = append(in, append(line{{"  ", plain}}, l...))
		cursor = &point{4 + at, len(in)}
	}
	foot := line{}
	for _, x := range d.choices {
		s := bold
		if d.typed != "" && d.field.value() != d.typed {
			s = dim
		}
		foot = append(foot, span{x.key.Help().Key, s}, span{" " + x.say + "   ", dim})
	}
	foot = append(foot, span{"esc", bold}, span{" go back", dim})
	in = append(in, nil, foot)
	return frameBox(d.title, in, inner), cursor
}

// frameBox draws a border with a title around lines.
func frameBox(title string, in []line, inner int) []line {
	side := span{"│", accent}
	title = short(title, inner-2)
	out := []line{{{"┌ ", accent}, {title, bold}, {" " + repeat("─", inner-width(title)-1) + "┐", accent}}}
	for _, l := range in {
		row := append(line{side, {" ", plain}}, l.fit(inner-1)...)
		out = append(out, append(row, span{" ", plain}, side))
	}
	return append(out, line{{"└" + repeat("─", inner+1) + "┘", accent}})
}
