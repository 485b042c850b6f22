package engine

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/storage"
)

// archivesAtOnce is how many archives are asked for their locks at the same time.
const archivesAtOnce = 16

// Holding is a lock that is held now: a job at work, here or in another process. Who, Host, Kind and Job
// are the holder's own words, and empty where it did not say. Sanitize them before they meet a terminal.
type Holding struct {
	BackupID  string
	RestoreID string // "": the archive's own lock
	Kind      string // what the job does: backup, restore, restore finish, drill
	Job       string // its id
	Who       string
	Host      string
	PID       int
	Since     time.Time // zero: not said
	Expires   time.Time // of a lease, unless it is renewed; zero where a lock ends with its process
	Expired   bool      // the lease has run out, and the lock still keeps others out for a moment
	Here      bool      // it is this very process

	// How far the unfinished run of an archive's own lock is, by the sidecars that the store has taken.
	RunID          string // "": none is under way
	Done           int64  // offsets
	Total          int64  // of those the plan froze; 0: unknown, or nothing to capture
	Partitions     int
	PartitionsDone int
	AsOf           time.Time // when the newest sidecar was stored; zero if there is none
	Problem        string    // why it could not be told how far
}

// Holders lists every lock of an archive, or of a restore of one, that is held now, by backup id; of all
// archives in the store or, with a BackupID, of one. It takes no lock and may run beside any job. Expires
// is held against now. That it cannot be told how far a run is hides no holder: see Problem.
func Holders(ctx context.Context, o QueryOptions, now time.Time) ([]Holding, error) {
	ids := []string{o.BackupID}
	if o.BackupID == "" {
		var err error
		if ids, err = lockedPlaces(ctx, o.Store); err != nil {
			return nil, err
		}
	}
	found := make([][]Holding, len(ids))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(archivesAtOnce)
	for i, id := range ids {
		a := archive.Open(o.Store, id, archive.Keys{Trusted: o.Trusted})
		g.Go(func() (err error) {
			found[i], err = holdings(gctx, a, now)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// lockedPlaces are the names of all folders in which a lock may lie: also those of archives whose first run
// is still being planned, which have nothing else.
func lockedPlaces(ctx context.Context, store storage.Store) ([]string, error) {
	dirs, err := store.ListDirs(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list archives in %s: %w", store.URL(), err)
	}
	var ids []string
	for _, d := range dirs {
		if id, err := storage.UnescapeName(d); err == nil { // else no name of ours
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// holdings are the held locks of one archive.
func holdings(ctx context.Context, a *archive.Archive, now time.Time) ([]Holding, error) {
	var out []Holding
	h, held, err := heldNow(ctx, a, "", archive.LockKey, now)
	if err != nil {
		return nil, err
	}
	if held {
		if err := h.howFar(ctx, a); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	restores, err := a.RestoreIDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range restores {
		h, held, err := heldNow(ctx, a, id, archive.RestoreLockKey(id), now)
		if err != nil {
			return nil, err
		}
		if held {
			out = append(out, h)
		}
	}
	return out, nil
}

// heldNow asks for one lock.
func heldNow(ctx context.Context, a *archive.Archive, restore, key string, now time.Time) (Holding, bool, error) {
	by, held, err := a.Store().Holder(ctx, key)
	if err != nil {
		return Holding{}, false, fmt.Errorf("ask who holds lock %s: %w", a.Dir+key, err)
	}
	h := Holding{BackupID: a.BackupID, RestoreID: restore, Job: by.Job, Who: by.Who, Host: by.Host, PID: by.PID, Since: by.Since, Expires: by.Expires}
	if i := strings.LastIndexByte(by.Job, ' '); i >= 0 { // as Env.holder writes it
		h.Kind, h.Job = by.Job[:i], by.Job[i+1:]
	}
	h.Expired = !by.Expires.IsZero() && !now.Before(by.Expires)
	host, err := os.Hostname()
	h.Here = err == nil && by.PID == os.Getpid() && by.Host == host
	return h, held, nil
}

// howFar enters the run that is under way. Only the end of the context is an error.
func (h *Holding) howFar(ctx context.Context, a *archive.Archive) error {
	p, err := h.progress(ctx, a)
	if err == nil {
		h.Done, h.Total, h.Partitions, h.PartitionsDone, h.AsOf = p.Done, p.Total, p.Partitions, p.Finished, p.Newest
		return nil
	}
	h.Problem = err.Error()
	return ctx.Err()
}

func (h *Holding) progress(ctx context.Context, a *archive.Archive) (p archive.Progress, err error) {
	runs, err := a.Runs(ctx)
	if err != nil {
		return p, err
	}
	run, ok := archive.Unfinished(runs)
	if !ok {
		return p, nil
	}
	h.RunID = run
	plan, err := a.Plan(ctx, run)
	if err != nil {
		return p, err
	}
	return a.Progress(ctx, plan.Doc)
}
