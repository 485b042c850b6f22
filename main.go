// kustody keeps the chain of custody of Kafka data: it backs topics up, restores them, compares what was
// restored with what was captured, and signs evidence of it. This file holds the process: signals, and
// the one place that exits. What each verb does begins in the file named after it (verb_*.go); app.go has the
// flags that all of them share, wire*.go turns configuration and flags into open stores, clusters and keys, batch.go
// and text*.go follow a job on a pipe. A verb without --batch goes through console.go to its place in the console,
// which works on what desk.go lays out: for looking, and, in desk_work.go, for starting the jobs of the verbs.
// offers.go is the console without a configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"kustody/engine"
)

// version and commit are set by the Makefile; a plain go build takes them from the build information.
var (
	version = ""
	commit  = ""
)

func main() {
	os.Exit(int(run(os.Args[1:])))
}

// run is one call of the program on the real terminal.
func run(args []string) engine.Exit {
	// A closed pipe must show as an error of the write, not end the process: the job goes on.
	// And a file that reaches the process's size limit must show as an error of its write.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go cancelOnSignal(cancel)
	a := newApp()
	return a.told(a.run(ctx, args))
}

// told makes a good end a failure when what was to be said on stdout could not be written there.
func (a *app) told(exit engine.Exit) engine.Exit {
	if p, ok := a.stdout.(*pipe); ok && p.lost != nil && exit == engine.ExitDone {
		a.complain(fmt.Errorf("the work is done, and its output is incomplete: %w", p.lost))
		return engine.ExitFailed
	}
	return exit
}

// cancelOnSignal ends the work in an orderly way at the first signal, and at once at the second. That the
// terminal went away is a first signal, however often it is told. nohup keeps its meaning.
func cancelOnSignal(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	<-signals
	cancel(engine.ErrCancelled)
	for s := range signals {
		if s == syscall.SIGHUP {
			continue
		}
		if hasTerminal.Load() {
			time.Sleep(consoleLeaves)
		}
		os.Exit(int(engine.ExitCancelled))
	}
}

// hasTerminal says that the console has the terminal.
var hasTerminal atomic.Bool

// consoleLeaves is how long the console has to put the terminal back, told to end for the second time.
const consoleLeaves = 3 * time.Second

// run parses the arguments, does what the verb says, and tells the exit code. Whatever went wrong has
// been said on stderr by then.
func (a *app) run(ctx context.Context, args []string) engine.Exit {
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var shown *shownError
	switch {
	case err == nil:
		return engine.ExitDone
	case errors.As(err, &shown):
		return shown.exit
	case errors.Is(context.Cause(ctx), engine.ErrCancelled):
		err = engine.ErrCancelled
	}
	a.complain(err)
	return engine.ExitCode(err)
}
