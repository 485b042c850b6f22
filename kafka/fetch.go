package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchByID is the first version of Fetch that names topics by id (KIP-516, Kafka 3.1).
const fetchByID = 13

// fetchSpec is one fetch of one partition.
type fetchSpec struct {
	k         *kgo.Client
	tp        TopicPartition
	position  int64
	lastEpoch int32
	maxBytes  int32
	wait      time.Duration
	committed bool
	timeout   time.Duration
	seq       uint64 // the leader must come from fresher metadata than this
}

// fetched is what became of one fetch. part is set where err is nil; its bytes belong to the answer's own
// buffer, which nothing else refers to.
type fetched struct {
	part   *kmsg.FetchResponseTopicPartition
	leader leadership
	byID   bool
	err    error
}

// fetch finds the leader and asks it once.
func (c *Client) fetch(ctx context.Context, s *fetchSpec) fetched {
	ld, err := c.leader(ctx, s.k, s.tp, s.seq)
	f := fetched{leader: ld, err: err}
	if err != nil {
		return f
	}
	resp, err := roundTrip[*kmsg.FetchResponse](ctx, s.k, ld.node, s.request(ld.epoch), s.timeout)
	if err != nil {
		f.err = fmt.Errorf("fetch from broker %d: %w", ld.node, err)
		return f
	}
	f.byID = resp.Version >= fetchByID
	if f.err = codeError(resp.ErrorCode, nil); f.err != nil {
		return f
	}
	if f.part = findPart(resp, s.tp, f.byID); f.part == nil {
		f.err = errors.New("the broker left the partition out of its answer")
		return f
	}
	if !f.byID && !s.tp.ID.IsZero() && f.part.ErrorCode == 0 {
		f.err = c.stillSame(ctx, s.k, ld.node, s.tp)
	}
	return f
}

// stillSame asks, after an answer that came by name, whether the name still belongs to the same topic.
func (c *Client) stillSame(ctx context.Context, k *kgo.Client, node int32, tp TopicPartition) error {
	ids, err := c.topicIDs(ctx, k, node, []TopicPartition{tp})
	if err == nil && ids[tp.Topic] != tp.ID {
		err = errSuspect
	}
	return err
}

// request asks without a fetch session: nothing on the broker depends on the request before.
func (s *fetchSpec) request(leaderEpoch int32) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(s.wait.Milliseconds())
	req.MinBytes = 1
	// The request names one partition, whose own limit bounds the answer. The limit of the whole answer
	// stays open: where it strikes, kfake leaves out the list of aborted transactions.
	req.MaxBytes = math.MaxInt32
	req.SessionEpoch = -1
	if s.committed {
		req.IsolationLevel = 1
	}
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = s.tp.Partition, s.position, s.maxBytes
	p.CurrentLeaderEpoch, p.LastFetchedEpoch = leaderEpoch, s.lastEpoch
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = s.tp.Topic, s.tp.ID
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// findPart is the answer for exactly this partition of exactly this topic.
func findPart(resp *kmsg.FetchResponse, tp TopicPartition, byID bool) *kmsg.FetchResponseTopicPartition {
	for i := range resp.Topics {
		t := &resp.Topics[i]
		if byID && TopicID(t.TopicID) != tp.ID || !byID && t.Topic != tp.Topic {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == tp.Partition {
				return &t.Partitions[j]
			}
		}
	}
	return nil
}

// FetchesByID says whether all brokers let a topic be fetched by its id (Kafka 3.1). Where one does not,
// topics are fetched by name, and what was read is proved to be one generation of the topic only as far
// as ids were compared.
func (c *Client) FetchesByID(ctx context.Context) (bool, error) {
	brokers, err := c.Brokers(ctx)
	if err != nil {
		return false, err
	}
	for _, b := range brokers {
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = defaultClientID, "0" // brokers refuse empty ones
		resp, err := roundTrip[*kmsg.ApiVersionsResponse](ctx, c.lanes[0], b.ID, req, c.o.Timeout)
		if err == nil {
			err = codeError(resp.ErrorCode, nil)
		}
		if err != nil {
			return false, fmt.Errorf("ask broker %d what it can do: %w", b.ID, err)
		}
		if !supports(resp, int16(kmsg.Fetch), fetchByID) {
			return false, nil
		}
	}
	return true, nil
}

func supports(resp *kmsg.ApiVersionsResponse, key, version int16) bool {
	for _, k := range resp.ApiKeys {
		if k.ApiKey == key {
			return k.MaxVersion >= version
		}
	}
	return false
}
