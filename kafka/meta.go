package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Broker is one broker of a cluster, at the address it advertises.
type Broker struct {
	ID   int32
	Host string
	Port int32
	Rack string // "": none
}

// ClusterID is the id the cluster gave itself; "" if it has none.
func (c *Client) ClusterID(ctx context.Context) (string, error) {
	resp, err := c.metadata(ctx, c.lanes[0], []string{})
	if err != nil {
		return "", fmt.Errorf("ask for the cluster id: %w", err)
	}
	if resp.ClusterID == nil {
		return "", nil
	}
	return *resp.ClusterID, nil
}

// Brokers lists the brokers that are up, by id.
func (c *Client) Brokers(ctx context.Context) ([]Broker, error) {
	resp, err := c.metadata(ctx, c.lanes[0], []string{})
	if err != nil {
		return nil, fmt.Errorf("ask for the brokers: %w", err)
	}
	bs := make([]Broker, 0, len(resp.Brokers))
	for _, b := range resp.Brokers {
		br := Broker{ID: b.NodeID, Host: b.Host, Port: b.Port}
		if b.Rack != nil {
			br.Rack = *b.Rack
		}
		bs = append(bs, br)
	}
	slices.SortFunc(bs, func(a, b Broker) int { return cmp.Compare(a.ID, b.ID) })
	return bs, nil
}

// Topics describes the named topics in the order of the names, or without names all that this user may
// see, by name. A named topic that is not there is an *UnknownTopicError. Topics of which a broker does
// not know the leaders yet, because they were just created, are asked for again.
func (c *Client) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	if len(names) == 0 {
		names = nil // nil is all, as in the protocol
	}
	pat := patience{limit: c.o.RetryFor}
	for {
		ts, err := c.topicsOnce(ctx, names)
		var unknown *UnknownTopicError
		if err == nil || errors.As(err, &unknown) || permanent(err) || ctx.Err() != nil {
			return ts, err
		}
		if err := pat.failed(ctx, err); err != nil {
			return nil, fmt.Errorf("describe topics: %w", err)
		}
	}
}

func (c *Client) topicsOnce(ctx context.Context, names []string) ([]Topic, error) {
	resp, err := c.metadata(ctx, c.lanes[0], names)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Topic, len(resp.Topics))
	for i := range resp.Topics {
		t := &resp.Topics[i]
		name := topicName(t)
		if err := topicError(t); err != nil {
			if names == nil && t.ErrorCode == codeUnknownTopic {
				continue // deleted while the list was made
			}
			return nil, err
		}
		byName[name] = topicFrom(t)
	}
	if names == nil {
		for name := range byName {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	ts := make([]Topic, 0, len(names))
	for _, name := range names {
		t, ok := byName[name]
		if !ok {
			return nil, &UnknownTopicError{Topic: name}
		}
		ts = append(ts, t)
	}
	return ts, nil
}

func topicName(t *kmsg.MetadataResponseTopic) string {
	if t.Topic == nil {
		return ""
	}
	return *t.Topic
}

func topicError(t *kmsg.MetadataResponseTopic) error {
	if t.ErrorCode == codeUnknownTopic {
		return &UnknownTopicError{Topic: topicName(t)}
	}
	if err := codeError(t.ErrorCode, nil); err != nil {
		return fmt.Errorf("describe topic %q: %w", topicName(t), err)
	}
	return nil
}

func topicFrom(t *kmsg.MetadataResponseTopic) Topic {
	topic := Topic{Name: topicName(t), ID: t.TopicID, Internal: t.IsInternal}
	topic.Partitions = make([]Partition, 0, len(t.Partitions))
	for _, p := range t.Partitions {
		topic.Partitions = append(topic.Partitions, Partition{
			Number: p.Partition, Leader: p.Leader, LeaderEpoch: p.LeaderEpoch, Replicas: len(p.Replicas),
		})
	}
	slices.SortFunc(topic.Partitions, func(a, b Partition) int { return cmp.Compare(a.Number, b.Number) })
	return topic
}

// metadata asks any broker; franz-go learns the brokers' addresses from the answer as well.
func (c *Client) metadata(ctx context.Context, k *kgo.Client, names []string) (*kmsg.MetadataResponse, error) {
	return c.metadataOf(ctx, k, anyBroker, names)
}

// metadataOf asks one broker. Names: nil is all topics, empty is none.
func (c *Client) metadataOf(ctx context.Context, k *kgo.Client, node int32, names []string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	if names != nil {
		req.Topics = make([]kmsg.MetadataRequestTopic, 0, len(names))
	}
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &name
		req.Topics = append(req.Topics, t)
	}
	resp, err := roundTrip[*kmsg.MetadataResponse](ctx, k, node, req, min(metadataTimeout, c.o.Timeout))
	if err != nil {
		return nil, err
	}
	if err := codeError(resp.ErrorCode, nil); err != nil {
		return nil, err
	}
	c.meta.learn(resp)
	return resp, nil
}
