package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Group is a consumer group and what it has committed.
type Group struct {
	ID       string
	State    string // Empty, Stable, PreparingRebalance, …
	Protocol string // classic or consumer (KIP-848); "" from brokers that do not tell
	Members  int
	Offsets  []GroupOffset // ordered by topic and partition
	Err      string        // why this group's members or offsets could not be read; "" if they were
}

// GroupOffset is what a group has committed for one partition.
type GroupOffset struct {
	Topic     string
	Partition int32
	Offset    int64
	Metadata  string
}

// ActiveGroupError says that a group has members, so that nobody else may set its offsets.
type ActiveGroupError struct {
	Group   string
	Members int // 0 if they could not be counted
}

// Error says how to get rid of the members.
func (e *ActiveGroupError) Error() string {
	return fmt.Sprintf("group %q has active members (%d seen): stop its consumers, then set its offsets", e.Group, e.Members)
}

// groupWorkers is how many groups are asked about at the same time.
const groupWorkers = 8

// Groups lists the consumer groups of all brokers with their committed offsets, by id. Each group is
// asked of its own coordinator. What could not be read of a group stands in its Err, and its Offsets are
// then empty without meaning anything. A broker that could not list its groups makes the whole call an
// error, which comes together with the groups of the others: without them the list is not complete.
func (a *Admin) Groups(ctx context.Context) ([]Group, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	list, err := read(ctx, a, "list consumer groups", func(ctx context.Context) (rd.ListConsumerGroupsResult, error) {
		return a.client.ListConsumerGroups(ctx)
	})
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(list.Valid))
	for i, g := range list.Valid {
		groups[i] = Group{ID: g.GroupID, State: g.State.String(), Protocol: protocolOf(g.Type)}
	}
	slices.SortFunc(groups, func(x, y Group) int { return strings.Compare(x.ID, y.ID) })
	a.fillGroups(ctx, groups)
	if len(list.Errors) > 0 {
		return groups, a.explain("list consumer groups: not every broker answered", errors.Join(list.Errors...))
	}
	if err := ctx.Err(); err != nil {
		return groups, fmt.Errorf("read the offsets of %d groups: %w", len(groups), err)
	}
	return groups, nil
}

func (a *Admin) fillGroups(ctx context.Context, groups []Group) {
	next := make(chan *Group)
	var wg sync.WaitGroup
	for range min(groupWorkers, len(groups)) {
		wg.Go(func() {
			for g := range next {
				a.fillGroup(ctx, g)
			}
		})
	}
	for i := range groups {
		next <- &groups[i]
	}
	close(next)
	wg.Wait()
}

func (a *Admin) fillGroup(ctx context.Context, g *Group) {
	err := a.describeGroup(ctx, g)
	if err == nil {
		g.Offsets, err = a.GroupOffsets(ctx, g.ID)
	}
	if err != nil {
		g.Err = err.Error()
	}
}

func (a *Admin) describeGroup(ctx context.Context, g *Group) error {
	res, err := read(ctx, a, fmt.Sprintf("describe group %q", g.ID), func(ctx context.Context) (rd.ConsumerGroupDescription, error) {
		d, err := a.client.DescribeConsumerGroups(ctx, []string{g.ID})
		if err != nil {
			return rd.ConsumerGroupDescription{}, err
		}
		if len(d.ConsumerGroupDescriptions) != 1 {
			return rd.ConsumerGroupDescription{}, fmt.Errorf("%d answers for one group", len(d.ConsumerGroupDescriptions))
		}
		return d.ConsumerGroupDescriptions[0], failure(d.ConsumerGroupDescriptions[0].Error)
	})
	if err != nil {
		return err
	}
	g.State = res.State.String()
	g.Members = len(res.Members)
	if p := protocolOf(res.Type); p != "" {
		g.Protocol = p
	}
	return nil
}

func protocolOf(t rd.ConsumerGroupType) string {
	if t == rd.ConsumerGroupTypeUnknown {
		return ""
	}
	return strings.ToLower(t.String())
}

