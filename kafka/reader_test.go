package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"

	"github.com/twmb/franz-go/pkg/kversion"
)

func TestC06_ReadsExactlyTheRange(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	for range 20 {
		put(t, b, "orders", 0, 7)
	}
	for _, r := range [][2]int64{{0, 140}, {0, 1}, {0, 7}, {0, 8}, {3, 5}, {6, 8}, {7, 14}, {133, 140}, {139, 140}, {0, 0}, {50, 50}} {
		for _, size := range []int32{1, 300, 1 << 20} {
			got := readAll(t, c, tp, kafka.ReadOptions{Start: r[0], End: r[1], LastEpoch: -1, MaxBytes: size})
			if got.err != nil || !slices.Equal(got.offsets, span(r[0], r[1])) || len(got.absent)+len(got.gaps) > 0 {
				t.Errorf("[%d,%d) by %d bytes: %v, %+v %+v, %v", r[0], r[1], size, got.offsets, got.absent, got.gaps, got.err)
			}
		}
	}
}

func TestC06_EndIsKeptWhileRecordsArrive(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 50)
	end := lastStable(t, c, tp)
	r := c.Read(tp, kafka.ReadOptions{End: end, MaxBytes: 1})
	var got []int64
	for {
		put(t, b, "orders", 0, 3)
		ch, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		got = append(got, span(ch.From, ch.To)...)
	}
	if !slices.Equal(got, span(0, 50)) {
		t.Errorf("read %v", got)
	}
}

func TestC06_SlowOrEmptyAnswerIsNoEnd(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	for range 4 {
		put(t, b, "orders", 0, 5)
	}
	empty := emptyFetches(b, 2, 20)
	b.Delay(embedded.Fetch, 700*time.Millisecond, 1)
	got := readAll(t, c, tp, kafka.ReadOptions{End: 20, MaxBytes: 1})
	if got.err != nil || !slices.Equal(got.offsets, span(0, 20)) || empty.Load() > 0 {
		t.Errorf("%v, %v", got.offsets, got.err)
	}
}

func TestReaderWithoutAnEndWaits(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	r := c.Read(tp, kafka.ReadOptions{End: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("an empty log without an end gave %v", err)
	}
	put(t, b, "orders", 0, 3)
	ch, err := r.Next(t.Context()) // an ended call does not end the reader
	if err != nil || ch.To != 3 || len(ch.Batches) != 1 {
		t.Errorf("%+v, %v", ch, err)
	}
	r.Close()
	if _, err := r.Next(t.Context()); err == nil {
		t.Error("a closed reader reads")
	}
}

func TestC07_DeletedRecordsAreAGap(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	for range 10 {
		put(t, b, "orders", 0, 5)
	}
	r := c.Read(tp, kafka.ReadOptions{End: 50, MaxBytes: 1})
	ch, err := r.Next(t.Context())
	if err != nil || ch.To != 5 {
		t.Fatalf("%+v, %v", ch, err)
	}
	_, err = r.Next(t.Context())
	check(t, err)
	check(t, b.DeleteRecords("orders", 0, 33)) // inside a batch, while the next fetch may be under way
	var gap *kafka.Absent
	var got []int64
	for err == nil {
		if ch, err = r.Next(t.Context()); err == nil {
			account(t, ch)
			if ch.Gap != nil {
				gap = ch.Gap
			} else {
				got = append(got, span(ch.From, ch.To)...)
			}
		}
	}
	if !errors.Is(err, io.EOF) || gap == nil || gap.To != 33 || gap.From > 15 || !slices.Equal(got[len(got)-17:], span(33, 50)) {
		t.Errorf("gap %+v, offsets %v, %v", gap, got, err)
	}

	all := readAll(t, c, tp, kafka.ReadOptions{End: 50})
	if all.err != nil || len(all.gaps) != 1 || all.gaps[0].From != 0 || all.gaps[0].To != 33 || !slices.Equal(all.offsets, span(33, 50)) {
		t.Errorf("%+v", all)
	}
	check(t, b.DeleteRecords("orders", 0, -1))
	all = readAll(t, c, tp, kafka.ReadOptions{Start: 10, End: 40, LastEpoch: -1})
	if all.err != nil || len(all.gaps) != 1 || all.gaps[0].From != 10 || all.gaps[0].To != 40 {
		t.Errorf("a gap to the end: %+v", all)
	}
}

func TestTruncatedLog(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	got := readAll(t, c, tp, kafka.ReadOptions{Start: 8, End: 10, LastEpoch: -1})
	var e *kafka.TruncatedError
	if !errors.As(got.err, &e) || e.Position != 8 || e.LogEnd != 5 {
		t.Errorf("error %v", got.err)
	}
}

func TestC16_SilentBrokerEndsByDeadline(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	for range 5 {
		put(t, b, "orders", 0, 5)
	}
	b.Stall(embedded.Fetch, 1)
	got := readAll(t, c, tp, kafka.ReadOptions{End: 25, Timeout: 300 * time.Millisecond, MaxBytes: 1})
	if got.err != nil || len(got.offsets) != 25 {
		t.Errorf("after one silence: %d records, %v", len(got.offsets), got.err)
	}
	b.DropAfter(embedded.Fetch, 2)
	b.DropBefore(embedded.Fetch, 2)
	got = readAll(t, c, tp, kafka.ReadOptions{End: 25, MaxBytes: 1})
	if got.err != nil || len(got.offsets) != 25 {
		t.Errorf("after lost connections: %d records, %v", len(got.offsets), got.err)
	}
	b.Pause(0)
	began := time.Now()
	got = readAll(t, c, tp, kafka.ReadOptions{End: 25, Timeout: 200 * time.Millisecond, RetryFor: 500 * time.Millisecond})
	if got.err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("a paused broker: %v after %s", got.err, time.Since(began))
	}
	b.Resume(0)
}

