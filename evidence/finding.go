package evidence

import "fmt"

// Severity says what a finding means for the exit code.
type Severity string

// The severities.
const (
	Broken  Severity = "broken"  // something stored does not verify: exit 4
	Finding Severity = "finding" // it verifies, and somebody has to explain it: exit 3
	Note    Severity = "note"    // worth knowing
)

// Found is one thing that verification has to say.
type Found struct {
	Severity Severity `json:"severity"`
	Sequence int64    `json:"sequence"` // of the entry it is about; -1: none
	Key      string   `json:"key"`      // of the object it is about; may be ""
	Sentence string   `json:"sentence"`
}

// String is the finding with where it is.
func (f Found) String() string {
	where := f.Key
	if f.Sequence >= 0 {
		where = fmt.Sprintf("entry %d", f.Sequence)
	}
	if where == "" {
		return f.Sentence
	}
	return where + ": " + f.Sentence
}

// Verification is what Verify found. Entries are complete as far as they could be read.
type Verification struct {
	Entries  []Sealed
	Slots    []Slot
	Findings []Found
	Head     Head   // of what is there; Sequence −1 when nothing is
	Genesis  string // sha256 of entry 0
	Objects  int    // files named by entries that were read and are as named
	Unread   int    // files named by entries that nobody looked at: no store was given for them
}

func (v *Verification) add(s Severity, sequence int64, key, sentence string, args ...any) {
	v.Findings = append(v.Findings, Found{Severity: s, Sequence: sequence, Key: key, Sentence: fmt.Sprintf(sentence, args...)})
}

// Worst is the gravest severity found, "" when nothing was.
func (v *Verification) Worst() Severity {
	worst := Severity("")
	for _, f := range v.Findings {
		switch {
		case f.Severity == Broken:
			return Broken
		case f.Severity == Finding:
			worst = Finding
		case worst == "":
			worst = Note
		}
	}
	return worst
}

// Count is how many findings have a severity.
func (v *Verification) Count(s Severity) int {
	n := 0
	for _, f := range v.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Summary is the verdict in words.
func (v *Verification) Summary() string {
	size := plural(len(v.Entries), "entry")
	if len(v.Entries) != 1 {
		size = fmt.Sprintf("%d entries", len(v.Entries))
	}
	switch v.Worst() {
	case Broken:
		return fmt.Sprintf("the ledger does not verify: %s, %s, %s", size, plural(v.Count(Broken), "break"), plural(v.Count(Finding), "finding"))
	case Finding:
		return fmt.Sprintf("the chain is genuine and unbroken (%s), with %s", size, plural(v.Count(Finding), "finding"))
	}
	if v.Unread > 0 {
		return fmt.Sprintf("the chain is genuine and unbroken (%s); %s not looked at; time is the signer's", size, plural(v.Unread, "named file"))
	}
	return fmt.Sprintf("the chain is genuine and unbroken (%s), nothing is missing; time is the signer's", size)
}
