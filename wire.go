package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

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
	now     time.Time         // when it began: what ${DATE} and "-3h" count from
	warn    func(text string) // says what is not as it should be
	env     engine.Env
	signer  *evidence.Signer    // nil: nothing is signed
	trusted *evidence.PublicKey // nil: signatures are not checked
	closers []func()
}

// load reads and checks the configuration for a verb, with the flags laid over it.
func (a *app) load(verb string, p places) (*session, error) {
	f, err := readConfig(p.config)
	if err != nil {
		return nil, err
	}
	return a.begin(f, verb, p, a.start, a.warn)
}

// file is a configuration as it was read: the console begins every job with the text that it read when it
// opened, so that an edit meanwhile cannot turn a job to another cluster than the screen names.
type file struct {
	path string
	text []byte
}

// noConfigError says that a configuration was neither named nor found.
type noConfigError struct{ error }

// Unwrap gives the cause.
func (e *noConfigError) Unwrap() error { return e.error }

// readConfig finds and reads the configuration. That none was named and none found is a *noConfigError.
func readConfig(named string) (*file, error) {
	path, err := config.Find(named)
	if err != nil {
		if named == "" && os.Getenv(config.EnvFile) == "" && errors.Is(err, fs.ErrNotExist) {
			err = &noConfigError{err}
		}
		return nil, unusable(err)
	}
	text, err := config.Read(path)
	if err != nil {
		return nil, unusable(err)
	}
	return &file{path, text}, nil
}

// begin makes the session of a verb: the configuration with the flags laid over it, and the keys.
func (a *app) begin(f *file, verb string, p places, now time.Time, warn func(string)) (*session, error) {
	s, err := a.configure(f, verb, p, now, warn)
	if err != nil {
		return nil, err
	}
	return s, s.loadKeys(p.publicKey, verb != "query")
}

// configure is begin without the keys.
func (a *app) configure(f *file, verb string, p places, now time.Time, warn func(string)) (*session, error) {
	cfg, err := config.Parse(f.path, f.text, config.Options{Now: now})
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
		warn(w)
	}
	return &session{app: a, cfg: cfg, now: now, warn: warn, env: engine.Env{Clock: a.clock, Tool: tool(), Operator: cfg.Evidence.Operator}.Complete()}, nil
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
