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

// box draws the dialog in a screen of a size, and where typing goes. What has to be typed and the answers
// are always in sight; of the text, as much as there is room for.
func (d *dialog) box(w, h int) ([]line, *point) {
	inner := min(72, w-8)
	in := []line{nil}
	for _, l := range d.text {
		if len(l) == 1 && l.width() > inner-1 {
			in = append(in, wrap(l[0].style, l[0].text, inner-1)...)
			continue
		}
		in = append(in, l)
	}
	var cursor *point
	var ask []line
	at := 0
	if d.typed != "" {
		ask, at = d.ask(inner)
	}
	if room := h - len(ask) - 4; len(in) > room { // two of the border, two of the answers
		in = append(in[1:max(1, room):max(1, room)], styled(dim, ellipsis))
	}
	if in = append(in, ask...); d.typed != "" {
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
	foot = append(foot, span{"esc", bold}, span{" no", dim})
	in = append(in, nil, foot)
	return frameBox(d.title, in, inner), cursor
}

// ask is the name that has to be typed, all of it, and the field for it; at is the cursor in the field.
func (d *dialog) ask(inner int) (out []line, at int) {
	const prompt = "Type the name to go on: "
	out = []line{nil, {{prompt, plain}, {d.typed, bold}}}
	if width(prompt)+width(d.typed) > inner-1 {
		out = append([]line{nil, say(prompt)}, wrap(bold, d.typed, inner-1)...)
	}
	l, at := d.field.draw(min(inner-4, 60), true)
	return append(out, append(line{{"  ", plain}}, l...)), at
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
