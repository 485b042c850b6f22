package kafka_test

import (
	"errors"
	"strings"
	"testing"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

func TestOffsets(t *testing.T) {
	b := startBroker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"a": 4, "b": 2}})
	c := open(t, b, impatient)
	var tps []kafka.TopicPartition
	for topic, n := range map[string]int32{"a": 4, "b": 2} {
		for p := range n {
			put(t, b, topic, p, int(10+p))
			tps = append(tps, b.Partition(topic, p))
		}
	}
	check(t, b.DeleteRecords("a", 1, 4))
	for i := range 3 { // moved leaders are found again, whichever request meets them
		check(t, b.MoveLeader("a", int32(i), int32((i+1)%3)))
		ends, err := c.Offsets(t.Context(), kafka.HighWatermark, tps)
		check(t, err)
		for _, tp := range tps {
			if got := ends[tp].Offset; got != int64(10+tp.Partition) {
				t.Errorf("%s ends at %d", tp, got)
			}
			if got, want := ends[tp].LeaderEpoch, b.Info(tp.Topic, tp.Partition).Epoch; got != want {
				t.Errorf("%s leader epoch %d, want %d", tp, got, want)
			}
		}
	}
	starts, err := c.Offsets(t.Context(), kafka.LogStart, tps)
	check(t, err)
	if got := starts[b.Partition("a", 1)].Offset; got != 4 {
		t.Errorf("log start %d, want 4", got)
	}
	at, err := c.OffsetsForTime(t.Context(), 1_700_000_000_000, tps)
	if err != nil || at[b.Partition("b", 0)].Offset != 0 || at[b.Partition("b", 0)].Timestamp != 1_700_000_000_000 {
		t.Errorf("%v, %v", at, err)
	}
	at, err = c.OffsetsForTime(t.Context(), 1_800_000_000_000, tps)
	if err != nil || at[b.Partition("b", 0)].Offset != -1 {
		t.Errorf("a time after all records: %v, %v", at, err)
	}
}

func TestC21_EndIsTheLastStableOffset(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 16)
	txn, err := b.TxnProducer("open")
	check(t, err)
	_, err = txn.Produce("orders", 0, numbered(16, 4)...)
	check(t, err)
	put(t, b, "orders", 0, 2)
	stable, high := lastStable(t, c, tp), int64(0)
	m, err := c.Offsets(t.Context(), kafka.HighWatermark, []kafka.TopicPartition{tp})
	check(t, err)
	if high = m[tp].Offset; stable != 16 || high != 22 {
		t.Fatalf("stable %d, high watermark %d; want 16 and 22", stable, high)
	}
	if got := readAll(t, c, tp, kafka.ReadOptions{End: stable}); got.err != nil || len(got.offsets) != 16 {
		t.Errorf("%d records, %v", len(got.offsets), got.err)
	}
	// An end inside the open transaction is not reached, and that is said.
	r := c.Read(tp, kafka.ReadOptions{Start: 16, End: high, RetryFor: 1})
	if _, err := r.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "readable up to 16") {
		t.Errorf("error %v", err)
	}
}

func TestOffsetsNeverTakesAnErrorForAnOffset(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	b.FailNext(embedded.ListOffsets, 6, 2)
	b.FailNext(embedded.ListOffsets, 78, 1)
	if got := lastStable(t, c, tp); got != 5 {
		t.Errorf("end %d, want 5", got)
	}
	b.FailNext(embedded.ListOffsets, 29, -1)
	if _, err := c.Offsets(t.Context(), kafka.LogStart, []kafka.TopicPartition{tp}); err == nil {
		t.Error("no rights, and no error")
	}
}

func TestOffsetsOfAReplacedTopicAreRefused(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 5)
	check(t, b.DeleteTopic("orders"))
	check(t, b.CreateTopic("orders", 1, nil))
	var deleted *kafka.DeletedError
	_, err := c.Offsets(t.Context(), kafka.LastStable, []kafka.TopicPartition{tp})
	if !errors.As(err, &deleted) || !deleted.Replaced {
		t.Errorf("error %v", err)
	}
}
