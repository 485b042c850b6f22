package tui

import (
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
)

// news says how a message is to be taken.
type news int

const (
	goodNews  news = iota // goes by itself after some seconds
	badNews               // stays until it is dismissed
	noNews                // an answer to a key: goes by itself, and says neither good nor bad
	mixedNews             // it came to its end, and there is something to look at: stays as well
)

// newsMarks are the marks of messages.
var newsMarks = [...]mark{goodNews: markOK, badNews: markBad, noNews: markNone, mixedNews: markFinding}

// message is something that happened. All of them are kept; :messages shows them.
type message struct {
	at   time.Time
	kind news
	text string
}

// passes says that the message goes by itself.
func (m *message) passes() bool { return m.kind == goodNews || m.kind == noNews }

// toastFor is how long good news stays on the screen.
const toastFor = 5 * time.Second

// maxMessages bounds what is kept of them.
const maxMessages = 1000

// note keeps a message and shows it.
func (c *console) note(kind news, text string) {
	c.keep(kind, text)
	c.toast = &c.messages[len(c.messages)-1]
}

// keep keeps a message for the list, and does not show it: the screen says it already.
func (c *console) keep(kind news, text string) {
	c.messages = append(c.messages, message{c.now(), kind, text})
	if len(c.messages) > maxMessages {
		c.messages = c.messages[len(c.messages)-maxMessages:]
	}
}

// told is a note as what an action returns.
func (c *console) told(text string) tea.Cmd {
	c.note(noNews, text)
	return nil
}

// failed keeps an error as a message.
func (c *console) failed(doing string, err error) tea.Cmd {
	c.note(badNews, doing+": "+err.Error())
	return nil
}

// toastLine is the message on the last line but one, nil when there is none.
func (c *console) toastLine() line {
	if c.toast == nil {
		return nil
	}
	if c.toast.passes() {
		if c.now().Sub(c.toast.at) > toastFor {
			c.toast = nil
			return nil
		}
		return append(line{{" ", plain}}, c.theme.word(newsMarks[c.toast.kind], c.toast.text)...)
	}
	words := append(line{{" ", plain}}, c.theme.word(newsMarks[c.toast.kind], c.toast.text)...)
	for _, hints := range []line{{{"   M", bold}, {" all messages  ", dim}, {"esc", bold}, {" dismiss", dim}}, {{"   M  esc", bold}}, nil} {
		if words.width()+hints.width() <= c.w {
			return append(words, hints...)
		}
	}
	hints := line{{"  M", bold}, {" all of it  ", dim}, {"esc", bold}, {" dismiss", dim}}
	last := &words[len(words)-1]
	last.text = short(last.text, c.w-hints.width()-(words.width()-width(last.text)))
	return append(words, hints...)
}

// failure draws an error in place of a body: what, why, what to do.
func (c *console) failure(what string, err error, w int) []line {
	why, hint := err.Error(), ""
	var p *engine.Problem
	if errors.As(err, &p) {
		why, hint = p.Err.Error(), p.Hint
	}
	out := []line{nil}
	out = append(out, flow(line{{" ", plain}}, c.theme.glyph(markBad), bad, what, w-2)...)
	for _, text := range []string{why, hint} {
		if text != "" {
			out = append(out, flow(line{{"   ", plain}}, span{}, plain, text, w-2)...)
		}
	}
	keys := line{{"   R", bold}, {" try again   ", dim}, {"M", bold}, {" messages", dim}}
	if len(c.stacks[c.section]) > 1 {
		keys = keys.add(bold, "   esc").add(dim, " back")
	}
	return append(out, nil, keys)
}

// messagesScreen lists everything that was said.
type messagesScreen struct{ listing[message] }

func newMessagesScreen(c *console) *messagesScreen {
	s := &messagesScreen{}
	s.table = newTable("message", func(m message) string { return m.at.String() + m.text }, func(m message) string { return m.text },
		column[message]{title: "TIME", min: 8, cell: func(m message) span { return span{clockTime(m.at), dim} }},
		column[message]{title: "", min: 2, cell: func(m message) span { return c.theme.glyph(newsMarks[m.kind]) }},
		column[message]{title: "MESSAGE", min: 20, flex: 1, cell: func(m message) span { return span{m.text, plain} }})
	return s
}

func (s *messagesScreen) name(*console) string { return "messages" }
func (s *messagesScreen) enter(c *console) tea.Cmd {
	s.table.set(c.messages)
	s.table.move(len(c.messages))
	return nil
}
func (s *messagesScreen) actions(c *console) []action { return nil }
func (s *messagesScreen) copied(*console) (string, string) {
	m, _ := s.table.current()
	return "the message", m.text
}
func (s *messagesScreen) draw(c *console, w, h int) body {
	if len(c.messages) == 0 {
		return body{lines: []line{nil, say(" Nothing has been said yet.")}}
	}
	lines := s.table.draw(c, w, max(2, h-5), true)
	if m, ok := s.table.current(); ok {
		lines = append(filled(lines, h-5), rule(w, -1, -1))
		for _, l := range wrap(plain, m.text, w-2) {
			lines = append(lines, append(line{{" ", plain}}, l...))
		}
	}
	return body{lines: lines}
}
func (s *messagesScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	return say(" " + s.table.found()), nil
}
