package engine

import (
	"fmt"
	"strings"
	"testing"

	"kustody/evidence"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestValidationOfAGoodRestore: every check passes, the report verifies with the public key alone, the
// ledger names it, and its words are those of the design.
func TestValidationOfAGoodRestore(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 3, nil)
	p.topic("empty", 2, nil)
	p.topic("audit", 1, nil)
	for n := range int32(3) {
		p.produce("orders", n, 0, 500)
	}
	p.produce("audit", 0, 0, 41)
	p.signed(nil)
	r, s := validated(t, p.validating(), ExitDone)
	outcomes(t, r, map[string]evidence.Outcome{evidence.ConsumerGroupOffsetCheck: evidence.Skipped})
	if r.Overall != evidence.Passed || r.Level != evidence.LevelEveryRecord || r.Integrity.RecordsCompared != 1541 {
		t.Errorf("%s, %s, %d records compared", r.Overall, r.Level, r.Integrity.RecordsCompared)
	}
	for name, want := range map[string]string{
		evidence.MessageCountCheck: "3 topics; 1,541 messages expected, 1,541 restored; 0 discrepancies",
		evidence.OffsetRangeCheck:  "6 partitions checked; 6 passed; 0 issues",
		evidence.ContentCheck:      "1,541 records in 6 partitions compared field by field; 0 differences",
		evidence.ScopeCheck:        "3 topics in scope; 3 captured, restored and compared",
	} {
		if got := check(t, r, name).Detail; got != want {
			t.Errorf("%s says %q, want %q", name, got, want)
		}
	}
	key, _ := s.Get("report").(string)
	body, err := storage.ReadAll(t.Context(), p.vault, key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := storage.ReadAll(t.Context(), p.vault, evidence.ReportSignatureKey(key), 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.VerifyReport(body, sig, p.signer.PublicKey(), evidence.ReportPlace{Key: key}); err != nil {
		t.Error(err)
	}
	entries := p.witness().Ledger.Entries()
	last := entries[len(entries)-1]
	if last.Type != evidence.TypeReport || last.Verdict != evidence.VerdictPassed || len(last.Files) != 2 || !strings.HasSuffix(last.Files[0].Key, r.ReportID+".json") {
		t.Errorf("the ledger ends with %s %s, files %v", last.Type, last.Verdict, last.Files)
	}
	rootsOf(t, p, r)
}

// rootsOf recomputes the records' roots from the source cluster itself.
func rootsOf(t *testing.T, p *proof, r *evidence.Report) {
	t.Helper()
	for _, topic := range check(t, r, evidence.ContentCheck).Topics {
		for _, part := range topic.Partitions {
			var tree evidence.Tree
			recs, _ := p.log(topic.Topic, part.Partition)
			for _, rec := range recs {
				tree.Add([]byte(rec.canonical))
			}
			if want := fmt.Sprintf("%x", tree.Root()); part.RecordsRoot != want {
				t.Errorf("%s/%d: records_root %s, want %s", topic.Topic, part.Partition, part.RecordsRoot, want)
			}
		}
	}
}
