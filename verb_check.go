package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"kustody/config"
	"kustody/engine"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// checkPatience is how long a preflight waits for a broker: whoever asks is waiting for the answer.
const checkPatience = 10 * time.Second

func (a *app) verbCheck() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use:   "check",
		Short: "look whether a job could run: brokers, rights, topics, store, lock, key, clock",
		Long: "Says for everything that a job needs CAN, CANNOT or UNKNOWN, with the reason. It writes nothing. Exit\n" +
			"code 3 when something cannot be done.",
		Example:     "  kustody check --batch --config kustody.toml",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "check"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.work(cmd, "check", a.textForCheck(), func(ctx context.Context) (*engine.Job, *session, error) {
				s, err := a.loadForCheck(p)
				if err != nil {
					return nil, s, err
				}
				o, err := s.checkOptions()
				if err != nil {
					return nil, s, err
				}
				return engine.Check(ctx, o), s, nil
			})
		},
	}
	p.add(a, cmd, flagConfig, flagPath, flagBackupID)
	return cmd
}

// loadForCheck loads a configuration whose keys may be wrong: that is for the check to say.
func (a *app) loadForCheck(p places) (*session, error) {
	f, err := readConfig(p.config)
	if err != nil {
		return nil, err
	}
	return a.configure(f, "check", p, a.start, a.warn)
}

// checkOptions says what there is to look at.
func (s *session) checkOptions() (engine.CheckOptions, error) {
	c := s.cfg
	o := engine.CheckOptions{Env: s.env, BackupID: c.BackupID}
	if c.Source.Named() {
		topics, err := selection(c.Source.Topics)
		if err != nil {
			return o, err
		}
		source := s.checkCluster("source", c.Source)
		source.Topics, source.Reads, source.Groups, source.ACLs = topics, true, c.Backup.ConsumerGroups.Enabled, c.Backup.ACLs
		o.Clusters = append(o.Clusters, source)
	}
	if c.Target.Named() {
		target := s.checkCluster("target", c.Target)
		target.Writes = true
		o.Clusters = append(o.Clusters, target)
	}
	if c.Storage.Named() {
		loc, err := location(c.Storage.Located())
		if err != nil {
			return o, err
		}
		o.Places = append(o.Places, checkPlace("storage", loc, int64(c.Backup.SegmentMaxBytes)))
	}
	sign := c.Evidence.Signing
	if !sign.Enabled {
		return o, nil
	}
	o.Signing = func() (*evidence.Signer, error) { return loadSigner(sign) }
	if !c.EvidencePlace().Named() {
		return o, nil
	}
	root, prefix, err := evidencePlace(c)
	if err != nil {
		return o, err
	}
	o.Places = append(o.Places, checkPlace("evidence", root, 1<<20))
	o.Ledger = s.checkLedger(prefix)
	return o, nil
}

// checkLedger opens the ledger as a job would, and holds the clock against it.
func (s *session) checkLedger(prefix string) func(context.Context, storage.Store) (evidence.Head, error) {
	return func(ctx context.Context, store storage.Store) (evidence.Head, error) {
		signer, err := loadSigner(s.cfg.Evidence.Signing)
		if err != nil {
			return evidence.Head{}, err
		}
		tolerance := s.cfg.Evidence.ClockTolerance.Std()
		l, err := evidence.Open(ctx, store, prefix, signer, evidence.LedgerOptions{ClockTolerance: tolerance})
		if err != nil {
			return evidence.Head{}, err
		}
		if n := len(l.Entries()); n > 0 {
			now, last := s.now.UTC(), l.Entries()[n-1].Time
			if last.Sub(now) > tolerance {
				return l.Head(), &evidence.ClockError{Now: now, Last: last, Tolerance: tolerance}
			}
		}
		return l.Head(), nil
	}
}

// checkCluster opens clients with little patience: a preflight is waited for.
func (s *session) checkCluster(name string, c config.Cluster) engine.CheckCluster {
	kc := cluster(c)
	return engine.CheckCluster{Name: name, Servers: c.BootstrapServers, Expected: c.Cluster,
		Data: func(ctx context.Context) (engine.CheckData, func(), error) {
			if err := kc.Check(); err != nil {
				return nil, nil, err
			}
			cl, err := kafka.OpenWith(ctx, kc, kafka.ClientOptions{Timeout: checkPatience, RetryFor: checkPatience, Lanes: 1})
			if err != nil {
				return nil, nil, err
			}
			return cl, cl.Close, nil
		},
		Control: func(ctx context.Context) (engine.CheckControl, func(), error) {
			admin, err := kafka.OpenAdmin(ctx, kc)
			if err != nil {
				return nil, nil, err
			}
			return admin, admin.Close, nil
		}}
}

// checkPlace describes a directory.
func checkPlace(name string, loc storage.Location, need int64) engine.CheckPlace {
	return engine.CheckPlace{Name: name, URL: loc.String(), Need: need,
		Open: func(ctx context.Context) (storage.Store, error) {
			loc := loc
			loc.ReadOnly = true
			return storage.Open(ctx, loc)
		},
		Writable: func() error { return writable(loc.Path) },
		Free:     func() (int64, error) { return freeBytes(loc.Path) },
	}
}

// existing is the nearest folder at or above a path that is there.
func existing(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no folder", path)
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path:
			return "", err
		}
		path = filepath.Dir(path)
	}
}

// writable asks the system whether this user may write there; nothing is written.
func writable(path string) error {
	dir, err := existing(path)
	if err != nil {
		return err
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	return nil
}

// freeBytes is what is left to this user on the file system of a path.
func freeBytes(path string) (int64, error) {
	dir, err := existing(path)
	if err != nil {
		return 0, err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask how much is free in %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
