package kafka_test

import (
	"github.com/twmb/franz-go/pkg/kmsg"

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
