package kafka_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

// answerFetches makes every fetch answer with raw, whatever was asked.
func answerFetches(b *embedded.Broker, raw []byte) {
	b.Answer(embedded.Fetch, func(_ int32, r kmsg.Request) kmsg.Response {
		req := r.(*kmsg.FetchRequest)
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		for _, topic := range req.Topics {
			rt := kmsg.NewFetchResponseTopic()
			rt.Topic, rt.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.Partition, rp.HighWatermark, rp.LastStableOffset = p.Partition, 10, 10
				rp.RecordBatches = raw
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp
	})
}

// TestReadBackFollowsTheLeader: with little read ahead, the leader moves and its broker stops meanwhile.
func TestReadBackFollowsTheLeader(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 1}})
	noError(t, b.MoveLeader("orders", 0, b.Nodes()[0]))
	for i := range 100 {
		_, err := b.Produce("orders", 0, embedded.Record{Timestamp: 1, Value: bytes.Repeat([]byte{byte(i)}, 50_000)})
		noError(t, err)
	}
	r := readBack(t, b.Cluster(), kafka.ReadBackOptions{MaxQueuedBytes: 64 << 10})
	next := int64(0)
	err := r.Partition(within(t, 30*time.Second), b.Partition("orders", 0), 0, 100, func(rec *kafka.ReadRecord) error {
		if rec.Offset != next || rec.Value[0] != byte(next) {
			t.Errorf("offset %d, want %d", rec.Offset, next)
		}
		switch next++; next {
		case 20:
			return b.MoveLeader("orders", 0, b.Nodes()[1])
		case 40:
			return b.StopBroker(b.Nodes()[1])
		}
		return nil
	})
	noError(t, err)
	if next != 100 {
		t.Errorf("%d records", next)
	}
}
