package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Timestamps with a meaning of their own in ListOffsets.
const (
	timeLatest   = int64(-1)
	timeEarliest = int64(-2)
)

// maxOffsetsPerRequest keeps one request small enough to be answered well within its deadline.
const maxOffsetsPerRequest = 1000

// Offsets asks the partitions' leaders for one kind of offset. Every partition is answered, or there is
// an error: a *DeletedError if a topic is gone, else what went wrong at the last try.
func (c *Client) Offsets(ctx context.Context, q OffsetQuery, tps []TopicPartition) (map[TopicPartition]Offset, error) {
	l := offsetLister{c: c, timestamp: timeLatest}
	switch q {
	case LogStart:
		l.timestamp = timeEarliest
	case LastStable:
		l.isolation = 1
	}
	return l.list(ctx, tps)
}

// OffsetsForTime asks for the first committed record whose timestamp, in milliseconds, is at or after
// ms. Where there is none the answer's Offset is -1.
func (c *Client) OffsetsForTime(ctx context.Context, ms int64, tps []TopicPartition) (map[TopicPartition]Offset, error) {
	if ms < 0 {
		return nil, fmt.Errorf("list offsets: a broker cannot look for the time %d, before 1970", ms)
	}
	l := offsetLister{c: c, timestamp: ms, isolation: 1}
	return l.list(ctx, tps)
}

// offsetLister is one question about many partitions, asked until each is answered.
type offsetLister struct {
	c         *Client
	timestamp int64
	isolation int8
	answers   map[TopicPartition]Offset
	seq       map[TopicPartition]uint64 // metadata must be fresher than this
	last      error
}

func (l *offsetLister) list(ctx context.Context, tps []TopicPartition) (map[TopicPartition]Offset, error) {
	l.answers = make(map[TopicPartition]Offset, len(tps))
	l.seq = map[TopicPartition]uint64{}
	pat := patience{limit: l.c.o.RetryFor}
	for open := tps; ; {
		left, err := l.try(ctx, open)
		if err == nil && len(left) == 0 {
			return l.answers, nil
		}
		if err == nil {
			if len(left) < len(open) {
				pat.succeeded()
			}
			open, err = left, pat.failed(ctx, l.last)
		}
		if err != nil {
			return nil, fmt.Errorf("list offsets of %d partitions: %w", len(tps), err)
		}
	}
}

// try asks once for every partition and says which are still open. An error is final.
func (l *offsetLister) try(ctx context.Context, tps []TopicPartition) (left []TopicPartition, err error) {
	byLeader := map[int32][]TopicPartition{}
	epochs := map[TopicPartition]int32{}
	gone := map[string]bool{}
	for _, tp := range tps {
		ld, err := l.c.leader(ctx, l.c.lanes[0], tp, l.seq[tp])
		if err != nil {
			left = append(left, tp)
			if err := l.note(ctx, tp, ld.seq, err, gone); err != nil {
				return nil, err
			}
			continue
		}
		l.seq[tp], epochs[tp] = ld.seq-1, ld.epoch
		byLeader[ld.node] = append(byLeader[ld.node], tp)
	}
	for node, tps := range byLeader {
		for len(tps) > 0 {
			n := min(len(tps), maxOffsetsPerRequest)
			open, err := l.ask(ctx, node, tps[:n], epochs, gone)
			if err != nil {
				return nil, err
			}
			left, tps = append(left, open...), tps[n:]
		}
	}
	return left, nil
}

// note keeps the reason why a partition stays open, or returns it if it is final.
func (l *offsetLister) note(ctx context.Context, tp TopicPartition, seq uint64, err error, gone map[string]bool) error {
	l.last = fmt.Errorf("%s: %w", tp, err)
	l.seq[tp] = seq
	if errors.Is(err, errSuspect) && !gone[tp.Topic] {
		gone[tp.Topic] = true // asked once for all its partitions
		if err := l.c.confirmDeleted(ctx, tp); err != nil {
			return err
		}
	}
	if permanent(err) || ctx.Err() != nil {
		return l.last
	}
	return nil
}

