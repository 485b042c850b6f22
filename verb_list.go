package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/tui"
)

func (a *app) verbList() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the backups of a store, as one JSON object",
		Example: "  kustody list --batch --path archive\n" +
			`  kustody --batch list --path archive --format json | jq -r '.backups[] | "\(.backup_id) | \(.created_at) | \(.statistics.records) records"'`,
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "list"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p}, opensAt(tui.Place{Verb: "list"}))
			}
			store, s, err := a.asked(cmd.Context(), p)
			if err != nil {
				return err
			}
			list, err := engine.ListBackups(cmd.Context(), engine.QueryOptions{Store: store, Trusted: s.trusted, BackupID: p.backupID})
			if err != nil {
				return err
			}
			if p.backupID != "" && len(list.Backups)+len(list.Unfinished)+len(list.Broken) == 0 {
				return engine.NoArchive("there is no archive %q in %s", p.backupID, store.URL())
			}
			return a.answer(list, list.Broken)
		},
	}
	p.add(a, cmd, flagPath, flagConfig, flagBackupID, flagPublicKey)
	return cmd
}

func (a *app) verbDescribe() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use:   "describe",
		Short: "show the chain of custody of a backup, as one JSON object",
		Long: "Shows where a run came from, what it holds, what was restored from it, and the sha256 of every\n" +
			"object that belongs to it. Nothing is hashed again: validate does that.",
		Example: "  kustody describe --batch --path archive --backup-id orders-daily\n" +
			"  kustody --batch describe --path archive --backup-id orders-daily --format json | jq '.checksums'",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "describe"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p}, atRun)
			}
			store, s, err := a.asked(cmd.Context(), p)
			if err != nil {
				return err
			}
			id, err := s.backupIDFor(p)
			if err != nil {
				return err
			}
			d, err := engine.DescribeBackup(cmd.Context(), engine.QueryOptions{Store: store, Trusted: s.trusted, BackupID: id, RunID: p.runID})
			if err != nil {
				return err
			}
			return a.answer(d, nil)
		},
	}
	p.add(a, cmd, flagPath, flagConfig, flagBackupID, flagRun, flagPublicKey)
	return cmd
}

// backupIDFor is the archive that a verb is about.
func (s *session) backupIDFor(p places) (string, error) {
	if p.backupID != "" {
		return p.backupID, nil
	}
	if s.cfg.BackupID == "" {
		return "", usage("give --backup-id; kustody list shows them", "it is not said which archive is meant")
	}
	return s.cfg.BackupID, nil
}

// answer prints what a query found, as one JSON object, and complains of what cannot be believed.
func (a *app) answer(v any, broken []engine.BrokenObject) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	fmt.Fprintf(a.stdout, "%s\n", harmlessJSON(body))
	if len(broken) == 0 {
		return nil
	}
	for _, b := range broken {
		a.complain(fmt.Errorf("%s: %s", b.Key, b.Problem))
	}
	return ended(engine.ExitBroken)
}

// harmlessJSON escapes what a terminal would act on. encoding/json escapes control characters below
// 0x20; the others, and the marks that turn the direction of writing, can only stand inside of strings.
func harmlessJSON(body []byte) []byte {
	harmful := func(r rune) bool { return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
	if strings.IndexFunc(string(body), harmful) < 0 {
		return body
	}
	var b strings.Builder
	for _, r := range string(body) {
		switch {
		case !harmful(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}