// GroupOffsets gives what a group has committed, ordered by topic and partition. A group that is not
// there has committed nothing.
func (a *Admin) GroupOffsets(ctx context.Context, group string) ([]GroupOffset, error) {
	return read(ctx, a, fmt.Sprintf("read offsets of group %q", group), func(ctx context.Context) ([]GroupOffset, error) {
		res, err := a.client.ListConsumerGroupOffsets(ctx, []rd.ConsumerGroupTopicPartitions{{Group: group}})
		if hasCode(err, rd.ErrGroupIDNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return groupOffsetsOf(res.ConsumerGroupsTopicPartitions)
	})
}

func groupOffsetsOf(groups []rd.ConsumerGroupTopicPartitions) ([]GroupOffset, error) {
	var offsets []GroupOffset
	var errs []error
	for _, g := range groups {
		for _, p := range g.Partitions {
			switch {
			case p.Error != nil:
				errs = append(errs, fmt.Errorf("%s/%d: %w", *p.Topic, p.Partition, p.Error))
			case p.Offset >= 0: // negative: nothing committed for this partition
				o := GroupOffset{Topic: *p.Topic, Partition: p.Partition, Offset: int64(p.Offset)}
				if p.Metadata != nil {
					o.Metadata = *p.Metadata
				}
				offsets = append(offsets, o)
			}
		}
	}
	slices.SortFunc(offsets, func(x, y GroupOffset) int {
		if c := strings.Compare(x.Topic, y.Topic); c != 0 {
			return c
		}
		return int(x.Partition) - int(y.Partition)
	})
	return offsets, errors.Join(errs...)
}

// CommitGroup sets the offsets of one group that has no members; a group that is not there is made. No
// leader epoch goes with them: with the epoch of another cluster a Java consumer would read nothing, and
// say nothing. A coordinator that is still loading is asked again until the deadline. Members give
// *ActiveGroupError; a broker may have taken some of the partitions before another was refused, and the
// call may simply be repeated.
func (a *Admin) CommitGroup(ctx context.Context, group string, offsets []GroupOffset) error {
	if len(offsets) == 0 {
		return nil
	}
	parts, err := commitOf(group, offsets)
	if err != nil {
		return err
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	what := fmt.Sprintf("set offsets of group %q", group)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		_, err := ask(ctx, a, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, a.commit(ctx, parts) })
		if err == nil {
			return nil
		}
		if hasCode(err, rd.ErrUnknownMemberID, rd.ErrIllegalGeneration, rd.ErrStaleMemberEpoch, rd.ErrNonEmptyGroup, rd.ErrFencedMemberEpoch, rd.ErrRebalanceInProgress) {
			return a.activeGroup(ctx, group)
		}
		if !hasCode(err, rd.ErrCoordinatorLoadInProgress, rd.ErrCoordinatorNotAvailable, rd.ErrNotCoordinator, rd.ErrWaitCoord) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

func commitOf(group string, offsets []GroupOffset) (rd.ConsumerGroupTopicPartitions, error) {
	parts := rd.ConsumerGroupTopicPartitions{Group: group}
	for _, o := range offsets {
		if o.Offset < 0 {
			return parts, fmt.Errorf("set offsets of group %q: %s/%d: %d is not an offset", group, o.Topic, o.Partition, o.Offset)
		}
		parts.Partitions = append(parts.Partitions, rd.TopicPartition{
			Topic:     &o.Topic,
			Partition: o.Partition,
			Offset:    rd.Offset(o.Offset),
			Metadata:  &o.Metadata,
		})
	}
	return parts, nil
}

func (a *Admin) commit(ctx context.Context, parts rd.ConsumerGroupTopicPartitions) error {
	res, err := a.client.AlterConsumerGroupOffsets(ctx, []rd.ConsumerGroupTopicPartitions{parts})
	if err != nil {
		return err
	}
	var errs []error
	for _, g := range res.ConsumerGroupsTopicPartitions {
		for _, p := range g.Partitions {
			if p.Error != nil {
				errs = append(errs, fmt.Errorf("%s/%d: %w", *p.Topic, p.Partition, p.Error))
			}
		}
	}
	return errors.Join(errs...)
}

func (a *Admin) activeGroup(ctx context.Context, group string) error {
	g := Group{ID: group}
	_ = a.describeGroup(ctx, &g) // the count is only for the message
	return &ActiveGroupError{Group: group, Members: g.Members}
}

// hasCode looks at the first error of librdkafka inside err.
func hasCode(err error, codes ...rd.ErrorCode) bool {
	e, ok := errors.AsType[rd.Error](err)
	return ok && slices.Contains(codes, e.Code())
}
