//go:build full

package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/kafka"
	"kustody/kafka/kafkatest"
)

// produceReal writes the numbers from 0 to n−1 through an ordinary producer.
func produceReal(t testing.TB, c *kafkatest.Cluster, topic string, partition int32, n int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Plain().BootstrapServers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	noError(t, err)
	defer cl.Close()
	for i := range n {
		cl.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Append(nil, i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	noError(t, cl.Flush(t.Context()))
}

// TestSecurityMatrix: every listener and mechanism, right and wrong, with both clients.
func TestSecurityMatrix(t *testing.T) {
	c := kafkatest.Start(t)
	type row struct {
		name    string
		cluster kafka.Cluster
		want    kafka.Kind
	}
	rows := []row{{"PLAINTEXT", c.Plain(), ""}, {"SSL", c.SSL(), ""}, {"mutual TLS", c.MutualTLS(), ""}}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, right := range []kafka.Cluster{c.SASLPlain(mechanism), c.SASLSSL(mechanism)} {
			name := right.Security.Protocol + " " + mechanism
			wrong, nobody := right, right
			wrong.Security.Password += "-not"
			nobody.Security.Username = "nobody"
			rows = append(rows, row{name, right, ""}, row{name + ", wrong password", wrong, kafka.WrongCredentials}, row{name + ", unknown user", nobody, kafka.WrongCredentials})
		}
	}
	at := func(k, port kafka.Cluster) kafka.Cluster {
		k.BootstrapServers = port.BootstrapServers
		return k
	}
	otherCA := c.SSL()
	otherCA.Security.CAFile = c.OtherCAFile()
	rows = append(rows,
		row{"another CA", otherCA, kafka.UnknownCA},
		row{"TLS on a plain port", at(c.SSL(), c.Plain()), kafka.TLSOnPlainPort},
		row{"SASL_SSL on a SASL_PLAINTEXT port", at(c.SASLSSL("PLAIN"), c.SASLPlain("PLAIN")), kafka.TLSOnPlainPort},
		row{"plain on a TLS port", at(c.Plain(), c.SSL()), kafka.PlainOnTLSPort},
		row{"SASL_PLAINTEXT on a SASL_SSL port", at(c.SASLPlain("PLAIN"), c.SASLSSL("PLAIN")), kafka.PlainOnTLSPort},
		row{"no SASL on a SASL port", at(c.Plain(), c.SASLPlain("PLAIN")), kafka.MissingSASL},
		row{"no SASL on a SASL_SSL port", at(c.SSL(), c.SASLSSL("PLAIN")), kafka.MissingSASL},
		row{"no client certificate", at(c.SSL(), c.MutualTLS()), kafka.ClientCertificate},
	)
	for _, r := range rows {
		for client, open := range openers {
			t.Run(r.name+"/"+client, func(t *testing.T) {
				t.Parallel()
				conn, err := open(within(t, 30*time.Second), r.cluster)
				if err == nil {
					conn.Close()
				}
				if kafka.KindOf(err) != r.want || (err == nil) != (r.want == "") {
					t.Errorf("kind %q, want %q: %v", kafka.KindOf(err), r.want, err)
				}
			})
		}
	}
}

// TestDeniedTopics: a topic that others alone may use is not seen, not described and not read.
func TestDeniedTopics(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "denied")
	c.CreateTopic(topic, 1, 1, nil)
	produceReal(t, c, topic, 0, 3)
	root, alice := admin(t, c.Plain()), admin(t, c.SASLPlain("PLAIN"))
	ctx := within(t, time.Minute)
	acl := kafka.ACL{Resource: "TOPIC", Name: topic, Pattern: "LITERAL", Principal: "User:somebody-else", Host: "*", Operation: "ALL", Permission: "ALLOW"}
	noError(t, root.CreateACLs(ctx, []kafka.ACL{acl}))
	acls, err := root.ACLs(ctx)
	noError(t, err)
	if !slices.Contains(acls, acl) {
		t.Errorf("%s is missing among %v", acl, acls)
	}

	sees := func(a *kafka.Admin) bool {
		topics, err := a.Topics(ctx)
		noError(t, err)
		return slices.ContainsFunc(topics, func(x kafka.Topic) bool { return x.Name == topic })
	}
	eventually(t, "the ACL reaches every broker", func() bool { return !sees(alice) })
	if !sees(root) {
		t.Error("a super user does not see the topic")
	}
	_, err = alice.Configs(ctx, []string{topic})
	if kafka.KindOf(err) != kafka.NoRights {
		t.Errorf("configs of a denied topic: %v", err)
	}
	r := readBack(t, c.SASLPlain("PLAIN"), kafka.ReadBackOptions{Stall: 20 * time.Second})
	err = r.Partition(ctx, kafka.TopicPartition{Topic: topic}, 0, 3, func(*kafka.ReadRecord) error { return errors.New("delivered") })
	if kafka.KindOf(err) != kafka.NoRights {
		t.Errorf("reading a denied topic: %v", err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestR14_JavaConsumerReadsOn: from offsets that we committed a Java consumer reads on at the right record.
func TestR14_JavaConsumerReadsOn(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "r14")
	c.CreateTopic(topic, 1, 3, nil)
	produceReal(t, c, topic, 0, 20)
	group := topic + "-group"
	a := admin(t, c.Plain())
	ctx := within(t, time.Minute)
	want := []kafka.GroupOffset{{Topic: topic, Partition: 0, Offset: 13, Metadata: "restored"}}
	noError(t, a.CommitGroup(ctx, group, want))
	got, err := a.GroupOffsets(ctx, group)
	noError(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("read back %v", got)
	}
	out := c.Tool(kafkatest.ConsoleConsumer, "--bootstrap-server", c.Bootstrap(), "--topic", topic, "--group", group, "--max-messages", "7", "--timeout-ms", "60000")
	if want := strings.Join(numbers(13, 20), "\n") + "\n"; out != want {
		t.Errorf("the Java consumer read %q, want %q", out, want)
	}
}

// TestC13_RealCoordinators: groups spread over three brokers, an active one among them.
func TestC13_RealCoordinators(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "c13")
	c.CreateTopic(topic, 3, 3, nil)
	produceReal(t, c, topic, 0, 1)
	a := admin(t, c.Plain())
	ctx := within(t, 2*time.Minute)
	want := map[string]int64{}
	for i := range 12 {
		id := fmt.Sprintf("%s-%02d", topic, i)
		want[id] = int64(i)
		noError(t, a.CommitGroup(ctx, id, []kafka.GroupOffset{{Topic: topic, Partition: int32(i % 3), Offset: int64(i)}}))
	}
	busy := topic + "-busy"
	member, err := kgo.NewClient(kgo.SeedBrokers(c.Plain().BootstrapServers...), kgo.ConsumerGroup(busy), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	noError(t, err)
	defer member.Close()
	member.PollFetches(ctx)

	groups, err := a.Groups(ctx)
	noError(t, err)
	seen := 0
	for _, g := range groups {
		if offset, ok := want[g.ID]; ok {
			seen++
			if g.Err != "" || g.State != "Empty" || len(g.Offsets) != 1 || g.Offsets[0].Offset != offset {
				t.Errorf("group %+v, want offset %d", g, offset)
			}
		}
		if g.ID == busy && (g.Members != 1 || g.State != "Stable" || g.Err != "") {
			t.Errorf("the busy group: %+v", g)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d groups were found", seen, len(want))
	}
	var active *kafka.ActiveGroupError
	if err := a.CommitGroup(ctx, busy, []kafka.GroupOffset{{Topic: topic, Offset: 0}}); !errors.As(err, &active) || active.Members != 1 {
		t.Errorf("commit to a group with a member: %v", err)
	}
}

// TestC14_RealConfigs: what was set on the topic is told from what a broker or Kafka itself says.
func TestC14_RealConfigs(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "c14")
	a := admin(t, c.Plain())
	ctx := within(t, time.Minute)
	set := map[string]string{"cleanup.policy": "compact", "max.message.bytes": "123456", "min.cleanable.dirty.ratio": "0.7"}
	noError(t, a.CreateTopic(ctx, kafka.NewTopic{Name: topic, Partitions: 2, Replication: 3, Configs: set}))
	var exists *kafka.ExistsError
	if err := a.CreateTopic(ctx, kafka.NewTopic{Name: topic, Partitions: 2, Replication: 3}); !errors.As(err, &exists) {
		t.Errorf("created twice: %v", err)
	}
	noError(t, a.SetConfigs(ctx, topic, map[string]string{"retention.ms": "1000"}, []string{"min.cleanable.dirty.ratio"}))
	delete(set, "min.cleanable.dirty.ratio")
	set["retention.ms"] = "1000"
	eventually(t, "the configs are as set", func() bool {
		all, err := a.Configs(ctx, []string{topic})
		noError(t, err)
		got := map[string]string{}
		for _, conf := range all[topic] {
			if conf.OnTopic() {
				got[conf.Name] = conf.Value
			}
		}
		return fmt.Sprint(got) == fmt.Sprint(set)
	})
	confs, err := a.BrokerConfigs(ctx, 1)
	noError(t, err)
	if i := slices.IndexFunc(confs, func(c kafka.Config) bool { return c.Name == "node.id" }); i < 0 || confs[i].Value != "1" || confs[i].Default {
		t.Errorf("node.id is not among the broker's configs as set: %v", confs)
	}
	id, err := a.ClusterID(ctx)
	noError(t, err)
	if id != c.ID() {
		t.Errorf("cluster id %q, want %q", id, c.ID())
	}
}
