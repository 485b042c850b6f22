package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kustody/evidence"
	"kustody/storage"
)

// VerifiedReport is one report with every step of its verification.
type VerifiedReport struct {
	Item     ReportItem       // of a document that cannot be read: where it lies, its size and its sha256
	Steps    []evidence.Step  // of the report, and then of its place in the ledger, if one was given
	Verified bool             // every step held that could be looked at, with a trusted key
	Verdict  string           // in words
	Report   *evidence.Report // nil when the document cannot be read
}

// Failed are the steps that did not hold, in words, but for those named; "" when none.
func (v *VerifiedReport) Failed(but ...string) string {
	var parts []string
	for _, s := range v.Steps {
		if s.Checked && !s.OK && !slices.Contains(but, s.Name) {
			parts = append(parts, strings.ToLower(s.Name)+": "+s.Sentence)
		}
	}
	return strings.Join(parts, "; ")
}

// VerifyOneReport verifies a report step by step against a trusted key and, if it is given, a ledger that
// was verified with the same key. What does not hold is in the steps; the error is about the store or,
// without a key, evidence.ErrNoTrustedKey, beside which the steps are there all the same. Lines to check
// by hand are for a shell in the folder that is the root of the store.
func VerifyOneReport(ctx context.Context, store storage.Store, r StoredReport, pub *evidence.PublicKey, ledger *LedgerVerification) (*VerifiedReport, error) {
	body, sig, err := FetchReport(ctx, store, r)
	if err != nil {
		return nil, err
	}
	at := evidence.ReportPlace{Key: r.Key, ReportFile: r.Key, SignatureFile: evidence.ReportSignatureKey(r.Key), ExpectedSHA256: ledger.expected(r.Key)}
	found, verr := evidence.VerifyReport(body, sig, pub, at)
	out := &VerifiedReport{Steps: found.Steps, Verified: found.Verified, Verdict: found.Verdict, Report: found.Report}
	state := evidence.SignatureNotChecked
	for _, s := range found.Steps {
		if s.Name == evidence.StepSignature && s.OK {
			state = evidence.SignatureValid
		}
	}
	out.Item = ReportItem{ReportID: r.ReportID, Key: r.Key, SignatureKey: r.SignatureKey, SHA256: found.SHA256, Size: int64(len(body)), Signature: state}
	if found.Report != nil {
		out.Item = *r.item(found.Report, body, state)
	}
	if ledger != nil {
		out.place(ledger)
	}
	if errors.Is(verr, evidence.ErrNoTrustedKey) {
		return out, evidence.ErrNoTrustedKey
	}
	return out, nil
}

// place adds what the ledger knows of the report.
func (v *VerifiedReport) place(l *LedgerVerification) {
	steps := l.StepsAt(evidence.RootEvidence, l.view.named(v.Item.Key), v.Item.SHA256, evidence.LedgerPlace{File: v.Item.Key, Folder: l.Folder})
	v.Steps = append(v.Steps, steps...)
	for _, s := range steps {
		if s.Checked && !s.OK && v.Verified {
			v.Verified, v.Verdict = false, "genuine by its own signature, but "+s.Sentence
		}
	}
}

// expected is the sha256 by which the ledger names what lies at a key; "" when it does not.
func (l *LedgerVerification) expected(key string) string {
	if l == nil {
		return ""
	}
	sum := ""
	for _, e := range l.Entries {
		for _, f := range e.Files {
			if f.Root == evidence.RootEvidence && f.Key == l.view.named(key) {
				sum = f.SHA256
			}
		}
	}
	return sum
}

// verifyListed verifies a report of a listing, where a report that went away since then is broken too.
func verifyListed(ctx context.Context, store storage.Store, r StoredReport, pub *evidence.PublicKey, ledger *LedgerVerification) (*VerifiedReport, error) {
	v, err := VerifyOneReport(ctx, store, r, pub, ledger)
	switch {
	case errors.Is(err, evidence.ErrNoTrustedKey):
		return v, nil
	case errors.Is(err, fs.ErrNotExist):
		return &VerifiedReport{Item: ReportItem{ReportID: r.ReportID, Key: r.Key, Signature: evidence.SignatureNotChecked}, Verdict: fmt.Sprintf("it was listed, and is not there: %v", err)}, nil
	}
	return v, err
}
