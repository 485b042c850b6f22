package tui

import (
	"strings"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// sentence tells a slot in words that can be sent to somebody who does not see the screen.
func (b *evidenceBook) sentence(r evidenceRow, now time.Time) string {
	what := "The " + r.slot.Kind + " of series " + r.slot.Series + " due " + stamp(r.slot.Due) + " UTC"
	if r.kind == rowLoose {
		what = "The report " + r.reportID
	}
	var out string
	m, words := b.result(r, now)
	switch {
	case r.kind == rowNext:
		return what + " is not due yet."
	case r.slot.Verdict == evidence.VerdictMissed && r.kind == rowSlot:
		out = what + " was missed"
		if r.closing != nil {
			out += ", entered by entry " + plainNumber(r.closing.Sequence) + " on " + stamp(r.closing.Time) + " UTC"
		}
		out += "."
	case r.broken != "":
		out = what + " does not verify: " + r.broken + "."
	case r.kind == rowAgain:
		out = what + " was " + string(r.slot.Verdict) + "; a further attempt, which does not change that, came to: " + words + "."
	default:
		out = what + ": " + words + "."
		switch m {
		case markOK:
			out = what + " passed: " + words + "."
		case markAbout:
			out = what + " is said to have passed, which is not verified: " + words + "."
		}
	}
	if r.reportID != "" {
		out += " Report " + r.reportID
		if r.report != nil {
			out += ", sha256 " + r.report.SHA256
		}
		out += "."
	}
	if r.closing != nil && r.slot.Verdict != evidence.VerdictMissed {
		out += " Ledger entry " + plainNumber(r.closing.Sequence) + ", sha256 " + r.closing.SHA256 + "."
	}
	return engine.Sanitize(out + " " + b.trustWords()) // it is sent on: a name must not begin a line of its own
}

// trustWords say what all of it is worth.
func (b *evidenceBook) trustWords() string {
	switch {
	case !b.trusted:
		return "Nothing was verified: no public key was given that came by another road than the evidence."
	case b.ledger == nil:
		if m, words := b.noLedger(); m == markBad {
			return capital(words) + "."
		}
		return "There is no ledger: a report that is missing would not be noticed."
	case b.inTrouble():
		return "The ledger does not verify against key " + b.ledger.Options.PublicKey.KeyID() + ": " + b.ledger.Summary() + "."
	}
	return "Against key " + b.ledger.Options.PublicKey.KeyID() + " " + b.ledger.Summary() + "."
}

// groups writes a hash in groups of eight, all of it.
func groups(hash string) string {
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return hash
	}
	var parts []string
	for i := 0; i < 64; i += 8 {
		parts = append(parts, hash[i:i+8])
	}
	return strings.Join(parts, " ")
}

// grouped writes a hash in groups of eight, the middle left out where there is no room for it.
func grouped(hash string, w int) string {
	full := groups(hash)
	if w >= len(full) || full == hash {
		return full
	}
	return full[:17] + " … " + full[63:]
}
