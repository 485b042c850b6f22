package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"kustody/evidence"
	"kustody/storage"
)

// ErrNoArchive says that nothing lies under a backup id, or that it has no such run.
var ErrNoArchive = errors.New("no such archive")

// BrokenError says that something stored is not what was put there. It names the object.
type BrokenError struct {
	Key string
	Err error
}

// Error names the object first.
func (e *BrokenError) Error() string { return fmt.Sprintf("%s: %v", e.Key, e.Err) }

// Unwrap gives the cause.
func (e *BrokenError) Unwrap() error { return e.Err }

// broken makes a BrokenError.
func broken(key, format string, args ...any) error {
	return &BrokenError{Key: key, Err: fmt.Errorf(format, args...)}
}

// Archive is all that one backup id holds. It is safe for concurrent use.
type Archive struct {
	BackupID string
	Dir      string // below the store's root, with its closing slash; "" if the store is a view of it
	store    storage.Store
	signer   *evidence.Signer    // nil: nothing is signed
	trusted  *evidence.PublicKey // nil: signatures are not checked
}

// Keys are the two halves of trust: what signs, and what is believed. Either may be nil.
type Keys struct {
	Signer  *evidence.Signer
	Trusted *evidence.PublicKey
}

// Open names an archive in a store. It reads nothing.
func Open(store storage.Store, backupID string, k Keys) *Archive {
	dir := storage.EscapeName(backupID) + "/"
	return &Archive{BackupID: backupID, Dir: dir, store: storage.Sub(store, dir), signer: k.Signer, trusted: k.Trusted}
}

// List names the backup ids in a store, sorted by their escaped names.
func List(ctx context.Context, store storage.Store) ([]string, error) {
	dirs, err := store.ListDirs(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list archives in %s: %w", store.URL(), err)
	}
	var ids []string
	for _, d := range dirs {
		id, err := storage.UnescapeName(d)
		if err != nil {
			continue // no name of ours
		}
		runs, err := store.ListDirs(ctx, d+"/"+runsDir)
		if err != nil {
			return nil, fmt.Errorf("list runs of %s: %w", id, err)
		}
		if len(runs) > 0 {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Store is the archive's own folder.
func (a *Archive) Store() storage.Store { return a.store }

// Signed says whether what this archive writes is signed.
func (a *Archive) Signed() bool { return a.signer != nil }

// Trusts says whether signatures are checked on reading.
func (a *Archive) Trusts() bool { return a.trusted != nil }

// Document is a stored document as it was read: its bytes' hash and whether its signature was checked.
type Document[T any] struct {
	Key    string
	SHA256 string
	Size   int64
	Doc    *T
}

// put stores a document, its signature first.
func put[T any](ctx context.Context, a *Archive, key string, doc *T) (evidence.File, error) {
	body, err := evidence.Encode(doc)
	if err != nil {
		return evidence.File{}, fmt.Errorf("encode %s: %w", key, err)
	}
	f, err := evidence.PutSigned(ctx, a.store, key, body, a.signer)
	if err != nil {
		return evidence.File{}, fmt.Errorf("put %s: %w", key, err)
	}
	return f, nil
}

// get reads a document, checks its signature if a key is trusted, and that it is what its place says.
func get[T any](ctx context.Context, a *Archive, key, kind string) (Document[T], error) {
	body, _, err := evidence.GetVerified(ctx, a.store, key, a.trusted, MaxDocument)
	if err != nil {
		var sig *evidence.SignatureError
		if errors.As(err, &sig) {
			return Document[T]{}, &BrokenError{Key: key, Err: err}
		}
		return Document[T]{}, fmt.Errorf("read %s: %w", key, err)
	}
	if err := checkHead(key, kind, body); err != nil {
		return Document[T]{}, err
	}
	doc := new(T)
	if err := evidence.DecodeStrict(body, doc); err != nil {
		return Document[T]{}, broken(key, "does not read as a %s: %w", kind, err)
	}
	return Document[T]{Key: key, SHA256: evidence.Digest(body), Size: int64(len(body)), Doc: doc}, nil
}

// checkHead refuses what is not ours, and what a newer version wrote.
func checkHead(key, kind string, body []byte) error {
	var head struct {
		Format *int    `json:"format"`
		Kind   *string `json:"kind"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&head); err != nil {
		return broken(key, "is not JSON: %w", err)
	}
	switch {
	case head.Format == nil || head.Kind == nil:
		return broken(key, "was not written by kustody: it has no format and kind")
	case *head.Format > Format:
		return fmt.Errorf("%s has format %d; this version reads up to %d: use a newer kustody", key, *head.Format, Format)
	case *head.Format < 1:
		return broken(key, "has format %d, which never was", *head.Format)
	case *head.Kind != kind:
		return broken(key, "says it is a %q, and lies where a %s belongs", *head.Kind, kind)
	}
	return nil
}

// exists tells a missing object from a store that could not be asked.
func (a *Archive) exists(ctx context.Context, key string) (bool, error) {
	_, err := a.store.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", key, err)
	}
	return true, nil
}
