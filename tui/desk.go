package tui

import (
	"context"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
)

// Desk is what the console works on. main lays it out; whatever is nil is not there, and the screens say
// so. The functions may be called from any goroutine, several at a time; they honour their context.
type Desk struct {
	Cluster    string // what people call the cluster; "" when there is none
	Production bool   // it is one that must not be written to by a slip
	Location   string // of the archive or the evidence, without secrets
	BackupID   string // the archive of the configuration; "" shows every one in the store
	Command    string // how batch lines of this desk begin: "kustody --batch --config demo/kustody.toml"

	ReadOnly string           // why nothing can be started: "started with --read-only"; "" when it can
	Now      func() time.Time // the clock of jobs and screens
	Zone     *time.Location   // in which times are read that are typed without one
	Warnings []string         // of the configuration

	// Archive opens the store of archives for reading. Nil: there is none here.
	Archive func(ctx context.Context) (engine.QueryOptions, error)
	// Evidence opens reports and ledger for reading. Nil: there is none here.
	Evidence func(ctx context.Context) (engine.LedgerOptions, error)
	// Source opens the cluster that is backed up, for looking. The second result closes it. Nil: no cluster.
	Source func(ctx context.Context) (engine.CoverageOptions, func(), error)
	// Work starts jobs that write. Nil: there is no way to.
	Work *Work
	// Offers are what the first page offers when there is no configuration; empty: there is one.
	Offers []Offer
}

// Work starts the jobs that write, with the same options as the verbs of --batch. A job that could not be
// begun is an error; one that ends badly is not.
type Work struct {
	Backup     func(ctx context.Context, r BackupRequest) (*engine.Job, error)
	Plan       func(ctx context.Context, r RestoreRequest) (*engine.RestorePlan, error)
	Restore    func(ctx context.Context, r RestoreRequest) (*engine.Job, error)
	Drill      func(ctx context.Context, r DrillRequest) (*engine.Job, error)
	Validation func(ctx context.Context, r ValidationRequest) (*engine.Job, error)
	// Defaults is the restore that the configuration describes; its Topics are patterns, as they are written.
	// A request is not laid over it: it says all of window, mapping and groups by itself.
	Defaults RestoreRequest
	// Target is the cluster that is restored into, as people call it; Production says that it is one that
	// must not be written to by a slip.
	Target     string
	Production bool
}

// BackupRequest is a backup as a person asks for it.
type BackupRequest struct {
	BackupID          string
	Full              bool  // everything again
	MaxBytesPerSecond int64 // 0: as configured
}

// RestoreRequest is a restore as a person asks for it: the wizard fills it in, and the flags of the verb
// restore hold the same.
type RestoreRequest struct {
	BackupID          string
	RunID             string   // "" the newest
	RestoreID         string   // "" one is made
	Topics            []string // none: those of the configuration
	Window            archive.Window
	Mapping           map[string]string // source to target; others are named after the restore
	AllowTopics       []string          // target topics that hold records and were typed
	Groups            bool              // consumer groups as configured, else all under their own names
	MaxBytesPerSecond int64             // 0: as configured
}

// DrillRequest is a drill as a person asks for it.
type DrillRequest struct {
	BackupID   string
	Topics     []string
	Window     archive.Window
	KeepTopics bool
}

// ValidationRequest asks for a restore to be compared with the archive.
type ValidationRequest struct {
	BackupID  string
	RestoreID string // "" the newest
}

// Offer is one thing that the first page offers when there is no configuration.
type Offer struct {
	Key, Title, Text string
	// Take does it and returns the desk to go on with. ask is what was typed, where Ask is not "".
	Ask  string // what has to be typed first: "folder"
	Take func(ctx context.Context, typed string) (Desk, error)
	// Progress says what Take does just now, in a line; "" nothing. It is asked from another goroutine than
	// Take's, some ten times a second. Nil: nothing is said but that it works.
	Progress func() string
}

// fill sets what was left out.
func (d *Desk) fill() {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Zone == nil {
		d.Zone = time.UTC
	}
}

// Place is where the console opens.
type Place struct {
	Verb       string // "", backup, restore, drill, validation, list, describe, evidence, report, ledger, check
	BackupID   string
	RunID      string
	ReportID   string
	Backup     BackupRequest
	Restore    RestoreRequest
	Drill      DrillRequest
	Validation ValidationRequest
}
