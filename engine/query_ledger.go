package engine

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/storage"
)

// LedgerOptions say which ledger is verified against what.
type LedgerOptions struct {
	Store     storage.Store // anything above the ledger: it is found under whatever prefix it has
	Archive   storage.Store // where archives lie; nil: looked for below Store
	PublicKey *evidence.PublicKey
	Genesis   string // sha256 of entry 0, kept elsewhere
	Head      string // N:SHA256, kept elsewhere
	AsOf      time.Time
	Progress  func(done, total int)
}

// LedgerVerification is what was found, and where.
type LedgerVerification struct {
	*evidence.Verification
	Folder  string        // of the ledger, below the store
	Archive string        // where the archive's objects were looked for; "" if they were not
	Options LedgerOptions // that it was verified with: without a PublicKey nothing in it counts as verified

	view *rebased // how the ledger's keys of evidence lie in the store
}

// VerifyLedger finds the ledger below a store and verifies it: chain, signatures, slots, and that every
// object that it names is there and unchanged and no other is. The error is evidence.ErrNoTrustedKey
// without a key; the findings are there all the same.
func VerifyLedger(ctx context.Context, o LedgerOptions) (*LedgerVerification, error) {
	tree, err := lookForEvidence(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	switch len(tree.ledgers) {
	case 0:
		return nil, NoArchive("there is no ledger below %s", o.Store.URL())
	case 1:
	default:
		return nil, problem(ExitUsage, "name one of them with --path", "below %s lie several ledgers: %sledger", o.Store.URL(), strings.Join(tree.ledgers, "ledger, "))
	}
	prefix := tree.ledgers[0]
	files, err := namedFiles(ctx, o.Store, prefix)
	if err != nil {
		return nil, err
	}
	out := &LedgerVerification{Folder: prefix + "ledger/", Options: o}
	view := evidenceView(o.Store, prefix, files)
	out.view = view
	vo := evidence.VerifyOptions{Prefix: view.prefix, PublicKey: o.PublicKey, GenesisSHA256: o.Genesis, Head: o.Head, AsOf: o.AsOf, Progress: o.Progress, Stores: map[string]evidence.Store{}}
	if o.Archive == nil {
		if o.Archive, err = archiveBelow(ctx, o.Store, files); err != nil {
			return nil, err
		}
	}
	if o.Archive != nil {
		out.Archive = o.Archive.URL()
		vo.Stores[evidence.RootArchive] = o.Archive
		vo.Running = runningJobs(ctx, o.Archive)
		if vo.Objects, err = witnessed(ctx, o.Archive); err != nil {
			return nil, err
		}
	}
	out.Verification, err = evidence.Verify(ctx, view, vo)
	if out.Verification == nil {
		return nil, err
	}
	// An auditor may be given the evidence tree alone. Where the store reaches to where evidence is counted
	// from, the archive belongs below it too, unless the configuration says where else.
	if out.Unread > 0 && o.Archive == nil && view.from == view.prefix && view.prefix != "" {
		out.Findings = append(out.Findings, evidence.Found{Severity: evidence.Finding, Sequence: -1, Sentence: fmt.Sprintf(
			"no object of the archive is below %s, of which the ledger names %d: it is gone, or lies elsewhere (--config says where)", o.Store.URL(), out.Unread)})
	}
	return out, err
}

// namedFiles are the files that the entries of a ledger name. Nothing is verified here: they only tell
// where to look.
func namedFiles(ctx context.Context, store storage.Store, prefix string) ([]evidence.RootedFile, error) {
	var files []evidence.RootedFile
	err := store.List(ctx, prefix+"ledger/", func(key string, _ int64) error {
		if !strings.HasSuffix(key, ".json") {
			return nil
		}
		body, err := storage.ReadAll(ctx, store, key, evidence.MaxDocument)
		if err != nil {
			return fmt.Errorf("read ledger entry %s: %w", key, err)
		}
		if e, err := evidence.ParseEntry(body); err == nil {
			files = append(files, e.Files...)
		}
		return nil
	})
	return files, err
}

// rebased shows a store as if what lies below from lay below prefix: an evidence tree that was copied
// elsewhere still answers to the keys in its ledger.
type rebased struct {
	storage.Store
	from   string // the real folder, "" or ending in "/"
	prefix string // as the entries have it
}

// evidenceView finds the prefix that the entries themselves use for evidence.
func evidenceView(store storage.Store, prefix string, files []evidence.RootedFile) *rebased {
	v := &rebased{Store: store, from: prefix, prefix: prefix}
	for _, f := range files {
		if f.Root != evidence.RootEvidence {
			continue
		}
		parts := strings.Split(f.Key, "/")
		if len(parts) >= 4 { // <prefix>/<id>/<yyyy>/<mm>/<file>
			v.prefix = strings.Join(parts[:len(parts)-4], "/")
			if v.prefix != "" {
				v.prefix += "/"
			}
			return v
		}
	}
	return v
}

// real is where a key lies. Keys outside of the prefix lie nowhere.
func (v *rebased) real(key string) string {
	if rest, ok := strings.CutPrefix(key, v.prefix); ok {
		return v.from + rest
	}
	return key
}

// named is how entries call what lies at a key of the store.
func (v *rebased) named(real string) string {
	if rest, ok := strings.CutPrefix(real, v.from); ok {
		return v.prefix + rest
	}
	return real
}

// Get reads an object by the key that entries use.
func (v *rebased) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return v.Store.Get(ctx, v.real(key))
}

