package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// topicsPerRequest bounds one request about named topics, so that an answer stays of a sane size on
// clusters with tens of thousands of them.
const topicsPerRequest = 500

// Topics lists every topic that the user may describe, by name, with its id. A topic that is deleted
// between the two requests this takes is left out. LeaderEpoch is -1: librdkafka does not tell it.
func (a *Admin) Topics(ctx context.Context) ([]Topic, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	names, err := read(ctx, a, "list topics", a.topicNames)
	if err != nil {
		return nil, err
	}
	var topics []Topic
	for part := range slices.Chunk(names, topicsPerRequest) {
		some, err := read(ctx, a, "describe topics", func(ctx context.Context) ([]Topic, error) { return a.describe(ctx, part) })
		if err != nil {
			return nil, err
		}
		topics = append(topics, some...)
	}
	return topics, nil
}

// topicNames asks for metadata, which in librdkafka knows a time limit but no context: it is left to end
// by itself when the context ends first.
func (a *Admin) topicNames(ctx context.Context) ([]string, error) {
	type answer struct {
		meta *rd.Metadata
		err  error
	}
	got := make(chan answer, 1)
	limit := int(remaining(ctx).Milliseconds())
	a.calls.Go(func() {
		meta, err := a.client.GetMetadata(nil, true, limit)
		got <- answer{meta, err}
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case res := <-got:
		if res.err != nil {
			return nil, res.err
		}
		return slices.Sorted(maps.Keys(res.meta.Topics)), nil
	}
}

func (a *Admin) describe(ctx context.Context, names []string) ([]Topic, error) {
	res, err := a.client.DescribeTopics(ctx, rd.NewTopicCollectionOfTopicNames(names))
	if err != nil {
		return nil, err
	}
	var topics []Topic
	for _, d := range res.TopicDescriptions {
		if d.Error.Code() == rd.ErrUnknownTopicOrPart {
			continue
		}
		if err := failure(d.Error); err != nil {
			return nil, fmt.Errorf("topic %q: %w", d.Name, err)
		}
		topics = append(topics, topicDescribed(d))
	}
	slices.SortFunc(topics, func(x, y Topic) int { return strings.Compare(x.Name, y.Name) })
	return topics, nil
}

func topicDescribed(d rd.TopicDescription) Topic {
	t := Topic{Name: d.Name, Internal: d.IsInternal || isInternal(d.Name)}
	binary.BigEndian.PutUint64(t.ID[:8], uint64(d.TopicID.GetMostSignificantBits()))
	binary.BigEndian.PutUint64(t.ID[8:], uint64(d.TopicID.GetLeastSignificantBits()))
	for _, p := range d.Partitions {
		part := Partition{Number: int32(p.Partition), Leader: -1, LeaderEpoch: -1, Replicas: len(p.Replicas)}
		if p.Leader != nil {
			part.Leader = int32(p.Leader.ID)
		}
		t.Partitions = append(t.Partitions, part)
	}
	slices.SortFunc(t.Partitions, func(x, y Partition) int { return int(x.Number) - int(y.Number) })
	return t
}

// isInternal knows the names that Kafka keeps for itself, for brokers and proxies that forget the flag.
func isInternal(name string) bool {
	return slices.Contains([]string{"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}, name)
}

// NewTopic is a topic to be made.
type NewTopic struct {
	Name        string
	Partitions  int
	Replication int
	Configs     map[string]string
}

// ExistsError says that a topic of this name is there already. It is fs.ErrExist.
type ExistsError struct{ Topic string }

// Error names the topic.
func (e *ExistsError) Error() string {
	return fmt.Sprintf("create topic %q: a topic of this name exists already; map it to another name, or allow the existing one", e.Topic)
}

// Is says that it is fs.ErrExist.
func (e *ExistsError) Is(target error) bool { return target == fs.ErrExist }

// CreateTopic makes a topic with its configs and waits until the controller has it. Other brokers may
// know it a moment later. A topic that is there already gives *ExistsError.
func (a *Admin) CreateTopic(ctx context.Context, t NewTopic) error {
	spec := rd.TopicSpecification{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication, Config: t.Configs}
	_, err := ask(ctx, a, fmt.Sprintf("create topic %q", t.Name), func(ctx context.Context) (struct{}, error) {
		res, err := a.client.CreateTopics(ctx, []rd.TopicSpecification{spec}, rd.SetAdminOperationTimeout(remaining(ctx)))
		if err == nil {
			err = onlyResult(res)
		}
		return struct{}{}, err
	})
	if e, ok := errors.AsType[rd.Error](err); ok && e.Code() == rd.ErrTopicAlreadyExists {
		return &ExistsError{Topic: t.Name}
	}
	return err
}

func onlyResult(res []rd.TopicResult) error {
	if len(res) != 1 {
		return fmt.Errorf("%d answers for one topic", len(res))
	}
	return failure(res[0].Error)
}
