package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/engine/demo"
	"kustody/tui"
)

func (a *app) verbDemo() *cobra.Command {
	o := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole main job on made-up data, without a cluster, in under a minute",
		Long: "Runs a broker inside the process and does the main job on it: a year of weekly backups and proofs, one\n" +
			"missed, one failed; a restore of a time window; a drill; and evidence that openssl verifies. It leaves\n" +
			"a configuration, an archive and keys in --dir for the other verbs to be tried on. Without --batch the\n" +
			"broker lives on, and the console opens on it.",
		Example:     "  kustody demo --batch --dir demo",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "demo"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.format == "json" {
				return usage("use --format text", "the demo is for people to read, and has no JSON lines")
			}
			if o.Dir == "" && !a.batch {
				o.Dir = "demo"
			}
			if o.Dir == "" {
				return usage("write --dir demo", "--dir is missing: the folder that the demo makes")
			}
			o.Tool = tool()
			o.Out = func(line string) { fmt.Fprintln(a.stdout, oneLine(line)) }
			var err error
			if o.BinarySHA256, err = engine.ExecutableSHA256(); err != nil {
				a.warn("the program's own digest cannot be told: " + err.Error())
			}
			if !a.batch {
				return a.demoConsole(cmd, o)
			}
			r, err := demo.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			a.showDemo(r)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", "", "folder to make; an earlier demo in it is replaced (default demo, with --batch none)")
	f.IntVar(&o.Weeks, "weeks", 52, "weeks of the made-up year, at least 5")
	f.Uint64Var(&o.Seed, "seed", 1, "of the made-up records: the same seed writes the same ones")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

// trickleEvery is how often the demo's bank goes on writing while the console is open.
const trickleEvery = 5 * time.Second

// demoConsole makes the demo and opens the console on it, at the demo's time: its ledger would refuse jobs
// that come from another.
func (a *app) demoConsole(cmd *cobra.Command, o demo.Options) error {
	o.Trickle = trickleEvery
	live, err := demo.Start(cmd.Context(), o)
	if err != nil {
		return err
	}
	a.clock = live.Now
	err = a.console(cmd, sight{places: places{config: live.Config}}, opensAt(tui.Place{}))
	return errors.Join(err, live.Close())
}

// showDemo says where everything lies, and what to try.
func (a *app) showDemo(r *demo.Result) {
	out := func(format string, args ...any) { fmt.Fprintf(a.stdout, format+"\n", args...) }
	out("\nThe demo is done; its year ends %s.", r.Now.Format("2 January 2006, 15:04 MST"))
	for _, x := range [][2]string{{"configuration", r.Config}, {"archive", r.Archive}, {"private key", r.PrivateKey}, {"public key", r.PublicKey},
		{"last report", r.Report}, {"its signature", r.Signature}, {"ledger's head", r.Head.String()}, {"its genesis", r.Genesis}} {
		out("  %-14s %s", x[0], engine.Sanitize(x[1]))
	}
	out("\nVerify without kustody:")
	for _, line := range r.OpenSSL {
		out("  %s", engine.Sanitize(line))
	}
	out("\nTry:")
	for _, line := range r.Next {
		out("  %s", engine.Sanitize(line))
	}
}
