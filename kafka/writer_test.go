package kafka_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"

	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// writer appends numbered batches to one partition.
type writer struct {
	t    *testing.T
	c    *kafka.Client
	tp   kafka.TopicPartition
	p    kafka.Producer
	next int64
}

func newWriter(t *testing.T, c *kafka.Client, tp kafka.TopicPartition) *writer {
	t.Helper()
	p, err := c.InitProducer(t.Context())
	check(t, err)
	return &writer{t: t, c: c, tp: tp, p: p}
}

func (w *writer) batch(n int) []byte {
	src := embedded.EncodeBatch(embedded.NoProducer, numbered(w.next, n)...)
	return batch.Retarget(nil, src, 0, w.p.ID, w.p.Epoch, int32(w.next))
}

// append sends n records and checks where they went.
func (w *writer) append(n int) {
	w.t.Helper()
	got, err := w.c.Append(w.t.Context(), w.tp, w.batch(n), 10*time.Second)
	if err != nil || got.BaseOffset != w.next {
		w.t.Errorf("base offset %d, want %d; %v", got.BaseOffset, w.next, err)
	}
	w.next += int64(n)
}

// complete checks that the partition holds exactly what was appended.
func (w *writer) complete() {
	w.t.Helper()
	got := readAll(w.t, w.c, w.tp, kafka.ReadOptions{End: w.next, ReadUncommitted: true})
	if got.err != nil || !slices.Equal(got.offsets, span(0, w.next)) {
		w.t.Errorf("the partition holds %v, %v", got.offsets, got.err)
	}
	high, err := w.c.Offsets(w.t.Context(), kafka.HighWatermark, []kafka.TopicPartition{w.tp})
	if err != nil || high[w.tp].Offset != w.next {
		w.t.Errorf("the partition ends at %d, want %d: something was appended twice or not at all; %v", high[w.tp].Offset, w.next, err)
	}
}

func TestAppend(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{Brokers: 3})
	w := newWriter(t, c, tp)
	for i := range 10 {
		w.append(1 + i*3)
	}
	w.complete()
	if n := b.Info("orders", 0).HighWatermark; n != w.next {
		t.Errorf("%d records", n)
	}
}

func TestR01_LostAnswersAreNotAppendedTwice(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{Brokers: 3})
	w := newWriter(t, c, tp)
	w.append(3)
	b.DropAfterAppend(1)
	w.append(3)
	b.DropAfterAppend(3)
	w.append(2)
	b.DropBefore(embedded.Produce, 2)
	w.append(2)
	for _, code := range []int16{7, 20} { // answered after the work was done
		h := b.FailNext(embedded.Produce, code, 2)
		w.append(4)
		if h.Hits() != 2 {
			t.Errorf("code %d: %d hits", code, h.Hits())
		}
	}
	w.append(1)
	w.complete()
}

func TestAppendFindsTheLeader(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{Brokers: 3})
	w := newWriter(t, c, tp)
	for i := range 6 {
		w.append(2)
		check(t, b.MoveLeader("orders", 0, int32(i%3)))
	}
	check(t, b.StopBroker(b.Info("orders", 0).Leader))
	w.append(2)
	for _, code := range []int16{3, 5, 6, 19, 56, 74, 75, 100, -1, 2} {
		b.FailNext(embedded.Produce, code, 1)
		w.append(1)
	}
	w.complete()
}

func TestC16_AppendHasADeadline(t *testing.T) {
	b := startBroker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	c := open(t, b, kafka.ClientOptions{Timeout: 300 * time.Millisecond})
	tp := b.Partition("orders", 0)
	w := newWriter(t, c, tp)
	b.Stall(embedded.Produce, 1)
	w.append(3)
	b.Delay(embedded.Produce, 500*time.Millisecond, 1) // the answer comes late, to nobody
	w.append(3)
	b.Pause(0)
	began := time.Now()
	_, err := c.Append(t.Context(), tp, w.batch(2), 700*time.Millisecond)
	var uncertain *kafka.UncertainError
	if !errors.As(err, &uncertain) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
		t.Errorf("a paused broker: %v after %s", err, time.Since(began))
	}
	b.Resume(0)
	w.append(2) // the same batch again
	w.complete()
}

