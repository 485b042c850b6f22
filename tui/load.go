package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/tui/units"
)

// doneMsg carries what a command found back to Update, which applies it there: a command never changes
// state by itself.
type doneMsg struct{ apply func() tea.Cmd }

// loader holds something that has to be read first. While it is read again the old value stays, with its
// age. The zero value has loaded nothing.
type loader[T any] struct {
	value   T
	has     bool
	err     error
	asOf    time.Time // when the value was read
	stale   bool      // it may have changed since: read it again when it is asked for
	loading bool
	since   time.Time // when loading began
	what    string    // "the backups from file:///…"
	firm    bool      // it is not given up: what it does has to be taken in
	turn    int       // tells an answer that is still wanted from one that is not
	cancel  context.CancelFunc
	then    []func() tea.Cmd // of everybody who waits for the value
}

// load begins to read, unless it is being read already. then, if not nil, is called in Update once the
// value is there, also when it was somebody else who began.
func (l *loader[T]) load(c *console, what string, read func(context.Context) (T, error), then func() tea.Cmd) tea.Cmd {
	if then != nil {
		l.then = append(l.then, then)
	}
	if l.loading {
		return nil
	}
	ctx, cancel := context.WithCancel(c.ctx)
	l.turn++
	l.loading, l.since, l.what, l.cancel, l.stale = true, c.now(), what, cancel, false
	turn := l.turn
	c.waiting++
	leave := l.leave
	if l.firm {
		leave = nil
	}
	c.begins(func() bool { return l.turn == turn && l.loading }, leave)
	return tea.Batch(c.spin(), func() tea.Msg {
		value, err := read(ctx)
		cancel()
		return doneMsg{func() tea.Cmd {
			c.waiting--
			if l.turn != turn {
				return nil // given up meanwhile
			}
			l.loading = false
			waiting := l.then
			l.then = nil
			if err != nil {
				l.err = err
				if l.has { // the old value stays in sight, so that the screen does not show the error itself
					c.note(badNews, "cannot read "+what+": "+err.Error())
				} else {
					c.keep(badNews, "cannot read "+what+": "+err.Error())
				}
				return nil
			}
			l.value, l.has, l.err, l.asOf = value, true, nil, c.now()
			var cmds []tea.Cmd
			for _, f := range waiting {
				cmds = append(cmds, f())
			}
			return tea.Batch(cmds...)
		}}
	})
}

// ensure loads what was never loaded, or has changed since.
func (l *loader[T]) ensure(c *console, what string, read func(context.Context) (T, error), then func() tea.Cmd) tea.Cmd {
	if (l.has || l.err != nil) && !l.stale {
		return nil
	}
	return l.load(c, what, read, then)
}

// stop gives the reading up.
func (l *loader[T]) stop() bool {
	if !l.loading {
		return false
	}
	l.turn++
	l.loading, l.then = false, nil
	l.cancel()
	return true
}

// errGivenUp stands where nobody waited for the answer.
var errGivenUp = errors.New("the wait for it was given up")

// leave stops the reading, since its screen was left or, asked, since nobody will wait for it any longer.
// An old value stays, and is read again when a screen that shows it is entered.
func (l *loader[T]) leave(asked bool) {
	if !l.stop() {
		return
	}
	if l.stale = l.has; !l.has && asked {
		l.err = errGivenUp
	}
}

// underWay is a reading that has begun, and the screen that began it.
type underWay struct {
	by    screen
	still func() bool
	leave func(asked bool) // nil: it must come to its end
}

// waits says that the answer of some reading is still wanted.
func (c *console) waits() bool {
	return slices.ContainsFunc(c.readings, func(x underWay) bool { return x.still() })
}

// begins notes a reading of the screen in front, and forgets those that are over.
func (c *console) begins(still func() bool, leave func(asked bool)) {
	c.readings = append(slices.DeleteFunc(c.readings, func(x underWay) bool { return !x.still() }), underWay{c.screen(), still, leave})
}

// giveUp stops what a screen waits for, and says whether that was anything.
func (c *console) giveUp(s screen, asked bool) bool {
	any := false
	for _, x := range c.readings {
		if x.by == s && x.leave != nil && x.still() {
			x.leave(asked)
			any = true
		}
	}
	return any
}

// drop forgets everything. An answer that is still under way is not wanted any more.
func (l *loader[T]) drop() {
	l.stop()
	*l = loader[T]{turn: l.turn}
}

// spinAfter is how long nothing turns: a short wait should not flicker.
const spinAfter = 150 * time.Millisecond

// wait is the line that says what is being read; nil when nothing is, or not for long.
func (l *loader[T]) wait(c *console) line {
	if !l.loading {
		return nil
	}
	waited := c.now().Sub(l.since)
	if waited < spinAfter && l.has {
		return nil
	}
	text := " reading " + l.what + " …"
	if s := int(waited.Seconds()); s > 0 {
		text += " " + units.Span(time.Duration(s)*time.Second)
	}
	if l.has {
		text += "   (shown: as of " + clockTime(l.asOf) + ")"
	}
	return line{{" ", plain}, {c.spinner(), accent}, {text, dim}}
}

// page draws what stands in place of a body while there is no value: the wait, or the error. ok is false
// when there is a value to draw.
func (l *loader[T]) page(c *console, w, h int) (b body, ok bool) {
	switch {
	case l.has:
		return body{}, false
	case l.err != nil:
		return body{lines: c.failure("Cannot read "+l.what+".", l.err, w)}, true
	default:
		return body{lines: []line{nil, l.wait(c)}}, true
	}
}
