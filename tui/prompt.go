package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// prompt asks for one line of text in the place of the state line.
type prompt struct {
	ask      string
	field    input
	complain string
	take     func(text string) (tea.Cmd, error) // an error is shown, and the text stays
}

// press edits; esc leaves, enter answers. It says whether the prompt is over.
func (p *prompt) press(k tea.KeyPressMsg) (tea.Cmd, bool) {
	p.complain = ""
	switch k.String() {
	case "esc":
		return nil, true
	case "enter":
		cmd, err := p.take(strings.TrimSpace(p.field.value()))
		if err != nil {
			p.complain = err.Error()
			return nil, false
		}
		return cmd, true
	}
	p.field.press(k)
	return nil, false
}

// line draws the prompt; right is the complaint or the way out.
func (p *prompt) line() (left, right line) {
	l, _ := p.field.draw(max(24, width(p.field.value())+1), true)
	left = append(line{{" " + p.ask + "  ", bold}}, l...)
	if p.complain != "" {
		return line{{" " + p.complain, bad}}, line{{"esc", bold}, {" leave", dim}}
	}
	return left, line{{"enter", bold}, {" go   ", dim}, {"esc", bold}, {" leave", dim}}
}

// offsetOf reads an offset, with or without commas.
func offsetOf(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.NewReplacer(",", "", "_", "", " ", "").Replace(text), 10, 64)
	if err != nil || n < 0 {
		return 0, errNoOffset
	}
	return n, nil
}
