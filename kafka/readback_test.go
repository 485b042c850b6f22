package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
)

// fill writes n small records in batches of ten, with their number as value.
func fill(t testing.TB, b *embedded.Broker, topic string, partition int32, n int) {
	t.Helper()
	for from := 0; from < n; from += 10 {
		var recs []embedded.Record
		for i := from; i < min(from+10, n); i++ {
			recs = append(recs, embedded.Record{Timestamp: int64(1000 + i), Key: []byte("k"), Value: fmt.Append(nil, i)})
		}
		_, err := b.Produce(topic, partition, recs...)
		noError(t, err)
	}
}

// readValues reads a range and gives the records' values.
func readValues(t testing.TB, r *kafka.ReadBack, tp kafka.TopicPartition, start, end int64) []string {
	t.Helper()
	var got []string
	err := r.Partition(within(t, 20*time.Second), tp, start, end, func(rec *kafka.ReadRecord) error {
		got = append(got, string(rec.Value))
		return nil
	})
	noError(t, err)
	return got
}

func numbers(from, to int) []string {
	var s []string
	for i := from; i < to; i++ {
		s = append(s, fmt.Sprint(i))
	}
	return s
}

func TestReadBackGivesEveryFieldTruly(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"odd": 1}})
	in := []embedded.Record{
		{Timestamp: 0, Key: nil, Value: nil},
		{Timestamp: -1, Key: []byte{}, Value: []byte{}},
		{Timestamp: -1000, Value: []byte("before 1970")},
		{Timestamp: -62135596800000, Value: []byte("year one, Go's zero time")},
		{Timestamp: 253402300799999, Value: []byte("year 9999")},
		{Timestamp: 1700000000000000, Value: []byte("microseconds by mistake")},
		{Timestamp: math.MaxInt64, Value: []byte("the last instant")},
		{Timestamp: math.MinInt64, Value: []byte("the first")},
		{Timestamp: 5, Value: bytes.Repeat([]byte("x"), 300_000), Headers: []embedded.Header{
			{Key: "", Value: nil}, {Key: "twice", Value: []byte{}}, {Key: "twice", Value: []byte{0, 255}}, {Key: "\xff\xfe", Value: []byte("not UTF-8")},
		}},
	}
	for _, rec := range in {
		_, err := b.Produce("odd", 0, rec)
		noError(t, err)
	}
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	i := 0
	err := r.Partition(within(t, 20*time.Second), b.Partition("odd", 0), 0, int64(len(in)), func(rec *kafka.ReadRecord) error {
		if int(rec.Offset) != i {
			t.Errorf("offset %d, want %d", rec.Offset, i)
		}
		same(t, in[i], rec)
		i++
		return nil
	})
	noError(t, err)
	if i != len(in) {
		t.Errorf("%d records, want %d", i, len(in))
	}
}

func same(t *testing.T, in embedded.Record, rec *kafka.ReadRecord) {
	t.Helper()
	if rec.Timestamp != in.Timestamp {
		t.Errorf("offset %d: timestamp %d, want %d", rec.Offset, rec.Timestamp, in.Timestamp)
	}
	if want := map[bool]int{true: -1, false: 0}[in.Timestamp == -1]; rec.TimestampType != want {
		t.Errorf("offset %d: timestamp type %d, want %d", rec.Offset, rec.TimestampType, want)
	}
	if !sameBytes(rec.Key, in.Key) || !sameBytes(rec.Value, in.Value) {
		t.Errorf("offset %d: key %#v value %#v, want %#v and %#v", rec.Offset, rec.Key, rec.Value, in.Key, in.Value)
	}
	if len(rec.Headers) != len(in.Headers) {
		t.Errorf("offset %d: %d headers, want %d", rec.Offset, len(rec.Headers), len(in.Headers))
		return
	}
	for i, h := range in.Headers {
		if string(rec.Headers[i].Key) != h.Key || !sameBytes(rec.Headers[i].Value, h.Value) {
			t.Errorf("offset %d: header %d is %#v, want %#v", rec.Offset, i, rec.Headers[i], h)
		}
	}
}

// sameBytes tells null from empty.
func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func TestReadableNamesWhatTheClientCuts(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"nul": 1}})
	_, err := b.Produce("nul", 0, embedded.Record{Timestamp: 1, Headers: []embedded.Header{{Key: "a\x00b", Value: []byte("v")}}})
	noError(t, err)
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	err = r.Partition(within(t, 20*time.Second), b.Partition("nul", 0), 0, 1, func(rec *kafka.ReadRecord) error {
		if got := string(rec.Headers[0].Key); got == "a\x00b" {
			t.Error("the client gives the whole name: Readable can go")
		}
		return nil
	})
	noError(t, err)
	if kafka.Readable([]batch.RecordHeader{{Key: []byte("fine")}, {Key: []byte("a\x00b")}}) {
		t.Error("a name with NUL is called readable")
	}
	if !kafka.Readable(nil) || !kafka.Readable([]batch.RecordHeader{{Key: []byte("fine"), Value: []byte{0}}}) {
		t.Error("plain headers are called unreadable")
	}
}

