package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// proof is a world with evidence: keys, a ledger, and a clock that the test moves.
type proof struct {
	*world
	signer *evidence.Signer
	now    time.Time
	vault  *storage.Memory // where evidence lies
	series evidence.SeriesSpec
}

func newProof(t *testing.T, o embedded.Options) *proof {
	t.Helper()
	p := &proof{world: newWorld(t, o), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), vault: storage.NewMemory(), series: evidence.SeriesSpec{Series: "weekly"}}
	private, _, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if p.signer, err = evidence.ParseSigner(private); err != nil {
		t.Fatal(err)
	}
	return p
}

// clock moves a second with every look.
func (p *proof) clock() time.Time { p.now = p.now.Add(time.Second); return p.now }

func (p *proof) env() Env { return Env{Clock: sync1(p.clock), Operator: "tester", Host: "here"} }

// sync1 lets several goroutines look at a clock.
func sync1(f func() time.Time) func() time.Time {
	gate := make(chan struct{}, 1)
	return func() time.Time {
		gate <- struct{}{}
		defer func() { <-gate }()
		return f()
	}
}

func (p *proof) keys() archive.Keys {
	return archive.Keys{Signer: p.signer, Trusted: p.signer.PublicKey()}
}

func (p *proof) witness() *Witness {
	p.t.Helper()
	l, err := evidence.Open(p.t.Context(), p.vault, "evidence/", p.signer, evidence.LedgerOptions{Clock: sync1(p.clock), Operator: "tester", Host: "here"})
	if err != nil {
		p.t.Fatal(err)
	}
	return &Witness{Ledger: l, Store: p.vault, Prefix: "evidence/", Signer: p.signer, Series: p.series, TriggeredBy: "test"}
}

// signed runs a backup and a restore of everything, signed and entered.
func (p *proof) signed(change func(*RestoreOptions)) {
	p.t.Helper()
	b := p.options()
	b.Env, b.Keys, b.Witness = p.env(), p.keys(), p.witness()
	p.backup(b, ExitDone)
	p.restored(change)
}

func (p *proof) restored(change func(*RestoreOptions)) {
	p.t.Helper()
	r := p.restoring()
	r.Env, r.Keys, r.Witness = p.env(), p.keys(), p.witness()
	if change != nil {
		change(&r)
	}
	p.restore(r, ExitDone)
}

// validating are the options of a plain validation.
func (p *proof) validating() ValidationOptions {
	return ValidationOptions{Env: p.env(), Target: p.client, Admin: p.admin, ReadBack: p.opener(), Store: p.store, Keys: p.keys(), Witness: p.witness(), BackupID: "b1"}
}

func (w *world) opener() func() (IndependentReader, error) {
	return func() (IndependentReader, error) {
		return kafka.OpenReadBack(w.broker.Cluster(), kafka.ReadBackOptions{Stall: 20 * time.Second, StallAtEnd: 2 * time.Second})
	}
}

// validation runs one and asks for an exit code.
func validated(t *testing.T, o ValidationOptions, want Exit) (*evidence.Report, Summary) {
	t.Helper()
	j := Validation(t.Context(), o)
	s, err := j.Wait()
	r := j.Report()
	if s.Exit != want {
		said := ""
		if r != nil {
			for _, c := range r.Checks {
				said += fmt.Sprintf("\n[%s] %s — %s %q", c.Outcome, c.Name, c.Detail, c.Problems)
			}
		}
		t.Fatalf("validation ended with exit %d (%v), findings %q; want %d%s", s.Exit, err, s.Findings, want, said)
	}
	return r, s
}

// check finds a check in a report.
func check(t *testing.T, r *evidence.Report, name string) evidence.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the report has no %s", name)
	return evidence.Check{}
}

// outcomes asks for the outcomes of all checks.
func outcomes(t *testing.T, r *evidence.Report, want map[string]evidence.Outcome) {
	t.Helper()
	for _, c := range r.Checks {
		w, ok := want[c.Name]
		if !ok {
			w = evidence.Passed
		}
		if c.Outcome != w {
			t.Errorf("%s is %s (%s; %q), want %s", c.Name, c.Outcome, c.Detail, c.Problems, w)
		}
	}
}

// everything is all objects of a store.
func everything(t *testing.T, s storage.Store) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	var keys []string
	if err := s.List(t.Context(), "", func(key string, _ int64) error { keys = append(keys, key); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		body, err := storage.ReadAll(t.Context(), s, key, 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		out[key] = body
	}
	return out
}

// lines are a job's events as they go to the screen and to JSON.
func lines(t *testing.T, j *Job) string {
	t.Helper()
	events, _ := j.EventsSince(0)
	var b strings.Builder
	for _, e := range events {
		body, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(body)
		b.WriteString(e.Text())
	}
	return b.String()
}

// headerOf is what a batch says of itself.
func headerOf(t *testing.T, raw []byte) (batch.Header, batch.Stats) {
	t.Helper()
	h, err := batch.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	s, err := batch.NewDecoder(batch.Limits{}).Scan(raw)
	if err != nil {
		t.Fatal(err)
	}
	return h, s
}
