package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"kustody/engine"
	"kustody/evidence"
	"kustody/storage"
)

// YearFile is a packed demo of 52 weeks, small, from the root of the repository: what tests of the console
// and its pictures look at. Its keys sign nothing else.
const YearFile = "engine/demo/testdata/year.tar.zst"

// StoredLocation is where the archive of a stored demo says it lies, wherever it does, so that what is
// shown of it is the same on every machine.
const StoredLocation = "file:///demo/archive"

// Stored is a demo that has ended, opened for reading. Its methods may be called concurrently.
type Stored struct {
	Dir           string
	Location      string // StoredLocation: for screens to show
	BackupID      string
	PublicKeyPath string
	Trusted       *evidence.PublicKey // read from PublicKeyPath

	store *storage.Filesystem
}

// placed is a store that says it lies elsewhere.
type placed struct{ storage.Store }

// URL is the fixed name.
func (placed) URL() string { return StoredLocation }

// OpenStored opens what a demo left in dir. Nothing in it is changed, not even a lock.
func OpenStored(dir string) (*Stored, error) {
	s := &Stored{Dir: dir, Location: StoredLocation, BackupID: backupID, PublicKeyPath: filepath.Join(dir, keysDir, publicFile)}
	if _, err := os.Stat(filepath.Join(dir, marker)); err != nil {
		return nil, fmt.Errorf("open the demo in %s: no demo made it, or its file %s was removed: %w", dir, marker, err)
	}
	// Parsed, not loaded: a loaded key remembers its path, and lines to check by hand would show where this
	// demo happens to lie.
	key, err := os.ReadFile(s.PublicKeyPath)
	if err != nil {
		return nil, fmt.Errorf("open the demo in %s: %w", dir, err)
	}
	if s.Trusted, err = evidence.ParsePublicKey(key); err != nil {
		return nil, fmt.Errorf("open the demo in %s: %w", dir, err)
	}
	if s.store, err = storage.OpenFilesystemWith(filepath.Join(dir, archiveDir), storage.FilesystemOptions{ReadOnly: true}); err != nil {
		return nil, fmt.Errorf("open the demo in %s: %w", dir, err)
	}
	return s, nil
}

// OpenYear unpacks YearFile into dir, which should be empty, and opens it. The working directory must be
// in the repository.
func OpenYear(dir string) (*Stored, error) {
	root, err := RepositoryRoot()
	if err != nil {
		return nil, err
	}
	packed, err := os.Open(filepath.Join(root, filepath.FromSlash(YearFile)))
	if err != nil {
		return nil, fmt.Errorf("open the stored year: %w", err)
	}
	defer packed.Close()
	return Unpack(dir, packed)
}

// Query is what queries of the archive and of its reports are asked with. Its store is read-only, and calls
// itself StoredLocation.
func (s *Stored) Query() engine.QueryOptions {
	return engine.QueryOptions{Store: placed{s.store}, Trusted: s.Trusted, BackupID: s.BackupID}
}

// Ledger is what the verification of its ledger is asked with, as of Now.
func (s *Stored) Ledger() engine.LedgerOptions {
	return engine.LedgerOptions{Store: placed{s.store}, Archive: placed{s.store}, PublicKey: s.Trusted, AsOf: s.Now()}
}

// Now is the moment at which its year ended.
func (s *Stored) Now() time.Time { return Now() }

// Close gives the directory up; it stays as it is.
func (s *Stored) Close() error { return s.store.Close() }

// moduleLine is how our go.mod begins.
var moduleLine = regexp.MustCompile(`(?m)^module kustody$`)

// RepositoryRoot is the folder of our go.mod: the working directory, or the nearest one above it that has
// one. Tests run in their package's folder, and programs anywhere.
func RepositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for the repository's root: %w", err)
	}
	for from := dir; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleLine.Match(text) {
			return dir, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for the repository's root: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("look for the repository's root: neither %s nor a folder above it has kustody's go.mod; run it inside the repository", from)
		}
	}
}
