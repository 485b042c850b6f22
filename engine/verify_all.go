package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"kustody/evidence"
)

// VerifyEvidenceOptions say what is verified against what. Ledger.Store must be set, and is anything above
// the evidence; Ledger.Progress is called as well, if it is set.
type VerifyEvidenceOptions struct {
	Env    Env
	Ledger LedgerOptions
}

// EvidenceVerification is what a verification of everything found. It must not be changed.
type EvidenceVerification struct {
	Ledger  *LedgerVerification // nil when there is none
	Reports []VerifiedReport    // the oldest first; those that cannot be read before them
}

// Verification is what a job of VerifyEvidence found; nil before it has looked at everything.
func (j *Job) Verification() *EvidenceVerification { return j.verification.Load() }

// VerifyEvidence verifies the ledger below a store, every object that it names, and then every report
// step by step. It writes nothing. Exit code 4: something does not verify, or there is no trusted key;
// 3: it verifies with findings, which missed slots and failed reports are; 10: there is no evidence.
func VerifyEvidence(ctx context.Context, o VerifyEvidenceOptions) *Job {
	o.Env = o.Env.withDefaults()
	return start(ctx, "verify", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		v := &verifier{o: o.Ledger, job: j, out: &EvidenceVerification{}}
		err := v.run(ctx)
		v.summarise()
		return v.summary, err
	})
}

// verifier is a verification of everything at work.
type verifier struct {
	o       LedgerOptions
	job     *Job
	out     *EvidenceVerification
	summary Summary
}

func (v *verifier) run(ctx context.Context) error {
	v.job.phase("ledger")
	tree, err := lookForEvidence(ctx, v.o.Store)
	if err != nil {
		return err
	}
	if len(tree.ledgers) == 0 && len(tree.reports) == 0 {
		return NoArchive("there is neither a ledger nor a report below %s", v.o.Store.URL())
	}
	if len(tree.ledgers) == 0 {
		v.summary.find("there is no ledger below %s: nothing says which reports are missing", v.o.Store.URL())
	} else if err := v.ledger(ctx); err != nil {
		return err
	}
	v.job.phase("reports")
	if err := v.reports(ctx, tree.reports); err != nil {
		return err
	}
	if v.o.PublicKey == nil {
		return &Problem{Exit: ExitBroken, Err: evidence.ErrNoTrustedKey, Hint: "nothing is called verified without it"}
	}
	return nil
}

// ledger verifies the chain, and what it names.
func (v *verifier) ledger(ctx context.Context) error {
	o, asked := v.o, v.o.Progress
	var once sync.Once
	var meter *Meter
	o.Progress = func(done, total int) {
		once.Do(func() {
			meter = v.job.meter("ledger", 0, 0, int64(total))
			meter.Set(Running)
		})
		meter.move(1, 0, 1)
		if asked != nil {
			asked(done, total)
		}
	}
	l, err := VerifyLedger(ctx, o)
	if l == nil || err != nil && !errors.Is(err, evidence.ErrNoTrustedKey) {
		return err
	}
	if meter != nil {
		meter.Set(Done)
	}
	v.out.Ledger = l
	for _, f := range l.Findings {
		level := LevelInfo
		switch f.Severity {
		case evidence.Broken:
			level = LevelError
			v.summary.Exit = worst(v.summary.Exit, ExitBroken)
			v.summary.Findings = append(v.summary.Findings, f.String())
		case evidence.Finding:
			level = LevelWarning
			v.summary.find("%s", f.String())
		default:
			v.summary.Notes = append(v.summary.Notes, f.String())
		}
		v.job.emit(level, "finding", F("severity", string(f.Severity)), F("sequence", f.Sequence), F("key", f.Key), F("message", f.String()))
	}
	verified := v.o.PublicKey != nil && l.Count(evidence.Broken) == 0
	v.job.Info("ledger_verified", F("ledger", l.Folder), F("verified", verified), F("entries", len(l.Entries)), F("objects", l.Objects),
		F("genesis", l.Genesis), F("head", l.Head.String()), F("broken", l.Count(evidence.Broken)), F("findings", l.Count(evidence.Finding)), F("sentence", l.Summary()))
	return nil
}

