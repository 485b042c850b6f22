package main

import (
	"context"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
)

func (a *app) verbBackup() *cobra.Command {
	var p places
	var full bool
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
			return a.work(cmd, "backup", a.textFor("backup"), func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.load("backup", p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.backupOptions()
				if err != nil {
					return nil, s, err
				}
				o.Full = o.Full || full
				if o.Store, err = s.archives(ctx, false); err != nil {
					return nil, s, err
				}
				if o.Source, o.Admin, err = s.connect(ctx, "source", s.cfg.Source); err != nil {
					return nil, s, err
				}
				if o.Witness, err = s.witness(ctx, "backup"); err != nil {
					return nil, s, err
				}
				return engine.Backup(ctx, o), s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID)
	cmd.Flags().BoolVar(&full, "full", false, "capture everything again instead of going on from the last run")
	return cmd
}

// backupOptions is what the configuration says of backups. Nothing is opened.
func (s *session) backupOptions() (o engine.BackupOptions, err error) {
	c := s.cfg
	o = engine.BackupOptions{
		Env: s.env, Keys: s.keys(), BackupID: c.BackupID, DeclaredCluster: c.Backup.SourceClusterID, ConfigSHA256: c.Digest(),
		Capture: capture(c.Backup), WarnMissing: c.Backup.OnMissingTopic == "warn", SkipGroups: !c.Backup.ConsumerGroups.Enabled,
		SkipACLs: !c.Backup.ACLs, Full: c.Backup.Full, TransactionGrace: c.Backup.TransactionGrace.Std(),
		Workers: c.Backup.Workers, FetchBytes: fetchBytes(c.Backup), MaxBytesPerSecond: int64(c.Backup.MaxBytesPerSecond),
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
