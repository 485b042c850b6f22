package archive

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kustody/evidence"
	"kustody/storage"
)

// RestoreLockKey is the lock that one process holds while it works on a restore: two under the same
// producer id would take each other for foreign writers.
func RestoreLockKey(restore string) string { return restoresDir + restore + "/lock" }

// Restore is a restore as the store shows it.
type Restore struct {
	ID       string
	Begun    bool // its journal exists
	Done     bool // its receipt exists
	Finished bool // the captured configs were set afterwards
	TornDown bool // it was a drill's, which has ended: its topics are gone, or were kept on purpose
}

// Restores lists the restores that left anything behind, oldest first.
func (a *Archive) Restores(ctx context.Context) ([]Restore, error) {
	found := map[string]*Restore{}
	err := a.store.List(ctx, restoresDir, func(key string, _ int64) error {
		id, name, ok := strings.Cut(strings.TrimPrefix(key, restoresDir), "/")
		if !ok || ValidID(id) != nil {
			return nil // nothing of ours
		}
		r := found[id]
		if r == nil {
			r = &Restore{ID: id}
			found[id] = r
		}
		r.Begun = r.Begun || name == "journal.json"
		r.Done = r.Done || name == "receipt.json"
		r.Finished = r.Finished || name == "finish.json"
		r.TornDown = r.TornDown || name == "teardown.json"
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list restores of %s: %w", a.BackupID, err)
	}
	list := make([]Restore, 0, len(found))
	for _, r := range found {
		if r.Begun || r.Done {
			list = append(list, *r)
		}
	}
	slices.SortFunc(list, func(x, y Restore) int { return strings.Compare(x.ID, y.ID) })
	return list, nil
}

// LockRestore takes the lock of one restore; a *storage.HeldError if another process works on it.
func (a *Archive) LockRestore(ctx context.Context, restore string, h storage.Holder) (*storage.Lock, error) {
	l, err := a.store.Lock(ctx, RestoreLockKey(restore), h)
	if err != nil {
		return nil, fmt.Errorf("lock restore %s: %w", restore, err)
	}
	return l, nil
}

// RestoreIDs are the ids of all restores that left anything behind, a lock alone too, in their order.
func (a *Archive) RestoreIDs(ctx context.Context) ([]string, error) {
	ids, err := a.store.ListDirs(ctx, restoresDir)
	if err != nil {
		return nil, fmt.Errorf("list restores of %s: %w", a.BackupID, err)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return ValidID(id) != nil }), nil
}

// PutJournal stores a restore's journal. It must be there before the first record is written.
func (a *Archive) PutJournal(ctx context.Context, j *Journal) (evidence.File, error) {
	j.Format, j.Kind, j.BackupID = Format, KindJournal, a.BackupID
	return put(ctx, a, JournalKey(j.RestoreID), j)
}

// Journal reads a restore's journal; fs.ErrNotExist if there is none.
func (a *Archive) Journal(ctx context.Context, restore string) (Document[Journal], error) {
	d, err := restoreDoc[Journal](ctx, a, restore, JournalKey, KindJournal)
	if err == nil {
		err = a.belongs(d.Key, d.Doc.BackupID, d.Doc.RestoreID, restore)
	}
	return d, err
}

// PutReceipt stores a restore's receipt; from then on the restore is done.
func (a *Archive) PutReceipt(ctx context.Context, r *Receipt) (evidence.File, error) {
	r.Format, r.Kind, r.BackupID = Format, KindReceipt, a.BackupID
	return put(ctx, a, ReceiptKey(r.RestoreID), r)
}

// Receipt reads a restore's receipt; fs.ErrNotExist if there is none.
func (a *Archive) Receipt(ctx context.Context, restore string) (Document[Receipt], error) {
	d, err := restoreDoc[Receipt](ctx, a, restore, ReceiptKey, KindReceipt)
	if err == nil {
		err = a.belongs(d.Key, d.Doc.BackupID, d.Doc.RestoreID, restore)
	}
	return d, err
}

// NewestReceipt finds the last restore that was done into a cluster; fs.ErrNotExist if there is none.
// An empty cluster means any. Drills whose topics are gone again do not count.
func (a *Archive) NewestReceipt(ctx context.Context, cluster string) (Document[Receipt], error) {
	list, err := a.Restores(ctx)
	if err != nil {
		return Document[Receipt]{}, err
	}
	var newest Document[Receipt]
	for _, r := range list {
		if !r.Done {
			continue
		}
		if gone, err := a.gone(ctx, r); err != nil {
			return newest, err
		} else if gone {
			continue
		}
		d, err := a.Receipt(ctx, r.ID)
		if err != nil {
			return newest, err
		}
		if cluster != "" && d.Doc.Target.Observed != cluster {
			continue
		}
		// By time and not by id: operators may name a restore as they like.
		if newest.Doc == nil || !d.Doc.FinishedAt.Before(newest.Doc.FinishedAt) {
			newest = d
		}
	}
	if newest.Doc == nil {
		return newest, &noReceiptError{backup: a.BackupID, cluster: cluster}
	}
	return newest, nil
}

// PutFinish stores what `restore finish` did.
func (a *Archive) PutFinish(ctx context.Context, f *Finish) (evidence.File, error) {
	f.Format, f.Kind, f.BackupID = Format, KindFinish, a.BackupID
	return put(ctx, a, FinishKey(f.RestoreID), f)
}

// Finish reads what `restore finish` did; fs.ErrNotExist if it was not called.
func (a *Archive) Finish(ctx context.Context, restore string) (Document[Finish], error) {
	d, err := restoreDoc[Finish](ctx, a, restore, FinishKey, KindFinish)
	if err == nil {
		err = a.belongs(d.Key, d.Doc.BackupID, d.Doc.RestoreID, restore)
	}
	return d, err
}

// restoreDoc reads a document of a restore. The id comes from an operator, so it is checked first.
func restoreDoc[T any](ctx context.Context, a *Archive, restore string, key func(string) string, kind string) (Document[T], error) {
	if err := ValidID(restore); err != nil {
		return Document[T]{}, err
	}
	return get[T](ctx, a, key(restore), kind)
}

// belongs refuses a document that lies in another restore's folder, or another archive's.
func (a *Archive) belongs(key, backup, id, restore string) error {
	if backup != a.BackupID || id != restore {
		return broken(key, "belongs to restore %s of %s", id, backup)
	}
	return nil
}

// noReceiptError says that no restore was done. It is fs.ErrNotExist.
type noReceiptError struct{ backup, cluster string }

func (e *noReceiptError) Error() string {
	if e.cluster == "" {
		return fmt.Sprintf("backup %s has not been restored yet: there is no receipt", e.backup)
	}
	return fmt.Sprintf("backup %s has not been restored into cluster %s yet: there is no receipt", e.backup, e.cluster)
}

func (e *noReceiptError) Unwrap() error { return fs.ErrNotExist }
