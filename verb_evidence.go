package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/evidence"
	"kustody/storage"
	"kustody/tui"
)

func (a *app) verbEvidenceList() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use:   "evidence-list",
		Short: "list the reports of a store, as one JSON object",
		Long: "Finds reports under whatever prefix they have below --path. With a public key each is verified;\n" +
			"without one it is listed as \"not checked\".",
		Example:     "  kustody validation evidence-list --batch --path archive --public-key keys/signing.pub.pem",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validation evidence-list"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, evidenceSight(p), opensAt(tui.Place{Verb: "evidence"}))
			}
			store, s, err := a.askedEvidence(cmd.Context(), p)
			if err != nil {
				return err
			}
			list, err := engine.ListReports(cmd.Context(), engine.QueryOptions{Store: store, Trusted: s.trusted, BackupID: p.backupID})
			if err != nil {
				return err
			}
			return a.answer(list, list.Broken)
		},
	}
	p.add(a, cmd, flagPath, flagConfig, flagBackupID, flagPublicKey)
	return cmd
}

// artefact is which file of a report evidence-get fetches, and where to.
type artefact struct {
	places
	reportID string
	format   string
	output   string
	force    bool
}

func (a *app) verbEvidenceGet() *cobra.Command {
	var p artefact
	cmd := &cobra.Command{
		Use:   "evidence-get",
		Short: "fetch a report, or its signature",
		Long: "Copies the exact bytes of a report out of a store; with --format json the signature is written beside\n" +
			"it, as .sig. A file that is there is not overwritten without --force.",
		Example:     "  kustody validation evidence-get --batch --path archive --report-id validation-a1b2c3d4 --format json --output report.json",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validation evidence-get"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.reportID == "" {
				return usage("kustody validation evidence-list shows the ids", "--report-id is missing")
			}
			if p.format != "json" && p.format != "sig" && p.format != "pdf" {
				return usage("write json, sig or pdf", "--format names the artefact here, and cannot be %q", p.format)
			}
			store, _, err := a.askedEvidence(cmd.Context(), p.places)
			if err != nil {
				return err
			}
			r, err := engine.FindReport(cmd.Context(), store, p.reportID)
			if err != nil {
				return err
			}
			body, sig, err := engine.FetchReport(cmd.Context(), store, r)
			if err != nil {
				return err
			}
			return a.deliver(p, body, sig)
		},
	}
	p.add(a, cmd, flagPath, flagConfig)
	f := cmd.Flags()
	f.StringVar(&p.reportID, "report-id", "", "id of the report, as evidence-list shows it")
	f.StringVar(&p.format, "format", "json", "the artefact: json, sig or pdf")
	f.StringVar(&p.output, "output", "-", "file to write; - is stdout")
	f.BoolVar(&p.force, "force", false, "overwrite files that are there")
	_ = cmd.RegisterFlagCompletionFunc("report-id", a.completeReports(&p.places))
	return cmd
}

// deliver writes the artefact that was asked for.
func (a *app) deliver(p artefact, body, sig []byte) error {
	switch {
	case p.format == "pdf":
		return engine.NoArchive("report %s has no PDF: this version writes none; --format json fetches the report itself", p.reportID)
	case p.format == "sig" && sig == nil:
		return engine.NoArchive("report %s has no signature: it was written without a signing key", p.reportID)
	case p.format == "sig":
		return a.save(p, p.output, sig)
	case p.output == "-" || sig == nil:
		if sig == nil {
			a.warn(fmt.Sprintf("report %s has no signature: it was written without a signing key", p.reportID))
		}
		return a.save(p, p.output, body)
	}
	beside := strings.TrimSuffix(p.output, filepath.Ext(p.output)) + ".sig"
	if beside == p.output {
		return usage("give --output a name such as report.json", "the report itself cannot be named .sig: its signature is written beside it")
	}
	if err := a.free(p, p.output, beside); err != nil {
		return err
	}
	if err := a.save(p, beside, sig); err != nil {
		return err
	}
	return a.save(p, p.output, body)
}

// free looks whether files may be written, before the first of them is.
func (a *app) free(p artefact, names ...string) error {
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil && !p.force {
			return thereAlready(name)
		}
	}
	return nil
}

func thereAlready(name string) error {
	return &engine.Problem{Exit: engine.ExitFailed, Hint: "choose another name, or give --force", Err: fmt.Errorf("%s is there already, and is not overwritten", name)}
}

// save writes one file.
func (a *app) save(p artefact, name string, data []byte) error {
	if name == "-" {
		_, err := a.stdout.Write(data)
		return err
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if p.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, how, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return thereAlready(name)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", evidence.Digest(data), engine.Sanitize(name))
	return nil
}

// askedEvidence opens the store below which evidence is looked for: --path, or the root of the
// configured evidence.
func (a *app) askedEvidence(ctx context.Context, p places) (storage.Store, *session, error) {
	if p.path != "" {
		store, s, err := a.asked(ctx, places{path: p.path, publicKey: p.publicKey})
		if err != nil || p.config == "" {
			return store, s, err
		}
		s, err = a.load("query", places{config: p.config, publicKey: p.publicKey})
		return store, s, err
	}
	s, err := a.load("query", p)
	if err != nil {
		return nil, nil, err
	}
	if !s.cfg.EvidencePlace().Named() {
		return nil, nil, usage("write [storage] path, or give --path", "no storage is named")
	}
	root, _, err := evidencePlace(s.cfg)
	if err != nil {
		return nil, nil, err
	}
	store, err := openReadOnly(ctx, root)
	return store, s, err
}
