package tui

import (
	"errors"
	"fmt"
	"kustody/engine/archive"
	"kustody/tui/units"
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

var errNoOffset = errors.New("an offset is a number, 0 or more")

// pressPrompt gives a key to a prompt, if there is one, and takes it away when it is over.
func pressPrompt(p **prompt, k tea.KeyPressMsg) (tea.Cmd, bool) {
	if *p == nil {
		return nil, false
	}
	cmd, over := (*p).press(k)
	if over {
		*p = nil
	}
	return cmd, true
}

// askOffset asks for an offset of a partition.
func askOffset(p *archive.ViewPart, take func(from int64) tea.Cmd) *prompt {
	ask := fmt.Sprintf("offset from %s to %s:", units.Thousands(int64(p.Start)), units.Thousands(int64(p.End)-1))
	return &prompt{ask: ask, field: newInput(""), take: func(text string) (tea.Cmd, error) {
		n, err := offsetOf(text)
		if err == nil && n >= int64(p.End) {
			err = fmt.Errorf("the partition was captured up to offset %s", units.Thousands(int64(p.End)-1))
		}
		if err != nil {
			return nil, err
		}
		return take(n), nil
	}}
}

// askMoment asks for a point in time.
func (c *console) askMoment(take func(ms int64) tea.Cmd) *prompt {
	return &prompt{ask: "time (" + c.desk.Zone.String() + "):", field: newInput("2026-08-14 09:00"), take: func(text string) (tea.Cmd, error) {
		ms, err := c.moment(text)
		if err != nil {
			return nil, err
		}
		return take(ms), nil
	}}
}
