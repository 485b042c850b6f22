package main

import (
	"context"

	"github.com/spf13/cobra"

	"kustody/engine"
)

func (a *app) verbValidate() *cobra.Command {
	var p places
	var deep bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "check an archive against its manifests and their signatures",
		Long: "Checks every run of an archive, or one with --run: plans, manifests and their chain, sidecars, segments,\n" +
			"the account of every offset, receipts. --deep reads, hashes and decodes every segment. Without a\n" +
			"trusted public key signatures are not checked, which is said. Exit code 4 names what does not verify.",
		Example: "  kustody validate --batch --path archive --backup-id orders-daily --deep --public-key keys/signing.pub.pem\n" +
			"  kustody --batch validate --path archive --backup-id orders-daily",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validate"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p}, atRun)
			}
			return a.work(cmd, "validate", a.textFor("validate"), func(ctx context.Context) (*engine.Job, *session, error) {
				store, s, err := a.asked(ctx, p)
				if err != nil {
					return nil, s, err
				}
				id, err := s.backupIDFor(p)
				if err != nil {
					return nil, s, err
				}
				k := s.keys()
				k.Signer = nil // it only reads
				return engine.Validate(ctx, engine.ValidateOptions{Env: s.env, Store: store, Keys: k, BackupID: id, RunID: p.runID, Deep: deep}), s, nil
			})
		},
	}
	p.add(a, cmd, flagPath, flagConfig, flagBackupID, flagRun, flagPublicKey)
	cmd.Flags().BoolVar(&deep, "deep", false, "read, hash and decode every segment")
	return cmd
}
