package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
)

// liar is a target that stores something else than it is given, and answers as if it had not.
type liar struct {
	RestoreTarget
	broker *embedded.Broker
	mu     sync.Mutex
	given  map[kafka.TopicPartition]int64
	change func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record
}

func (l *liar) Append(_ context.Context, tp kafka.TopicPartition, raw []byte, _ time.Duration) (kafka.Appended, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var recs []embedded.Record
	err := batch.NewDecoder(batch.Limits{}).Walk(raw, func(r *batch.Record) error {
		out := embedded.Record{Timestamp: r.Timestamp, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value)}
		for _, h := range r.Headers {
			out.Headers = append(out.Headers, embedded.Header{Key: string(h.Key), Value: bytes.Clone(h.Value)})
		}
		recs = append(recs, out)
		return nil
	})
	if err != nil {
		return kafka.Appended{}, err
	}
	base := l.given[tp]
	l.given[tp] += int64(len(recs))
	if recs = l.change(tp, base, recs); len(recs) > 0 {
		_, err = l.broker.Produce(tp.Topic, tp.Partition, recs...)
	}
	return kafka.Appended{BaseOffset: base}, err
}

// lie makes a restore go through a liar.
func (p *proof) lie(change func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record) func(*RestoreOptions) {
	return func(o *RestoreOptions) {
		o.Target = &liar{RestoreTarget: p.client, broker: p.broker, given: map[kafka.TopicPartition]int64{}, change: change}
	}
}

// odd are records with everything a record can have.
func (p *proof) odd(topic string, partition int32, n int) {
	p.t.Helper()
	for from := 0; from < n; from += 10 {
		var recs []embedded.Record
		for i := from; i < min(from+10, n); i++ {
			r := embedded.Record{Timestamp: baseTime + int64(i)*7919%100_000, Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value number %d", i)}
			switch i % 5 {
			case 1:
				r.Key = nil
			case 2:
				r.Value = nil
			case 3:
				r.Value = []byte{}
			}
			if i%2 == 0 {
				r.Headers = []embedded.Header{{Key: "trace", Value: fmt.Append(nil, i)}, {Key: "trace", Value: nil}, {Key: "\xff", Value: []byte{}}}
			}
			recs = append(recs, r)
		}
		if _, err := p.broker.Produce(topic, partition, recs...); err != nil {
			p.t.Fatal(err)
		}
	}
}

// on changes the batch that holds number n of partition 1.
func on(n int64, change func(recs []embedded.Record, i int) []embedded.Record) func(kafka.TopicPartition, int64, []embedded.Record) []embedded.Record {
	return func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record {
		if tp.Partition != 1 || n < at || n >= at+int64(len(recs)) {
			return recs
		}
		return change(recs, int(n-at))
	}
}

// TestE01_wrongRecordsAreFound: the right number of wrong records, and the wrong number, each shown with
// its offsets and its field.
func TestE01_wrongRecordsAreFound(t *testing.T) {
	each := func(f func(r *embedded.Record)) func([]embedded.Record, int) []embedded.Record {
		return func(recs []embedded.Record, i int) []embedded.Record { f(&recs[i]); return recs }
	}
	for _, x := range []struct {
		name    string
		n       int64
		change  func([]embedded.Record, int) []embedded.Record
		want    []string // source>target field expected/actual length
		content bool     // only the contents differ: counts and ranges pass
	}{
		{"one byte of a value", 100, each(func(r *embedded.Record) { r.Value[3] ^= 1 }), []string{"100>100 value 16/16"}, true},
		{"one byte of a key", 105, each(func(r *embedded.Record) { r.Key[0] ^= 0x80 }), []string{"105>105 key 7/7"}, true},
		{"a header dropped", 104, each(func(r *embedded.Record) { r.Headers = r.Headers[:2] }), []string{"104>104 headers 42/33"}, true},
		{"headers swapped", 104, each(func(r *embedded.Record) { r.Headers[0], r.Headers[1] = r.Headers[1], r.Headers[0] }), []string{"104>104 header[0].value 3/-1", "104>104 header[1].value -1/3"}, true},
		{"a header's null made empty", 104, each(func(r *embedded.Record) { r.Headers[1].Value = []byte{} }), []string{"104>104 header[1].value -1/0"}, true},
		{"null key made empty", 101, each(func(r *embedded.Record) { r.Key = []byte{} }), []string{"101>101 key -1/0"}, true},
		{"null value made empty", 102, each(func(r *embedded.Record) { r.Value = []byte{} }), []string{"102>102 value -1/0"}, true},
		{"empty value made null", 103, each(func(r *embedded.Record) { r.Value = nil }), []string{"103>103 value 0/-1"}, true},
		{"a timestamp plus one", 199, each(func(r *embedded.Record) { r.Timestamp++ }), []string{"199>199 timestamp 8/8"}, true},
		{"two records swapped", 4, func(recs []embedded.Record, i int) []embedded.Record {
			recs[i], recs[i+1] = recs[i+1], recs[i]
			return recs
		},
			[]string{"4>4 timestamp 8/8", "4>4 key 5/5", "4>4 value 14/14", "4>4 headers 40/4", "5>5 timestamp 8/8"}, true},
		{"a record dropped", 57, func(recs []embedded.Record, i int) []embedded.Record { return slices.Delete(recs, i, i+1) }, []string{"57>- record 26/-1"}, false},
		{"the first dropped", 0, func(recs []embedded.Record, i int) []embedded.Record { return recs[1:] }, []string{"0>- record"}, false},
		{"the last dropped", 199, func(recs []embedded.Record, i int) []embedded.Record { return recs[:i] }, []string{"199>- record"}, false},
		{"a record added", 57, func(recs []embedded.Record, i int) []embedded.Record {
			return slices.Insert(recs, i, embedded.Record{Timestamp: 1, Value: []byte("foreign")})
		}, []string{"->57 record -1/27"}, false},
		{"a record twice", 57, func(recs []embedded.Record, i int) []embedded.Record { return slices.Insert(recs, i, recs[i]) }, []string{"->5"}, false},
		{"one added at the end", 199, func(recs []embedded.Record, i int) []embedded.Record {
			return append(recs, embedded.Record{Timestamp: 1, Value: []byte("foreign")})
		}, []string{"->200 record -1/27"}, false},
		{"one dropped and one added elsewhere", 57, func(recs []embedded.Record, i int) []embedded.Record {
			return slices.Insert(recs[1:], i, embedded.Record{Timestamp: 1})
		}, []string{"0>- record", "->57 record"}, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			p := newProof(t, embedded.Options{})
			p.topic("orders", 2, nil)
			p.odd("orders", 0, 30)
			p.odd("orders", 1, 200)
			p.signed(p.lie(on(x.n, x.change)))
			r, s := validated(t, p.validating(), ExitFindings)
			want := map[string]evidence.Outcome{evidence.ContentCheck: evidence.Failed, evidence.ConsumerGroupOffsetCheck: evidence.Skipped}
			if !x.content {
				want[evidence.MessageCountCheck], want[evidence.OffsetRangeCheck] = evidence.Failed, evidence.Failed
			}
			outcomes(t, r, want)
			shows(t, r, x.want)
			if r.Overall != evidence.Failed || len(s.Findings) == 0 || s.Get("report") == nil {
				t.Errorf("overall %s, findings %q", r.Overall, s.Findings)
			}
		})
	}
}

