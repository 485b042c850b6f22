package engine

import (
	"fmt"
	"slices"
	"testing"

	"kustody/kafka/embedded"
)

// TestMurmur2 holds the hash against the vectors of Kafka's own UtilsTest.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107} {
		if got := int32(murmur2([]byte(key))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", key, got, want)
		}
	}
}

// sameDealt compares a repartitioned topic with what dealing the archive's records by hand gives.
func sameDealt(w *world, c *crafted, topic string, n int, kind string) {
	w.t.Helper()
	want := make([][]stored, n)
	turn := 0
	for p := 0; ; p++ {
		recs, ok := c.records[fmt.Sprintf("%s/%d", topic, p)]
		if !ok {
			break
		}
		for _, r := range recs {
			to := turn % n
			if kind == "murmur2" && r.key != nil {
				to = int(murmur2(r.key)&0x7fffffff) % n
			} else {
				turn++
			}
			want[to] = append(want[to], r)
		}
	}
	for p := range n {
		w.sameRecords(topic, int32(p), 0, want[p])
	}
}

func TestRepartition(t *testing.T) {
	for _, kind := range []string{"murmur2", "round_robin"} {
		for _, n := range []int{1, 2, 7} {
			w := newWorld(t, embedded.Options{})
			c := mixed(t, w.store)
			o := w.restoring()
			o.Repartition, o.Partitions = kind, func(string) int { return n }
			w.restore(o, ExitDone)
			sameDealt(w, c, "orders", n, kind)
			sameDealt(w, c, "payments", n, kind)
			if _, heads := w.log("payments", 0); heads[0].Codec().String() != "snappy" {
				t.Errorf("%s into %d: what was %s is %s", kind, n, "snappy", heads[0].Codec())
			}
			rec := w.receipt("r1")
			var kept int64
			for _, p := range rec.Topics[0].Partitions {
				for _, x := range p.Map {
					kept += x.Kept
				}
			}
			if want := len(c.records["orders/0"]) + len(c.records["orders/1"]); kept != int64(want) || len(rec.Topics[0].Partitions) != n {
				t.Errorf("%s into %d: the map holds %d records in %d partitions, want %d", kind, n, kept, len(rec.Topics[0].Partitions), want)
			}
			if len(rec.Exceptions) == 0 || !slices.Contains(rec.Exceptions, "restored into another number of partitions: the order of records across partitions is not the source's") {
				t.Errorf("exceptions %q", rec.Exceptions)
			}
			w.client.Close()
			w.broker.Close()
		}
	}
}

// TestRepartitionNeedsAKind refuses another number of partitions without a word on who goes where.
func TestRepartitionNeedsAKind(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	mixed(t, w.store)
	o := w.restoring()
	o.Partitions = func(string) int { return 5 }
	w.restore(o, ExitUsage)
}

func TestSequenceWraps(t *testing.T) {
	for n, want := range map[int64]int32{0: 0, 1<<31 - 1: 1<<31 - 1, 1 << 31: 0, 1<<31 + 20: 20, 5 << 31: 0} {
		if got := sequence(n); got != want {
			t.Errorf("after %d records: %d, want %d", n, got, want)
		}
	}
}

func TestMarksAcrossHoles(t *testing.T) {
	m := &marks{at: []int64{3, 10, 12, 13, 40, 41}}
	m.dense(5, 9, 0)   // numbers 0 to 4
	m.record(12, 5)    // number 5
	m.record(15, 6)    // number 6
	m.dense(30, 40, 7) // numbers 7 to 17
	for at, want := range map[int64]int64{3: 0, 10: 5, 12: 5, 13: 6, 40: 17} {
		if got, end := m.find(at, 18); got != want || end {
			t.Errorf("%d: %d %v, want %d", at, got, end, want)
		}
	}
	if got, end := m.find(41, 18); got != 18 || !end {
		t.Errorf("41: %d %v, want the end", got, end)
	}
}
