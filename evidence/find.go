package evidence

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

// ReportFiles says where the files of one report lie. SignatureKey and PDFKey are "" when not there.
type ReportFiles struct {
	ID           string
	Prefix       string // evidence prefix, "" or ending in "/"
	Key          string
	SignatureKey string
	PDFKey       string
}

var reportPath = regexp.MustCompile(`^((?:.*/)?)(validation-[0-9a-f]{8})/\d{4}/\d{2}/(validation-[0-9a-f]{8})\.(json|sig|pdf)$`)

// FindReports finds all reports at or below a prefix, whatever evidence prefix they have, in order of
// their keys. It looks at names only.
func FindReports(ctx context.Context, st Store, below string) ([]ReportFiles, error) {
	var found []*ReportFiles
	byBase := map[string]*ReportFiles{}
	err := st.List(ctx, folder(below), func(key string, _ int64) error {
		m := reportPath.FindStringSubmatch(key)
		if m == nil || m[2] != m[3] {
			return nil
		}
		base := strings.TrimSuffix(key, "."+m[4])
		r := byBase[base]
		if r == nil {
			r = &ReportFiles{ID: m[2], Prefix: m[1]}
			byBase[base] = r
			found = append(found, r)
		}
		switch m[4] {
		case "json":
			r.Key = key
		case "sig":
			r.SignatureKey = key
		case "pdf":
			r.PDFKey = key
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for reports below %q: %w", below, err)
	}
	var reports []ReportFiles
	for _, r := range found {
		if r.Key != "" { // a signature alone is what a crash leaves behind
			reports = append(reports, *r)
		}
	}
	return reports, nil
}

// FindLedgers finds the evidence prefixes at or below a prefix that have a ledger.
func FindLedgers(ctx context.Context, st Store, below string) ([]string, error) {
	var prefixes []string
	err := st.List(ctx, folder(below), func(key string, _ int64) error {
		if prefix, ok := strings.CutSuffix(key, "ledger/0000000000.json"); ok && prefix == folder(prefix) {
			prefixes = append(prefixes, prefix)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for ledgers below %q: %w", below, err)
	}
	return prefixes, nil
}

// The steps of Verification.Steps, in order.
const (
	StepLedger = "Ledger"
	StepChain  = "Chain"
	StepTime   = "Time"
)

// LedgerPlace says where a shell finds what the lines to check by hand name. Members may be empty: then
// it is where the ledger's own keys say.
type LedgerPlace struct {
	File   string // the named file
	Folder string // of the ledger, ending in "/"
}

// entry is the file of an entry.
func (at LedgerPlace) entry(key string) string {
	if at.Folder == "" {
		return key
	}
	return at.Folder + path.Base(key)
}

// Steps says of one object what the verified ledger knows: the entry that names it, that entry's place
// in the chain, and what its time is worth. Together with the steps of VerifyReport they are what the
// console and the batch show.
func (v *Verification) Steps(root, key, sha256 string) []Step {
	return v.StepsAt(root, key, sha256, LedgerPlace{})
}

// StepsAt is Steps, with lines to check by hand for files that lie elsewhere than the ledger has them.
func (v *Verification) StepsAt(root, key, sha256 string, at LedgerPlace) []Step {
	at.File = cmp.Or(at.File, key)
	named := Step{Name: StepLedger, Checked: true, Expected: sha256, Sentence: "no ledger entry names this file"}
	var entry *Sealed
	for i := range v.Entries {
		for _, f := range v.Entries[i].Files {
			if f.Root != root || f.Key != key {
				continue
			}
			entry = &v.Entries[i]
			named.Computed, named.OK = f.SHA256, f.SHA256 == sha256
			named.Sentence = fmt.Sprintf("entry %d names this file", entry.Sequence)
			named.ByHand = jqOf(at.File, ".files[].sha256 | select(. == $sum)", at.entry(entry.Key))
		}
	}
	steps := []Step{named, v.chainStep(entry, at)}
	signed := Step{Name: StepTime, Sentence: "the signer's clock only; no time stamp from outside"}
	if entry != nil {
		signed.Computed = entry.Time.Format(time.RFC3339)
	}
	return append(steps, signed)
}

// jqOf is a line that prints what a filter lets through of a document when $sum is the sha256 of a file.
func jqOf(file, filter, document string) string {
	return fmt.Sprintf(`jq -er --arg sum "$(sha256sum < %s | cut -c1-64)" %s %s`, ShellFile(file), ShellWord(filter), ShellFile(document))
}

// chainStep joins an entry to the one before it, and says whether the whole chain holds.
func (v *Verification) chainStep(e *Sealed, at LedgerPlace) Step {
	s := Step{Name: StepChain, Checked: e != nil, Sentence: "there is no entry to look at"}
	if e == nil {
		return s
	}
	s.Expected = e.PreviousSHA256
	s.Sentence = fmt.Sprintf("%d entries, no break since the first", len(v.Entries))
	for i := range v.Entries {
		if v.Entries[i].Sequence == e.Sequence-1 {
			s.Computed = v.Entries[i].SHA256
			s.ByHand = jqOf(at.entry(v.Entries[i].Key), ".previous_sha256 | select(. == $sum)", at.entry(e.Key))
		}
	}
	s.OK = s.Expected == s.Computed
	for _, f := range v.Findings {
		if f.Severity == Broken {
			s.OK, s.Sentence = false, "the ledger does not verify: "+f.String()
			break
		}
	}
	return s
}
