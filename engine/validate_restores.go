package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kustody/engine/archive"
)

// restores checks journals, receipts and what `restore finish` left, of one run or of all.
func (a *auditor) restores(ctx context.Context, run string) error {
	list, err := a.archive.Restores(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := a.restore(ctx, r, run); err != nil {
			return fmt.Errorf("check restore %s: %w", r.ID, err)
		}
	}
	return nil
}

// restore checks what one restore left, and that its documents belong together.
func (a *auditor) restore(ctx context.Context, r archive.Restore, run string) error {
	j, err := a.archive.Journal(ctx, r.ID)
	if err == nil && run != "" && j.Doc.RunID != run {
		return nil
	}
	begun, err := a.document(archive.JournalKey(r.ID), j.Size, err)
	if err != nil {
		return err
	}
	if r.TornDown {
		t, err := a.archive.Teardown(ctx, r.ID)
		if _, err = a.document(archive.TeardownKey(r.ID), t.Size, err); err != nil {
			return err
		}
	}
	if begun && !r.Done && !r.TornDown {
		a.notes = append(a.notes, "restore "+r.ID+" has not finished: there is no receipt")
	}
	if !r.Done {
		return nil
	}
	rec, err := a.archive.Receipt(ctx, r.ID)
	done, err := a.document(archive.ReceiptKey(r.ID), rec.Size, err)
	if err != nil || !done {
		return err
	}
	if begun && rec.Doc.JournalSHA256 != j.SHA256 {
		a.breaks(j.Key, "its sha256 is %s; the receipt says %s", j.SHA256, rec.Doc.JournalSHA256)
	} else if begun {
		if why := rec.Doc.Contradicts(j.Doc); why != "" {
			a.breaks(rec.Key, "%s", why)
		}
	}
	if err := a.receiptManifest(ctx, rec); err != nil || !r.Finished {
		return err
	}
	f, err := a.archive.Finish(ctx, r.ID)
	ok, err := a.document(archive.FinishKey(r.ID), f.Size, err)
	if ok && f.Doc.Receipt != rec.SHA256 {
		a.breaks(f.Key, "was written for a receipt with sha256 %s; the one there has %s", f.Doc.Receipt, rec.SHA256)
	}
	return err
}

// receiptManifest holds a receipt against the manifest it restored.
func (a *auditor) receiptManifest(ctx context.Context, rec archive.Document[archive.Receipt]) error {
	m, err := a.archive.Manifest(ctx, rec.Doc.RunID)
	if err == nil && m.SHA256 != rec.Doc.ManifestSHA256 {
		a.breaks(rec.Key, "restored a manifest of run %s with sha256 %s; the one there has %s", rec.Doc.RunID, rec.Doc.ManifestSHA256, m.SHA256)
		return nil
	}
	if a.seen[archive.ManifestKey(rec.Doc.RunID)] {
		return nil // judged already
	}
	_, err = a.document(archive.ManifestKey(rec.Doc.RunID), m.Size, err)
	return err
}

// strays lists what lies in the archive and is named by no document. What a dead run left is worth a
// note; a sidecar that does not verify was left by no run of ours.
func (a *auditor) strays(ctx context.Context) error {
	var segments, sidecars, others []string
	sides := map[string]bool{}
	for key := range a.byKey {
		sides[archive.SidecarKey(key)] = true
	}
	err := a.archive.Store().List(ctx, "", func(key string, _ int64) error {
		switch {
		case isSignature(key), key == archive.LockKey, a.seen[key], a.byKey[key] != nil, sides[key], strings.HasSuffix(key, "/lock"):
		case strings.HasPrefix(key, "segments/") && strings.HasSuffix(key, ".log"):
			segments = append(segments, key)
		case strings.HasPrefix(key, "segments/") && strings.HasSuffix(key, ".json"):
			sidecars = append(sidecars, key)
		default:
			others = append(others, key)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list archive %s: %w", a.archive.BackupID, err)
	}
	runs, err := a.archive.Runs(ctx) // after the list: a backup under way may have begun since the first look
	if err != nil {
		return err
	}
	for _, key := range sidecars {
		if err := a.stray(ctx, key, runs); err != nil {
			return err
		}
	}
	a.note(segments, "segments that no manifest names (a run that died leaves them)")
	a.note(sidecars, "sidecars that no manifest names (a run that died leaves them)")
	a.note(others, "objects that are none of an archive's")
	return nil
}

// stray proves a sidecar that no manifest names, and the segment beside it.
func (a *auditor) stray(ctx context.Context, key string, runs []archive.Run) error {
	d, err := a.archive.Sidecar(ctx, key)
	ok, err := a.document(key, d.Size, err)
	if err != nil || !ok {
		return err
	}
	a.owner(key, d.Doc.RunID, runs)
	if a.deep {
		return a.take(a.archive.VerifySegment(ctx, d.Doc.Segment, true))
	}
	return a.take(a.archive.StatSegment(ctx, d.Doc.Segment))
}

// owner looks for the run of a sidecar that no manifest names. One that died, or is under way, has a plan
// and no manifest. A run that is gone, or has a manifest without the sidecar, lost records.
func (a *auditor) owner(key, run string, runs []archive.Run) {
	i := slices.IndexFunc(runs, func(r archive.Run) bool { return r.ID == run })
	switch {
	case i < 0 || !runs[i].Finished && !runs[i].Begun:
		a.breaks(key, "belongs to run %s, which is not there", run)
	case runs[i].Finished && a.seen[archive.ManifestKey(run)]:
		a.breaks(key, "belongs to run %s, whose manifest does not name it", run)
	}
}

// note names some of several keys.
func (a *auditor) note(keys []string, what string) {
	if len(keys) == 0 {
		return
	}
	const most = 5
	named := strings.Join(keys[:min(most, len(keys))], ", ")
	if len(keys) > most {
		named += ", …"
	}
	a.notes = append(a.notes, fmt.Sprintf("%d %s: %s", len(keys), what, named))
}
