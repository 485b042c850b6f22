package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/evidence"
)

// auditor checks what lies in an archive against what its documents say, and keeps count. Broken objects
// are collected; only what cannot be told (a store that does not answer) is an error.
type auditor struct {
	archive *archive.Archive
	job     *Job
	deep    bool
	workers int

	units []*auditUnit
	byKey map[string]*auditUnit
	seen  map[string]bool // documents checked

	runCount int
	records  int64 // in verified segments
	notes    []string

	mu     sync.Mutex
	broken []error
	tally  evidence.Integrity
}

// auditUnit is one segment with its sidecar, however many manifests list it.
type auditUnit struct {
	archive.Held
	at archive.Place
}

func newAuditor(a *archive.Archive, j *Job, deep bool, workers int) *auditor {
	return &auditor{archive: a, job: j, deep: deep, workers: workers, byKey: map[string]*auditUnit{}, seen: map[string]bool{}}
}

// take sorts an error: nil and broken objects are the audit's result, anything else ends it.
func (a *auditor) take(err error) error {
	if err == nil {
		return nil
	}
	if !isBroken(err) {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = append(a.broken, err)
	if len(a.broken) <= mostBroken {
		a.job.Error(err)
	}
	return nil
}

// breaks enters a contradiction between documents.
func (a *auditor) breaks(key, format string, args ...any) {
	_ = a.take(&archive.BrokenError{Key: key, Err: fmt.Errorf(format, args...)})
}

// document counts one document that was read, and says whether it can be used.
func (a *auditor) document(key string, size int64, err error) (bool, error) {
	if errors.Is(err, fs.ErrNotExist) {
		err = &archive.BrokenError{Key: key, Err: errors.New("is not there")}
	}
	if !a.seen[key] {
		a.seen[key] = true
		a.count(size, err == nil)
	}
	return err == nil, a.take(err)
}

func (a *auditor) count(size int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.ObjectsExpected++
	if ok {
		a.tally.ObjectsVerified++
		a.tally.BytesVerified += size
	} else {
		a.tally.ObjectsFailed++
	}
}

// runs checks every run and how they follow each other.
func (a *auditor) runs(ctx context.Context, runs []archive.Run) error {
	c := chainAudit{auditor: a, follows: map[string]string{}, manifests: map[string]archive.Document[archive.Manifest]{}}
	for _, r := range runs {
		if !r.Finished {
			if err := a.unfinished(ctx, r.ID); err != nil {
				return err
			}
			continue
		}
		a.runCount++
		if err := c.run(ctx, r.ID); err != nil {
			return err
		}
	}
	return c.accounts(ctx)
}

// unfinished looks at a run without a manifest: it died, or is under way.
func (a *auditor) unfinished(ctx context.Context, run string) error {
	d, err := a.archive.Plan(ctx, run)
	if errors.Is(err, fs.ErrNotExist) {
		a.notes = append(a.notes, "run "+run+" has neither plan nor manifest: what lies there is nobody's")
		return nil
	}
	a.notes = append(a.notes, "run "+run+" has not finished: it holds no records yet")
	_, err = a.document(archive.PlanKey(run), d.Size, err)
	return err
}

// chain checks one run and the manifests it rests on.
func (a *auditor) chain(ctx context.Context, run string) error {
	v, err := a.archive.View(ctx, run)
	if err != nil {
		return a.take(err)
	}
	return a.view(ctx, v)
}

// view checks the manifests of a chain that was read, and its accounts.
func (a *auditor) view(ctx context.Context, v *archive.View) error {
	c := chainAudit{auditor: a, follows: map[string]string{}, manifests: map[string]archive.Document[archive.Manifest]{}}
	for _, m := range v.Chain {
		a.runCount++
		if err := c.run(ctx, m.Doc.RunID); err != nil {
			return err
		}
	}
	for _, err := range archive.Accounts(v) {
		_ = a.take(err) // always a broken object
	}
	return nil
}

// chainAudit follows the chain of manifests.
type chainAudit struct {
	*auditor
	follows   map[string]string // run -> the run after it
	manifests map[string]archive.Document[archive.Manifest]
}

// run checks plan and manifest of one run, and enters its segments.
func (c *chainAudit) run(ctx context.Context, run string) error {
	m, err := c.archive.Manifest(ctx, run)
	ok, err := c.document(archive.ManifestKey(run), m.Size, err)
	if err != nil {
		return err
	}
	p, err := c.archive.Plan(ctx, run)
	planned, err := c.document(archive.PlanKey(run), p.Size, err)
	if err != nil || !ok {
		return err
	}
	if planned && m.Doc.PlanSHA256 != p.SHA256 {
		c.breaks(p.Key, "its sha256 is %s; the manifest says %s", p.SHA256, m.Doc.PlanSHA256)
	} else if planned {
		if why := m.Doc.Shortfall(p.Doc); why != "" {
			c.breaks(m.Key, "%s", why)
		}
	}
	c.manifests[run] = m
	c.link(m)
	for _, t := range m.Doc.Topics {
		for _, part := range t.Partitions {
			for _, h := range part.Segments {
				c.segment(m.Key, h, archive.Place{Topic: t.Name, TopicID: t.ID, Partition: part.Partition})
			}
		}
	}
	return nil
}

// link holds a manifest against the one it follows.
func (c *chainAudit) link(m archive.Document[archive.Manifest]) {
	prev := m.Doc.Previous
	if prev == nil {
		prev = &archive.Previous{}
	}
	if other, taken := c.follows[prev.RunID]; taken {
		c.breaks(m.Key, "the archive forks: runs %s and %s both follow %q", other, m.Doc.RunID, prev.RunID)
		return
	}
	c.follows[prev.RunID] = m.Doc.RunID
	before, known := c.manifests[prev.RunID]
	if known && before.SHA256 != prev.ManifestSHA256 {
		c.breaks(before.Key, "its sha256 is %s; the run after it says %s", before.SHA256, prev.ManifestSHA256)
	}
}

// accounts checks the bookkeeping of every chain: up to each complete manifest, and to the newest.
func (c *chainAudit) accounts(ctx context.Context) error {
	for run, m := range c.manifests {
		if prev := m.Doc.Previous; prev != nil {
			if _, known := c.manifests[prev.RunID]; !known && !c.seen[archive.ManifestKey(prev.RunID)] {
				c.breaks(archive.ManifestKey(prev.RunID), "is not there; run %s follows it", run)
			}
		}
		if next, ok := c.follows[run]; ok && !c.manifests[next].Doc.Complete {
			continue // judged with the run after it
		}
		v, err := c.archive.View(ctx, run)
		if err != nil {
			if err := c.repeated(err); err != nil {
				return err
			}
			continue
		}
		for _, err := range archive.Accounts(v) {
			_ = c.take(err) // always a broken object
		}
	}
	return nil
}

// repeated drops what is known to be broken by now.
func (c *chainAudit) repeated(err error) error {
	var b *archive.BrokenError
	if errors.As(err, &b) {
		for _, known := range c.broken {
			var k *archive.BrokenError
			if errors.As(known, &k) && k.Key == b.Key {
				return nil
			}
		}
	}
	if errors.Is(err, archive.ErrNoArchive) || errors.Is(err, fs.ErrNotExist) {
		return nil // a manifest that is missing, which was said
	}
	return c.take(err)
}

// segment enters a segment as a manifest lists it. All manifests must say the same of it.
func (a *auditor) segment(manifest string, h archive.Held, at archive.Place) {
	u := a.byKey[h.Key]
	if u == nil {
		u = &auditUnit{Held: h, at: at}
		a.byKey[h.Key], a.units = u, append(a.units, u)
		return
	}
	if u.Held != h || u.at != at {
		a.breaks(manifest, "says other things of segment %s than an earlier manifest", h.Key)
	}
}

// segments checks every segment once, some at a time.
func (a *auditor) segments(ctx context.Context) error {
	meters := map[archive.Place]*Meter{}
	total := map[archive.Place]int64{}
	for _, u := range a.units {
		total[u.at] += u.Size
	}
	for _, u := range a.units {
		if meters[u.at] == nil {
			meters[u.at] = a.job.meter(u.at.Topic, u.at.Partition, 0, total[u.at])
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers)
	for _, u := range a.units {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			m := meters[u.at]
			m.Set(Running)
			err := a.unit(ctx, u)
			m.move(u.Records, u.Size, u.Size)
			return err
		})
	}
	err := g.Wait()
	for _, m := range meters {
		if err == nil {
			m.Set(Done)
		}
	}
	return err
}

// unit checks one segment and its sidecar.
func (a *auditor) unit(ctx context.Context, u *auditUnit) error {
	size, err := a.archive.VerifySidecar(ctx, u.Held, u.at)
	if err != nil && !isBroken(err) {
		return err
	}
	a.count(size, err == nil)
	_ = a.take(err)
	if a.deep {
		err = a.archive.VerifySegment(ctx, u.Segment, true)
	} else {
		err = a.archive.StatSegment(ctx, u.Segment)
	}
	if err != nil && !isBroken(err) {
		return err
	}
	read := u.Size
	if !a.deep {
		read = 0
	}
	a.count(read, err == nil)
	if err == nil && a.deep {
		a.mu.Lock()
		a.tally.BatchesVerified += u.Batches
		a.records += u.Records
		a.mu.Unlock()
	}
	return a.take(err)
}

// move counts progress that several goroutines make at once.
func (m *Meter) move(records, bytes, step int64) {
	m.records.Add(records)
	m.bytes.Add(bytes)
	m.offset.Add(step)
	m.moved()
}

// isSignature knows signature files, which are judged with what they sign.
func isSignature(key string) bool { return strings.HasSuffix(key, ".sig") }
