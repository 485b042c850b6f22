package tui

import (
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
)

// step is one page of a wizard. What was filled in stays when one leaves it, in either direction.
type step interface {
	// title is its name in the row of steps, with what was chosen.
	title(c *console) string
	// enter is called when the step comes to the front.
	enter(c *console) tea.Cmd
	// blocked says why one cannot go on from here; "" when one can.
	blocked(c *console) string
	// actions are what can be done besides going on and back.
	actions(c *console) []action
	// typing says that a filter or a menu of a table takes the keys; field, that a text field does.
	typing() bool
	field() bool
	press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool)
	paste(c *console, text string) tea.Cmd
	draw(c *console, w, h int) body
	state(c *console) (left, right line)
}

// wizard asks, a step at a time, for what a job needs, and shows what it will do before it starts.
type wizard struct {
	kind  string // "restore": its word in the breadcrumbs
	about func() string
	steps []step
	at    int
	// answers are what was filled in so far: leaving asks when they differ from what it began with.
	answers func() string
	before  string
	// begin starts the job, from the last step; startOff says why that cannot be done yet.
	begin    func(c *console) tea.Cmd
	startOff func(c *console) string
	// batch is the same job as a line for the shell.
	batch    func(c *console) string
	head     int // lines above the step when last drawn
	starting loader[begunJob]
	started  bool
}

// open puts the wizard in front, at a step.
func (z *wizard) open(c *console, at int) tea.Cmd {
	z.at, z.before = at, z.answers()
	return c.push(z)
}

func (z *wizard) now() step { return z.steps[z.at] }

// last says that the step in front is the review, whose enter starts the job.
func (z *wizard) last() bool { return z.at == len(z.steps)-1 }

func (z *wizard) name(*console) string {
	if z.about == nil || z.about() == "" {
		return z.kind
	}
	return short(z.about(), 40) + " › " + z.kind
}

func (z *wizard) enter(c *console) tea.Cmd { return z.now().enter(c) }

// refresh looks again at what the step shows.
func (z *wizard) refresh(c *console) tea.Cmd {
	if s, ok := z.now().(refresher); ok {
		return s.refresh(c)
	}
	return z.now().enter(c)
}

// question asks before what was filled in is lost.
func (z *wizard) question() string {
	if z.started || z.answers() == z.before {
		return ""
	}
	return "Leave this " + z.kind + "? What was filled in is lost"
}

// asking says that a filter or a sort menu is in the state line; fields are in the page.
func (z *wizard) asking() bool { return z.now().typing() }

func (z *wizard) capturing() bool { return z.now().typing() || z.now().field() }

// actions are those of the step, and the way through the wizard.
func (z *wizard) actions(c *console) []action {
	var out []action
	if z.last() {
		out = append(out, can(keys.Start, func() tea.Cmd { return z.begin(c) }).unless(z.cannotStart(c)))
	} else {
		out = append(out, can(keys.Open, func() tea.Cmd { return z.go_(c, 1) }).named("next").unless(z.now().blocked(c)))
	}
	if z.at > 0 {
		out = append(out, can(keys.PreviousField, func() tea.Cmd { return z.go_(c, -1) }).named("back"))
	}
	out = append(out, z.now().actions(c)...)
	if z.last() {
		out = append(out, can(keys.Copy, func() tea.Cmd { return c.copy("the same job as a command line", z.batch(c)) }).named("copy as --batch"))
	}
	if z.now().field() { // a letter is typed text there
		out = slices.DeleteFunc(out, action.writes)
	}
	return out
}

func (z *wizard) cannotStart(c *console) string {
	switch {
	case c.cannotWrite() != "":
		return c.cannotWrite()
	case z.starting.loading:
		return "it is being started"
	}
	return z.startOff(c)
}

// go_ moves to another step.
func (z *wizard) go_(c *console, by int) tea.Cmd {
	z.at += by
	return z.now().enter(c)
}

