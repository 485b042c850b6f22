package main

import (
	"github.com/spf13/cobra"
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
	cmd.AddCommand(a.verbEvidenceList(), a.verbEvidenceGet(), a.verbEvidenceVerify(), a.verbLedgerVerify())
	return cmd
}
