package kafka_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"kustody/kafka"
	"kustody/kafka/embedded"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// emptyFetches answers the next n fetches with no bytes, though the log is stable up to end.
func emptyFetches(b *embedded.Broker, n int64, end int64) *atomic.Int64 {
	var left atomic.Int64
	left.Store(n)
	b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
		if left.Add(-1) < 0 {
			left.Store(0)
			return nil
		}
		return fetchAnswer(req, end, nil, nil)
	})
	return &left
}

// fetchAnswer is an answer with the given bytes, as of a log that begins at 0 and ends at end.
func fetchAnswer(req kmsg.Request, end int64, raw []byte, aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction) kmsg.Response {
	f := req.(*kmsg.FetchRequest)
	resp := f.ResponseKind().(*kmsg.FetchResponse)
	t := kmsg.NewFetchResponseTopic()
	t.Topic, t.TopicID = f.Topics[0].Topic, f.Topics[0].TopicID
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition = f.Topics[0].Partitions[0].Partition
	p.HighWatermark, p.LastStableOffset, p.LogStartOffset = end, end, 0
	p.RecordBatches, p.AbortedTransactions = append([]byte{}, raw...), aborted
	t.Partitions = append(t.Partitions, p)
	resp.Topics = append(resp.Topics, t)
	return resp
}

func TestC05_MarkersAndAbortedAreAbsent(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 3) // 0-2
	txn, err := b.TxnProducer("one")
	check(t, err)
	write := func(n int) {
		_, err := txn.Produce("orders", 0, numbered(b.Info("orders", 0).HighWatermark, n)...)
		check(t, err)
	}
	write(4) // 3-6
	write(2) // 7-8
	check(t, txn.Commit())
	write(5) // 10-14
	put(t, b, "orders", 0, 2)
	write(3) // 17-19
	check(t, txn.Abort())
	want := []kafka.Absent{
		{Kind: "marker", From: 9, To: 10},
		{Kind: "aborted", From: 10, To: 15, Records: 5},
		{Kind: "aborted", From: 17, To: 20, Records: 3},
		{Kind: "marker", From: 20, To: 21},
	}
	for _, size := range []int32{1, 1 << 20} {
		got := readAll(t, c, tp, kafka.ReadOptions{End: lastStable(t, c, tp), MaxBytes: size})
		if got.err != nil || !slices.Equal(got.absent, want) || !slices.Equal(got.offsets, join(span(0, 9), span(15, 17))) {
			t.Errorf("by %d bytes: %v %+v %v", size, got.offsets, got.absent, got.err)
		}
	}
	raw := readAll(t, c, tp, kafka.ReadOptions{End: 21, ReadUncommitted: true})
	if raw.err != nil || !slices.Equal(raw.offsets, join(span(0, 9), span(10, 20))) {
		t.Errorf("read uncommitted: %v %v", raw.offsets, raw.err)
	}
}

func TestC18_StartInsideAnAbortedTransaction(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	txn, err := b.TxnProducer("one")
	check(t, err)
	for range 3 {
		_, err := txn.Produce("orders", 0, numbered(0, 4)...)
		check(t, err)
	}
	check(t, txn.Abort())     // 0-11, marker 12
	put(t, b, "orders", 0, 2) // 13-14
	_, err = txn.Produce("orders", 0, numbered(15, 2)...)
	check(t, err)
	check(t, txn.Commit()) // 15-16, marker 17
	want := join(span(13, 15), span(15, 17))
	for start := int64(0); start < 13; start++ {
		got := readAll(t, c, tp, kafka.ReadOptions{Start: start, End: 18, LastEpoch: -1, MaxBytes: 1})
		if got.err != nil || !slices.Equal(got.offsets, want) || got.absent[0].From != start {
			t.Errorf("from %d: %v %+v %v", start, got.offsets, got.absent, got.err)
		}
	}
	check(t, b.DeleteRecords("orders", 0, 6))
	got := readAll(t, c, tp, kafka.ReadOptions{End: 18})
	if got.err != nil || !slices.Equal(got.offsets, want) || len(got.gaps) != 1 || got.absent[0].From != 6 {
		t.Errorf("after DeleteRecords: %v %+v %v", got.offsets, got.absent, got.err)
	}
}

func TestC18_OneProducerAbortsAndCommitsInTurn(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	one, err := b.TxnProducer("one")
	check(t, err)
	two, err := b.TxnProducer("two")
	check(t, err)
	var want []int64
	for i := range 24 {
		p, keep := one, i%3 == 0
		if i%2 == 1 {
			p, keep = two, i%5 == 0
		}
		for range 2 {
			base, err := p.Produce("orders", 0, numbered(0, 3)...)
			check(t, err)
			if keep {
				want = append(want, span(base, base+3)...)
			}
			want = append(want, put(t, b, "orders", 0, 1))
		}
		if keep {
			check(t, p.Commit())
		} else {
			check(t, p.Abort())
		}
	}
	end := lastStable(t, c, tp)
	for _, size := range []int32{1, 500, 1 << 20} {
		got := readAll(t, c, tp, kafka.ReadOptions{End: end, MaxBytes: size})
		if got.err != nil || !slices.Equal(got.offsets, want) {
			t.Errorf("by %d bytes: %v, want %v; %v", size, got.offsets, want, got.err)
		}
	}
}

