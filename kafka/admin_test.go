package kafka_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

func TestAdminTellsTheClusterAndItsTopics(t *testing.T) {
	b := broker(t, embedded.Options{Brokers: 3, ClusterID: "abcdefghijklmnopqrstuv", Topics: map[string]int32{"orders": 4, "payments": 1}})
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)

	id, err := a.ClusterID(ctx)
	noError(t, err)
	if id != "abcdefghijklmnopqrstuv" {
		t.Errorf("cluster id is %q", id)
	}
	topics, err := a.Topics(ctx)
	noError(t, err)
	i := slices.IndexFunc(topics, func(x kafka.Topic) bool { return x.Name == "orders" })
	if i < 0 {
		t.Fatalf("orders is not among %v", topics)
	}
	orders := topics[i]
	if orders.ID != b.TopicID("orders") || orders.ID.IsZero() {
		t.Errorf("id of orders is %s, want %s", orders.ID, b.TopicID("orders"))
	}
	if orders.Internal {
		t.Error("orders is called internal")
	}
	if len(orders.Partitions) != 4 || orders.Partitions[3].Number != 3 || orders.Partitions[3].Leader < 0 {
		t.Errorf("partitions of orders: %+v", orders.Partitions)
	}
}

func TestCreateTopicTwice(t *testing.T) {
	b := broker(t, embedded.Options{})
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)
	spec := kafka.NewTopic{Name: "made", Partitions: 3, Replication: 1, Configs: map[string]string{"retention.ms": "-1"}}
	noError(t, a.CreateTopic(ctx, spec))
	topics, err := a.Topics(ctx)
	noError(t, err)
	if len(topics) != 1 || topics[0].Name != "made" || len(topics[0].Partitions) != 3 {
		t.Errorf("topics after creation: %+v", topics)
	}
	err = a.CreateTopic(ctx, spec)
	var exists *kafka.ExistsError
	if !errors.As(err, &exists) || exists.Topic != "made" || !errors.Is(err, fs.ErrExist) {
		t.Errorf("second creation: %v", err)
	}
}

// TestC14_ConfigsOfATopic: whatever was set on a topic is told apart from defaults, and can be set again.
func TestC14_ConfigsOfATopic(t *testing.T) {
	b := broker(t, embedded.Options{})
	noError(t, b.CreateTopic("compacted", 1, map[string]string{"cleanup.policy": "compact", "max.message.bytes": "123456"}))
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)

	onTopic := func() map[string]string {
		t.Helper()
		all, err := a.Configs(ctx, []string{"compacted"})
		noError(t, err)
		set := map[string]string{}
		for _, c := range all["compacted"] {
			if c.OnTopic() {
				if c.Default {
					t.Errorf("%s is set on the topic and called a default", c.Name)
				}
				set[c.Name] = c.Value
			}
		}
		if len(set) == len(all["compacted"]) {
			t.Error("no default was listed")
		}
		return set
	}
	if set := onTopic(); len(set) != 2 || set["cleanup.policy"] != "compact" || set["max.message.bytes"] != "123456" {
		t.Errorf("set on the topic: %v", set)
	}
	noError(t, a.SetConfigs(ctx, "compacted", map[string]string{"cleanup.policy": "delete"}, []string{"max.message.bytes"}))
	if set := onTopic(); len(set) != 1 || set["cleanup.policy"] != "delete" {
		t.Errorf("after setting one and unsetting the other: %v", set)
	}
	noError(t, a.SetConfigs(ctx, "compacted", nil, nil))
}

func TestConfigsOfAMissingTopic(t *testing.T) {
	a := admin(t, broker(t, embedded.Options{}).Cluster())
	_, err := a.Configs(within(t, 20*time.Second), []string{"nowhere"})
	if kafka.KindOf(err) != kafka.UnknownTopic {
		t.Errorf("got %v", err)
	}
}

func TestBrokerConfigs(t *testing.T) {
	b := broker(t, embedded.Options{})
	a := admin(t, b.Cluster())
	confs, err := a.BrokerConfigs(within(t, 20*time.Second), b.Nodes()[0])
	noError(t, err)
	if !slices.IsSortedFunc(confs, func(x, y kafka.Config) int { return slices.Compare([]byte(x.Name), []byte(y.Name)) }) || len(confs) == 0 {
		t.Errorf("broker configs: %v", confs)
	}
}

func TestACLsComeBackAsMade(t *testing.T) {
	b := broker(t, embedded.Options{ACLs: true, Users: []embedded.User{{Mechanism: "PLAIN", Name: "root", Password: "root-secret", Super: true}}})
	a := admin(t, b.Cluster())
	ctx := within(t, 20*time.Second)
	want := []kafka.ACL{
		{Resource: "TOPIC", Name: "orders", Pattern: "LITERAL", Principal: "User:alice", Host: "*", Operation: "READ", Permission: "ALLOW"},
		{Resource: "GROUP", Name: "app-", Pattern: "PREFIXED", Principal: "User:alice", Host: "10.0.0.1", Operation: "DESCRIBE", Permission: "DENY"},
		{Resource: "CLUSTER", Name: "kafka-cluster", Pattern: "LITERAL", Principal: "User:bob", Host: "*", Operation: "ALTER", Permission: "ALLOW"},
	}
	noError(t, a.CreateACLs(ctx, want))
	noError(t, a.CreateACLs(ctx, want)) // making them again changes nothing
	got, err := a.ACLs(ctx)
	noError(t, err)
	for _, acl := range want {
		if !slices.Contains(got, acl) {
			t.Errorf("%s is missing among %v", acl, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d ACLs, want %d: %v", len(got), len(want), got)
	}
	err = a.CreateACLs(ctx, []kafka.ACL{{Resource: "UNKNOWN", Name: "x", Pattern: "LITERAL", Principal: "User:x", Host: "*", Operation: "READ", Permission: "ALLOW"}})
	if err == nil {
		t.Error("an ACL on an unknown kind of resource was accepted")
	}
}

func TestAdminAfterClose(t *testing.T) {
	a, err := kafka.OpenAdmin(within(t, 20*time.Second), broker(t, embedded.Options{}).Cluster())
	noError(t, err)
	a.Close()
	a.Close()
	if _, err := a.Topics(within(t, time.Second)); err == nil {
		t.Error("a closed client answered")
	}
}
