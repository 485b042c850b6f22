package tui

import (
	"context"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
)

// Sizes. The console is designed for two widths and draws from the least one on.
const (
	wideFrom    = 120 // columns
	leastWidth  = 60
	leastHeight = 16
	chrome      = 6 // lines around the body: header, sections, rule; rule, state, keys
)

// console is the one model. Update and View run in one goroutine.
type console struct {
	ctx   context.Context
	desk  Desk
	theme *theme
	look  Look

	w, h     int
	section  section
	stacks   [sections][]screen
	data     data
	jobs     []*job
	lastJob  int
	polling  bool
	waiting  int        // loaders at work, also those whose answer is not wanted any more
	readings []underWay // what they read
	starting int        // jobs that are being begun
	spinning bool
	frame    int // of the spinner

	dialog     *dialog
	help       *helpBox
	command    *commandBar
	toast      *message
	messages   []message
	mouse      bool
	clicked    click
	quiet      bool                         // no bell
	quitting   bool                         // as soon as the running jobs have ended
	past       []string                     // commands typed before
	opening    Place                        // where it was asked to open
	stopping   bool                         // because the process was told to
	forced     bool                         // quit whatever runs: it was waited for long enough
	verified   *engine.EvidenceVerification // of everything, by the last job that did; nil: none has
	verifiedAt time.Time
	checks     map[string]checked // by report: what came of verifying it by itself

	bars    bool // the terminal shows progress in its tab or frame
	after   func(d time.Duration, msg tea.Msg) tea.Cmd
	holders func(context.Context, engine.QueryOptions, time.Time) ([]engine.Holding, error)
}

// click remembers the last one, so that a second one soon after counts as two.
type click struct {
	at   point
	when time.Time
}

// Look is how the console looks.
type Look struct {
	Theme string // ThemeAuto …
	ASCII bool
	Quiet bool // no bell
}

func newConsole(ctx context.Context, desk Desk, look Look) *console {
	c := &console{ctx: ctx, desk: desk, look: look, w: 80, h: 24, quiet: look.Quiet, after: after, holders: engine.Holders, checks: map[string]checked{}}
	c.desk.fill()
	c.theme = newTheme(look.Theme, look.ASCII)
	c.bars = showsProgress(os.Getenv)
	c.startScreens()
	return c
}

// startScreens begins every section anew, at its top.
func (c *console) startScreens() {
	c.stacks = [sections][]screen{{c.firstScreen()}, {newJobsScreen(c)}, {newEvidenceScreen(c)}, {newTopicsScreen(c)}}
	for _, w := range c.desk.Warnings {
		c.note(badNews, w)
	}
}

// after sends a message later. Tests have a clock of their own.
func after(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

func (c *console) now() time.Time { return c.desk.Now() }

// tooSmall says that there is no room for any screen.
func (c *console) tooSmall() bool { return c.w < leastWidth || c.h < leastHeight }

// wide says that the wide design is drawn.
func (c *console) wide() bool { return c.w >= wideFrom }

// clockMsg moves the clock in the first line.
type clockMsg struct{}

func (c *console) tick() tea.Cmd {
	return c.after(time.Second, clockMsg{})
}

// spinMsg turns the spinner.
type spinMsg struct{}

// spin keeps the spinner turning while something is read.
func (c *console) spin() tea.Cmd {
	if c.spinning {
		return nil
	}
	c.spinning = true
	return c.after(pollEvery, spinMsg{})
}

var spinnerFrames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

func (c *console) spinner() string { return spinnerFrames[c.frame%len(spinnerFrames)] }

// Init asks the terminal for its background and begins with the screen in front.
func (c *console) Init() tea.Cmd {
	cmds := []tea.Cmd{c.tick(), c.arrive()}
	if c.look.Theme == ThemeAuto || c.look.Theme == "" {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// Update takes one message.
func (c *console) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return c, c.take(msg) }

func (c *console) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		c.w, c.h = m.Width, m.Height
	case tea.BackgroundColorMsg:
		if c.look.Theme == ThemeAuto || c.look.Theme == "" {
			c.theme = newTheme(map[bool]string{true: ThemeDark, false: ThemeLight}[m.IsDark()], c.look.ASCII)
		}
	case doneMsg:
		return m.apply()
	case pollMsg:
		return c.polled()
	case clockMsg:
		return c.tick()
	case spinMsg:
		c.spinning = false
		c.frame++
		if c.waits() {
			return c.spin()
		}
	case quitMsg:
		return c.quit()
	case stopMsg:
		return c.stop()
	case tea.KeyPressMsg:
		return c.press(m)
	case tea.PasteMsg:
		return c.pasted(m.Content)
	case tea.MouseClickMsg:
		return c.pointed(point{m.X, m.Y})
	case tea.MouseWheelMsg:
		if s, ok := c.screen().(wheeler); ok && c.dialog == nil && c.help == nil && !c.tooSmall() {
			s.wheel(c, map[tea.MouseButton]int{tea.MouseWheelDown: wheelLines, tea.MouseWheelUp: -wheelLines}[m.Button])
		}
	}
	return nil
}

