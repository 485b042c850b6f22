package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"kustody/engine"
	"kustody/tui"
)

// app is the program's face to the outside: its streams, and the flags that every verb has. Tests give
// it buffers.
type app struct {
	stdout, stderr   io.Writer
	terminal         bool       // stdin and stdout are one
	progressTerminal bool       // stderr is one
	width            func() int // of that terminal
	start            time.Time
	clock            func() time.Time // of jobs and screens; nil: the real one
	batch            bool
	readOnly         bool
	theme            string
	ascii            bool
	show             func(ctx context.Context, desk tui.Desk, look tui.Look, at tui.Place) error // opens the console
	format           string
	noColor          bool
	progress         time.Duration
}

func newApp() *app {
	fd := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return &app{
		stdout: &pipe{w: os.Stdout}, stderr: &pipe{w: os.Stderr},
		terminal: fd(os.Stdin) && fd(os.Stdout), progressTerminal: fd(os.Stderr),
		width: func() int {
			w, _, err := term.GetSize(int(os.Stderr.Fd()))
			if err != nil || w <= 0 {
				return 80
			}
			return w
		},
		start: time.Now(),
		show:  tui.Run,
	}
}

// now is the time of jobs and screens.
func (a *app) now() time.Time {
	if a.clock == nil {
		return time.Now()
	}
	return a.clock()
}

// pipe drops what is written after the reader is gone. A job is not ended by whoever watched it. That the
// output could not be kept (a full disk) is told at the end: half of an answer must not pass for one.
type pipe struct {
	w    io.Writer
	gone bool
	lost error // why, unless the reader went away
}

// Write never fails: there is nobody left to tell.
func (p *pipe) Write(b []byte) (int, error) {
	if !p.gone {
		if _, err := p.w.Write(b); err != nil {
			p.gone = true
			if !errors.Is(err, syscall.EPIPE) {
				p.lost = err
			}
		}
	}
	return len(b), nil
}

// command builds the tree of verbs.
func (a *app) command() *cobra.Command {
	var at sight
	root := &cobra.Command{
		Use:   "kustody",
		Short: "the chain of custody of Kafka data: backup, restore, comparison, signed evidence",
		Long: "kustody backs up topics of Apache Kafka, restores them to a point in time, compares what was\n" +
			"restored with what was captured record by record, and signs evidence of it that an auditor\n" +
			"can check without kustody. Without a verb, and on a terminal, it opens the console; so does a verb\n" +
			"without --batch, at its place there. The terminal must have a cursor that can be moved: with\n" +
			"TERM=dumb only --batch works. NO_COLOR and --ascii make do with less.\n\n" +
			"Exit codes: 0 done and clean, 1 failed, 2 usage or configuration, 3 finished with findings,\n" +
			"4 something stored does not verify, 10 no such archive, 11 another job holds the lock, 130 cancelled.",
		Example:           "  kustody demo --batch --dir demo",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              a.noVerb,
		RunE:              func(cmd *cobra.Command, _ []string) error { return a.console(cmd, at, at.place) },
		DisableAutoGenTag: true,
	}
	f := root.PersistentFlags()
	f.BoolVar(&a.batch, "batch", false, "run without the console: for cron, CI and pipes")
	f.StringVar(&a.format, "format", "text", "text, or json: JSON lines of facts as they happen, a summary last")
	f.BoolVar(&a.noColor, "no-color", os.Getenv("NO_COLOR") != "", "no colours (batch output never has any)")
	f.DurationVar(&a.progress, "progress", 10*time.Second, "with --format json: time between two status lines; 0 for none")
	f.BoolVar(&a.readOnly, "read-only", false, "the console starts and writes nothing; verbs that only write are refused")
	f.StringVar(&a.theme, "theme", "", "colours of the console: auto asks the terminal, dark, light, none (overrides console.theme)")
	f.BoolVar(&a.ascii, "ascii", false, "the console draws with plain characters only")
	_ = root.RegisterFlagCompletionFunc("theme", cobra.FixedCompletions(themes, cobra.ShellCompDirectiveNoFileComp))
	at.add(a, root)
	_ = root.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = a.prepare
	root.AddCommand(a.verbBackup(), a.verbRestore(), a.verbDrill(), a.verbList(), a.verbDescribe(), a.verbValidate(), a.verbCheck(),
		a.verbValidation(), a.verbDemo(),
		a.verbKeygen(), a.verbSchema(), a.verbVersion())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// prepare checks the flags that every verb has, and whether the verb can run without the console.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	if a.format != "text" && a.format != "json" {
		return usage("write --format text or --format json", "--format cannot be %q", a.format)
	}
	if a.progress < 0 {
		return usage("write a time such as 2s, or 0 for no status lines", "--progress cannot be negative")
	}
	if a.theme != "" && !slices.Contains(themes, a.theme) {
		return usage("write auto, dark, light or none", "--theme cannot be %q", a.theme)
	}
	verb := strings.TrimPrefix(cmd.CommandPath(), "kustody ")
	if a.readOnly && (slices.Contains(writers, verb) || a.batch && slices.Contains(batchWriters, verb)) {
		return usage("leave --read-only out", "kustody %s writes, and --read-only was given", verb)
	}
	return a.needBatch(cmd, cmd.Annotations[headless])
}

