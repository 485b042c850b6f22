package kafkatest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// request sends one request to the broker at addr, over a connection of its own.
func request(ctx context.Context, addr string, req kmsg.Request) (kmsg.Response, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DialTimeout(2*time.Second), kgo.RequestRetries(0))
	if err != nil {
		return nil, fmt.Errorf("ask broker %s: %w", addr, err)
	}
	defer cl.Close()
	resp, err := cl.SeedBrokers()[0].Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("ask broker %s: %w", addr, err)
	}
	return resp, nil
}

// metadata is what the broker at addr knows of the cluster, all topics included, or the named ones.
func metadata(ctx context.Context, addr string, topics ...string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	resp, err := request(ctx, addr, req)
	if err != nil {
		return nil, err
	}
	return resp.(*kmsg.MetadataResponse), nil
}

// waitReady waits until every serving node knows exactly the serving nodes, and every partition whose
// replicas are all on them has a leader and all its replicas in sync.
func (k *core) waitReady(ctx context.Context) error {
	for {
		why := k.unready(ctx)
		if why == nil {
			return nil
		}
		for _, n := range k.Nodes {
			if n.crashed() {
				return n.died()
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for kafka to be ready: %w; last: %w", ctx.Err(), why)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (k *core) unready(ctx context.Context) error {
	var up []int32
	for _, n := range k.Nodes {
		if n.serves() {
			up = append(up, int32(n.ID))
		}
	}
	for _, id := range up {
		m, err := metadata(ctx, k.Nodes[id-1].addr())
		if err != nil {
			return err
		}
		if err := settled(m, up); err != nil {
			return fmt.Errorf("node %d: %w", id, err)
		}
	}
	return nil
}

// settled judges one broker's view; up is ordered.
func settled(m *kmsg.MetadataResponse, up []int32) error {
	var known []int32
	for _, b := range m.Brokers {
		known = append(known, b.NodeID)
	}
	slices.Sort(known)
	if !slices.Equal(known, up) {
		return fmt.Errorf("knows brokers %v, up are %v", known, up)
	}
	down := func(id int32) bool { return !slices.Contains(up, id) }
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			if slices.ContainsFunc(p.Replicas, down) {
				continue
			}
			if p.Leader < 0 || len(p.ISR) != len(p.Replicas) {
				return fmt.Errorf("partition %d of %s has leader %d and %d of %d replicas in sync", p.Partition, *t.Topic, p.Leader, len(p.ISR), len(p.Replicas))
			}
		}
	}
	return nil
}