// press takes a key. What was said in passing does not follow to another screen, where it would hide what
// that screen has to say.
func (c *console) press(k tea.KeyPressMsg) tea.Cmd {
	said, at := c.toast, c.screen()
	cmd := c.hand(k)
	if c.toast == said && said != nil && said.passes() && c.screen() != at {
		c.toast = nil
	}
	return cmd
}

// hand gives a key to whoever is in front: dialog, help, command bar, screen.
func (c *console) hand(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return c.quit()
	}
	switch {
	case c.tooSmall(): // nobody sees what a key would do
		return nil
	case c.dialog != nil:
		return c.pressDialog(k)
	case c.help != nil:
		return c.pressHelp(k)
	case c.command != nil:
		return c.pressCommand(k)
	}
	s := c.screen()
	if x, ok := s.(capturer); ok && x.capturing() {
		cmd, _ := s.press(c, k)
		return cmd
	}
	if key.Matches(k, keys.Back) && c.dismiss() {
		return nil
	}
	for _, a := range append(s.actions(c), c.common()...) {
		if key.Matches(k, a.key) {
			return c.do(a)
		}
	}
	if cmd, taken := s.press(c, k); taken {
		return cmd
	}
	if key.Matches(k, keys.Back) {
		return c.escape()
	}
	return nil
}

// escape takes the nearest thing away: the message, else the screen, else the wait for something.
func (c *console) escape() tea.Cmd {
	if c.dismiss() {
		return nil
	}
	if len(c.stacks[c.section]) == 1 {
		if c.giveUp(c.screen(), true) {
			return c.told("given up; R looks again")
		}
		return nil
	}
	return c.leave()
}

// dismiss takes a message away that stays until then, and says whether there was one.
func (c *console) dismiss() bool {
	if c.toast == nil || c.toast.passes() {
		return false
	}
	c.toast = nil
	return true
}

// common are the actions that every screen has.
func (c *console) common() []action {
	var out []action
	for i, k := range []key.Binding{keys.Backups, keys.Jobs, keys.Evidence, keys.Topics} {
		out = append(out, can(k, func() tea.Cmd { return c.visit(section(i)) }).hidden())
	}
	if s, ok := c.screen().(refresher); ok {
		out = append(out, can(keys.Refresh, func() tea.Cmd { return s.refresh(c) }).hidden())
	}
	if s, ok := c.screen().(copier); ok {
		out = append(out, can(keys.Copy, func() tea.Cmd { return c.copy(s.copied(c)) }))
	}
	out = append(out,
		can(keys.Command, func() tea.Cmd { c.command = c.newCommandBar(); return nil }),
		can(keys.Help, func() tea.Cmd { c.help = c.newHelp(); return nil }).hidden(),
		can(keys.Messages, func() tea.Cmd { return c.openMessages() }).hidden(),
		can(keys.Mouse, func() tea.Cmd {
			c.mouse = !c.mouse
			return c.told(map[bool]string{true: "mouse on; m turns it off", false: "mouse off"}[c.mouse])
		}).hidden(),
		can(keys.Redraw, func() tea.Cmd { return tea.ClearScreen }).hidden())
	if len(c.stacks[c.section]) == 1 {
		out = append(out, can(keys.Quit, c.quit))
	}
	return out
}

func (c *console) openMessages() tea.Cmd {
	c.toast = nil // it is seen now
	if _, there := c.screen().(*messagesScreen); there {
		return nil
	}
	return c.push(newMessagesScreen(c))
}

// copy puts a text on the clipboard, by way of the terminal (OSC 52).
func (c *console) copy(what, text string) tea.Cmd {
	if text == "" {
		return c.told("nothing to copy here")
	}
	c.note(noNews, "copied "+what+": "+text)
	return tea.SetClipboard(text)
}

// pasted gives pasted text to whoever takes it.
func (c *console) pasted(text string) tea.Cmd {
	switch {
	case c.tooSmall():
		return nil
	case c.dialog != nil && c.dialog.typed != "":
		return c.told("pasting does not count here: type the name")
	case c.dialog != nil || c.help != nil:
		return nil
	case c.command != nil:
		c.command.field.paste(text)
		return nil
	}
	if s, ok := c.screen().(paster); ok {
		return s.paste(c, text)
	}
	return nil
}

// twice is how soon a second click makes two; wheelLines is how far one notch of the wheel goes.
const (
	twice      = 400 * time.Millisecond
	wheelLines = 3
)

// pointed gives a click to the screen, counted from the body's corner; the sections in the second line
// can be clicked too.
func (c *console) pointed(at point) tea.Cmd {
	if c.dialog != nil || c.help != nil || c.command != nil || c.tooSmall() {
		return nil
	}
	now := c.now()
	double := c.clicked.at == at && now.Sub(c.clicked.when) < twice
	c.clicked = click{at, now}
	if at.y == 1 {
		for _, t := range c.tabs() {
			if at.x >= t.from && at.x < t.to {
				return c.visit(t.section)
			}
		}
		return nil
	}
	if s, ok := c.screen().(clicker); ok && at.y >= 3 && at.y < c.h-3 {
		return s.click(c, point{at.x, at.y - 3}, double)
	}
	return nil
}
