package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui"
)

func (a *app) verbBackup() *cobra.Command {
	var p places
	var r tui.BackupRequest
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "back up topics",
		Long: "Captures the topics of [source] into the archive backup_id: freezes an end for every partition,\n" +
			"reads up to it, and puts a manifest last. The next run goes on where this one ended; a run that\n" +
			"died is finished first.",
		Example:     "  kustody backup --batch --config kustody.toml",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "backup"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				return a.console(cmd, sight{places: p, jobs: true}, func(_ context.Context, d *desk) (tui.Place, error) {
					r.BackupID = d.first.cfg.BackupID
					return tui.Place{Verb: "backup", BackupID: r.BackupID, Backup: r}, nil
				})
			}
			return a.work(cmd, "backup", a.textFor("backup"), func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("backup", p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.openBackup(ctx, r)
				if err != nil {
					return nil, s, err
				}
				return engine.Backup(ctx, o), s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID)
	f := cmd.Flags()
	f.BoolVar(&r.Full, "full", false, "capture everything again instead of going on from the last run")
	addRate(cmd, &r.MaxBytesPerSecond, "backup")
	return cmd
}

// openBackup opens what a backup needs.
func (s *session) openBackup(ctx context.Context, r tui.BackupRequest) (o engine.BackupOptions, err error) {
	if o, err = s.backupOptions(r); err != nil {
		return o, err
	}
	if o.Store, err = s.archives(ctx, false); err != nil {
		return o, err
	}
	if o.Source, o.Admin, err = s.connect(ctx, "source", s.cfg.Source); err != nil {
		return o, err
	}
	o.Witness, err = s.witness(ctx, "backup")
	return o, err
}

// backupOptions is what is asked of a backup, and for the rest what the configuration says. Nothing is opened.
func (s *session) backupOptions(r tui.BackupRequest) (o engine.BackupOptions, err error) {
	c := s.cfg
	o = engine.BackupOptions{
		Env: s.env, Keys: s.keys(), BackupID: c.BackupID, DeclaredCluster: c.Backup.SourceClusterID, ConfigSHA256: c.Digest(),
		Capture: capture(c.Backup), WarnMissing: c.Backup.OnMissingTopic == "warn", SkipGroups: !c.Backup.ConsumerGroups.Enabled,
		SkipACLs: !c.Backup.ACLs, Full: c.Backup.Full || r.Full, TransactionGrace: c.Backup.TransactionGrace.Std(),
		Workers: c.Backup.Workers, FetchBytes: fetchBytes(c.Backup), MaxBytesPerSecond: cmp.Or(r.MaxBytesPerSecond, int64(c.Backup.MaxBytesPerSecond)),
	}
	if c.Backup.Continuous {
		o.Repeat = c.Backup.Interval.Std()
	}
	if o.Topics, err = selection(c.Source.Topics); err != nil {
		return o, err
	}
	o.Groups, err = groupFilter(c.Backup.ConsumerGroups)
	return o, err
}

func capture(b config.Backup) archive.Capture {
	return archive.Capture{Compression: b.Compression, CompressionLevel: b.CompressionLevel, Inspect: b.Inspect,
		SegmentMaxBytes: int64(b.SegmentMaxBytes), StopAtCurrent: b.StopAtCurrentOffsets}
}

// fetchBytes shares the memory for data on its way out between the workers, each of which holds two
// fetches. 0 lets the engine choose.
func fetchBytes(b config.Backup) int32 {
	if b.MaxInFlightBytes <= 0 {
		return 0
	}
	workers := int64(max(b.Workers, 1))
	if b.Workers == 0 {
		workers = 8
	}
	return int32(min(max(int64(b.MaxInFlightBytes)/(2*workers), 64<<10), 64<<20))
}
