package tui

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
)

// reportCheck is one report, read and verified.
type reportCheck struct {
	id          string
	key, sigKey string // where its files lie; key also when it is missing
	body, sig   []byte
	report      *evidence.Report // nil when it could not be read
	sha256      string
	steps       []evidence.Step
	trusted     *evidence.PublicKey
	folder      *evidence.PublicKey // without a trusted key: one of the folder that made the signature
	failed      error               // what did not hold, by the steps of the report itself
	missing     bool
	entry       *evidence.Sealed // that names it; nil: none
	before      *evidence.Sealed // the entry before that one
	ledger      *engine.LedgerVerification
	noLedger    error // why there is none
	files       []namedFile
	at          time.Time
}

// namedFile is a file that belongs to the report's job.
type namedFile struct {
	key, root string
	size      int64
	named     string // sha256 as the ledger names it; "" where it does not
	computed  string // as it was read now; "" where it was not
	broken    string
}

// loadCheck reads a report and verifies it, against the ledger too.
func (c *console) loadCheck(l *loader[*reportCheck], id string, then func() tea.Cmd) tea.Cmd {
	ledger, noLedger := c.data.ledger.value, c.data.ledger.err
	keyFile, now := first(c.desk.PublicKey, "pub.pem"), c.now
	return l.load(c, "and verifying report "+id, func(ctx context.Context) (*reportCheck, error) {
		if c.desk.Evidence == nil {
			return nil, errNoEvidence
		}
		o, err := c.desk.Evidence(ctx)
		if err != nil {
			return nil, err
		}
		r := &reportCheck{id: id, trusted: o.PublicKey, ledger: ledger, noLedger: noLedger}
		if ledger == nil {
			if r.ledger, r.noLedger = engine.VerifyLedger(ctx, o); r.ledger != nil {
				r.noLedger = nil
			}
		}
		if err := r.read(ctx, o); err != nil {
			return nil, err
		}
		r.verify(keyFile)
		r.listFiles()
		r.at = now()
		return r, nil
	}, then)
}

// read fetches the files of the report. That the ledger names a report which is not there is no error.
func (r *reportCheck) read(ctx context.Context, o engine.LedgerOptions) error {
	r.named()
	stored, err := engine.FindReport(ctx, o.Store, r.id)
	var p *engine.Problem
	if r.entry != nil && errors.As(err, &p) && p.Exit == engine.ExitNoArchive {
		r.missing = true
		return nil
	}
	if err != nil {
		return err
	}
	r.key, r.sigKey = stored.Key, stored.SignatureKey
	r.body, r.sig, err = engine.FetchReport(ctx, o.Store, stored)
	r.sha256 = evidence.Digest(r.body)
	return err
}

// named finds the entry that names the report, and the one before.
func (r *reportCheck) named() {
	if r.ledger == nil {
		return
	}
	for i := range r.ledger.Entries {
		e := &r.ledger.Entries[i]
		if e.Type == evidence.TypeReport && e.Subject["report_id"] == r.id {
			r.entry, r.key = e, r.id+".json"
			for _, f := range e.Files {
				if path.Base(f.Key) == r.id+".json" && f.Root == evidence.RootEvidence {
					r.key = realKey(r.ledger, f.Key)
				}
			}
			if i > 0 {
				r.before = &r.ledger.Entries[i-1]
			}
		}
	}
}

// realKey is where a file of the evidence lies that an entry names: the tree may have been copied to
// another place than the one its entries count from.
func realKey(l *engine.LedgerVerification, key string) string {
	if len(l.Entries) == 0 {
		return key
	}
	e := l.Entries[0]
	theirs, ok := strings.CutSuffix(e.Key, "ledger/"+path.Base(e.Key))
	rest, below := strings.CutPrefix(key, theirs)
	if !ok || !below {
		return key
	}
	return strings.TrimSuffix(l.Folder, "ledger/") + rest
}

