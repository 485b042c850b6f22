package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/singleflight"
)

// leadership is who leads a partition, as far as one metadata answer knows.
type leadership struct {
	node  int32
	epoch int32
	seq   uint64 // of the answer: a higher one is fresher
}

var (
	errNoLeader = errors.New("the partition has no leader at the moment")
	// errSuspect says that a broker does not know the topic under its id; others have to be asked.
	errSuspect = errors.New("the topic seems to be gone")
)

// metaCache keeps what metadata answers said about topics.
type metaCache struct {
	mu     sync.Mutex
	seq    uint64
	topics map[string]cachedTopic
	flight *singleflight.Group
}

type cachedTopic struct {
	Topic
	seq     uint64
	unknown bool
}

func newMetaCache() metaCache {
	return metaCache{topics: map[string]cachedTopic{}, flight: new(singleflight.Group)}
}

func (m *metaCache) learn(resp *kmsg.MetadataResponse) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	for i := range resp.Topics {
		t := &resp.Topics[i]
		switch name := topicName(t); t.ErrorCode {
		case 0:
			m.topics[name] = cachedTopic{Topic: m.keepNewest(topicFrom(t)), seq: m.seq}
		case codeUnknownTopic:
			m.topics[name] = cachedTopic{Topic: Topic{Name: name}, seq: m.seq, unknown: true}
		}
	}
}

// keepNewest keeps a leader of a later epoch: a broker that lags may still name the one before.
func (m *metaCache) keepNewest(t Topic) Topic {
	old, ok := m.topics[t.Name]
	if !ok || old.unknown || old.ID != t.ID || old.ID.IsZero() {
		return t
	}
	for i := range t.Partitions {
		if i < len(old.Partitions) && old.Partitions[i].LeaderEpoch > t.Partitions[i].LeaderEpoch {
			t.Partitions[i] = old.Partitions[i]
		}
	}
	return t
}

func (m *metaCache) topic(name string) (cachedTopic, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.topics[name]
	return t, ok
}

// leader says who leads tp, from an answer fresher than seq. It asks at most once; errors are those of
// the request, errNoLeader and errSuspect.
func (c *Client) leader(ctx context.Context, k *kgo.Client, tp TopicPartition, seq uint64) (leadership, error) {
	t, ok := c.meta.topic(tp.Topic)
	if !ok || t.seq <= seq {
		if err := c.refresh(ctx, k, tp.Topic); err != nil {
			return leadership{seq: seq}, err
		}
		if t, ok = c.meta.topic(tp.Topic); !ok {
			return leadership{seq: seq}, errNoLeader
		}
	}
	l := leadership{node: -1, seq: t.seq}
	if t.unknown || !tp.ID.IsZero() && t.ID != tp.ID {
		return l, fmt.Errorf("%w: broker metadata has no topic %q with id %s", errSuspect, tp.Topic, tp.ID)
	}
	if i := int(tp.Partition); i < 0 || i >= len(t.Partitions) || t.Partitions[i].Leader < 0 {
		return l, errNoLeader
	}
	l.node, l.epoch = t.Partitions[tp.Partition].Leader, t.Partitions[tp.Partition].LeaderEpoch
	return l, nil
}

// refresh asks for one topic's metadata. Partitions that share a lane and fail together ask together.
func (c *Client) refresh(ctx context.Context, k *kgo.Client, topic string) error {
	key := fmt.Sprintf("%p %s", k, topic)
	ch := c.meta.flight.DoChan(key, func() (any, error) {
		resp, err := c.metadata(c.ctx, k, []string{topic})
		if err != nil {
			return nil, err
		}
		for i := range resp.Topics {
			if err := topicError(&resp.Topics[i]); err != nil && permanent(err) {
				return nil, err
			}
		}
		return nil, nil
	})
	select {
	case r := <-ch:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
