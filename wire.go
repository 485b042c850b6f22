package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

// places are the flags by which a verb is told where to look and what to believe.
type places struct {
	config    string
	path      string
	backupID  string
	runID     string
	publicKey string
}

// flag names of places.
const (
	flagConfig    = "config"
	flagPath      = "path"
	flagBackupID  = "backup-id"
	flagRun       = "run"
	flagPublicKey = "public-key"
)

// add declares the named flags on a verb.
func (p *places) add(a *app, cmd *cobra.Command, names ...string) {
	f := cmd.Flags()
	for _, name := range names {
		switch name {
		case flagConfig:
			f.StringVar(&p.config, name, "", "configuration file (default $"+config.EnvFile+", ./kustody.toml, the user's configuration directory)")
			_ = cmd.MarkFlagFilename(name, "toml", "yaml", "yml") // fails only for a flag that is not there
		case flagPath:
			f.StringVar(&p.path, name, "", "where archives lie, prefix included: a directory or file:///directory (overrides [storage])")
			_ = cmd.MarkFlagDirname(name)
		case flagBackupID:
			f.StringVar(&p.backupID, name, "", "name of the archive (overrides backup_id)")
			_ = cmd.RegisterFlagCompletionFunc(name, a.completeBackupIDs(p))
		case flagRun:
			f.StringVar(&p.runID, name, "", "run id as list shows it, or latest")
			_ = cmd.RegisterFlagCompletionFunc(name, a.completeRuns(p))
		case flagPublicKey:
			f.StringVar(&p.publicKey, name, "", "PEM file of the public key that is trusted")
			_ = cmd.MarkFlagFilename(name, "pem")
		}
	}
}

// session is what one job works with: a configuration, and everything that has to be closed after it.
type session struct {
	app     *app
	cfg     *config.Config
	env     engine.Env
	signer  *evidence.Signer    // nil: nothing is signed
	trusted *evidence.PublicKey // nil: signatures are not checked
	closers []func()
}

// load reads and checks the configuration for a verb, with the flags laid over it.
func (a *app) load(verb string, p places) (*session, error) {
	path, err := config.Find(p.config)
	if err != nil {
		return nil, unusable(err)
	}
	cfg, err := config.Load(path, config.Options{Now: a.start})
	if err != nil {
		return nil, unusable(err)
	}
	if p.path != "" {
		cfg.SetStorageURL(p.path)
	}
	if p.backupID != "" {
		cfg.BackupID = p.backupID
	}
	if err := cfg.Validate(verb); err != nil {
		return nil, unusable(err)
	}
	for _, w := range cfg.Warnings {
		a.warn(w)
	}
	s := &session{app: a, cfg: cfg, env: engine.Env{Tool: tool(), Operator: cfg.Evidence.Operator}.Complete()}
	return s, s.loadKeys(p.publicKey, verb != "query")
}

// unusable makes an error one of the configuration.
func unusable(err error) error {
	return &engine.Problem{Exit: engine.ExitUsage, Err: err}
}

// tool is this program as documents name it.
func tool() archive.Tool {
	b := buildInfo()
	return archive.Tool{Name: "kustody", Version: b.Version, Commit: b.Commit}
}

// closeLater keeps what has to be closed when the job has ended.
func (s *session) closeLater(f func()) { s.closers = append(s.closers, f) }

// close closes everything, the last opened first.
func (s *session) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// work runs a job in the foreground: begin loads, opens and starts. What keeps it from beginning is
// shown as a job is, so that a summary is the last line whatever happens.
func (a *app) work(cmd *cobra.Command, kind string, show func() shower, begin func(ctx context.Context) (*engine.Job, *session, error)) error {
	ctx := cmd.Context()
	job, s, err := begin(ctx)
	if s != nil {
		defer s.close()
	}
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, engine.ErrCancelled) {
			err = engine.ErrCancelled
		}
		job = engine.Refused(context.WithoutCancel(ctx), kind, engine.Env{Tool: tool()}, err)
	}
	return ended(a.follow(job, show))
}

// notThere makes a missing store the absence of an archive.
func notThere(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return engine.NoArchive("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