// List lists by the keys that entries use.
func (v *rebased) List(ctx context.Context, prefix string, fn func(key string, size int64) error) error {
	return v.Store.List(ctx, v.real(prefix), func(key string, size int64) error {
		if strings.HasPrefix(key, v.from) {
			return fn(v.named(key), size)
		}
		return nil
	})
}

// archiveBelow looks for the place that the archive's keys count from: the folder under which any
// object that the ledger names is found. Nil when there is none.
func archiveBelow(ctx context.Context, store storage.Store, files []evidence.RootedFile) (storage.Store, error) {
	named := map[string]bool{}
	for _, f := range files {
		if f.Root == evidence.RootArchive {
			named[f.Key] = true
		}
	}
	var where *string
	err := store.List(ctx, "", func(key string, _ int64) error {
		if where != nil || !strings.HasSuffix(key, ".json") {
			return nil
		}
		for rest, folder := key, ""; ; {
			if named[rest] {
				where = &folder
				return nil
			}
			i := strings.Index(rest, "/")
			if i < 0 {
				return nil
			}
			folder, rest = folder+rest[:i+1], rest[i+1:]
		}
	})
	if err != nil || where == nil {
		return nil, err
	}
	return storage.Sub(store, *where), nil
}

// witnessed are the objects of every archive that some entry must name: manifests, and what restores
// leave.
func witnessed(ctx context.Context, store storage.Store) ([]evidence.RootedKey, error) {
	ids, err := archive.List(ctx, store)
	if err != nil {
		return nil, err
	}
	var keys []evidence.RootedKey
	name := func(key string) { keys = append(keys, evidence.RootedKey{Root: evidence.RootArchive, Key: key}) }
	for _, id := range ids {
		a := archive.Open(store, id, archive.Keys{})
		runs, err := a.Runs(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if r.Finished {
				name(a.Dir + archive.ManifestKey(r.ID))
			}
		}
		restores, err := a.Restores(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range restores {
			if r.Done {
				name(a.Dir + archive.ReceiptKey(r.ID))
			}
		}
	}
	return keys, nil
}

// runningJobs says of a start whether its job still lives: it then holds the lock of its archive or of
// its restore.
func runningJobs(ctx context.Context, store storage.Store) func(evidence.Sealed) bool {
	return func(started evidence.Sealed) bool {
		id := started.Subject["backup_id"]
		if id == "" {
			return false
		}
		a := archive.Open(store, id, archive.Keys{})
		keys := []string{archive.LockKey}
		if r := started.Subject["restore_id"]; archive.ValidID(r) == nil {
			keys = append(keys, archive.RestoreLockKey(r))
		}
		for _, key := range keys {
			h, held, err := a.Store().Holder(ctx, key)
			if err == nil && held && started.Job != "" && strings.HasSuffix(h.Job, " "+started.Job) {
				return true
			}
		}
		return false
	}
}
