package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// input is one line of typed text. It is edited by bubbles' text input and drawn by us, since what is
// typed or pasted is foreign text like any other.
type input struct {
	model textinput.Model
	hint  string // shown while it is empty
}

func newInput(hint string) input {
	m := textinput.New()
	m.Prompt = ""
	m.CharLimit = 1000
	m.SetVirtualCursor(false)
	m.KeyMap.Paste = key.NewBinding()                                                       // the terminal pastes; no helper program is run
	m.KeyMap.AcceptSuggestion, m.KeyMap.NextSuggestion = key.NewBinding(), key.NewBinding() // tab and arrows are ours
	m.KeyMap.PrevSuggestion = key.NewBinding()                                              //
	m.KeyMap.DeleteBeforeCursor = key.NewBinding(key.WithKeys(keys.Clear.Keys()...))        //
	m.KeyMap.DeleteWordBackward = key.NewBinding(key.WithKeys("ctrl+w", "alt+backspace"))   //
	m.KeyMap.LineStart, m.KeyMap.LineEnd = bind("", "", "home", "ctrl+a"), bind("", "", "end", "ctrl+e")
	m.Focus()
	return input{model: m, hint: hint}
}

// value is what was typed.
func (i *input) value() string { return i.model.Value() }

// set replaces the text and puts the cursor behind it.
func (i *input) set(s string) {
	i.model.SetValue(s)
	i.model.CursorEnd()
}

// press edits the text.
func (i *input) press(k tea.KeyPressMsg) {
	i.model, _ = i.model.Update(k) // its command only blinks a cursor that we do not draw
}

// paste puts text in at the cursor.
func (i *input) paste(text string) {
	i.model, _ = i.model.Update(tea.PasteMsg{Content: text})
}

// draw is the text in so many cells, and the column of the cursor in it. The part around the cursor is
// shown when all of it does not fit.
func (i *input) draw(w int, focused bool) (line, int) {
	text := []rune(i.model.Value())
	if len(text) == 0 && !focused {
		return line{{pad(i.hint, w), dim}}, 0
	}
	if len(text) == 0 {
		return line{{pad(i.hint, w), dim | underline}}, 0
	}
	at := min(i.model.Position(), len(text))
	first := 0
	for first < at && width(string(text[first:at])) >= w {
		first++
	}
	s := plain
	if focused {
		s = underline
	}
	return line{{pad(string(text[first:]), w), s}}, width(string(text[first:at]))
}
