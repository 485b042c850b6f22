package kafkatest

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// CreateTopic makes a topic and waits until every partition has a leader on all nodes' word. It talks
// the protocol itself: the Java tool takes a second. configs may be nil.
func (c *Cluster) CreateTopic(name string, partitions, replication int, configs map[string]string) {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.core.createTopic(ctx, name, partitions, replication, configs); err != nil {
		c.tb.Fatalf("create topic %s: %v", name, err)
	}
	for p := range partitions {
		c.Leader(name, int32(p))
	}
}

func (k *core) createTopic(ctx context.Context, name string, partitions, replication int, configs map[string]string) error {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, int32(partitions), int16(replication)
	for _, key := range slices.Sorted(maps.Keys(configs)) {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = key, kmsg.StringPtr(configs[key])
		topic.Configs = append(topic.Configs, config)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30000
	req.Topics = append(req.Topics, topic)
	cl, err := kgo.NewClient(kgo.SeedBrokers(k.servingAddrs()...))
	if err != nil {
		return err
	}
	defer cl.Close()
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return err
	}
	if len(resp.Topics) != 1 {
		return fmt.Errorf("the answer names %d topics", len(resp.Topics))
	}
	t := resp.Topics[0]
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil && t.ErrorMessage != nil {
		return fmt.Errorf("%w: %s", err, *t.ErrorMessage)
	}
	return kerr.ErrorForCode(t.ErrorCode)
}

// servingAddrs leaves out what is down or paused, as far as this process can know.
func (k *core) servingAddrs() []string {
	var addrs []string
	for _, n := range k.Nodes {
		if k.guard == nil || n.serves() {
			addrs = append(addrs, n.addr())
		}
	}
	return addrs
}

// LogFiles are a partition's log segments on a node, oldest first. The broker may still be writing the
// last one.
func (c *Cluster) LogFiles(id int, topic string, partition int32) []string {
	c.tb.Helper()
	dir := filepath.Join(c.node(id).dataDir(), fmt.Sprintf("%s-%d", topic, partition))
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(files) == 0 {
		c.tb.Fatalf("node %d has no log in %s (%v)", id, dir, err)
	}
	return files // Glob sorts, and the names are offsets of equal length
}
