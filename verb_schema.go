package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine/archive"
	"kustody/evidence"
)

// schemas are the JSON schemas of everything stored, made from the structs that read and write it.
func schemas() map[string]func() []byte {
	return map[string]func() []byte{
		"plan":         documentSchema[archive.Plan]("a backup's plan: runs/<run id>/plan.json"),
		"manifest":     documentSchema[archive.Manifest]("a backup's manifest: runs/<run id>/manifest.json"),
		"sidecar":      documentSchema[archive.Sidecar]("a segment's sidecar: segments/<topic id>/<partition>/<base offset>.<random>.json"),
		"journal":      documentSchema[archive.Journal]("a restore's journal: restores/<restore id>/journal.json"),
		"receipt":      documentSchema[archive.Receipt]("a restore's receipt: restores/<restore id>/receipt.json"),
		"finish":       documentSchema[archive.Finish]("what restore finish did: restores/<restore id>/finish.json"),
		"teardown":     documentSchema[archive.Teardown]("the end of a drill: restores/<restore id>/teardown.json"),
		"report":       documentSchema[evidence.Report]("a report: <report id>/<yyyy>/<mm>/<report id>.json"),
		"ledger-entry": documentSchema[evidence.Entry]("an entry of the ledger: ledger/<sequence>.json"),
		"event":        eventSchema,
		"config":       config.JSONSchema,
	}
}

func (a *app) verbSchema() *cobra.Command {
	names := slices.Sorted(maps.Keys(schemas()))
	return &cobra.Command{
		Use:   "schema [name]",
		Short: "print the JSON schema of what is stored",
		Long: "Prints the JSON schema (draft 2020-12) of one kind of document, or without a name all of them as one\n" +
			"object. Names: " + strings.Join(names, ", ") + ".",
		Example:   "  kustody schema report",
		ValidArgs: names,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("", "schema takes one name")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			all := schemas()
			if len(args) == 1 {
				make, ok := all[args[0]]
				if !ok {
					hint := "names: " + strings.Join(names, ", ")
					if near := nearest(args[0], names); near != "" {
						hint = fmt.Sprintf("did you mean %q?", near)
					}
					return usage(hint, "there is no schema %q", args[0])
				}
				_, err := a.stdout.Write(make())
				return err
			}
			out := map[string]json.RawMessage{}
			for name, make := range all {
				out[name] = make()
			}
			body, err := json.MarshalIndent(out, "", "  ")
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s\n", body)
			return nil
		},
	}
}
