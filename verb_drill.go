package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/tui"
)

func (a *app) verbDrill() *cobra.Command {
	var p restoreFlags
	var keep bool
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "prove in one go that what is backed up can be restored",
		Long: "Backs up, restores into fresh topics of [target], compares every record, writes the report, and deletes\n" +
			"the topics that it made. What a drill that died left behind is deleted by the next one.",
		Example:     "  kustody drill --batch --config kustody.toml",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "drill"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p.places, jobs: true}, p.fillDrill(&keep))
			}
			show := &drillText{plainText: *newPlainText(a, "drill")}
			return a.work(cmd, "drill", func() shower { return show }, func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("drill", p.places)
				if err != nil {
					return nil, s, err
				}
				r, err := s.drillRequest(p, keep)
				if err != nil {
					return nil, s, err
				}
				o, err := s.openDrill(ctx, r)
				if err != nil {
					return nil, s, err
				}
				show.job = engine.Drill(ctx, o)
				return show.job, s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID)
	p.addWindow(a, cmd)
	cmd.Flags().BoolVar(&keep, "keep-topics", false, "leave the restored topics where they are")
	return cmd
}

// drillRequest is what the configuration and the flags ask of a drill.
func (s *session) drillRequest(p restoreFlags, keep bool) (r tui.DrillRequest, err error) {
	asked, err := s.restoreRequest(p)
	return tui.DrillRequest{BackupID: asked.BackupID, Topics: asked.Topics, Window: asked.Window, KeepTopics: keep}, err
}

// openDrill opens what a drill needs: both clusters, the store, the ledger. What is not asked of a drill
// is as the configuration has it.
func (s *session) openDrill(ctx context.Context, r tui.DrillRequest) (o engine.DrillOptions, err error) {
	o = engine.DrillOptions{Env: s.env, Keys: s.keys(), BackupID: s.cfg.BackupID, KeepTopics: r.KeepTopics}
	if o.Backup, err = s.backupOptions(tui.BackupRequest{}); err != nil {
		return o, err
	}
	asked, err := s.restoreRequest(restoreFlags{})
	if err != nil {
		return o, err
	}
	asked.Topics, asked.Window = r.Topics, r.Window
	if o.Restore, err = s.restoreOptions(asked); err != nil {
		return o, err
	}
	if o.Validation, err = s.validationOptions(); err != nil {
		return o, err
	}
	if o.Store, err = s.archives(ctx, false); err != nil {
		return o, err
	}
	if o.Backup.Source, o.Backup.Admin, err = s.connect(ctx, "source", s.cfg.Source); err != nil {
		return o, err
	}
	data, admin, err := s.connect(ctx, "target", s.cfg.Target)
	if err != nil {
		return o, err
	}
	o.Target, o.Restore.Admin, o.Validation.Admin = data, admin, admin
	o.Witness, err = s.witness(ctx, "drill")
	return o, err
}

// drillText shows a drill as it goes, and its checks as a validation shows them.
type drillText struct {
	plainText
	job *engine.Job
}

func (t *drillText) event(e engine.Event) {
	if e.Type == "summary" && t.job != nil {
		t.flush()
		if r := t.job.Report(); r != nil {
			fmt.Fprintf(t.app.stdout, "\n%s\n", validationResults(r, text(e.Get("report"))))
		}
	}
	t.plainText.event(e)
}
