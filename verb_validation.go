package main

import (
	"context"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine"
	"kustody/kafka"
	"kustody/tui"
)

func (a *app) verbValidation() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "validation",
		Short:   "check a restored cluster, and look at the evidence",
		Example: "  kustody validation run --batch --config kustody.toml",
		Args:    a.noVerb,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(cmd.CommandPath()+" --help lists them", "validation needs a verb of its own, such as run")
		},
	}
	cmd.AddCommand(a.verbValidationRun(), a.verbEvidenceList(), a.verbEvidenceGet(), a.verbEvidenceVerify(), a.verbLedgerVerify())
	return cmd
}

func (a *app) verbValidationRun() *cobra.Command {
	var p places
	var r tui.ValidationRequest
	cmd := &cobra.Command{
		Use:   "run",
		Short: "compare a restored cluster with the archive, and write the report",
		Long: "Runs the checks against the newest restore of the backup into [target], or the one that --restore-id\n" +
			"names, and writes a report. Exit code 3 when a check failed or nothing was compared.",
		Example:     "  kustody validation run --batch --config kustody.toml",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validation run"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p, jobs: true}, func(_ context.Context, d *desk) (tui.Place, error) {
					r.BackupID = d.first.cfg.BackupID
					return tui.Place{Verb: "validation", BackupID: r.BackupID, Validation: r}, nil
				})
			}
			show := &validationText{app: a}
			return a.work(cmd, "validation", func() shower { return show }, func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("validation", p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.openValidation(ctx, r)
				if err != nil {
					return nil, s, err
				}
				show.job = engine.Validation(ctx, o)
				return show.job, s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID, flagPublicKey)
	cmd.Flags().StringVar(&r.RestoreID, "restore-id", "", "restore to check (default: the newest into this cluster)")
	return cmd
}

// openValidation opens what a validation needs.
func (s *session) openValidation(ctx context.Context, r tui.ValidationRequest) (o engine.ValidationOptions, err error) {
	if o, err = s.validationOptions(); err != nil {
		return o, err
	}
	o.RestoreID = r.RestoreID
	if o.Store, err = s.archives(ctx, true); err != nil {
		return o, err
	}
	if o.Target, o.Admin, err = s.connect(ctx, "target", s.cfg.Target); err != nil {
		return o, err
	}
	o.Witness, err = s.witness(ctx, "validation")
	return o, err
}

// validationOptions is what the configuration says of validations. Nothing is opened.
func (s *session) validationOptions() (o engine.ValidationOptions, err error) {
	c := s.cfg
	o = engine.ValidationOptions{Env: s.env, Keys: s.keys(), BackupID: c.BackupID, DeclaredCluster: c.Target.Cluster,
		ConfigSHA256: c.Digest(), ReadBack: readBack(c.Target)}
	if o.Checks, err = checks(c); err != nil {
		return o, err
	}
	if o.Scope, err = selection(c.Source.Topics); err != nil {
		return o, err
	}
	if o.BinarySHA256, err = engine.ExecutableSHA256(); err != nil {
		s.warn("the program's own digest cannot be told: " + err.Error())
	}
	return o, nil
}

// readBack opens the independent client of a cluster.
func readBack(c config.Cluster) func() (engine.IndependentReader, error) {
	return func() (engine.IndependentReader, error) {
		r, err := kafka.OpenReadBack(cluster(c), kafka.ReadBackOptions{})
		if err != nil { // not r itself: a nil *ReadBack in an interface is no nil
			return nil, err
		}
		return r, nil
	}
}

// checks are those of the checks section; without one all, which nil means.
func checks(c *config.Config) (*engine.Checks, error) {
	if !c.ChecksSet {
		return nil, nil
	}
	k := c.Checks
	out := &engine.Checks{ArchiveIntegrity: k.ArchiveIntegrity.Enabled, Capture: k.Capture.Enabled, OffsetRange: k.OffsetRange.Enabled,
		ConsumerGroupOffsets: k.ConsumerGroupOffsets.Enabled, Scope: k.Scope.Enabled}
	if k.MessageCount.Enabled {
		topics, err := selection(k.MessageCount.Topics)
		if err != nil {
			return nil, err
		}
		out.MessageCount = &engine.CountCheck{Tolerance: k.MessageCount.Tolerance, FailThreshold: k.MessageCount.FailThreshold, Topics: topics}
	}
	if k.Content.Enabled {
		topics, err := selection(k.Content.Topics)
		if err != nil {
			return nil, err
		}
		out.Content = &engine.ContentCheck{Sample: k.Content.Sample, Topics: topics}
	}
	return out, nil
}