func TestAppendWithoutAProducerIDIsNotRepeatedBlindly(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	raw := embedded.EncodeBatch(embedded.NoProducer, numbered(0, 3)...)
	b.DropAfterAppend(1)
	var uncertain *kafka.UncertainError
	if _, err := c.Append(t.Context(), tp, raw, time.Second); !errors.As(err, &uncertain) {
		t.Errorf("error %v", err)
	}
	b.FailNext(embedded.Produce, 6, 2) // not appended: safe
	got, err := c.Append(t.Context(), tp, raw, 5*time.Second)
	if err != nil || got.BaseOffset != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestR11_RefusalsAreTyped(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	w := newWriter(t, c, tp)
	w.append(3)
	for _, code := range []int16{10, 18, 29, 32, 42, 44, 47, 76, 87, 90} {
		h := b.FailNext(embedded.Produce, code, -1)
		var refused *kafka.RefusedError
		_, err := c.Append(t.Context(), tp, w.batch(2), 5*time.Second)
		if !errors.As(err, &refused) || refused.Code != code || refused.RecordIndex != -1 || h.Hits() != 1 {
			t.Errorf("code %d: %v after %d hits", code, err, h.Hits())
		}
		h.Remove()
	}
	h := b.FailNext(embedded.Produce, 2, -1)
	var refused *kafka.RefusedError
	if _, err := c.Append(t.Context(), tp, w.batch(2), 5*time.Second); !errors.As(err, &refused) || h.Hits() != 2 {
		t.Errorf("damaged twice: %v after %d hits", err, h.Hits())
	}
	h.Remove()
	w.append(2)
	w.complete()
}

func TestRefusalNamesTheRecord(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	w := newWriter(t, c, tp)
	b.Answer(embedded.Produce, func(_ int32, req kmsg.Request) kmsg.Response {
		p := req.(*kmsg.ProduceRequest)
		resp := p.ResponseKind().(*kmsg.ProduceResponse)
		rt, rp := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopicPartition()
		rt.Topic, rt.TopicID, rp.ErrorCode = p.Topics[0].Topic, p.Topics[0].TopicID, 32
		e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
		words := "timestamp is out of range"
		e.RelativeOffset, e.ErrorMessage = 4, &words
		rp.ErrorRecords = append(rp.ErrorRecords, e)
		rt.Partitions = append(rt.Partitions, rp)
		resp.Topics = append(resp.Topics, rt)
		return resp
	})
	var refused *kafka.RefusedError
	_, err := c.Append(t.Context(), tp, w.batch(5), time.Second)
	if !errors.As(err, &refused) || refused.RecordIndex != 4 || refused.Message != "timestamp is out of range" || refused.Code != 32 {
		t.Errorf("%+v", err)
	}
}

func TestR13_SequencesAreTheBrokers(t *testing.T) {
	b, c, tp := newTopic(t, embedded.Options{})
	w := newWriter(t, c, tp)
	w.append(3)
	late := w.batch(3)
	w.append(3)
	w.append(2)
	got, err := c.Append(t.Context(), tp, late, time.Second) // a late request of a dead process
	if err != nil || got.BaseOffset != 3 {
		t.Errorf("%+v, %v; want the first base offset", got, err)
	}
	w.next += 5
	if _, err := c.Append(t.Context(), tp, w.batch(2), time.Second); !errors.Is(err, kafka.ErrOutOfOrder) {
		t.Errorf("a sequence left out: %v", err)
	}
	w.next -= 5
	b.FailNext(embedded.Produce, 46, 1)
	if got, err := c.Append(t.Context(), tp, late, time.Second); err != nil || !got.Duplicate {
		t.Errorf("%+v, %v", got, err)
	}
	w.complete()
}

func TestR09_DeletedTargetIsNoticed(t *testing.T) {
	for _, v := range []*kversion.Versions{nil, kversion.V3_9_0()} { // by id, and by name
		for _, again := range []bool{false, true} {
			b, c, tp := newTopic(t, embedded.Options{Brokers: 3, MaxVersions: v})
			w := newWriter(t, c, tp)
			w.append(3)
			check(t, b.DeleteTopic("orders"))
			if again {
				check(t, b.CreateTopic("orders", 1, nil))
			}
			_, err := c.Append(t.Context(), tp, w.batch(3), 5*time.Second)
			var gone *kafka.DeletedError
			if !errors.As(err, &gone) || gone.Replaced != again {
				t.Errorf("created again %v: %v", again, err)
			}
			if again && v == nil && b.Info("orders", 0).HighWatermark != 0 {
				t.Error("appended to another topic")
			}
		}
	}
}

func TestInitProducer(t *testing.T) {
	b, c, _ := newTopic(t, embedded.Options{})
	b.FailNext(embedded.InitProducerID, 15, 2)
	one, err := c.InitProducer(t.Context())
	check(t, err)
	two, err := c.InitProducer(t.Context())
	if err != nil || one.ID == two.ID {
		t.Errorf("%+v, %+v, %v", one, two, err)
	}
	b.FailNext(embedded.InitProducerID, 31, -1)
	if _, err := c.InitProducer(t.Context()); err == nil {
		t.Error("no rights, and no error")
	}
}

func TestManyPartitionsAtOnce(t *testing.T) {
	b := startBroker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 24}})
	c := open(t, b, kafka.ClientOptions{})
	p, err := c.InitProducer(t.Context())
	check(t, err)
	errs := make(chan error, 24)
	for i := range int32(24) {
		go func() {
			tp := b.Partition("orders", i)
			for n := range 20 {
				src := embedded.EncodeBatch(embedded.NoProducer, numbered(0, 10)...)
				raw := batch.Retarget(nil, src, 0, p.ID, p.Epoch, int32(n*10))
				if got, err := c.Append(t.Context(), tp, raw, 10*time.Second); err != nil || got.BaseOffset != int64(n*10) {
					errs <- errors.Join(err, errors.New("wrong base offset"))
					return
				}
			}
			errs <- nil
		}()
	}
	b.DropAfterAppend(10)
	for range 24 {
		check(t, <-errs)
	}
}