// entryKey is where an entry lies, and where its signature does.
func entryKey(l *engine.LedgerVerification, e *evidence.Sealed) (key, signature string) {
	key = l.Folder + path.Base(e.Key)
	return key, strings.TrimSuffix(key, ".json") + "." + e.SHA256[:16] + ".sig"
}

// expected is the sha256 that the ledger names for the report, "" when it names none.
func (r *reportCheck) expected() string {
	if r.entry != nil {
		for _, f := range r.entry.Files {
			if f.Root == evidence.RootEvidence && realKey(r.ledger, f.Key) == r.key {
				return f.SHA256
			}
		}
	}
	return ""
}

// verify takes the steps of the report, and then those of the ledger.
func (r *reportCheck) verify(keyFile string) {
	if r.missing {
		r.steps = []evidence.Step{{Name: evidence.StepRead, Checked: true, Expected: r.key, Sentence: "the file is not there",
			Computed: "nothing", ByHand: "ls " + r.key}}
		r.failed = &evidence.VerificationError{Failed: r.steps}
	} else {
		at := evidence.ReportPlace{Key: r.key, ExpectedSHA256: r.expected(), ReportFile: r.key, PublicKeyFile: keyFile,
			SignatureFile: first(r.sigKey, evidence.ReportSignatureKey(r.key))}
		v := r.against(at)
		r.report, r.steps = v.Report, v.Steps
		if r.sig == nil {
			for i := range r.steps {
				if s := &r.steps[i]; s.Name == evidence.StepSignature {
					s.Sentence = "there is no signature beside the report" + map[bool]string{true: ": " + s.Sentence}[s.Checked]
				}
			}
		}
	}
	r.steps = append(r.steps, r.ledgerSteps()...)
}

// against verifies with the trusted key; without one with the keys of the folder, which proves nothing,
// and can still show that something was changed.
func (r *reportCheck) against(at evidence.ReportPlace) *evidence.ReportVerification {
	if r.trusted != nil || r.ledger == nil || r.sig == nil {
		v, err := evidence.VerifyReport(r.body, r.sig, r.trusted, at)
		if !errors.Is(err, evidence.ErrNoTrustedKey) || len(v.Steps) > 0 && anyFailed(v.Steps) {
			r.failed = err
		}
		return v
	}
	var v *evidence.ReportVerification
	for _, e := range r.ledger.Entries {
		if e.Genesis == nil {
			continue
		}
		for _, text := range e.Genesis.PublicKeys {
			pub, err := evidence.ParsePublicKey([]byte(text))
			if err != nil {
				continue // it is a finding of the ledger
			}
			var failed error
			if v, failed = evidence.VerifyReport(r.body, r.sig, pub, at); failed == nil {
				r.folder = pub
				r.folderWords(v)
				return v
			}
			r.failed = failed
			r.folderWords(v)
		}
	}
	if v == nil {
		v, _ = evidence.VerifyReport(r.body, r.sig, nil, at)
	}
	return v
}

// folderWords keep the steps from calling a key of the folder trusted.
func (r *reportCheck) folderWords(v *evidence.ReportVerification) {
	for i := range v.Steps {
		v.Steps[i].Sentence = strings.ReplaceAll(v.Steps[i].Sentence, "the trusted key", "a key in this folder, which proves nothing by itself")
	}
}

func anyFailed(steps []evidence.Step) bool {
	for _, s := range steps {
		if s.Checked && !s.OK {
			return true
		}
	}
	return false
}