// ask asks one leader, and afterwards whether the topics are still the same: ListOffsets knows names only.
func (l *offsetLister) ask(ctx context.Context, node int32, tps []TopicPartition, epochs map[TopicPartition]int32, gone map[string]bool) (left []TopicPartition, err error) {
	k := l.c.lanes[0]
	resp, err := roundTrip[*kmsg.ListOffsetsResponse](ctx, k, node, l.request(tps, epochs), l.c.o.Timeout)
	var same map[string]TopicID
	if err == nil {
		same, err = l.c.topicIDs(ctx, k, node, tps)
	}
	found := map[string]map[int32]*kmsg.ListOffsetsResponseTopicPartition{}
	if err == nil {
		found = indexOffsets(resp)
	}
	for _, tp := range tps {
		p, reason := found[tp.Topic][tp.Partition], err
		if reason == nil {
			reason = checkOffset(tp, p, same[tp.Topic], l.timestamp)
		}
		if reason == nil {
			l.answers[tp] = Offset{Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, Timestamp: p.Timestamp}
			continue
		}
		left = append(left, tp)
		if err := l.note(ctx, tp, l.seq[tp]+1, reason, gone); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func (l *offsetLister) request(tps []TopicPartition, epochs map[TopicPartition]int32) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.IsolationLevel = l.isolation
	req.TimeoutMillis = int32(l.c.o.Timeout.Milliseconds())
	at := map[string]int{}
	for _, tp := range tps {
		i, ok := at[tp.Topic]
		if !ok {
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = tp.Topic
			i = len(req.Topics)
			at[tp.Topic] = i
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.CurrentLeaderEpoch, p.Timestamp = tp.Partition, epochs[tp], l.timestamp
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	return req
}

func indexOffsets(resp *kmsg.ListOffsetsResponse) map[string]map[int32]*kmsg.ListOffsetsResponseTopicPartition {
	found := make(map[string]map[int32]*kmsg.ListOffsetsResponseTopicPartition, len(resp.Topics))
	for i := range resp.Topics {
		t := &resp.Topics[i]
		ps := make(map[int32]*kmsg.ListOffsetsResponseTopicPartition, len(t.Partitions))
		for j := range t.Partitions {
			ps[t.Partitions[j].Partition] = &t.Partitions[j]
		}
		found[t.Topic] = ps
	}
	return found
}

// checkOffset says why an answer cannot be used. The offset of an answer with an error is -1 and no
// offset at all.
func checkOffset(tp TopicPartition, p *kmsg.ListOffsetsResponseTopicPartition, id TopicID, timestamp int64) error {
	switch {
	case p == nil:
		return errors.New("the leader left the partition out of its answer")
	case suspectsDeletion(p.ErrorCode):
		return errSuspect
	case p.ErrorCode != 0:
		return codeError(p.ErrorCode, nil)
	case !tp.ID.IsZero() && id != tp.ID:
		return errSuspect
	case p.Offset < 0 && timestamp < 0:
		return fmt.Errorf("the leader answered with offset %d", p.Offset)
	}
	return nil
}

// topicIDs are the ids that one broker has for the topics of tps now.
func (c *Client) topicIDs(ctx context.Context, k *kgo.Client, node int32, tps []TopicPartition) (map[string]TopicID, error) {
	ids := map[string]TopicID{}
	var names []string
	for _, tp := range tps {
		if _, ok := ids[tp.Topic]; !ok && !tp.ID.IsZero() {
			ids[tp.Topic] = TopicID{}
			names = append(names, tp.Topic)
		}
	}
	if len(names) == 0 {
		return ids, nil
	}
	resp, err := c.metadataOf(ctx, k, node, names)
	if err != nil {
		return nil, err
	}
	for i := range resp.Topics {
		if t := &resp.Topics[i]; t.ErrorCode == 0 {
			ids[topicName(t)] = t.TopicID
		}
	}
	return ids, nil
}
