package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"kustody/evidence"
	"kustody/storage"
)

// Witness enters jobs in the ledger and keeps what reports need to know of it. A nil Witness means
// that no evidence is configured: nothing is entered, and jobs say so.
type Witness struct {
	Ledger      *evidence.Ledger
	Store       storage.Store // the evidence's root: reports and ledger lie under Prefix
	Prefix      string        // "" or ending in "/"
	Signer      *evidence.Signer
	Series      evidence.SeriesSpec
	TriggeredBy string
	Operator    string
	Frameworks  []string // compliance mappings asked for; empty: all

	outer *evidence.Run // of the job whose parts this witness enters; nil: jobs enter themselves
}

// ledgerFile is a file as the ledger names it: by its key from the root of its store.
type ledgerFile = evidence.RootedFile

// closing is what a job has to say of what it did.
type closing = evidence.Closing

// watch is a job that the ledger knows to have started. A nil watch does nothing.
type watch struct {
	run  *evidence.Run
	part bool // of a job that goes on after it
}

// within makes the witness of a job's parts: what they would enter as jobs of their own becomes a
// record of the job that has started.
func (w *Witness) within(x *watch) *Witness {
	if w == nil || x == nil {
		return w
	}
	inner := *w
	inner.outer = x.run
	return &inner
}

// slotsOf are the kinds of slots that a job can close.
var slotsOf = map[string][]string{
	"backup":     {evidence.SlotBackup},
	"validation": {evidence.SlotReport},
	"drill":      {evidence.SlotBackup, evidence.SlotReport},
}

// start appends the `started` entry of a job, after what others left undone. The job must not do
// anything before it, and must not run when it fails.
func (w *Witness) start(ctx context.Context, j *Job, kind string, subject map[string]string) (*watch, error) {
	if w == nil || w.Ledger == nil { // without a key there is no ledger
		return nil, nil
	}
	if w.outer != nil {
		return &watch{run: w.outer, part: true}, nil
	}
	if _, err := w.Ledger.EnsureSeries(ctx, w.Series); err != nil {
		return nil, fmt.Errorf("enter series %s in the ledger: %w", w.Series.Series, err)
	}
	subject = maps.Clone(subject)
	subject["job"] = kind
	run, err := w.Ledger.Start(ctx, evidence.Job{ID: j.id, Series: w.Series.Series, Closes: slotsOf[kind], Subject: subject, Alive: w.alive(kind, subject)})
	if err != nil {
		return nil, fmt.Errorf("enter the start of the %s in the ledger: %w", kind, err)
	}
	j.Info("ledger", F("sequence", run.Started().Sequence), F("entry", "started"), F("sha256", run.Started().SHA256))
	return &watch{run: run}, nil
}

// alive judges started jobs that this machine does not see running. Those of this machine are dead. A
// backup holds the lock of its archive, so another backup of the same archive cannot live beside it; of
// others nothing is known.
func (w *Witness) alive(kind string, subject map[string]string) func(evidence.Sealed) bool {
	here, _ := os.Hostname() // the ledger's own default; without a name nothing is known
	return func(started evidence.Sealed) bool {
		if here != "" && started.Host == here {
			return false
		}
		locked := kind == "backup" || kind == "drill"
		return !(locked && started.Subject["job"] == "backup" && started.Subject["backup_id"] == subject["backup_id"])
	}
}

// close enters how the job ended, as the last thing it does.
func (x *watch) close(ctx context.Context, c closing) error {
	if x == nil {
		return nil
	}
	// A job that was cancelled still has to say so.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if x.part {
		if _, err := x.run.Record(ctx, c); err != nil {
			return fmt.Errorf("enter a part of the job in the ledger: %w", err)
		}
		return nil
	}
	if _, err := x.run.Close(ctx, c); err != nil {
		return fmt.Errorf("enter the end of the job in the ledger: %w", err)
	}
	return nil
}

// fail closes a job that ended without an outcome.
func (x *watch) fail(ctx context.Context, kind evidence.EntryType, subject map[string]string, cause error) error {
	return x.close(ctx, closing{Type: kind, Verdict: evidence.VerdictError, Subject: subject, Detail: brief(cause)})
}

// brief is an error's text, bounded: the ledger keeps it for years.
func brief(err error) string {
	const most = 500
	if errors.Is(err, ErrCancelled) || errors.Is(err, context.Canceled) {
		return "cancelled"
	}
	if s := Sanitize(err.Error()); len(s) > most {
		return s[:most] + "…"
	} else {
		return s
	}
}

// verdictOf is the ledger's word for an exit code of a job that came to an end.
func verdictOf(e Exit) evidence.Verdict {
	if e == ExitDone {
		return evidence.VerdictPassed
	}
	return evidence.VerdictFailed
}