func TestC16_LeadersMove(t *testing.T) {
	b := startBroker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 1}})
	c := open(t, b, impatient)
	tp := b.Partition("orders", 0)
	for range 12 {
		put(t, b, "orders", 0, 5)
	}
	r := c.Read(tp, kafka.ReadOptions{End: 60, MaxBytes: 1})
	var got []int64
	for i := 0; ; i++ {
		ch, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		got = append(got, span(ch.From, ch.To)...)
		switch i {
		case 2, 4, 6:
			check(t, b.MoveLeader("orders", 0, int32(i/2%3)))
		case 8:
			check(t, b.StopBroker(b.Info("orders", 0).Leader))
		}
	}
	if !slices.Equal(got, span(0, 60)) {
		t.Errorf("read %v", got)
	}
}

func TestRetriableCodesAreRetried(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	for _, code := range []int16{3, 5, 6, 7, 9, 13, 56, 74, 75, 78, 100, 103, -1} {
		h := b.FailNext(embedded.Fetch, code, 2)
		got := readAll(t, c, tp, kafka.ReadOptions{End: 5})
		if got.err != nil || len(got.offsets) != 5 || h.Hits() != 2 {
			t.Errorf("code %d: %v after %d hits, %d records", code, got.err, h.Hits(), len(got.offsets))
		}
	}
	b.FailNext(embedded.Fetch, 29, -1)
	began := time.Now()
	if got := readAll(t, c, tp, kafka.ReadOptions{End: 5}); got.err == nil || time.Since(began) > time.Second {
		t.Errorf("no rights: %v after %s", got.err, time.Since(began))
	}
}