// press gives a key to the step. While text is typed, only keys that write nothing are commands.
func (z *wizard) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	s := z.now()
	if s.typing() || !s.field() {
		return s.press(c, k)
	}
	if k.Text == "" {
		for _, a := range z.actions(c) {
			if !key.Matches(k, a.key) {
				continue
			}
			return c.do(a), true
		}
		if key.Matches(k, keys.Back) {
			return c.escape(), true
		}
	}
	if key.Matches(k, keys.Help) {
		c.help = c.newHelp()
		return nil, true
	}
	return s.press(c, k)
}

func (z *wizard) paste(c *console, text string) tea.Cmd { return z.now().paste(c, text) }

// lister is a step with rows that can be pointed at.
type lister interface {
	clickAt(y int) bool
}

// click puts the cursor on a row; a second one goes on, as enter does. Nothing starts by a click.
func (z *wizard) click(c *console, at point, double bool) tea.Cmd {
	if l, ok := z.now().(lister); ok && l.clickAt(at.y-z.head) && double && !z.last() && z.now().blocked(c) == "" {
		return z.go_(c, 1)
	}
	return nil
}

func (z *wizard) wheel(c *console, n int) {
	if s, ok := z.now().(wheeler); ok {
		s.wheel(c, n)
	}
}

// draw is the row of steps, and the step in front below it.
func (z *wizard) draw(c *console, w, h int) body {
	var head []line
	if len(z.steps) > 1 {
		head = append(head, z.bar(c, w))
		if h > 12 {
			head = append(head, nil)
		}
	}
	z.head = len(head)
	b := z.now().draw(c, w, h-len(head))
	b.lines = append(head, b.lines...)
	if b.cursor != nil {
		b.cursor = &point{b.cursor.x, b.cursor.y + len(head)}
	}
	return b
}

// bar is "✓ Backup  ✓ Topics (3)  ● Window  ○ Target  ○ Review". Where it is narrow, blanks go first.
func (z *wizard) bar(c *console, w int) line {
	for _, gap := range []string{"    ", "  ", " "} {
		l := line{{" ", plain}}
		for i, s := range z.steps {
			if i > 0 {
				l = l.add(plain, gap)
			}
			switch {
			case i == z.at:
				l = l.add(accent|bold, "● "+s.title(c))
			case i < z.at:
				l = append(l, c.theme.glyph(markOK), span{" " + s.title(c), plain})
			default:
				l = l.add(dim, "○ "+s.title(c))
			}
		}
		if l.width() <= w || gap == " " {
			return l
		}
	}
	return nil
}

func (z *wizard) state(c *console) (left, right line) {
	if z.starting.loading {
		return line{{" " + c.spinner(), accent}, {" starting …", dim}}, nil
	}
	return z.now().state(c)
}

// begunJob is a job that was begun, or why it could not be.
type begunJob struct {
	job *job
	err error
}

// start begins the job in the background, since stores and clusters are opened first, and then puts the
// job's screen in place of the wizard. line is the same job for a shell, which also goes on with it.
func (z *wizard) start(c *console, title, line string, begin func(context.Context) (*engine.Job, error)) tea.Cmd {
	read := func(context.Context) (begunJob, error) {
		w, err := begin(c.ctx) // the job lives as long as the console, and not only as long as its beginning takes
		if w == nil && err == nil {
			err = errors.New("no job was begun, and no reason was given")
		}
		return begunJob{&job{work: w, title: title, batch: line, again: line}, err}, nil
	}
	z.starting.firm = true // a job that was begun must not be lost
	c.starting++
	return z.starting.load(c, "the job", read, func() tea.Cmd {
		c.starting--
		j, err := z.starting.value.job, z.starting.value.err
		if err != nil {
			return tea.Batch(c.failed("start the "+z.kind, err), c.leaveIfDone())
		}
		z.started = true
		front := c.screen() == screen(z)
		c.drop(z)
		if !front {
			return c.begin(j)
		}
		return tea.Batch(c.screen().enter(c), c.begin(j), c.openJob(j))
	})
}

// drop takes a screen out of whatever stack it lies in. The first of a stack stays.
func (c *console) drop(s screen) {
	for i, stack := range c.stacks {
		if k := slices.Index(stack, s); k > 0 {
			c.stacks[i] = slices.Delete(slices.Clone(stack), k, k+1)
		}
	}
}
