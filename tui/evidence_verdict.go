package tui

import (
	"fmt"
	"strings"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// holds says that every step was taken against a trusted key, and none failed.
func (r *reportCheck) holds() bool {
	return r.trusted != nil && r.failed == nil && !anyFailed(r.steps) && r.unlooked() == ""
}

// unlooked says why the ledger that is there could not be looked at; "" where it was, or there is none.
func (r *reportCheck) unlooked() string {
	if r.ledger != nil {
		return ""
	}
	return unlooked(r.noLedger)
}

// stepMark is the mark of a step. Where the whole does not hold, or no key is trusted, nothing in it is
// called good: the document could say anything.
func (r *reportCheck) stepMark(s evidence.Step) mark {
	switch {
	case !s.Checked:
		return markFinding
	case !s.OK && s.Name == evidence.StepLedger && r.ledger != nil && r.entry == nil:
		return markFinding
	case !s.OK:
		return markBad
	case r.trusted == nil || r.failed != nil:
		return markAbout
	}
	return markOK
}

// verdict is what the verification comes to, in words.
func (r *reportCheck) verdict() (mark, string) {
	ledgerStep := func(name string) (evidence.Step, bool) {
		for _, s := range r.steps {
			if s.Name == name {
				return s, s.Checked && !s.OK
			}
		}
		return evidence.Step{}, false
	}
	switch {
	case r.missing:
		return markBad, fmt.Sprintf("missing: entry %d of the ledger names it, and it is not here", r.entry.Sequence)
	case r.failed != nil:
		return markBad, "not genuine, or changed: do not believe it"
	}
	named, unnamed := ledgerStep(evidence.StepLedger)
	if unnamed && r.entry != nil {
		return markBad, "the ledger does not vouch for it: " + named.Sentence + " with another checksum"
	}
	if chain, broken := ledgerStep(evidence.StepChain); broken {
		return markBad, "its own signature holds, and " + strings.TrimPrefix(chain.Sentence, "the ledger does not verify: ") + ": the ledger does not verify"
	}
	switch {
	case r.folder != nil:
		return markAbout, "matches a key in this folder; not trusted"
	case r.trusted == nil:
		return markAbout, "nothing is proved: there is no trusted public key"
	case unnamed:
		return markFinding, "genuine and unchanged, and no entry of the ledger names it"
	case r.unlooked() != "":
		return markFinding, "its own signature holds; the ledger cannot be verified: " + r.unlooked()
	case r.ledger == nil:
		return markFinding, "genuine and unchanged; there is no ledger to say whether others are missing"
	}
	if r.report != nil && r.report.GeneratedAt.After(r.at.Add(ahead)) {
		return markFinding, "genuine and unchanged, and dated ahead of this machine's clock"
	}
	return markOK, "genuine and unchanged; the time is the signer's word"
}

// inWindow says that a report is about a part of time, and not about everything that its run holds.
func inWindow(x *evidence.Report) string {
	if x.Restore.WindowStartMS == nil && x.Restore.WindowEndMS == nil {
		return ""
	}
	return ", in a window"
}

// failedSteps name the steps that did not hold; "" when all did.
func failedSteps(steps []evidence.Step) string {
	var names []string
	for _, s := range steps {
		if s.Checked && !s.OK {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// notProved is what the verification cannot show, the report's own list included.
func (r *reportCheck) notProved() []string {
	var out []string
	if r.trusted == nil {
		out = append(out, "anything: a key that lies with the evidence proves only that they fit each other")
	}
	if r.ledger != nil {
		if r.ledger.Options.Head == "" {
			out = append(out, "that the ledger was not cut short or rebuilt: no head kept elsewhere was given (--head)")
		}
		if r.ledger.Options.Genesis == "" {
			out = append(out, "that this is the ledger it should be: no genesis was given (--genesis)")
		}
	}
	if r.report != nil {
		out = append(out, r.report.NotProved...)
	}
	return out
}

// paragraph is the verdict in words, to be copied.
func (r *reportCheck) paragraph() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Report %s", r.id)
	if r.sha256 != "" {
		fmt.Fprintf(&b, " (sha256 %s)", r.sha256)
	}
	_, words := r.verdict()
	fmt.Fprintf(&b, ": %s.", engine.Sanitize(words))
	if failed := failedSteps(r.steps); failed != "" {
		fmt.Fprintf(&b, " What did not hold: %s.", failed)
	}
	if x := r.report; x != nil {
		fmt.Fprintf(&b, " It says %s, %s, %d of %d topics, %d records restored%s", engine.Sanitize(string(x.Overall)), engine.Sanitize(string(x.Level)),
			len(x.Restore.Topics), x.Backup.Topics, x.Restore.Records, inWindow(x))
		if x.Slot != nil {
			fmt.Fprintf(&b, ", for the %s of series %s due %s", engine.Sanitize(x.Slot.Kind), engine.Sanitize(x.Series), x.Slot.Due.UTC().Format(time.RFC3339))
		}
		b.WriteString(".")
	}
	switch {
	case r.trusted != nil:
		fmt.Fprintf(&b, " Checked against the key with fingerprint %s", r.trusted.Fingerprint())
	default:
		b.WriteString(" Looked at without a trusted key")
	}
	var held []string
	for _, s := range r.steps {
		if s.Checked && s.OK {
			held = append(held, s.Name)
		}
	}
	fmt.Fprintf(&b, " on %s; what held: %s.", r.at.UTC().Format(time.RFC3339), first(strings.Join(held, ", "), "nothing"))
	if r.entry != nil {
		fmt.Fprintf(&b, " Ledger entry %d, sha256 %s, in the ledger as it was verified on %s.", r.entry.Sequence, r.entry.SHA256, r.ledgerAt.UTC().Format(time.RFC3339))
	}
	fmt.Fprintf(&b, " Not proved: %s.", engine.Sanitize(strings.Join(r.notProved(), "; ")))
	return b.String()
}
