package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/tui"
)

// add declares the root's flags: what the console opens on. A verb has its own.
func (at *sight) add(a *app, root *cobra.Command) {
	at.places.add(a, root, flagConfig, flagPath, flagBackupID, flagPublicKey)
	f := root.Flags()
	f.StringVar(&at.evidence, "evidence", "", "folder of evidence to look into: no configuration is looked for, no network, no Kafka")
	_ = root.MarkFlagDirname("evidence")
	at.pins.add(root)
}

// place is where the console opens without a verb: at its first page, or at the evidence that was named.
func (at *sight) place(context.Context, *desk) (tui.Place, error) {
	if at.evidence != "" {
		return tui.Place{Verb: "evidence"}, nil
	}
	return tui.Place{}, nil
}

// filler says where the console opens, filled in.
type filler func(ctx context.Context, d *desk) (tui.Place, error)

// opensAt is a place that needs nothing filled in.
func opensAt(p tui.Place) filler {
	return func(context.Context, *desk) (tui.Place, error) { return p, nil }
}

// console opens the console, and returns when it is left.
func (a *app) console(cmd *cobra.Command, at sight, place filler) error {
	ctx := cmd.Context()
	if a.batch {
		return usage("kustody --help lists them", "--batch needs a verb")
	}
	d, err := a.newDesk(ctx, at)
	var none *noConfigError
	if errors.As(err, &none) {
		open := &closers{}
		err := a.present(ctx, a.offers(at, open), a.appearance(config.Default().Console), tui.Place{})
		return errors.Join(err, open.close())
	}
	if err != nil {
		return err
	}
	p, err := place(ctx, d)
	if err != nil {
		return err
	}
	return a.present(ctx, d.lay(), a.appearance(d.first.cfg.Console), p)
}

// present shows the console until it is left.
func (a *app) present(ctx context.Context, d tui.Desk, look tui.Look, at tui.Place) error {
	hasTerminal.Store(true)
	defer hasTerminal.Store(false)
	return a.show(ctx, d, look, at)
}

// fillRestore fills the restore wizard in: flags over the configuration, patterns as the topics that they
// mean in the archive.
func (p *restoreFlags) fillRestore(ctx context.Context, d *desk) (tui.Place, error) {
	r, err := d.first.restoreRequest(*p)
	if err != nil {
		return tui.Place{}, err
	}
	if r.Topics, err = d.topicsOf(ctx, d.first, r); err != nil {
		d.warn("the topics of the restore are not filled in: " + err.Error())
	}
	return tui.Place{Verb: "restore", BackupID: r.BackupID, RunID: r.RunID, Restore: r}, nil
}

// fillDrill fills the drill wizard in.
func (p *restoreFlags) fillDrill(keep *bool) filler {
	return func(ctx context.Context, d *desk) (tui.Place, error) {
		r, err := d.first.drillRequest(*p, *keep)
		return tui.Place{Verb: "drill", BackupID: r.BackupID, Drill: r}, err
	}
}

// reportFile is where a report lies below a folder of evidence: <id>/<yyyy>/<mm>/<id>.json.
var reportFile = regexp.MustCompile(`^(.*/)?([^/]+)/\d{4}/\d{2}/([^/]+)\.json$`)

// sightOf is the console on a report's file: the folder of evidence that it lies in, and the report's id.
func (p proof) sightOf() (sight, tui.Place, error) {
	at := sight{places: places{publicKey: p.publicKey}, evidence: p.ledger}
	full, err := filepath.Abs(p.report)
	if err != nil {
		return at, tui.Place{}, err
	}
	if _, err := os.Stat(full); err != nil {
		return at, tui.Place{}, usage("", "%w", err)
	}
	m := reportFile.FindStringSubmatch(filepath.ToSlash(full))
	if m == nil || m[2] != m[3] {
		return at, tui.Place{}, usage("use --batch", "the console opens folders of evidence, and %s does not lie in one (<folder>/<report id>/<year>/<month>/<report id>.json)", p.report)
	}
	if at.evidence == "" {
		at.evidence = filepath.FromSlash(strings.TrimSuffix(m[1], "/"))
	}
	return at, tui.Place{Verb: "report", ReportID: m[3]}, nil
}

// atRun opens the run that the flags name, or the list where they name no archive.
func atRun(_ context.Context, d *desk) (tui.Place, error) {
	id := cmp.Or(d.at.backupID, d.first.cfg.BackupID)
	if id == "" {
		return tui.Place{Verb: "list"}, nil
	}
	run := d.at.runID
	if run == newestRun {
		run = ""
	}
	return tui.Place{Verb: "describe", BackupID: id, RunID: run}, nil
}

// evidenceSight is the console on evidence: with both --path and --config, the first says where evidence
// lies, and the second the rest, as in the verbs.
func evidenceSight(p places) sight {
	at := sight{places: p}
	if p.path != "" && p.config != "" {
		at.reports, at.path = p.path, ""
	}
	return at
}
