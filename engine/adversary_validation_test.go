package engine

import (
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka/embedded"
)

// resign puts a document in place of another, as the holder of the key can.
func (p *proof) resign(key string, doc any) {
	p.t.Helper()
	body, err := evidence.Encode(doc)
	if err != nil {
		p.t.Fatal(err)
	}
	sig, err := p.signer.Sign(body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.store.Replace("b1/"+key, body)
	p.store.Replace("b1/"+evidence.SignatureKey(key, body), sig)
}

// opened is the archive as its owner reads it.
func (p *proof) opened() *archive.Archive { return archive.Open(p.store, "b1", p.keys()) }

// TestE04_partitionWithoutVerdict: a receipt that leaves out a partition, or names one twice, is not
// taken for the whole topic: what was captured and is in no receipt has no verdict.
func TestE04_partitionWithoutVerdict(t *testing.T) {
	p := newProof(t, embedded.Options{Topics: map[string]int32{"a": 3}})
	for n := range 3 {
		p.produce("a", int32(n), 0, 40)
	}
	p.signed(nil)
	rec, err := p.opened().NewestReceipt(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	parts := rec.Doc.Topics[0].Partitions
	for name, left := range map[string][]archive.ReceiptPartition{
		"left out": parts[:2],
		"twice":    {parts[0], parts[1], parts[1]},
		"none":     {},
	} {
		rec.Doc.Topics[0].Partitions = left
		p.resign(rec.Key, rec.Doc)
		o := p.validating()
		s, _ := Validation(t.Context(), o).Wait()
		if s.Exit != ExitBroken || !strings.Contains(s.Error+strings.Join(s.Findings, " "), "partition") {
			t.Errorf("%s: exit %d, %q, %q", name, s.Exit, s.Error, s.Findings)
		}
	}
	rec.Doc.Topics[0].Partitions = parts
	p.resign(rec.Key, rec.Doc)
	validated(t, p.validating(), ExitDone)
}

// TestE04_receiptAgainstItsJournal: what a receipt says it restored must be what its journal set out to.
func TestE04_receiptAgainstItsJournal(t *testing.T) {
	p := newProof(t, embedded.Options{Topics: map[string]int32{"a": 1, "b": 1}})
	p.produce("a", 0, 0, 40)
	p.produce("b", 0, 0, 40)
	p.signed(nil)
	rec, err := p.opened().NewestReceipt(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	whole := *rec.Doc
	start := archive.Int64(1_700_000_000_000)
	for name, bend := range map[string]func(*archive.Receipt){
		"window": func(r *archive.Receipt) { r.Window.Start = &start },
		"topic":  func(r *archive.Receipt) { r.Topics = r.Topics[:1] },
		"target": func(r *archive.Receipt) {
			r.Topics = append([]archive.ReceiptTopic{}, r.Topics...)
			r.Topics[0].Created = false
		},
		"started": func(r *archive.Receipt) { r.StartedAt = r.StartedAt.Add(1e9) },
	} {
		bent := whole
		bend(&bent)
		p.resign(rec.Key, &bent)
		if s, _ := Validate(t.Context(), p.checkingArchive()).Wait(); s.Exit != ExitBroken || !strings.Contains(strings.Join(s.Findings, " "), rec.Key) {
			t.Errorf("%s: validate ends with %d, %q", name, s.Exit, s.Findings)
		}
		o := p.validating()
		o.Checks = &Checks{MessageCount: &CountCheck{}}
		if s, _ := Validation(t.Context(), o).Wait(); s.Exit != ExitBroken {
			t.Errorf("%s: validation ends with %d, %q, %q", name, s.Exit, s.Error, s.Findings)
		}
	}
}

// TestLossesOfEarlierRunsStaySaid: what an earlier run lost is not this run's failure, and is not silent
// either, also once a complete manifest stands for the whole chain.
func TestLossesOfEarlierRunsStaySaid(t *testing.T) {
	p := newProof(t, embedded.Options{Topics: map[string]int32{"a": 1, "gone": 1}})
	p.produce("a", 0, 0, 40)
	p.produce("gone", 0, 0, 40)
	b := p.options()
	b.Topics.Match = func(name string, _ bool) bool { return name == "a" || name == "gone" }
	b.Env, b.Keys = p.env(), p.keys()
	p.backup(b, ExitDone)
	p.produce("a", 0, 40, 40)
	if err := p.broker.DeleteRecords("a", 0, 60); err != nil {
		t.Fatal(err)
	}
	p.backup(b, ExitFindings)
	if err := p.broker.DeleteTopic("gone"); err != nil {
		t.Fatal(err)
	}
	p.backup(b, ExitFindings) // it vanished
	said := "20 offsets of the source were lost"
	look := func() {
		t.Helper()
		p.restored(func(r *RestoreOptions) {
			r.Topics, r.RestoreID = named("a"), archive.NewRunID(p.clock(), "")
			r.Mapping = map[string]string{"a": "to-" + archive.NewRunID(p.clock(), "")}
		})
		o := p.validating()
		o.Scope = named("a")
		r, _ := validated(t, o, ExitDone)
		if c := check(t, r, evidence.CaptureCheck); c.Outcome != evidence.Passed {
			t.Errorf("%s: %s, %q", c.Outcome, c.Detail, c.Problems)
		}
		if all := strings.Join(r.Coverage, "\n"); !strings.Contains(all, said) {
			t.Errorf("coverage %q does not say what is not in the archive", r.Coverage)
		}
		o = p.validating()
		o.Checks = &Checks{Content: &ContentCheck{}} // nobody asks CaptureCheck
		r, _ = validated(t, o, ExitDone)
		if all := strings.Join(r.Coverage, "\n"); !strings.Contains(all, said) {
			t.Errorf("coverage %q does not say what is not in the archive", r.Coverage)
		}
	}
	p.backup(b, ExitDone)
	look()
	p.completes(b)
	runs, err := p.opened().Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	look()
	o := p.restoring()
	o.Env, o.Keys, o.Witness = p.env(), p.keys(), p.witness()
	o.Topics, o.RestoreID, o.RunID, o.Mapping = named("a"), "complete", runs[len(runs)-2].ID, map[string]string{"a": "complete"}
	p.restore(o, ExitDone)
	v := p.validating()
	v.Scope = named("a")
	r, _ := validated(t, v, ExitDone)
	if c := check(t, r, evidence.CaptureCheck); c.Outcome != evidence.Passed {
		t.Errorf("of the complete manifest: %s, %s, %q", c.Outcome, c.Detail, c.Problems)
	}
}