// reports verifies each report. The one under way when the job is cancelled is the last.
func (v *verifier) reports(ctx context.Context, stored []StoredReport) error {
	meter := v.job.meter("reports", 0, 0, int64(len(stored)))
	meter.Set(Running)
	for _, r := range stored {
		if ctx.Err() != nil {
			meter.Set(Failed)
			return context.Cause(ctx)
		}
		got, err := verifyListed(ctx, v.o.Store, r, v.o.PublicKey, v.out.Ledger)
		if err != nil {
			meter.Set(Failed)
			return err
		}
		v.out.Reports = append(v.out.Reports, *got)
		meter.move(1, got.Item.Size, 1)
		v.tell(got)
	}
	meter.Set(Done)
	slices.SortStableFunc(v.out.Reports, func(a, b VerifiedReport) int { return a.Item.GeneratedAt.Compare(b.Item.GeneratedAt) })
	v.job.verification.Store(v.out)
	return nil
}

// tell enters one report as a fact. That nothing verifies without a key is said once, at the end.
func (v *verifier) tell(r *VerifiedReport) {
	level, failed := LevelInfo, r.Failed(evidence.StepChain) // a chain that is broken is told once, not by each report
	fields := []Field{F("report_id", r.Item.ReportID), F("key", r.Item.Key), F("sha256", r.Item.SHA256), F("outcome", string(r.Item.Overall)),
		F("verified", r.Verified), F("sentence", r.Verdict)}
	switch {
	case r.Verified, v.o.PublicKey == nil && failed == "":
	case failed == "" && len(r.Steps) > 0:
		level = LevelWarning
		fields = append(fields, F("message", "report "+r.Item.Key+": "+r.Verdict))
	default:
		if failed == "" {
			failed = r.Verdict
		}
		level = LevelError
		sentence := "report " + r.Item.Key + " does not verify: " + failed
		v.summary.Exit = worst(v.summary.Exit, ExitBroken)
		v.summary.Findings = append(v.summary.Findings, sentence)
		fields = append(fields, F("message", sentence))
	}
	v.job.emit(level, "report_verified", fields...)
}

// summarise counts.
func (v *verifier) summarise() {
	verified := 0
	for i := range v.out.Reports {
		r := &v.out.Reports[i]
		if r.Verified {
			verified++
		}
		// With a ledger the slots say so; a report outside of any slot says it alone.
		if r.Verified && r.Item.Overall != evidence.Passed && r.Item.Slot == nil {
			v.summary.find("report %s says %s", r.Item.ReportID, strings.ToUpper(string(r.Item.Overall)))
		}
	}
	slots, missed, entries, findings := 0, 0, 0, 0
	if l := v.out.Ledger; l != nil {
		slots, entries, findings = len(l.Slots), len(l.Entries), l.Count(evidence.Finding)+l.Count(evidence.Broken)
		for _, s := range l.Slots {
			if s.Verdict == evidence.VerdictMissed {
				missed++
			}
		}
	}
	v.summary.fact("reports", len(v.out.Reports))
	v.summary.fact("verified", verified)
	v.summary.fact("not_verified", len(v.out.Reports)-verified)
	if v.out.Ledger != nil { // else "0 missed" would be said of what nobody looked at
		v.summary.fact("slots", slots)
		v.summary.fact("missed", missed)
		v.summary.fact("ledger_findings", findings)
		v.summary.fact("entries", entries)
	}
	if n := len(v.summary.Findings); n > mostBroken {
		v.summary.Findings = append(v.summary.Findings[:mostBroken:mostBroken], plural(n-mostBroken, "more finding"))
	}
}
