package kafka

import (
	"errors"
	"slices"
	"testing"

	"kustody/kafka/batch"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const abortMarker, commitMarker = int16(0), int16(1)

// rawBatch is a batch of n records, of a transaction if pid is not negative.
func rawBatch(t testing.TB, base int64, n int, pid int64) []byte {
	t.Helper()
	enc, err := batch.NewEncoder(batch.EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := enc.Append(&batch.Record{Offset: base + int64(i), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	h := batch.Template()
	h.BaseOffset, h.LeaderEpoch = base, 3
	if pid >= 0 {
		h.ProducerID, h.ProducerEpoch, h.BaseSequence, h.Attributes = pid, 0, 0, 0x10
	}
	raw, err := enc.Encode(nil, h)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rawMarker ends a transaction of pid.
func rawMarker(offset, pid int64, kind int16) []byte {
	rec := kmsg.Record{Key: []byte{0, 0, byte(kind >> 8), byte(kind)}, Value: []byte{0, 0, 0, 0, 0, 0}}
	rec.Length = int32(len(rec.AppendTo(nil)) - 1)
	b := kmsg.RecordBatch{FirstOffset: offset, PartitionLeaderEpoch: 4, Magic: 2, Attributes: 0x30, NumRecords: 1, ProducerID: pid, Records: rec.AppendTo(nil)}
	return seal(b.AppendTo(nil))
}

// emptyBatch is what the log cleaner leaves of a batch whose producer's sequence it must remember.
func emptyBatch(base int64, lastDelta int32) []byte {
	b := kmsg.RecordBatch{FirstOffset: base, PartitionLeaderEpoch: 2, Magic: 2, LastOffsetDelta: lastDelta, ProducerID: 9}
	return seal(b.AppendTo(nil))
}

type abortedTxn = kmsg.FetchResponseTopicPartitionAbortedTransaction

func part(aborted []abortedTxn, raws ...[]byte) *kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.HighWatermark, p.LastStableOffset, p.LogStartOffset = 100, 100, 0
	p.AbortedTransactions, p.RecordBatches = aborted, slices.Concat(raws...)
	return &p
}

func baseOffsets(c *Chunk) []int64 {
	var bases []int64
	for _, b := range c.Batches {
		bases = append(bases, b.BaseOffset)
	}
	return bases
}

func TestParseAnswer(t *testing.T) {
	b := func(base int64, n int, pid int64) []byte { return rawBatch(t, base, n, pid) }
	for _, tc := range []struct {
		name          string
		position, end int64
		part          *kmsg.FetchResponseTopicPartition
		bases         []int64
		absent        []Absent
		to            int64
		epoch         int32
	}{
		{"nothing", 5, 9, part(nil), nil, nil, 5, 7},
		{"plain", 0, -1, part(nil, b(0, 3, -1), b(3, 2, -1)), []int64{0, 3}, nil, 5, 3},
		{"a partial last batch is cut", 0, -1, part(nil, b(0, 3, -1), b(3, 2, -1)[:70]), []int64{0}, nil, 3, 3},
		{"a partial header is cut", 0, -1, part(nil, b(0, 3, -1), b(3, 2, -1)[:5]), []int64{0}, nil, 3, 3},
		{"start inside a batch", 2, 9, part(nil, b(0, 4, -1)), []int64{0}, nil, 4, 3},
		{"end inside a batch", 0, 2, part(nil, b(0, 4, -1), b(4, 4, -1)), []int64{0}, nil, 2, 3},
		{"end between batches", 0, 4, part(nil, b(0, 4, -1), b(4, 4, -1)), []int64{0}, nil, 4, 3},
		{"below the position", 4, 9, part(nil, b(0, 4, -1), b(4, 1, -1)), []int64{4}, nil, 5, 3},
		{"hole at the start", 3, -1, part(nil, b(7, 1, -1)), []int64{7}, []Absent{{AbsentHole, 3, 7, 0}}, 8, 3},
		{"hole in the middle", 0, -1, part(nil, b(0, 1, -1), b(7, 1, -1)), []int64{0, 7}, []Absent{{AbsentHole, 1, 7, 0}}, 8, 3},
		{"hole over the end", 0, 5, part(nil, b(0, 1, -1), b(7, 1, -1)), []int64{0}, []Absent{{AbsentHole, 1, 5, 0}}, 5, -1},
		{"hole up to the end", 0, 7, part(nil, b(0, 1, -1), b(7, 1, -1)), []int64{0}, []Absent{{AbsentHole, 1, 7, 0}}, 7, -1},
		{"emptied batch", 0, -1, part(nil, b(0, 1, -1), emptyBatch(1, 5), b(7, 1, -1)), []int64{0, 7}, []Absent{{AbsentHole, 1, 7, 0}}, 8, 3},
		{"the end is a marker", 0, 3, part(nil, b(0, 2, 1), rawMarker(2, 1, commitMarker)), []int64{0}, []Absent{{AbsentMarker, 2, 3, 0}}, 3, 4},
		{"markers are merged", 0, -1, part(nil, rawMarker(0, 1, commitMarker), rawMarker(1, 2, abortMarker)), nil, []Absent{{AbsentMarker, 0, 2, 0}}, 2, 4},
		{"aborted", 0, -1, part([]abortedTxn{{ProducerID: 1, FirstOffset: 0}}, b(0, 2, 1), b(2, 3, 2), b(5, 2, 1), rawMarker(7, 1, abortMarker)),
			[]int64{2}, []Absent{{AbsentAborted, 0, 2, 2}, {AbsentAborted, 5, 7, 2}, {AbsentMarker, 7, 8, 0}}, 8, 4},
		{"C18 list names transactions beyond the answer", 0, -1, part([]abortedTxn{{ProducerID: 1, FirstOffset: 4}, {ProducerID: 1, FirstOffset: 50}, {ProducerID: 2, FirstOffset: 60}},
			b(0, 2, 1), rawMarker(2, 1, commitMarker), b(3, 1, 2), b(4, 2, 1), rawMarker(6, 1, abortMarker), b(7, 1, 1), b(8, 1, 2)),
			[]int64{0, 3, 7, 8}, []Absent{{AbsentMarker, 2, 3, 0}, {AbsentAborted, 4, 6, 2}, {AbsentMarker, 6, 7, 0}}, 9, 3},
		{"C18 several of one producer, list out of order", 0, -1, part([]abortedTxn{{ProducerID: 1, FirstOffset: 6}, {ProducerID: 1, FirstOffset: 0}},
			b(0, 1, 1), rawMarker(1, 1, abortMarker), b(2, 2, 1), rawMarker(4, 1, commitMarker), b(5, 1, -1), b(6, 1, 1), rawMarker(7, 1, abortMarker)),
			[]int64{2, 5}, []Absent{{AbsentAborted, 0, 1, 1}, {AbsentMarker, 1, 2, 0}, {AbsentMarker, 4, 5, 0}, {AbsentAborted, 6, 7, 1}, {AbsentMarker, 7, 8, 0}}, 8, 4},
		{"C18 the first offset lies below the first batch", 3, -1, part([]abortedTxn{{ProducerID: 1, FirstOffset: 0}}, b(2, 3, 1), rawMarker(5, 1, abortMarker), b(6, 1, 1)),
			[]int64{6}, []Absent{{AbsentAborted, 3, 5, 2}, {AbsentMarker, 5, 6, 0}}, 7, 3},
		{"not transactional, same producer id", 0, -1, part([]abortedTxn{{ProducerID: -1, FirstOffset: 0}}, b(0, 2, -1)), []int64{0}, nil, 2, 3},
		{"aborted over the end", 0, 3, part([]abortedTxn{{ProducerID: 1, FirstOffset: 0}}, b(0, 5, 1)), nil, []Absent{{AbsentAborted, 0, 3, 3}}, 3, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := parseAnswer(tc.part, tc.position, tc.end, 7, true)
			if err != nil || !slices.Equal(baseOffsets(c), tc.bases) || !slices.Equal(c.Absent, tc.absent) || c.To != tc.to || c.LastEpoch != tc.epoch {
				t.Errorf("batches %v, absent %+v, to %d, epoch %d, %v", baseOffsets(c), c.Absent, c.To, c.LastEpoch, err)
			}
		})
	}
}

func TestParseAnswerRefuses(t *testing.T) {
	good, bad := rawBatch(t, 0, 3, -1), rawBatch(t, 3, 3, -1)
	bad[len(bad)-1] ^= 1
	old := slices.Clone(good)
	old[16] = 1
	var magic *batch.MagicError
	if _, err := parseAnswer(part(nil, old), 0, -1, -1, true); !errors.As(err, &magic) || magic.Magic != 1 {
		t.Errorf("old format: %v", err)
	}
	c, err := parseAnswer(part(nil, good, bad), 0, -1, -1, true)
	if !errors.Is(err, batch.ErrCRC) || c.To != 3 || len(c.Batches) != 1 {
		t.Errorf("damaged second batch: %v, chunk to %d", err, c.To)
	}
	if _, err := parseAnswer(part(nil, bad, good), 0, -1, -1, true); !errors.Is(err, batch.ErrCorrupt) {
		t.Errorf("damaged first batch: %v", err)
	}
	if _, err := parseAnswer(part(nil, good, good), 0, -1, -1, true); !errors.Is(err, batch.ErrCorrupt) {
		t.Errorf("the same batch twice: %v", err)
	}
	var short *shortError
	if _, err := parseAnswer(part(nil, good[:65]), 0, -1, -1, true); !errors.As(err, &short) || short.size < len(good) {
		t.Errorf("a part of a batch alone: %v", err)
	}
}

func TestReadUncommittedHandsAbortedOut(t *testing.T) {
	p := part([]abortedTxn{{ProducerID: 1, FirstOffset: 0}}, rawBatch(t, 0, 2, 1), rawMarker(2, 1, abortMarker))
	c, err := parseAnswer(p, 0, -1, -1, false)
	if err != nil || !slices.Equal(baseOffsets(c), []int64{0}) || !slices.Equal(c.Absent, []Absent{{AbsentMarker, 2, 3, 0}}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// FuzzParseAnswer: whatever a broker sends, a chunk accounts for every offset up to its To, once.
func FuzzParseAnswer(f *testing.F) {
	f.Add(slices.Concat(rawBatch(f, 0, 2, 1), rawMarker(2, 1, abortMarker), rawBatch(f, 5, 1, -1)), int64(0), int64(6), int64(1), int64(0))
	f.Add(emptyBatch(3, 4), int64(1), int64(-1), int64(0), int64(0))
	f.Add(rawBatch(f, 0, 2, 1)[:70], int64(0), int64(9), int64(1), int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, position, end, pid, first int64) {
		if position < 0 || end != noEnd && end < position {
			return
		}
		c, err := parseAnswer(part([]abortedTxn{{ProducerID: pid, FirstOffset: first}}, raw), position, end, -1, true)
		if c.From != position || c.To < position || end != noEnd && c.To > end {
			t.Fatalf("chunk [%d,%d) of position %d, end %d, %v", c.From, c.To, position, end, err)
		}
		at, bs, as := position, c.Batches, c.Absent
		for at < c.To {
			switch {
			case len(as) > 0 && as[0].From == at && as[0].To > at:
				at, as = as[0].To, as[1:]
			case len(bs) > 0 && max(bs[0].BaseOffset, position) == at && bs[0].LastOffset() >= at:
				if batch.CheckCRC(bs[0].Raw) != nil {
					t.Fatal("a batch with a wrong CRC was handed out")
				}
				at, bs = bs[0].LastOffset()+1, bs[1:]
			default:
				t.Fatalf("offset %d is not accounted for: %+v", at, c)
			}
		}
		if len(bs)+len(as) > 0 {
			t.Fatalf("more than [%d,%d): %+v", c.From, c.To, c)
		}
	})
}
