package main

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui"
)

func (a *app) verbRestore() *cobra.Command {
	var p restoreFlags
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "restore topics, for a time window if wanted",
		Long: "Writes what a run captured into topics of [target], every record once and in order, and leaves a\n" +
			"receipt. New topics stand open (no retention, no compaction) until restore finish. The same\n" +
			"command goes on with a restore that died.",
		Example: "  kustody restore --batch --config kustody.toml --dry-run\n" +
			"  kustody restore --batch --config kustody.toml --restore-id check-1 --topic orders --from 2026-11-20T00:30:00Z --to 2026-11-20T01:15:00Z",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "restore"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p.places, jobs: true}, p.fillRestore)
			}
			return a.work(cmd, "restore", a.textFor("restore"), func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("restore", p.places)
				if err != nil {
					return nil, s, err
				}
				r, err := s.restoreRequest(p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.openRestore(ctx, r, p.dryRun)
				if err != nil {
					return nil, s, err
				}
				return engine.Restore(ctx, o), s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID, flagRun)
	f := cmd.Flags()
	f.BoolVar(&p.dryRun, "dry-run", false, "plan only: say what would be written, and write nothing")
	f.Var(&p.restoreID, "restore-id", "name of this restore; the same name finishes what died (overrides restore.restore_id)")
	p.addWindow(a, cmd)
	p.addTarget(a, cmd)
	addRate(cmd, &p.rate, "restore")
	cmd.AddCommand(a.verbFinish())
	return cmd
}

// openRestore opens what a restore needs. A dry run writes nothing, and so has nothing to enter in the
// ledger.
func (s *session) openRestore(ctx context.Context, r tui.RestoreRequest, dryRun bool) (o engine.RestoreOptions, err error) {
	if o, err = s.restoreOptions(r); err != nil {
		return o, err
	}
	o.DryRun = o.DryRun || dryRun
	if o.Store, err = s.archives(ctx, o.DryRun); err != nil {
		return o, err
	}
	if o.Target, o.Admin, err = s.connect(ctx, "target", s.cfg.Target); err != nil {
		return o, err
	}
	if !o.DryRun {
		o.Witness, err = s.witness(ctx, "restore")
	}
	return o, err
}

// restoreOptions is what is asked of a restore, and for the rest what the configuration says. Nothing is
// opened.
func (s *session) restoreOptions(asked tui.RestoreRequest) (o engine.RestoreOptions, err error) {
	r := s.cfg.Restore
	o = engine.RestoreOptions{
		Env: s.env, Keys: s.keys(), BackupID: s.cfg.BackupID, RunID: asked.RunID, RestoreID: asked.RestoreID, DeclaredCluster: s.cfg.Target.Cluster,
		ConfigSHA256: s.cfg.Digest(), Mapping: asked.Mapping, Window: asked.Window, NoCreate: !r.CreateTopics, AllowExisting: r.AllowExisting, AllowTopics: asked.AllowTopics,
		ReplicationFactor: r.ReplicationFactor, OffsetHeaders: r.IncludeOffsetHeaders, Repartition: r.Repartition, CopyACLs: r.ACLs == "copy",
		ApplyConfigs: r.ApplyConfigs == "at_end", MaxBytesPerSecond: cmp.Or(asked.MaxBytesPerSecond, int64(r.MaxBytesPerSecond)), Workers: r.Workers, DryRun: r.DryRun,
	}
	if !r.Partitions.IsZero() {
		o.Partitions = r.Partitions.For
	}
	topics := r.Topics
	if len(asked.Topics) > 0 {
		topics = config.Topics{Include: asked.Topics}
	}
	if o.Topics, err = selection(topics); err != nil {
		return o, err
	}
	groups := r.ConsumerGroups
	groups.Enabled = asked.Groups
	o.Groups, err = groupTargets(groups)
	return o, err
}

// window lays --from and --to over the configured window. Both ends go through one call, so that --to
// may count from a start that is configured.
func window(c *config.Config, from, to string, now time.Time) (w archive.Window, err error) {
	var zone *time.Location // none: a time without an offset is refused
	if c.TimeZone != "" {
		if zone, err = time.LoadLocation(c.TimeZone); err != nil {
			return w, usage("use an IANA name such as Europe/Berlin", "time_zone: %w", err)
		}
	}
	start, end := flagged(from, c.Restore.TimeWindowStart), flagged(to, c.Restore.TimeWindowEnd)
	w, err = engine.ParseWindow(start, end, now, zone)
	var wrong *engine.WindowError
	if errors.As(err, &wrong) {
		field := cmp.Or(ifGiven("--from", from), "restore.time_window_start")
		if wrong.End {
			field = cmp.Or(ifGiven("--to", to), "restore.time_window_end")
		}
		return w, usage("", "%s: %w", field, wrong.Err)
	}
	return w, err
}

// ifGiven is the flag's name, if it has a text.
func ifGiven(flag, text string) string {
	if text == "" {
		return ""
	}
	return flag
}

// flagged is a flag's text or, without the flag, what is configured. The engine refuses few digits, which
// a person types by a slip; a flag always took them for milliseconds.
func flagged(flag string, configured config.Instant) string {
	if flag == "" {
		if !configured.Set {
			return ""
		}
		return moment(configured.Millis)
	}
	if ms, err := strconv.ParseInt(flag, 10, 64); err == nil && strconv.FormatInt(ms, 10) == flag {
		return moment(ms)
	}
	return flag
}

// moment writes milliseconds so that nothing can be mistaken: as a time, or in digits that are many.
func moment(ms int64) string {
	t := timeOf(ms)
	if t.Year() < 0 || t.Year() > 9999 { // RFC 3339 knows no such year
		return strconv.FormatInt(ms, 10)
	}
	return t.Format(time.RFC3339Nano)
}

func (a *app) verbFinish() *cobra.Command {
	var p places
	var id string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "finish",
		Short: "set the captured configs of restored topics",
		Long: "Sets the configs that a restore left open (retention, compaction, timestamp limits) to their captured\n" +
			"values, and says first how many of the restored records the broker will then delete.",
		Example:     "  kustody restore finish --batch --config kustody.toml --restore-id check-1",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "restore finish"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.work(cmd, "restore finish", a.textFor("restore finish"), func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("restore", p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.finishOptions(ctx, id, dryRun)
				if err != nil {
					return nil, s, err
				}
				return engine.FinishRestore(ctx, o), s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID)
	cmd.Flags().StringVar(&id, "restore-id", "", "name of the restore (overrides restore.restore_id)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen, and set nothing")
	return cmd
}

// finishOptions opens what finishing a restore needs.
func (s *session) finishOptions(ctx context.Context, id string, dryRun bool) (o engine.FinishOptions, err error) {
	o = engine.FinishOptions{Env: s.env, Keys: s.keys(), BackupID: s.cfg.BackupID, RestoreID: cmp.Or(id, s.cfg.Restore.RestoreID), DryRun: dryRun}
	if o.RestoreID == "" {
		return o, usage("give --restore-id as the restore's summary shows it", "it is not said which restore is to be finished")
	}
	if o.Store, err = s.archives(ctx, dryRun); err != nil {
		return o, err
	}
	if o.Target, o.Admin, err = s.connect(ctx, "target", s.cfg.Target); err != nil {
		return o, err
	}
	if !dryRun {
		o.Witness, err = s.witness(ctx, "restore")
	}
	return o, err
}