// headless marks the verbs that run without the console only with --batch. Its value names the verb.
const headless = "headless"

// themes are what --theme takes.
var themes = []string{tui.ThemeAuto, tui.ThemeDark, tui.ThemeLight, tui.ThemeNone}

// writers are the verbs that write; batchWriters those that write with --batch, and else open the console;
// batchOnly those that the console has no place for.
var (
	writers      = []string{"demo", "keygen", "restore finish", "validation evidence-get"}
	batchWriters = []string{"backup", "restore", "drill", "validation run"}
	batchOnly    = []string{"check", "restore finish", "validation evidence-get"}
)

// needBatch says of a verb that it cannot run here without --batch.
func (a *app) needBatch(cmd *cobra.Command, verb string) error {
	switch {
	case verb == "" && cmd.HasParent() || a.batch && cmd.HasParent():
		return nil
	case a.batch:
		return usage("kustody --help lists them", "--batch needs a verb")
	case !a.terminal:
		return usage("", "this is not a terminal; use --batch")
	case os.Getenv("TERM") == "dumb":
		return usage("use --batch; or set TERM to what the terminal is, such as xterm-256color", "the console cannot be drawn on this terminal: by TERM=dumb its cursor cannot be moved")
	case slices.Contains(batchOnly, verb):
		return usage("", "the console has no place for %s; use --batch", verb)
	}
	return nil
}

// noVerb names the verb that was probably meant.
func (a *app) noVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if len(names) == 0 {
		return usage(cmd.CommandPath()+" --help shows what it takes", "%s takes no argument, and was given %q", cmd.CommandPath(), args[0])
	}
	hint := cmd.CommandPath() + " --help lists them"
	if near := nearest(args[0], names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(hint, "%s has no verb %q", cmd.CommandPath(), args[0])
}

// flagError names the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if !errors.As(err, &unknown) {
		return usage(cmd.CommandPath()+" --help shows them", "%w", err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	hint := cmd.CommandPath() + " --help shows them"
	if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return usage(hint, "%w", err)
}

// usage is an error with exit code 2.
func usage(hint, format string, args ...any) error {
	return &engine.Problem{Exit: engine.ExitUsage, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// shownError is a verb's end that has been told already.
type shownError struct{ exit engine.Exit }

// Error is for completeness: nobody prints it.
func (e *shownError) Error() string { return fmt.Sprintf("exit %d", e.exit) }

// ended turns an exit code into what a verb returns.
func ended(exit engine.Exit) error {
	if exit == engine.ExitDone {
		return nil
	}
	return &shownError{exit}
}

// complain prints an error for people: one line for each of several joined ones.
func (a *app) complain(err error) {
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintf(a.stderr, "kustody: %s\n", engine.Sanitize(line))
	}
}

// warn prints a warning for people.
func (a *app) warn(text string) {
	fmt.Fprintf(a.stderr, "kustody: warning: %s\n", oneLine(text))
}

// oneLine makes a text harmless and puts it on one line.
func oneLine(s string) string {
	return engine.Sanitize(strings.ReplaceAll(strings.TrimSpace(s), "\n", "; "))
}
