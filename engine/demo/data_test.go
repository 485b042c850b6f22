package demo

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
)

// written is what readers see of a week of the bank.
func written(t *testing.T, seed uint64) (map[string][]string, *bank) {
	t.Helper()
	b, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	x, err := newBank(b, seed)
	if err != nil {
		t.Fatal(err)
	}
	from := lastDue.Add(-week)
	if err := x.live(from, lastDue, 400); err != nil {
		t.Fatal(err)
	}
	c, err := kafka.Open(t.Context(), b.Cluster())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	out := map[string][]string{}
	for _, tp := range topics {
		for p := range tp.partitions {
			out[tp.name] = append(out[tp.name], partition(t, c, b, tp.name, p)...)
		}
	}
	return out, x
}

func partition(t *testing.T, c *kafka.Client, b *embedded.Broker, name string, p int32) []string {
	t.Helper()
	r := c.Read(b.Partition(name, p), kafka.ReadOptions{End: b.Info(name, p).LastStableOffset, LastEpoch: -1})
	defer r.Close()
	dec := batch.NewDecoder(batch.Limits{})
	var lines []string
	for {
		chunk, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range chunk.Batches {
			err := dec.Walk(raw.Raw, func(r *batch.Record) error {
				lines = append(lines, fmt.Sprintf("%d %d %d %q %q %q", p, r.Offset, r.Timestamp, r.Key, r.Value, r.Headers))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestDemoRecordsFollowFromTheSeed: equal seeds write equal records at equal offsets, others do not.
func TestDemoRecordsFollowFromTheSeed(t *testing.T) {
	one, x := written(t, 7)
	two, _ := written(t, 7)
	other, _ := written(t, 8)
	n := 0
	for _, tp := range topics {
		if len(one[tp.name]) == 0 || fmt.Sprint(one[tp.name]) != fmt.Sprint(two[tp.name]) {
			t.Errorf("%s: %d records and %d, or not the same", tp.name, len(one[tp.name]), len(two[tp.name]))
		}
		if fmt.Sprint(one[tp.name]) == fmt.Sprint(other[tp.name]) {
			t.Errorf("%s is the same with another seed", tp.name)
		}
		n += len(one[tp.name])
	}
	if n != x.posted || x.aborted == 0 {
		t.Errorf("readers see %d records, %d were committed, %d aborted", n, x.posted, x.aborted)
	}
}

// TestDemoRecordsAreOutOfOrder: timestamps run back within a partition, and lie in the span they are for.
func TestDemoRecordsAreOutOfOrder(t *testing.T) {
	records, _ := written(t, 1)
	back, last := 0, int64(0)
	for _, line := range records["transactions"] {
		var p, offset, at int64
		if _, err := fmt.Sscan(line, &p, &offset, &at); err != nil {
			t.Fatal(err)
		}
		if at < last {
			back++
		}
		last = at
		if when := time.UnixMilli(at); when.Before(lastDue.Add(-week)) || !when.Before(lastDue) {
			t.Errorf("a record of %s", when)
		}
	}
	if back < 15 {
		t.Errorf("timestamps run back %d times", back)
	}
}
