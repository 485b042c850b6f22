package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestE01_largeRecordsOutOfStep: looking for the place where both sides agree again takes more slabs than
// there are, and does not hang.
func TestE01_largeRecordsOutOfStep(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	for i := range 45 {
		if _, err := p.broker.Produce("orders", 1, embedded.Record{Timestamp: baseTime + int64(i), Value: noise(uint64(i), 300<<10)}); err != nil {
			t.Fatal(err)
		}
	}
	p.signed(p.lie(func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record {
		keep := recs[:0]
		for i, r := range recs {
			switch at + int64(i) {
			case 3, 20:
			case 40:
				r.Value[7] ^= 1
				fallthrough
			default:
				keep = append(keep, r)
			}
		}
		return keep
	}))
	r, _ := validated(t, p.validating(), ExitFindings)
	shows(t, r, []string{"3>- record", "20>- record", "40>38 value 307200/307200"})
}

// faulty is an independent reader that fails on one partition.
type faulty struct {
	IndependentReader
	partition int32
}

func (f faulty) Partitions(ctx context.Context, ranges []kafka.Range, fn func(int, *kafka.ReadRecord) error) error {
	return f.IndependentReader.Partitions(ctx, ranges, func(i int, r *kafka.ReadRecord) error {
		if ranges[i].Partition == f.partition && r.Offset == 5 {
			return errors.New("the broker lies down")
		}
		return fn(i, r)
	})
}

// TestOneUnreadablePartition costs no other its verdict, and is no pass.
func TestOneUnreadablePartition(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 4, nil)
	for n := range int32(4) {
		p.produce("orders", n, 0, 50)
	}
	p.signed(nil)
	o := p.validating()
	open := o.ReadBack
	o.ReadBack = func() (IndependentReader, error) {
		rb, err := open()
		return faulty{rb, 2}, err
	}
	r, s := validated(t, o, ExitFindings)
	if r.Overall != evidence.Indeterminate {
		t.Errorf("overall %s", r.Overall)
	}
	for _, part := range check(t, r, evidence.ContentCheck).Topics[0].Partitions {
		want := map[bool]evidence.Outcome{true: evidence.Indeterminate, false: evidence.Passed}[part.Partition == 2]
		if part.Outcome != want || part.DifferencesTotal != 0 || want == evidence.Passed && part.Expected != 50 {
			t.Errorf("partition %d: %+v", part.Partition, part)
		}
	}
	if r.Integrity.RecordsCompared < 150 || s.Get("report") == nil {
		t.Errorf("%d records compared, report %v", r.Integrity.RecordsCompared, s.Get("report"))
	}
}

// TestValidationCancelled ends with 130, hangs on nothing, and the ledger knows.
func TestValidationCancelled(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	for n := range int32(2) {
		p.produce("orders", n, 0, 9000)
	}
	p.signed(nil)
	o := p.validating()
	var j *Job
	started := make(chan struct{})
	open := o.ReadBack
	o.ReadBack = func() (IndependentReader, error) {
		rb, err := open()
		return cancelling{rb, func() { <-started; j.Cancel() }}, err
	}
	j = Validation(t.Context(), o)
	close(started)
	if s, err := j.Wait(); s.Exit != ExitCancelled || j.Report() != nil {
		t.Errorf("exit %d, %v", s.Exit, err)
	}
	entries := p.witness().Ledger.Entries()
	if last := entries[len(entries)-1]; last.Type != evidence.TypeReport || last.Verdict != evidence.VerdictError || !last.Closes {
		t.Errorf("the ledger ends with %s %s", last.Type, last.Verdict)
	}
}

type cancelling struct {
	IndependentReader
	cancel func()
}

func (c cancelling) Partitions(ctx context.Context, ranges []kafka.Range, fn func(int, *kafka.ReadRecord) error) error {
	return c.IndependentReader.Partitions(ctx, ranges, func(i int, r *kafka.ReadRecord) error {
		if r.Offset == 500 {
			c.cancel()
		}
		return fn(i, r)
	})
}

// TestBrokenSegmentWhileComparing: what lies behind a broken segment has no verdict; the object is named.
func TestBrokenSegmentWhileComparing(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 900)
	p.signed(nil)
	p.flipSegment()
	o := p.validating()
	o.Checks = &Checks{MessageCount: &CountCheck{}, Content: &ContentCheck{}}
	r, s := validated(t, o, ExitBroken)
	if c := check(t, r, evidence.ContentCheck); c.Outcome == evidence.Passed || !strings.Contains(strings.Join(s.Findings, "\n"), ".log") {
		t.Errorf("%s, %q", c.Outcome, s.Findings)
	}
	p.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == "get" && strings.HasSuffix(key, ".log") {
			return errors.New("the store is not well")
		}
		return nil
	}})
	if r, _ = validated(t, o, ExitFindings); r.Overall != evidence.Indeterminate {
		t.Errorf("a store that does not answer: %s", r.Overall)
	}
}

// TestReportCannotBePut fails the job: evidence that is not there is none.
func TestReportCannotBePut(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 9)
	p.signed(nil)
	o := p.validating()
	p.vault.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if strings.Contains(key, "validation-") && strings.HasSuffix(key, ".json") && op == "put" {
			return errors.New("no room")
		}
		return nil
	}})
	validated(t, o, ExitFailed)
	p.vault.SetFaults(storage.Faults{})
	entries := p.witness().Ledger.Entries()
	if last := entries[len(entries)-1]; last.Verdict != evidence.VerdictError || last.Subject["report_id"] != "" {
		t.Errorf("the ledger ends with %s, %v", last.Verdict, last.Subject)
	}
}

// FuzzParseCanonical: what parses encodes back to the same bytes.
func FuzzParseCanonical(f *testing.F) {
	f.Add(batch.AppendCanonical(nil, &batch.Record{Timestamp: -1, Key: []byte("k"), Headers: []batch.RecordHeader{{Key: []byte("h")}, {Key: []byte{}, Value: []byte("v")}}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseCanonical(b)
		if err != nil || slices.ContainsFunc(r.Headers, func(h batch.RecordHeader) bool { return h.Key == nil }) {
			return // a null name is no record's
		}
		if again := batch.AppendCanonical(nil, r); string(again) != string(b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}

func TestCommas(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 2841293: "2,841,293", -12345: "-12,345"} {
		if got := commas(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
	if got := fmt.Sprint(plural(1, "topic"), ", ", plural(int64(2000), "topic")); got != "1 topic, 2,000 topics" {
		t.Error(got)
	}
}
