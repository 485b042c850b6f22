package kafka_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// at is one batch as a broker stores it at an offset.
func at(base int64, n int) []byte {
	o := embedded.NoProducer
	o.BaseOffset, o.LeaderEpoch = base, 0
	return embedded.EncodeBatch(o, numbered(base, n)...)
}

func TestDamagedAnswerIsFetchedOnceMore(t *testing.T) {
	for _, times := range []int64{1, 2, 1000} {
		b, c, tp := newTopic(t, embedded.Options{})
		put(t, b, "orders", 0, 3)
		put(t, b, "orders", 0, 3)
		var left, asked atomic.Int64
		left.Store(times)
		b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
			asked.Add(1)
			if left.Add(-1) < 0 {
				return nil
			}
			good, bad := at(0, 3), at(3, 3)
			bad[len(bad)-1] ^= 0x10
			if req.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset == 3 {
				return fetchAnswer(req, 6, bad, nil)
			}
			return fetchAnswer(req, 6, slices.Concat(good, bad), nil)
		})
		got := readAll(t, c, tp, kafka.ReadOptions{End: 6})
		var damaged *kafka.CorruptError
		switch {
		case times < 3 && (got.err != nil || !slices.Equal(got.offsets, span(0, 6))):
			t.Errorf("damaged %d times: %v, %v", times, got.offsets, got.err)
		case times > 3 && (!errors.As(got.err, &damaged) || damaged.Offset != 3 || !errors.Is(got.err, batch.ErrCRC) || asked.Load() != 3 || !slices.Equal(got.offsets, span(0, 3))):
			t.Errorf("always damaged: %v, %v after %d fetches", got.offsets, got.err, asked.Load())
		}
	}
}

func TestC11_OldMessageFormatIsRefusedWithASentence(t *testing.T) {
	for magic := range byte(2) {
		b, c, tp := newTopic(t, embedded.Options{})
		put(t, b, "orders", 0, 3)
		b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
			raw := at(0, 3)
			raw[16] = magic
			return fetchAnswer(req, 3, raw, nil)
		})
		got := readAll(t, c, tp, kafka.ReadOptions{End: 3})
		var e *batch.MagicError
		var damaged *kafka.CorruptError
		if !errors.As(got.err, &damaged) || !errors.As(got.err, &e) || e.Magic != int8(magic) || damaged.Partition != tp {
			t.Errorf("format v%d: %v", magic, got.err)
		}
	}
}

func TestPartOfABatchIsFetchedWithMoreRoom(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 300)
	whole := at(0, 300)
	b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
		limit := int(req.(*kmsg.FetchRequest).Topics[0].Partitions[0].PartitionMaxBytes)
		return fetchAnswer(req, 300, whole[:min(limit, len(whole))], nil) // as brokers before 0.10.1
	})
	for _, size := range []int32{1, 20, 100} {
		got := readAll(t, c, tp, kafka.ReadOptions{End: 300, MaxBytes: size})
		if got.err != nil || len(got.offsets) != 300 {
			t.Errorf("by %d bytes: %d records, %v", size, len(got.offsets), got.err)
		}
	}
}

func TestAnswerOfAnotherTopicIsNotTaken(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	put(t, b, "orders", 0, 3)
	var left atomic.Int64
	left.Store(2)
	b.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response {
		if left.Add(-1) < 0 {
			return nil
		}
		resp := fetchAnswer(req, 3, at(0, 2), nil).(*kmsg.FetchResponse)
		resp.Topics[0].TopicID[3] ^= 1
		return resp
	})
	got := readAll(t, c, tp, kafka.ReadOptions{End: 3})
	if got.err != nil || !slices.Equal(got.offsets, span(0, 3)) || got.chunks != 1 {
		t.Errorf("%+v", got)
	}
}
