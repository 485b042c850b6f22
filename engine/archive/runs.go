package archive

import (
	"context"
	"fmt"
	"slices"

	"kustody/evidence"
)

// ChainMax is the longest chain of manifests: every run that would be longer is written complete.
const ChainMax = 50

// Run is a run as the store shows it.
type Run struct {
	ID       string
	Finished bool // its manifest exists
	Begun    bool // its plan exists; not asked for where Finished. Without it nothing was captured
}

// Runs lists the runs, oldest first. An archive without any has none.
func (a *Archive) Runs(ctx context.Context) ([]Run, error) {
	ids, err := a.store.ListDirs(ctx, runsDir)
	if err != nil {
		return nil, fmt.Errorf("list runs of %s: %w", a.BackupID, err)
	}
	runs := make([]Run, 0, len(ids))
	for _, id := range ids {
		if ValidID(id) != nil {
			continue // no folder of ours
		}
		done, err := a.exists(ctx, ManifestKey(id))
		if err != nil {
			return nil, err
		}
		r := Run{ID: id, Finished: done}
		if !done {
			if r.Begun, err = a.exists(ctx, PlanKey(id)); err != nil {
				return nil, err
			}
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// Unfinished is the newest run that has a plan and no manifest, if it is newer than every finished
// run. Older ones were given up and stay what they are. A folder without a plan is no run: a process
// that died between the signature of its plan and the plan leaves one.
func Unfinished(runs []Run) (string, bool) {
	for _, r := range slices.Backward(runs) {
		if r.Finished {
			break
		}
		if r.Begun {
			return r.ID, true
		}
	}
	return "", false
}

// PutPlan stores a run's plan.
func (a *Archive) PutPlan(ctx context.Context, p *Plan) (evidence.File, error) {
	p.Format, p.Kind, p.BackupID = Format, KindPlan, a.BackupID
	return put(ctx, a, PlanKey(p.RunID), p)
}

// Plan reads a run's plan.
func (a *Archive) Plan(ctx context.Context, run string) (Document[Plan], error) {
	d, err := get[Plan](ctx, a, PlanKey(run), KindPlan)
	if err == nil && (d.Doc.BackupID != a.BackupID || d.Doc.RunID != run) {
		err = broken(d.Key, "belongs to run %s of %s", d.Doc.RunID, d.Doc.BackupID)
	}
	return d, err
}

// PutManifest stores a run's manifest; from then on the run exists.
func (a *Archive) PutManifest(ctx context.Context, m *Manifest) (evidence.File, error) {
	m.Format, m.Kind, m.BackupID = Format, KindManifest, a.BackupID
	return put(ctx, a, ManifestKey(m.RunID), m)
}

// Manifest reads a run's manifest.
func (a *Archive) Manifest(ctx context.Context, run string) (Document[Manifest], error) {
	d, err := get[Manifest](ctx, a, ManifestKey(run), KindManifest)
	if err == nil && (d.Doc.BackupID != a.BackupID || d.Doc.RunID != run) {
		err = broken(d.Key, "belongs to run %s of %s", d.Doc.RunID, d.Doc.BackupID)
	}
	return d, err
}

// Head is the newest finished run: the end of the chain. ErrNoArchive when there is none. Two
// manifests with the same previous one are a fork, and an error.
func (a *Archive) Head(ctx context.Context) (Document[Manifest], error) {
	head, _, err := a.head(ctx)
	return head, err
}

// head is Head, with all the manifests that it took to find it, by run.
func (a *Archive) head(ctx context.Context) (head Document[Manifest], all map[string]Document[Manifest], err error) {
	runs, err := a.Runs(ctx)
	if err != nil {
		return head, nil, err
	}
	all = map[string]Document[Manifest]{}
	seen := map[string]string{} // previous run -> run that follows it
	for _, r := range runs {
		if !r.Finished {
			continue
		}
		m, err := a.Manifest(ctx, r.ID)
		if err != nil {
			return Document[Manifest]{}, nil, err
		}
		all[r.ID] = m
		prev := ""
		if m.Doc.Previous != nil {
			prev = m.Doc.Previous.RunID
		}
		if other, ok := seen[prev]; ok {
			return Document[Manifest]{}, nil, broken(m.Key, "the archive forks: runs %s and %s both follow %q", other, r.ID, prev)
		}
		seen[prev] = r.ID
		head = m
	}
	if head.Doc == nil {
		return head, nil, a.none()
	}
	return head, all, nil
}

// none says that the archive has no finished run.
func (a *Archive) none() error {
	return fmt.Errorf("%w: %s has no finished run in %s", ErrNoArchive, a.BackupID, a.store.URL())
}

// There is nil when the archive has a finished run, and ErrNoArchive when not. It reads no manifest.
func (a *Archive) There(ctx context.Context) error {
	runs, err := a.Runs(ctx)
	if err == nil && !slices.ContainsFunc(runs, func(r Run) bool { return r.Finished }) {
		err = a.none()
	}
	return err
}

// Chain reads the manifests that together hold the records of a run, oldest first: back to the last
// complete one. Each is pinned by the hash in the next.
func (a *Archive) Chain(ctx context.Context, run string) ([]Document[Manifest], error) {
	if ok, err := a.exists(ctx, ManifestKey(run)); err != nil || !ok {
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s has no finished run %s", ErrNoArchive, a.BackupID, run)
	}
	return a.chain(ctx, run, nil)
}

// chain is Chain of a run that is there; known manifests are not read again.
func (a *Archive) chain(ctx context.Context, run string, known map[string]Document[Manifest]) ([]Document[Manifest], error) {
	var chain []Document[Manifest]
	next := &Previous{RunID: run}
	for next != nil {
		m, ok := known[next.RunID]
		if !ok {
			var err error
			if m, err = a.Manifest(ctx, next.RunID); err != nil {
				return nil, err
			}
		}
		if next.ManifestSHA256 != "" && m.SHA256 != next.ManifestSHA256 {
			return nil, broken(m.Key, "its sha256 is %s; the run after it says %s", m.SHA256, next.ManifestSHA256)
		}
		if len(chain) > ChainMax {
			return nil, broken(m.Key, "the chain of manifests is longer than %d", ChainMax)
		}
		chain = append(chain, m)
		next = m.Doc.Previous
		if m.Doc.Complete {
			next = nil
		}
	}
	slices.Reverse(chain)
	return chain, nil
}