func TestC08_CompactedHoles(t *testing.T) {
	b := startBroker(t, embedded.Options{})
	c := open(t, b, impatient)
	check(t, b.CreateTopic("orders", 1, map[string]string{"cleanup.policy": "compact"}))
	tp := b.Partition("orders", 0)
	for i, k := range []string{"keep", "x", "y", "x", "y", "a", "b", "x", "y"} {
		_, err := b.Produce("orders", 0, embedded.Record{Key: []byte(k), Value: []byte{byte(i)}})
		check(t, err)
	}
	b.Compact() // the last batch is never cleaned: y at 8 does not remove y at 4
	got := readAll(t, c, tp, kafka.ReadOptions{End: 9})
	want := []int64{0, 4, 5, 6, 7, 8}
	if got.err != nil || !slices.Equal(got.offsets, want) || !slices.Equal(got.absent, []kafka.Absent{{Kind: "hole", From: 1, To: 4}}) {
		t.Errorf("%v %+v %v", got.offsets, got.absent, got.err)
	}
	got = readAll(t, c, tp, kafka.ReadOptions{End: 3})
	if got.err != nil || !slices.Equal(got.absent, []kafka.Absent{{Kind: "hole", From: 1, To: 3}}) {
		t.Errorf("an end inside a hole: %+v %v", got.absent, got.err)
	}
}

func TestC08_HoleUpToTheEnd(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 10)
	var asked atomic.Int64
	b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
		if req.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset < 10 {
			return nil
		}
		asked.Add(1)
		return fetchAnswer(req, 15, nil, nil)
	})
	b.Answer(embedded.ListOffsets, func(_ int32, req kmsg.Request) kmsg.Response { return offsetsAnswer(req, 15) })
	got := readAll(t, c, tp, kafka.ReadOptions{End: 15})
	if got.err != nil || !slices.Equal(got.absent, []kafka.Absent{{Kind: "hole", From: 10, To: 15}}) || got.epoch != -1 {
		t.Errorf("%+v %v", got.absent, got.err)
	}
	if asked.Load() != 4 {
		t.Errorf("a hole was believed after %d empty answers, want 4", asked.Load())
	}
}

// offsetsAnswer is an answer to ListOffsets of a log that begins at 0 and ends at end.
func offsetsAnswer(req kmsg.Request, end int64) kmsg.Response {
	l := req.(*kmsg.ListOffsetsRequest)
	resp := l.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, rt := range l.Topics {
		t := kmsg.NewListOffsetsResponseTopic()
		t.Topic = rt.Topic
		for _, rp := range rt.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = rp.Partition, end, 0
			if rp.Timestamp == -2 {
				p.Offset = 0
			}
			t.Partitions = append(t.Partitions, p)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

func TestC19_DivergenceIsAFinding(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{Brokers: 2})
	put(t, b, "orders", 0, 10)
	put(t, b, "orders", 0, 10)
	check(t, b.MoveLeader("orders", 0, 1-b.Info("orders", 0).Leader))
	sent := make(chan int32, 100)
	b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
		p := req.(*kmsg.FetchRequest).Topics[0].Partitions[0]
		sent <- p.LastFetchedEpoch
		if p.CurrentLeaderEpoch != 1 || p.LastFetchedEpoch != 7 {
			return nil
		}
		resp := fetchAnswer(req, 20, nil, nil).(*kmsg.FetchResponse)
		d := &resp.Topics[0].Partitions[0].DivergingEpoch
		d.Epoch, d.EndOffset = 5, 12
		return resp
	})
	got := readAll(t, c, tp, kafka.ReadOptions{Start: 15, End: 20, LastEpoch: 7})
	var e *kafka.DivergedError
	if !errors.As(got.err, &e) || e.Epoch != 5 || e.EndOffset != 12 || e.LastEpoch != 7 {
		t.Fatalf("error %v", got.err)
	}
	<-sent
	got = readAll(t, c, tp, kafka.ReadOptions{End: 20, MaxBytes: 1})
	if got.err != nil || got.epoch != 0 {
		t.Errorf("%+v", got)
	}
	if first, second := <-sent, <-sent; first != -1 || second != 0 {
		t.Errorf("epochs sent %d, %d: want none at first, then that of the batch read", first, second)
	}
}
