package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

// TestC13_GroupsOfEveryCoordinator: with three brokers each group is asked of its own coordinator, and
// none is lost.
func TestC13_GroupsOfEveryCoordinator(t *testing.T) {
	b := broker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 3}})
	a := admin(t, b.Cluster())
	ctx := within(t, 30*time.Second)
	const n = 12
	for i := range n {
		noError(t, a.CommitGroup(ctx, fmt.Sprintf("group-%02d", i), []kafka.GroupOffset{
			{Topic: "orders", Partition: 0, Offset: int64(i), Metadata: "by hand"},
			{Topic: "orders", Partition: 2, Offset: int64(100 + i)},
		}))
	}
	groups, err := a.Groups(ctx)
	noError(t, err)
	if len(groups) != n {
		t.Fatalf("%d groups, want %d", len(groups), n)
	}
	for i, g := range groups {
		want := []kafka.GroupOffset{
			{Topic: "orders", Partition: 0, Offset: int64(i), Metadata: "by hand"},
			{Topic: "orders", Partition: 2, Offset: int64(100 + i)},
		}
		if g.ID != fmt.Sprintf("group-%02d", i) || g.Err != "" || !slices.Equal(g.Offsets, want) || g.State != "Empty" {
			t.Errorf("group %d: %+v", i, g)
		}
	}
}

// TestC13_AGroupThatCannotBeReadIsReported: its error stands in the group, and the others are whole.
func TestC13_AGroupThatCannotBeReadIsReported(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)
	for _, id := range []string{"bad", "good"} {
		noError(t, a.CommitGroup(ctx, id, []kafka.GroupOffset{{Topic: "orders", Offset: 7}}))
	}
	b.Answer(kmsg.OffsetFetch.Int16(), func(_ int32, req kmsg.Request) kmsg.Response {
		return refuseOffsets(req.(*kmsg.OffsetFetchRequest), "bad")
	})
	groups, err := a.Groups(ctx)
	noError(t, err)
	if len(groups) != 2 || !strings.Contains(groups[0].Err, "uthoriz") || len(groups[0].Offsets) != 0 {
		t.Errorf("the group that cannot be read: %+v", groups)
	}
	if groups[1].Err != "" || len(groups[1].Offsets) != 1 {
		t.Errorf("the group that can: %+v", groups[1])
	}
}

// refuseOffsets answers for one group that the user may not; nil leaves the request to the broker.
func refuseOffsets(req *kmsg.OffsetFetchRequest, group string) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
	if req.Group == group {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return resp
	}
	for _, g := range req.Groups {
		if g.Group == group {
			refused := kmsg.NewOffsetFetchResponseGroup()
			refused.Group, refused.ErrorCode = group, kerr.GroupAuthorizationFailed.Code
			resp.Groups = append(resp.Groups, refused)
			return resp
		}
	}
	return nil
}

func TestCommitGroupWaitsForItsCoordinator(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)
	b.FailNext(embedded.OffsetCommit, kerr.CoordinatorLoadInProgress.Code, 2)
	noError(t, a.CommitGroup(ctx, "late", []kafka.GroupOffset{{Topic: "orders", Offset: 5}}))
	got, err := a.GroupOffsets(ctx, "late")
	noError(t, err)
	if !slices.Equal(got, []kafka.GroupOffset{{Topic: "orders", Offset: 5}}) {
		t.Errorf("committed: %v", got)
	}
}

// TestR14_NoLeaderEpochIsCommitted: what reaches the broker carries epoch −1.
func TestR14_NoLeaderEpochIsCommitted(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	a := admin(t, b.Cluster())
	epochs := make(chan int32, 1)
	b.OnRequest(embedded.OffsetCommit, func(_ int32, req kmsg.Request) {
		for _, topic := range req.(*kmsg.OffsetCommitRequest).Topics {
			for _, p := range topic.Partitions {
				epochs <- p.LeaderEpoch
			}
		}
	})
	noError(t, a.CommitGroup(within(t, 20*time.Second), "g", []kafka.GroupOffset{{Topic: "orders", Offset: 5}}))
	if e := <-epochs; e != -1 {
		t.Errorf("leader epoch %d was committed", e)
	}
}

func TestCommitGroupRefusesActiveGroups(t *testing.T) {
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	ctx := within(t, 30*time.Second)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addrs()...), kgo.ConsumerGroup("busy"), kgo.ConsumeTopics("orders"))
	noError(t, err)
	defer cl.Close()
	_, err = b.Produce("orders", 0, embedded.Record{Value: []byte("x"), Timestamp: 1})
	noError(t, err)
	if fetches := cl.PollFetches(ctx); fetches.NumRecords() != 1 {
		t.Fatalf("the member read %d records: %v", fetches.NumRecords(), fetches.Errors())
	}
	a := admin(t, b.Cluster())
	err = a.CommitGroup(ctx, "busy", []kafka.GroupOffset{{Topic: "orders", Offset: 0}})
	var active *kafka.ActiveGroupError
	if !errors.As(err, &active) || active.Group != "busy" || active.Members != 1 {
		t.Errorf("commit to a group with a member: %v", err)
	}
}

func TestCommitGroupRefusesNonsense(t *testing.T) {
	a := admin(t, broker(t, embedded.Options{}).Cluster())
	ctx := within(t, 20*time.Second)
	if err := a.CommitGroup(ctx, "g", []kafka.GroupOffset{{Topic: "orders", Offset: -1}}); err == nil {
		t.Error("offset -1 was accepted")
	}
	noError(t, a.CommitGroup(ctx, "g", nil))
	if got, err := a.GroupOffsets(ctx, "never"); err != nil || len(got) != 0 {
		t.Errorf("offsets of a group that is not there: %v, %v", got, err)
	}
}
