package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Store is what evidence needs of a store. Put is put-if-absent and durable when it returns; it fails
// with fs.ErrExist when the key is taken. Get fails with fs.ErrNotExist. List calls fn in lexical
// order of keys, recursively, and ends with fn's error. All three must be safe for concurrent use.
type Store interface {
	Put(ctx context.Context, key string, data []byte) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string, fn func(key string, size int64) error) error
}

// File names one stored object by its key, the sha256 of its bytes in hex, and its size in bytes.
type File struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// The roots under which a ledger entry names files: two stores, or two prefixes of one.
const (
	RootArchive  = "archive"  // keys count from storage.prefix
	RootEvidence = "evidence" // keys count from the root of the evidence store
)

// RootedFile is a File together with the store it lies in: RootArchive or RootEvidence.
type RootedFile struct {
	Root string `json:"root"`
	File
}

// In says in which store the file lies.
func (f File) In(root string) RootedFile { return RootedFile{Root: root, File: f} }

// NewFile describes data as the object at key.
func NewFile(key string, data []byte) File {
	return File{Key: key, SHA256: Digest(data), Size: int64(len(data))}
}

// Digest is the sha256 of data in lower-case hex, as sha256sum prints it.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TooLargeError says that an object is larger than what was allowed; nothing beyond Limit was read.
type TooLargeError struct {
	Key   string
	Limit int64
}

// Error names the object and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("read %s: larger than the %d bytes such a document may have", e.Key, e.Limit)
}

// folder makes a prefix end in "/", so that a prefix written without it is not part of a name.
func folder(prefix string) string {
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		return prefix
	}
	return prefix + "/"
}

// readBounded reads an object of at most limit bytes; limit 0 means MaxDocument.
func readBounded(ctx context.Context, st Store, key string, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = MaxDocument
	}
	r, err := st.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Key: key, Limit: limit}
	}
	return data, nil
}

// ConflictError says that a key which is written once already holds other bytes. It is fs.ErrExist.
type ConflictError struct{ Key string }

// Error names the key.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("put %s: another document is already there, and it is never overwritten", e.Key)
}

// Unwrap makes errors.Is(err, fs.ErrExist) true.
func (e *ConflictError) Unwrap() error { return fs.ErrExist }

// putOnce puts data, and takes the same bytes already there for success: an earlier attempt whose
// answer was lost. Other bytes are a *ConflictError.
func putOnce(ctx context.Context, st Store, key string, data []byte) error {
	err := st.Put(ctx, key, data)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put %s: %w", key, err)
	}
	there, err := readBounded(ctx, st, key, int64(len(data)))
	var large *TooLargeError
	switch {
	case errors.As(err, &large):
		return &ConflictError{Key: key}
	case err != nil:
		return err
	case !bytes.Equal(there, data):
		return &ConflictError{Key: key}
	}
	return nil
}
