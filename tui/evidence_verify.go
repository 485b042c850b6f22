package tui

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
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
	noLedger    error     // why there is none
	ledgerAt    time.Time // when the ledger was verified
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

// loadCheck reads a report and verifies it, against the ledger too: as it was verified before, or anew where
// that is asked for, or failed the last time. The ledger as it was read before will do to find the entry; that
// there is none is said only of a ledger that was read just now: the report may be younger than what is in sight.
func (c *console) loadCheck(l *loader[*reportCheck], id string, anew bool, then func() tea.Cmd) tea.Cmd {
	ledger, at, now := c.data.ledger.value, c.data.ledger.asOf, c.now
	if anew || c.data.ledger.err != nil || c.data.ledger.stale || c.data.ledger.loading {
		ledger = nil
	}
	return l.load(c, "and verifying report "+id, func(ctx context.Context) (*reportCheck, error) {
		if c.desk.Evidence == nil {
			return nil, errNoEvidence
		}
		o, err := c.desk.Evidence(ctx)
		if err != nil {
			return nil, err
		}
		r := &reportCheck{id: id, trusted: o.PublicKey, ledger: ledger, ledgerAt: at}
		if r.named(); r.entry == nil {
			r.ledgerAt = now()
			if r.ledger, r.noLedger = engine.VerifyLedger(ctx, o); r.ledger != nil {
				r.noLedger = nil
			}
		}
		if err := r.verify(ctx, o); err != nil {
			return nil, err
		}
		r.listFiles()
		r.at = now()
		return r, nil
	}, then)
}

// verify reads the files of the report and takes every step. That the ledger names a report which is not
// there is no error.
func (r *reportCheck) verify(ctx context.Context, o engine.LedgerOptions) error {
	r.named()
	stored, err := engine.FindReport(ctx, o.Store, r.id)
	var p *engine.Problem
	if r.entry != nil && errors.As(err, &p) && p.Exit == engine.ExitNoArchive {
		r.isMissing()
		return nil
	}
	if err != nil {
		return err
	}
	r.key, r.sigKey = stored.Key, stored.SignatureKey
	if r.body, r.sig, err = engine.FetchReport(ctx, o.Store, stored); err != nil {
		return err
	}
	r.sha256 = evidence.Digest(r.body)
	for _, pub := range r.keys() {
		if err := r.against(ctx, o, stored, pub); err != nil {
			return err
		}
		if r.failed == nil {
			break
		}
	}
	if r.ledger == nil {
		why := "there is none"
		if r.noLedger != nil {
			why = r.noLedger.Error()
		}
		r.steps = append(r.steps, evidence.Step{Name: evidence.StepLedger, Sentence: "not checked: " + why})
	}
	return nil
}

// keys are what the signature is checked with: the trusted key, else those that lie in the folder, which
// prove nothing and can still show that something was changed.
func (r *reportCheck) keys() []*evidence.PublicKey {
	var out []*evidence.PublicKey
	if r.trusted != nil || r.ledger == nil || r.sig == nil {
		return []*evidence.PublicKey{r.trusted}
	}
	for _, e := range r.ledger.Entries {
		if e.Genesis == nil {
			continue
		}
		for _, text := range e.Genesis.PublicKeys {
			if pub, err := evidence.ParsePublicKey([]byte(text)); err == nil { // else it is a finding of the ledger
				out = append(out, pub)
			}
		}
	}
	if len(out) == 0 {
		return []*evidence.PublicKey{nil}
	}
	return out
}

