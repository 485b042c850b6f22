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
	entry *Entry
}

// checkObjects reads every file that the entries name, and looks for those that none names.
func (v *Verification) checkObjects(ctx context.Context, st Store, o VerifyOptions) error {
	stores := map[string]Store{RootEvidence: st}
	for root, s := range o.Stores {
		stores[root] = s
	}
	files := v.namedFiles(stores)
	if err := v.checkFiles(ctx, stores, files, o); err != nil {
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
	for i := range v.Entries {
		e := &v.Entries[i].Entry
		for _, f := range e.Files {
			if seen[f] {
				continue
			}
			seen[f] = true
			if stores[f.Root] == nil {
				unread[f.Root]++
				continue
			}
			files = append(files, namedFile{f, e})
		}
	}
	for _, root := range sortedKeys(unread) {
		v.Unread += unread[root]
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

func (v *Verification) checkFiles(ctx context.Context, stores map[string]Store, files []namedFile, o VerifyOptions) error {
	faults, claims := make([]string, len(files)), make([]string, len(files))
	var done atomic.Int64
	err := inParallel(ctx, len(files), func(ctx context.Context, i int) error {
		var err error
		if f := files[i]; f.isReport(o.Prefix) {
			faults[i], claims[i], err = v.compareReport(ctx, stores[f.Root], f)
		} else {
			faults[i], err = compareFile(ctx, stores[f.Root], f.File)
		}
		if n := done.Add(1); o.Progress != nil {
			o.Progress(int(n), len(files))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the files that the ledger names: %w", err)
	}
	for i, f := range files {
		if faults[i] != "" {
			v.add(Broken, f.entry.Sequence, f.Key, "the file %s (%s) %s", f.Key, f.Root, faults[i])
			continue
		}
		if claims[i] != "" {
			v.add(Broken, f.entry.Sequence, f.Key, "the report %s %s", f.Key, claims[i])
		}
		v.Objects++
	}
	return nil
}

// isReport says whether the file is the report of the job that names it.
func (f namedFile) isReport(prefix string) bool {
	return f.entry.Type == TypeReport && f.Root == RootEvidence && strings.HasSuffix(f.Key, ".json") &&
		reportForm.MatchString(strings.TrimPrefix(f.Key, prefix))
}

// compareReport compares a report with its hash, and what it says with what the entry says of it.
func (v *Verification) compareReport(ctx context.Context, st Store, f namedFile) (fault, claim string, err error) {
	body, err := readBounded(ctx, st, f.Key, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing", "", nil
	case err != nil:
		return "", "", err
	case Digest(body) != f.SHA256 || int64(len(body)) != f.Size:
		return fmt.Sprintf("was changed: its sha256 is %s, and was %s", Digest(body), f.SHA256), "", nil
	}
	r, err := ParseReport(body)
	if err != nil {
		return "", "cannot be read: " + err.Error(), nil
	}
	if claim = r.disagrees(f.entry); claim == "" && r.Ledger != nil {
		claim = v.disowns(r.Ledger, f.entry)
	}
	return "", claim, nil
}

// disowns says, if so, that the head which a report saw is not in this chain: each report is a witness
// of the ledger as it was then.
func (v *Verification) disowns(ref *LedgerRef, e *Entry) string {
	if e.StartedSequence == nil || ref.StartedSequence != *e.StartedSequence {
		return fmt.Sprintf("says that entry %d started its job, which the entry does not", ref.StartedSequence)
	}
	for _, known := range v.Entries {
		if known.Sequence == ref.HeadSequence && known.SHA256 != ref.HeadSHA256 {
			return fmt.Sprintf("saw entry %d with the sha256 %s, and now it is %s: the chain was rebuilt", ref.HeadSequence, ref.HeadSHA256, known.SHA256)
		}
	}
	return ""
}

// disagrees says, if so, in what the report and the entry that names it differ.
func (r *Report) disagrees(e *Entry) string {
	want := VerdictPassed
	switch {
	case r.Overall != OverallOf(r.Checks):
		return fmt.Sprintf("says %s, and its checks say %s", r.Overall, OverallOf(r.Checks))
	case r.Overall != Passed:
		want = VerdictFailed
	case r.Stale:
		want = VerdictStale
	}
	// A job may end in an error after its report was written.
	if e.Verdict != want && e.Verdict != VerdictError {
		return fmt.Sprintf("comes to %s, and the entry says %s", want, e.Verdict)
	}
	if id := e.Subject["report_id"]; id != "" && id != r.ReportID {
		return fmt.Sprintf("is %s, and the entry names %s", r.ReportID, id)
	}
	return ""
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