// shows asks for differences in partition 1, and none in partition 0.
func shows(t *testing.T, r *evidence.Report, want []string) {
	t.Helper()
	parts := check(t, r, evidence.ContentCheck).Topics[0].Partitions
	if parts[0].DifferencesTotal != 0 {
		t.Errorf("partition 0 has %d differences", parts[0].DifferencesTotal)
	}
	got := parts[1].Differences
	if len(got) < len(want) || int64(len(got)) != parts[1].DifferencesTotal || len(got) > 2*len(want) {
		t.Errorf("%d differences, %d in all, want %d: %+v", len(got), parts[1].DifferencesTotal, len(want), got)
		return
	}
	at := func(n *evidence.Int64) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(int64(*n))
	}
	for i, w := range want {
		d := got[i]
		if line := fmt.Sprintf("%s>%s %s %d/%d", at(d.SourceOffset), at(d.TargetOffset), d.Field, d.ExpectedLen, d.ActualLen); !strings.HasPrefix(line, w) {
			t.Errorf("difference %d is %q, want %q", i, line, w)
		}
	}
}

// TestE01_manyDifferences: every record differs; the count is right, the list bounded.
func TestE01_manyDifferences(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	p.odd("orders", 0, 10)
	p.odd("orders", 1, 3000)
	p.signed(p.lie(func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record {
		if tp.Partition == 1 {
			for i := range recs {
				recs[i].Timestamp++
			}
		}
		return recs
	}))
	r, _ := validated(t, p.validating(), ExitFindings)
	part := check(t, r, evidence.ContentCheck).Topics[0].Partitions[1]
	if part.DifferencesTotal != 3000 || len(part.Differences) != evidence.MaxDifferences || part.Observed != 3000 {
		t.Errorf("%d differences, %d listed, %d compared", part.DifferencesTotal, len(part.Differences), part.Observed)
	}
}
