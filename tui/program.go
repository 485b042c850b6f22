package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kustody/engine"
)

// framesPerSecond is how often the terminal is written to at most: twice that costs twice the idle CPU.
const framesPerSecond = 20

// stopPatience is how long a console that was told to end from outside waits for its jobs.
const stopPatience = 30 * time.Second

// Run opens the console on the process's terminal and returns when it is left. The terminal is put back
// as it was, also after a panic. When ctx ends, running jobs are cancelled in an orderly way first, and
// the error is engine.ErrCancelled; a second SIGINT or SIGTERM after that leaves without waiting for them.
// Also when the terminal goes away, or the console fails, jobs are cancelled in an orderly way.
func Run(ctx context.Context, desk Desk, look Look, at Place) error {
	jobs, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if os.Getenv("NO_COLOR") != "" {
		look.Theme = ThemeNone // any value counts (no-color.org)
	}
	c := newConsole(jobs, desk, look)
	c.openAt(at)
	var options []tea.ProgramOption
	if look.Theme == ThemeNone {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	return c.serve(ctx, options...)
}

// serve runs the console until it is left.
func (c *console) serve(ctx context.Context, more ...tea.ProgramOption) error {
	options := []tea.ProgramOption{tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler(), tea.WithFilter(refuseQuit)}
	p := tea.NewProgram(c, append(options, more...)...)
	ended := make(chan struct{})
	defer close(ended)
	go heed(ctx, p, ended)
	_, err := p.Run()
	c.windUp(stopPatience)
	switch {
	case errors.Is(err, tea.ErrInterrupted), ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		return engine.ErrCancelled
	case errors.Is(err, tea.ErrProgramPanic):
		return &engine.Problem{Exit: engine.ExitFailed, Err: fmt.Errorf("the console failed, by a mistake in it (the trace above says where): %w", err),
			Hint: "its jobs were told to stop in an orderly way; open it again, or go on with --batch"}
	case err != nil:
		return &engine.Problem{Exit: engine.ExitFailed, Err: fmt.Errorf("the console lost its terminal: %w", err),
			Hint: "its jobs were told to stop in an orderly way; open it again, or go on with --batch"}
	}
	return nil
}

// heed tells the console of what reaches the process: that it is to end, a second time at once, and that
// it goes on after it was stopped, when what stands on the terminal is somebody else's.
func heed(ctx context.Context, p *tea.Program, ended <-chan struct{}) {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	for {
		select {
		case <-ended:
			return
		case <-resumed:
			p.Send(tea.ClearScreen())
			continue
		case <-ctx.Done():
		}
		break
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	p.Send(stopMsg{})
	select {
	case <-again:
		p.Send(stopMsg{})
	case <-ended:
	}
}

// windUp cancels jobs that still run when the console is gone, and waits for them, but not for ever: a
// lock, a ledger and an archive should be left as a job leaves them.
func (c *console) windUp(patience time.Duration) {
	if c.forced {
		return
	}
	var running []*job
	for _, j := range c.jobs {
		select {
		case <-j.Done():
		default:
			j.Cancel()
			running = append(running, j)
		}
	}
	enough := time.After(patience)
	for _, j := range running {
		select {
		case <-j.Done():
		case <-enough:
			return
		}
	}
}

// stopMsg says that the process was told to end.
type stopMsg struct{}

// refuseQuit makes a quit that came past us a question while jobs run.
func refuseQuit(m tea.Model, msg tea.Msg) tea.Msg {
	c, ok := m.(*console)
	if _, isQuit := msg.(tea.QuitMsg); !ok || !isQuit || c.forced || !c.busy() {
		return msg
	}
	return quitMsg{}
}
