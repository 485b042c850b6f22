package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// reportForm is how everything that belongs to a report lies: <id>/<yyyy>/<mm>/<file>.
var reportForm = regexp.MustCompile(`^[^/]+/\d{4}/\d{2}/[^/]+$`)

// namedFile is a file that an entry names.
type namedFile struct {
	RootedFile
	sequence int64
}

// checkObjects reads every file that the entries name, and looks for those that none names.
func (v *Verification) checkObjects(ctx context.Context, st Store, o VerifyOptions) error {
	stores := map[string]Store{RootEvidence: st}
	for root, s := range o.Stores {
		stores[root] = s
	}
	files := v.namedFiles(stores)
	if err := v.checkFiles(ctx, stores, files, o.Progress); err != nil {
		return err
	}
	named := map[RootedKey]bool{}
	for _, e := range v.Entries {
		for _, f := range e.Files {
			named[RootedKey{f.Root, f.Key}] = true
		}
	}
	return v.checkUnnamed(ctx, stores[RootEvidence], o, named)
}

// namedFiles collects what can be read, each object once per content, and notes what cannot.
func (v *Verification) namedFiles(stores map[string]Store) []namedFile {
	var files []namedFile
	seen := map[RootedFile]bool{}
	unread := map[string]int{}
	for _, e := range v.Entries {
		for _, f := range e.Files {
			if seen[f] {
				continue
			}
			seen[f] = true
			if stores[f.Root] == nil {
				unread[f.Root]++
				continue
			}
			files = append(files, namedFile{f, e.Sequence})
		}
	}
	for _, root := range sortedKeys(unread) {
		v.add(Note, -1, "", "%s in the %s not looked at: no store was given for it", plural(unread[root], "named file"), root)
	}
	return files
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (v *Verification) checkFiles(ctx context.Context, stores map[string]Store, files []namedFile, progress func(int, int)) error {
	faults := make([]string, len(files))
	var done atomic.Int64
	err := inParallel(ctx, len(files), func(ctx context.Context, i int) error {
		var err error
		faults[i], err = compareFile(ctx, stores[files[i].Root], files[i].File)
		if n := done.Add(1); progress != nil {
			progress(int(n), len(files))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the files that the ledger names: %w", err)
	}
	for i, fault := range faults {
		if fault != "" {
			v.add(Broken, files[i].sequence, files[i].Key, "the file %s (%s) %s", files[i].Key, files[i].Root, fault)
			continue
		}
		v.Objects++
	}
	return nil
}

// compareFile hashes an object. fault is a sentence about it; err is about the store.
func compareFile(ctx context.Context, st Store, f File) (fault string, err error) {
	r, err := st.Get(ctx, f.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, f.Size+1))
	switch got := hex.EncodeToString(sum.Sum(nil)); {
	case err != nil:
		return "", fmt.Errorf("read %s: %w", f.Key, err)
	case n != f.Size:
		return fmt.Sprintf("was changed: it does not have the %d bytes it had", f.Size), nil
	case got != f.SHA256:
		return fmt.Sprintf("was changed: its sha256 is %s, and was %s", got, f.SHA256), nil
	}
	return "", nil
}

// checkUnnamed looks for reports in the tree, and among the caller's objects, that no entry names.
func (v *Verification) checkUnnamed(ctx context.Context, st Store, o VerifyOptions, named map[RootedKey]bool) error {
	err := st.List(ctx, o.Prefix, func(key string, _ int64) error {
		below := strings.TrimPrefix(key, o.Prefix)
		// A signature is judged with what it signs; one without a body is what a crash may leave.
		if reportForm.MatchString(below) && !strings.HasSuffix(key, ".sig") && !named[RootedKey{RootEvidence, key}] {
			v.add(Finding, -1, key, "it lies among the reports, and no ledger entry names it")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", o.Prefix, err)
	}
	for _, k := range o.Objects {
		if !named[k] {
			v.add(Finding, -1, k.Key, "it lies in the %s, and no ledger entry names it", k.Root)
		}
	}
	return nil
}