func TestReadBackLogAppendTime(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Topics: map[string]int32{"stamped": 1}})
	o := embedded.NoProducer
	o.LogAppendTime = true
	fill(t, b, "stamped", 0, 10)
	answerFetches(b, embedded.EncodeBatch(o, embedded.Record{Timestamp: 1}, embedded.Record{Timestamp: 77777}))
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	err := r.Partition(within(t, 20*time.Second), b.Partition("stamped", 0), 0, 2, func(rec *kafka.ReadRecord) error {
		if rec.Timestamp != 77777 || rec.TimestampType != 1 {
			t.Errorf("offset %d: timestamp %d of type %d", rec.Offset, rec.Timestamp, rec.TimestampType)
		}
		return nil
	})
	noError(t, err)
}

// TestReadBackCutsAtBothEnds: exactly [start, end), inside batches, again and again through one handle.
func TestReadBackCutsAtBothEnds(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 2}})
	fill(t, b, "orders", 0, 500)
	fill(t, b, "orders", 1, 100)
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	for _, c := range []struct{ partition, start, end int }{
		{0, 495, 500}, {0, 0, 5}, {0, 13, 27}, {1, 0, 100}, {0, 13, 27}, {0, 0, 500}, {1, 99, 100}, {0, 7, 7}, {0, 9, 3}, {0, 0, 1},
	} {
		got := readValues(t, r, b.Partition("orders", int32(c.partition)), int64(c.start), int64(c.end))
		if want := numbers(c.start, c.end); !slices.Equal(got, want) {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// TestReadBackEndsInATransaction: the last offset is a marker, records before it are aborted, and no
// record follows.
func TestReadBackEndsInATransaction(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Topics: map[string]int32{"txn": 1}})
	produce := func(value string, end func(*embedded.TxnProducer) error) {
		p, err := b.TxnProducer("txn-" + value)
		noError(t, err)
		_, err = p.Produce("txn", 0, embedded.Record{Timestamp: 1, Value: []byte(value)})
		noError(t, err)
		noError(t, end(p))
	}
	produce("kept", (*embedded.TxnProducer).Commit)   // 0, marker 1
	produce("dropped", (*embedded.TxnProducer).Abort) // 2, marker 3
	open, err := b.TxnProducer("txn-open")            // 4, no end
	noError(t, err)
	_, err = open.Produce("txn", 0, embedded.Record{Timestamp: 1, Value: []byte("open")})
	noError(t, err)

	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	for end := int64(1); end <= 4; end++ {
		if got := readValues(t, r, b.Partition("txn", 0), 0, end); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("[0, %d): %v", end, got)
		}
	}
	if got := readValues(t, r, b.Partition("txn", 0), 1, 4); len(got) != 0 {
		t.Errorf("[1, 4): %v", got)
	}
	noError(t, open.Abort())
}

func TestReadBackAcrossHoles(t *testing.T) {
	b := broker(t, embedded.Options{})
	noError(t, b.CreateTopic("compact", 1, map[string]string{"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.bytes": "1000"}))
	fill(t, b, "compact", 0, 100) // one key: nearly everything goes
	b.Compact()
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	info := b.Info("compact", 0)
	got := readValues(t, r, b.Partition("compact", 0), info.LogStartOffset, 100)
	if len(got) >= 100 || len(got) == 0 || got[len(got)-1] != "99" {
		t.Errorf("after compaction: %v", got)
	}
}

func TestReadBackSeveralAtOnce(t *testing.T) {
	b := broker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"a": 3, "b": 2}})
	var ranges []kafka.Range
	want := [][]string{}
	for _, x := range []struct {
		topic           string
		partition, size int
	}{{"a", 0, 250}, {"a", 1, 3}, {"a", 2, 40}, {"b", 0, 111}, {"b", 1, 10}} {
		fill(t, b, x.topic, int32(x.partition), x.size)
		ranges = append(ranges, kafka.Range{TopicPartition: b.Partition(x.topic, int32(x.partition)), Start: 1, End: int64(x.size)})
		want = append(want, numbers(1, x.size))
	}
	ranges[4].End = ranges[4].Start // nothing to read
	want[4] = nil
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	for range 2 {
		got := make([][]string, len(ranges))
		err := r.Partitions(within(t, 20*time.Second), ranges, func(i int, rec *kafka.ReadRecord) error {
			got[i] = append(got[i], string(rec.Value))
			return nil
		})
		noError(t, err)
		for i := range ranges {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("range %d: got %v, want %v", i, got[i], want[i])
			}
		}
	}
	err := r.Partitions(within(t, time.Second), []kafka.Range{ranges[0], ranges[0]}, nil)
	if err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one partition twice: %v", err)
	}
}