func TestC04_DeletedTopicIsNoticed(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprint("created again ", again), func(t *testing.T) {
			b := startBroker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 1}})
			c := open(t, b, impatient)
			tp := b.Partition("orders", 0)
			for range 5 {
				put(t, b, "orders", 0, 5)
			}
			r := c.Read(tp, kafka.ReadOptions{End: 25, MaxBytes: 1})
			_, err := r.Next(t.Context())
			check(t, err)
			check(t, b.DeleteTopic("orders"))
			if again {
				check(t, b.CreateTopic("orders", 1, nil))
				_, err := b.Produce("orders", 0, slices.Repeat([]embedded.Record{{Value: []byte("of the new topic")}}, 25)...)
				check(t, err)
			}
			for range 10 {
				var ch *kafka.Chunk
				if ch, err = r.Next(t.Context()); err != nil {
					break
				}
				var got reading
				got.add(t, ch)
				if slices.Contains(got.values, "of the new topic") {
					t.Fatal("read across into another topic")
				}
			}
			var gone *kafka.DeletedError
			if !errors.As(err, &gone) || gone.Replaced != again || gone.ID != tp.ID || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestC04_OldBrokersAreReadByName(t *testing.T) {
	for _, v := range []*kversion.Versions{kversion.V3_0_0(), kversion.V2_7_0()} {
		b := startBroker(t, embedded.Options{Brokers: 2, MaxVersions: v, Topics: map[string]int32{"orders": 1}})
		c := open(t, b, impatient)
		for range 5 {
			put(t, b, "orders", 0, 5)
		}
		ts, err := c.Topics(t.Context(), "orders")
		check(t, err)
		tp := kafka.TopicPartition{Topic: "orders", ID: ts[0].ID}
		got := readAll(t, c, tp, kafka.ReadOptions{End: 25, MaxBytes: 1})
		if got.err != nil || len(got.offsets) != 25 {
			t.Errorf("%d records, %v", len(got.offsets), got.err)
		}
		if byID, err := c.FetchesByID(t.Context()); err != nil || byID {
			t.Errorf("fetches by id: %v, %v", byID, err)
		}
		r := c.Read(tp, kafka.ReadOptions{End: 25, MaxBytes: 1})
		_, err = r.Next(t.Context())
		check(t, err)
		if r.ByID() {
			t.Error("read by id from a broker that cannot")
		}
		if tp.ID.IsZero() {
			continue // no ids to compare
		}
		check(t, b.DeleteTopic("orders"))
		check(t, b.CreateTopic("orders", 1, nil))
		for range 5 {
			put(t, b, "orders", 0, 5)
		}
		for range 2 { // one answer was under way
			_, err = r.Next(t.Context())
		}
		var gone *kafka.DeletedError
		if !errors.As(err, &gone) || !gone.Replaced {
			t.Errorf("error %v", err)
		}
	}
}

func TestClosedClientEndsItsReaders(t *testing.T) {
	b, _, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	c, err := kafka.Open(t.Context(), b.Cluster())
	check(t, err)
	r := c.Read(tp, kafka.ReadOptions{End: -1})
	_, err = r.Next(t.Context())
	check(t, err)
	time.AfterFunc(50*time.Millisecond, c.Close)
	began := time.Now()
	if _, err := r.Next(t.Context()); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestBatchesAreRaw(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	o := embedded.NoProducer
	o.Codec = "zstd"
	sent := embedded.EncodeBatch(o, numbered(0, 100)...)
	_, err := b.ProduceBatch("orders", 0, sent)
	check(t, err)
	r := c.Read(tp, kafka.ReadOptions{End: 100})
	ch, err := r.Next(t.Context())
	check(t, err)
	got := ch.Batches[0]
	if string(got.Raw[16:]) != string(sent[16:]) { // base offset and leader epoch are the broker's
		t.Error("the batch is not as it was sent")
	}
	if got.Codec() != batch.Zstd || got.NumRecords != 100 || !r.ByID() {
		t.Errorf("header %+v", got.Header)
	}
}

// TestReaderTellsOfRetries: a failure that is tried again is told before the wait; empty answers near
// the end are none.
func TestReaderTellsOfRetries(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	b.FailNext(embedded.Fetch, 6, 2) // NOT_LEADER_OR_FOLLOWER
	var told []string
	got := readAll(t, c, tp, kafka.ReadOptions{End: 5, OnRetry: func(err error) { told = append(told, err.Error()) }})
	if got.err != nil || !slices.Equal(got.offsets, span(0, 5)) {
		t.Fatalf("%v, %v", got.offsets, got.err)
	}
	if len(told) != 2 || !strings.Contains(told[0], "read orders/0 at offset 0") {
		t.Errorf("%q", told)
	}
	told = nil
	emptyFetches(b, 2, 5)
	if got := readAll(t, c, tp, kafka.ReadOptions{End: 5, OnRetry: func(err error) { told = append(told, err.Error()) }}); got.err != nil || len(told) != 0 {
		t.Errorf("%q, %v", told, got.err)
	}
}
