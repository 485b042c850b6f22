package demo

import (
	"context"
	"fmt"

	"kustody/engine"
	"kustody/kafka"
)

// storedCluster answers as the demo's broker would have done a while after its year: the topics that the
// newest run captured, somewhat longer, and one that nobody backs up. It can be looked at, and not read.
type storedCluster struct {
	topics []kafka.Topic
	ends   map[kafka.TopicPartition]int64
	starts map[kafka.TopicPartition]int64
}

// laterBy is how much later each of a topic's partitions ends than what was captured.
var laterBy = map[string]int64{"transactions": 41, "ledger-entries": 83}

// Coverage is what the topics of the stored cluster are asked with.
func (s *Stored) Coverage(ctx context.Context) (engine.CoverageOptions, error) {
	run, err := engine.OpenRun(ctx, s.Query())
	if err != nil {
		return engine.CoverageOptions{}, fmt.Errorf("open the newest run of the stored demo: %w", err)
	}
	c := &storedCluster{ends: map[kafka.TopicPartition]int64{}, starts: map[kafka.TopicPartition]int64{}}
	for _, t := range run.Newest(nil) {
		topic := kafka.Topic{Name: t.Name, ID: t.ID}
		for _, p := range t.Parts {
			tp := kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: p.Partition}
			c.starts[tp], c.ends[tp] = int64(p.Start), int64(p.End)+laterBy[t.Name]
			topic.Partitions = append(topic.Partitions, kafka.Partition{Number: p.Partition, Replicas: 1})
		}
		c.topics = append(c.topics, topic)
	}
	scratch := kafka.Topic{Name: "scratch-loadtest", ID: kafka.TopicID{15: 1}, Partitions: []kafka.Partition{{Number: 0, Replicas: 1}}}
	c.topics = append(c.topics, scratch)
	c.ends[kafka.TopicPartition{Topic: scratch.Name, ID: scratch.ID}] = 120_400
	return engine.CoverageOptions{Source: c, Query: s.Query(), Topics: selection(scope)}, nil
}

// ClusterID is the demo's.
func (c *storedCluster) ClusterID(context.Context) (string, error) { return clusterName, nil }

// Topics are those of the run, and the one that is in no scope.
func (c *storedCluster) Topics(context.Context, ...string) ([]kafka.Topic, error) {
	return c.topics, nil
}

// Offsets are where the partitions begin and end.
func (c *storedCluster) Offsets(_ context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error) {
	from := c.ends
	if q == kafka.LogStart {
		from = c.starts
	}
	out := map[kafka.TopicPartition]kafka.Offset{}
	for _, tp := range tps {
		out[tp] = kafka.Offset{Offset: from[tp]}
	}
	return out, nil
}

// Read is not there: records of a stored demo are in its archive.
func (c *storedCluster) Read(tp kafka.TopicPartition, _ kafka.ReadOptions) *kafka.Reader {
	panic("the stored demo has no broker to read " + tp.String() + " from")
}

// OpenTransactions are none.
func (c *storedCluster) OpenTransactions(context.Context) ([]kafka.Transaction, error) {
	return nil, nil
}
