package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"kustody/kafka"
)

// cluster looks at one cluster through both clients.
func (c *checker) cluster(ctx context.Context, cl CheckCluster) {
	data, closeData, err := cl.Data(ctx)
	if !c.tell(cl.Name, "be reached by the data plane", strings.Join(cl.Servers, ", "), err) {
		c.say(cl.Name, Unknown, "be worked with", "nothing else can be asked")
		return
	}
	defer closeData()
	c.identity(ctx, cl, data)
	var topics []kafka.Topic
	if cl.Reads {
		topics = c.topics(ctx, cl, data)
	}
	control, closeControl, err := cl.Control(ctx)
	if c.tell(cl.Name, "be reached by the control plane", "", err) {
		defer closeControl()
		c.control(ctx, cl, control, topics)
	}
	if cl.Writes {
		c.writes(ctx, cl, data)
	}
}

// identity compares the cluster's id with the one expected.
func (c *checker) identity(ctx context.Context, cl CheckCluster, data CheckData) {
	id, err := data.ClusterID(ctx)
	switch {
	case err != nil:
		c.say(cl.Name, Unknown, "tell who it is", err.Error())
	case cl.Expected != "" && id != cl.Expected:
		c.say(cl.Name, Cannot, "be the right cluster", fmt.Sprintf("its id is %s, and %s is expected", id, cl.Expected))
	default:
		c.say(cl.Name, Can, "tell who it is", "cluster "+id)
	}
	brokers, err := data.Brokers(ctx)
	c.tell(cl.Name, "list its brokers", fmt.Sprintf("%d brokers", len(brokers)), err)
}

// topics looks whether every pattern finds topics, and whether they can be read.
func (c *checker) topics(ctx context.Context, cl CheckCluster, data CheckData) []kafka.Topic {
	all, err := data.Topics(ctx)
	if err != nil {
		c.say(cl.Name, Cannot, "list its topics", err.Error())
		return nil
	}
	var names []string
	var chosen []kafka.Topic
	for _, t := range all {
		names = append(names, t.Name)
		if cl.Topics.match(t.Name, t.Internal) {
			chosen = append(chosen, t)
		}
	}
	for _, missing := range cl.Topics.unmatched(names) {
		c.say("topics", Cannot, "be found", "the cluster has no topic for "+missing)
	}
	if len(chosen) == 0 {
		c.say("topics", Cannot, "be chosen", fmt.Sprintf("none of the cluster's %d topics is selected", len(all)))
		return nil
	}
	c.say("topics", Can, "be chosen", fmt.Sprintf("%d of %d topics", len(chosen), len(all)))
	for _, t := range chosen {
		c.readable(ctx, data, t)
	}
	return chosen
}

// readable reads the first records of a topic's first partition that has any: the only sure test of the
// right to read.
func (c *checker) readable(ctx context.Context, data CheckData, t kafka.Topic) {
	var tps []kafka.TopicPartition
	for _, p := range t.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: p.Number})
	}
	subject := "topic " + t.Name
	starts, err := data.Offsets(ctx, kafka.LogStart, tps)
	if err != nil {
		c.say(subject, Cannot, "be read", err.Error())
		return
	}
	ends, err := data.Offsets(ctx, kafka.LastStable, tps)
	if err != nil {
		c.say(subject, Cannot, "be read", err.Error())
		return
	}
	for _, tp := range tps {
		from, to := starts[tp].Offset, ends[tp].Offset
		if from >= to {
			continue
		}
		r := data.Read(tp, kafka.ReadOptions{Start: from, End: from + 1, LastEpoch: -1, MaxBytes: 1 << 16, RetryFor: 10 * time.Second})
		_, err := r.Next(ctx)
		r.Close()
		c.tell(subject, "be read", fmt.Sprintf("%d partitions", len(tps)), err)
		return
	}
	c.say(subject, Unknown, "be read", "it holds no records now, so the right to read was not tried")
}

// control looks at what a backup asks the control plane for.
func (c *checker) control(ctx context.Context, cl CheckCluster, control CheckControl, topics []kafka.Topic) {
	var names []string
	for _, t := range topics {
		names = append(names, t.Name)
	}
	if len(names) > 0 {
		_, err := control.Configs(ctx, names)
		c.tell(cl.Name, "show its topics' configs", fmt.Sprintf("%d topics", len(names)), err)
	}
	if cl.Groups {
		c.groups(ctx, cl, control)
	}
	if cl.ACLs {
		acls, err := control.ACLs(ctx)
		switch {
		case errors.Is(err, kafka.ErrNoAuthorizer):
			c.say(cl.Name, Can, "show its ACLs", "it has none: no authorizer is configured")
		case err != nil:
			c.say(cl.Name, Unknown, "show its ACLs", err.Error()+"; a backup leaves them out with a note")
		default:
			c.say(cl.Name, Can, "show its ACLs", fmt.Sprintf("%d rules", len(acls)))
		}
	}
}

func (c *checker) groups(ctx context.Context, cl CheckCluster, control CheckControl) {
	groups, err := control.Groups(ctx)
	if !c.tell(cl.Name, "show its consumer groups", fmt.Sprintf("%d groups", len(groups)), err) {
		return
	}
	for _, g := range groups {
		if g.Err != "" {
			c.say("group "+g.ID, Unknown, "be captured", g.Err)
		}
	}
}

// writes looks at the right to produce. The right to make topics shows only by making one.
func (c *checker) writes(ctx context.Context, cl CheckCluster, data CheckData) {
	_, err := data.InitProducer(ctx)
	c.tell(cl.Name, "give out a producer id", "idempotent writing is allowed", err)
	c.say(cl.Name, Unknown, "have topics made", "it was not tried: a preflight writes nothing")
}