// ledgerSteps are what the ledger knows of the report, with keys as they lie here.
func (r *reportCheck) ledgerSteps() []evidence.Step {
	if r.ledger == nil {
		why := "there is none"
		if r.noLedger != nil {
			why = r.noLedger.Error()
		}
		return []evidence.Step{{Name: evidence.StepLedger, Sentence: "not checked: " + why}}
	}
	v := *r.ledger.Verification
	v.Entries = make([]evidence.Sealed, len(r.ledger.Entries))
	for i, e := range r.ledger.Entries {
		e.Key, _ = entryKey(r.ledger, &e)
		files := make([]evidence.RootedFile, len(e.Files))
		for k, f := range e.Files {
			if f.Root == evidence.RootEvidence {
				f.Key = realKey(r.ledger, f.Key)
			}
			files[k] = f
		}
		e.Files = files
		v.Entries[i] = e
	}
	steps := v.Steps(evidence.RootEvidence, r.key, r.sha256)
	if r.missing {
		steps[0].Expected, steps[0].OK = "nothing", false
		steps[0].Sentence += ", which is missing"
	}
	return steps
}

// listFiles are the files of the report, and the others that its job made.
func (r *reportCheck) listFiles() {
	seen := map[string]bool{}
	add := func(f namedFile) {
		if !seen[f.root+f.key] {
			seen[f.root+f.key] = true
			r.files = append(r.files, f)
		}
	}
	computed := map[string][]byte{}
	if !r.missing {
		computed[r.key] = r.body
		if r.sig != nil {
			computed[r.sigKey] = r.sig
		}
	}
	broken := map[string]string{}
	if r.ledger != nil {
		for _, f := range r.ledger.Findings {
			if f.Severity == evidence.Broken {
				broken[f.Key] = f.Sentence
			}
		}
	}
	named := func(e *evidence.Sealed) {
		for _, f := range e.Files {
			key := f.Key
			if f.Root == evidence.RootEvidence {
				key = realKey(r.ledger, key)
			}
			x := namedFile{key: key, root: f.Root, size: f.Size, named: f.SHA256, broken: broken[f.Key]}
			if data, read := computed[key]; read && f.Root == evidence.RootEvidence {
				x.computed = evidence.Digest(data)
			}
			add(x)
		}
	}
	if r.entry != nil {
		named(r.entry)
	}
	for _, key := range []string{r.key, r.sigKey} {
		if data, read := computed[key]; read {
			add(namedFile{key: key, root: evidence.RootEvidence, size: int64(len(data)), computed: evidence.Digest(data)})
		}
	}
	if r.entry != nil && r.entry.StartedSequence != nil {
		for i := range r.ledger.Entries {
			if e := &r.ledger.Entries[i]; e.StartedSequence != nil && *e.StartedSequence == *r.entry.StartedSequence {
				named(e)
			}
		}
	}
}

// holds says that every step was taken against a trusted key, and none failed.
func (r *reportCheck) holds() bool {
	return r.trusted != nil && r.failed == nil && !anyFailed(r.steps)
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
		return markBad, "not genuine, or changed: do not believe it. " + failedWords(r.steps)
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
	case r.ledger == nil:
		return markFinding, "genuine and unchanged; there is no ledger to say whether others are missing"
	}
	return markOK, "genuine and unchanged; the time is the signer's word"
}

// failedWords name the steps that did not hold.
func failedWords(steps []evidence.Step) string {
	var names []string
	for _, s := range steps {
		if s.Checked && !s.OK {
			names = append(names, s.Name)
		}
	}
	return "What did not hold: " + strings.Join(names, ", ") + "."
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
	fmt.Fprintf(&b, ": %s.", strings.TrimSuffix(words, "."))
	if x := r.report; x != nil {
		fmt.Fprintf(&b, " It says %s, %s, %d of %d topics, %d records restored", x.Overall, x.Level, len(x.Restore.Topics), x.Backup.Topics, x.Restore.Records)
		if x.Slot != nil {
			fmt.Fprintf(&b, ", for the %s of series %s due %s", x.Slot.Kind, x.Series, x.Slot.Due.UTC().Format(time.RFC3339))
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
		fmt.Fprintf(&b, " Ledger entry %d, sha256 %s.", r.entry.Sequence, r.entry.SHA256)
	}
	fmt.Fprintf(&b, " Not proved: %s.", strings.Join(r.notProved(), "; "))
	return b.String()
}