func TestReadBackHandsItsErrorsOut(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	fill(t, b, "orders", 0, 30)
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{})
	tp := b.Partition("orders", 0)

	mine := errors.New("mine")
	if err := r.Partition(within(t, 20*time.Second), tp, 0, 30, func(*kafka.ReadRecord) error { return mine }); err != mine {
		t.Errorf("the caller's error: %v", err)
	}
	ctx, cancel := context.WithCancel(within(t, 20*time.Second))
	err := r.Partition(ctx, tp, 0, 1000, func(*kafka.ReadRecord) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if got := readValues(t, r, tp, 0, 30); !slices.Equal(got, numbers(0, 30)) {
		t.Errorf("after errors the handle reads %v", got)
	}
}

// TestReadBackNoticesWhatIsMissing: each of these is silence in librdkafka, or could be.
func TestReadBackNoticesWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1, "cut": 1}})
	fill(t, b, "orders", 0, 30)
	fill(t, b, "cut", 0, 30)
	noError(t, b.DeleteRecords("cut", 0, 10))
	opts := kafka.ReadBackOptions{Stall: 8 * time.Second, StallAtEnd: 300 * time.Millisecond}
	b.OnRequest(kmsg.Metadata.Int16(), func(_ int32, req kmsg.Request) {
		if req.(*kmsg.MetadataRequest).AllowAutoTopicCreation {
			t.Error("a question about a topic may create it")
		}
	})
	none := func(*kafka.ReadRecord) error { return nil }

	t.Run("the log ends before the range", func(t *testing.T) {
		r := readBack(t, b.Cluster(), opts)
		err := r.Partition(within(t, 20*time.Second), b.Partition("orders", 0), 0, 31, none)
		var stalled *kafka.StalledError
		if !errors.As(err, &stalled) || stalled.Next != 30 || stalled.EOF != 30 || stalled.End != 31 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the range begins before the log", func(t *testing.T) {
		r := readBack(t, b.Cluster(), opts)
		err := r.Partition(within(t, 20*time.Second), b.Partition("cut", 0), 5, 30, func(rec *kafka.ReadRecord) error {
			return fmt.Errorf("record %d was delivered", rec.Offset)
		})
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "out of range") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no such topic", func(t *testing.T) {
		r := readBack(t, b.Cluster(), opts)
		err := r.Partition(within(t, 20*time.Second), kafka.TopicPartition{Topic: "nowhere"}, 0, 1, none)
		if kafka.KindOf(err) != kafka.UnknownTopic {
			t.Errorf("got %v", err)
		}
	})
	t.Run("topic deleted while it is read", func(t *testing.T) {
		noError(t, b.CreateTopic("gone", 1, nil))
		fill(t, b, "gone", 0, 10)
		r := readBack(t, b.Cluster(), opts)
		err := r.Partition(within(t, 20*time.Second), b.Partition("gone", 0), 0, 1000, func(rec *kafka.ReadRecord) error {
			if rec.Offset == 9 {
				noError(t, b.DeleteTopic("gone"))
			}
			return nil
		})
		if kafka.KindOf(err) != kafka.UnknownTopic {
			t.Errorf("got %v", err)
		}
	})
}

// TestReadBackNoticesAFlippedBit: check.crcs is on, and the error that librdkafka repeats ends the read.
func TestReadBackNoticesAFlippedBit(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	fill(t, b, "orders", 0, 10)
	raw := embedded.EncodeBatch(embedded.NoProducer, embedded.Record{Timestamp: 1, Value: []byte("damaged")})
	raw[len(raw)-3] ^= 0x10 // the CRC stays as it was: what a bad disk does
	answerFetches(b, raw)
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{Stall: 10 * time.Second})
	err := r.Partition(within(t, 20*time.Second), b.Partition("orders", 0), 0, 1, func(rec *kafka.ReadRecord) error {
		return fmt.Errorf("record %q was delivered", rec.Value)
	})
	if err == nil || !strings.Contains(err.Error(), "reported 3 times") {
		t.Errorf("got %v", err)
	}
}

func TestReadBackAfterClose(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	r, err := kafka.OpenReadBack(b.Cluster(), kafka.ReadBackOptions{})
	noError(t, err)
	r.Close()
	r.Close()
	if err := r.Partition(within(t, time.Second), b.Partition("orders", 0), 0, 1, nil); err == nil {
		t.Error("a closed handle read")
	}
}
