package tui

import (
	"context"
	"errors"
	"os"
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
// the error is engine.ErrCancelled.
func Run(ctx context.Context, desk Desk, look Look, at Place) error {
	jobs, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if os.Getenv("NO_COLOR") != "" {
		look.Theme = ThemeNone // any value counts (no-color.org)
	}
	c := newConsole(jobs, desk, look)
	c.openAt(at)
	options := []tea.ProgramOption{tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler(), tea.WithFilter(refuseQuit)}
	if look.Theme == ThemeNone {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(c, options...)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ctx.Done():
			p.Send(stopMsg{})
		case <-ended:
		}
	}()
	_, err := p.Run()
	if err == nil && ctx.Err() != nil {
		err = engine.ErrCancelled
	}
	if errors.Is(err, tea.ErrInterrupted) {
		err = engine.ErrCancelled
	}
	return err
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