// against takes the steps with one key.
func (r *reportCheck) against(ctx context.Context, o engine.LedgerOptions, stored engine.StoredReport, pub *evidence.PublicKey) error {
	v, err := engine.VerifyOneReport(ctx, o.Store, stored, pub, r.ledger)
	if err != nil && !errors.Is(err, evidence.ErrNoTrustedKey) {
		return err
	}
	r.report, r.steps, r.failed, r.folder = v.Report, v.Steps, nil, nil
	var failed []evidence.Step
	for i := range r.steps {
		s := &r.steps[i]
		switch {
		case s.Name == evidence.StepLedger || s.Name == evidence.StepChain || s.Name == evidence.StepTime:
		case s.Checked && !s.OK:
			failed = append(failed, *s)
		}
		if s.Name == evidence.StepRead && s.OK {
			s.Computed = units.Thousands(int64(len(r.body))) + " bytes"
		}
		if r.sig == nil && s.Name == evidence.StepSignature {
			s.Sentence = "there is no signature beside the report" + map[bool]string{true: ": " + s.Sentence}[s.Checked]
		}
		if r.trusted == nil && pub != nil {
			s.Sentence = strings.ReplaceAll(s.Sentence, "the trusted key", "a key in this folder, which proves nothing by itself")
		}
	}
	if len(failed) > 0 {
		r.failed = &evidence.VerificationError{Failed: failed}
	} else if r.trusted == nil {
		r.folder = pub
	}
	return nil
}

// isMissing are the steps of a report that the ledger names and that is not there.
func (r *reportCheck) isMissing() {
	r.missing = true
	read := evidence.Step{Name: evidence.StepRead, Checked: true, Expected: r.key, Computed: "nothing", Sentence: "the file is not there",
		ByHand: "ls " + evidence.ShellFile(r.key)}
	r.failed = &evidence.VerificationError{Failed: []evidence.Step{read}}
	steps := r.ledger.StepsAt(evidence.RootEvidence, r.named(), "nothing", evidence.LedgerPlace{File: r.key, Folder: r.ledger.Folder})
	steps[0].Sentence += ", which is missing"
	steps[0].ByHand = ""
	r.steps = append([]evidence.Step{read}, steps...)
}

// named finds the entry that names the report, and the one before, and says how the entry calls it.
func (r *reportCheck) named() (key string) {
	if r.ledger == nil {
		return ""
	}
	for i := range r.ledger.Entries {
		e := &r.ledger.Entries[i]
		if e.Type == evidence.TypeReport && e.Subject["report_id"] == r.id {
			r.entry, r.key = e, r.id+".json"
			for _, f := range e.Files {
				if path.Base(f.Key) == r.id+".json" && f.Root == evidence.RootEvidence {
					key, r.key = f.Key, realKey(r.ledger, f.Key)
				}
			}
			if i > 0 {
				r.before = &r.ledger.Entries[i-1]
			}
		}
	}
	return key
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

func anyFailed(steps []evidence.Step) bool {
	for _, s := range steps {
		if s.Checked && !s.OK {
			return true
		}
	}
	return false
}

// startVerifyAll verifies the ledger and every report as a job, and shows it. One at a time is enough.
func (c *console) startVerifyAll() tea.Cmd {
	if c.desk.Evidence == nil {
		return c.failed("verify", errNoEvidence)
	}
	for _, j := range c.runningJobs() {
		if j.Kind() == "verify" {
			return c.openJob(j)
		}
	}
	if c.quitting {
		return c.notHere("verify", quitsSoon)
	}
	type opened struct {
		ledger engine.LedgerOptions
		err    error // a value, since no screen here would show the loader's
	}
	open, at := &loader[opened]{}, c.screen()
	return open.load(c, "the evidence in "+c.desk.Location, func(ctx context.Context) (opened, error) {
		o, err := c.desk.Evidence(ctx)
		return opened{o, err}, nil
	}, func() tea.Cmd {
		if err := open.value.err; err != nil {
			return c.failed("cannot verify the evidence in "+c.desk.Location, err)
		}
		for _, j := range c.runningJobs() {
			if j.Kind() == "verify" {
				return nil // it was asked for twice
			}
		}
		work := engine.VerifyEvidence(c.ctx, engine.VerifyEvidenceOptions{Env: engine.Env{Clock: c.desk.Now}, Ledger: open.value.ledger})
		j := &job{work: work, title: "verify all evidence in " + c.desk.Location, again: "verify again: it only reads, and begins at the beginning"}
		j.after = func(c *console) {
			if v := work.Verification(); v != nil {
				c.verified, c.verifiedAt = v, j.summary.Started // each was looked at then or later
			}
		}
		if c.screen() != at { // the job is listed; it does not lie down on what is looked at now
			return c.begin(j)
		}
		return tea.Batch(c.begin(j), c.openJob(j))
	})
}
