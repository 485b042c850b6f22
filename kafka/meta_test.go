package kafka_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestOpenTellsWhatIsWrong(t *testing.T) {
	b := startBroker(t, embedded.Options{})
	cl := b.Cluster()
	b.Close()
	began := time.Now()
	if _, err := kafka.OpenWith(t.Context(), cl, impatient); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("open without a broker: %v after %s", err, time.Since(began))
	}
}

func TestMetadata(t *testing.T) {
	b := startBroker(t, embedded.Options{Brokers: 3, ClusterID: "here", Topics: map[string]int32{"b": 3, "a": 1}})
	c := open(t, b, impatient)
	if id, err := c.ClusterID(t.Context()); err != nil || id != "here" {
		t.Errorf("cluster id %q, %v", id, err)
	}
	bs, err := c.Brokers(t.Context())
	if err != nil || len(bs) != 3 || bs[2].ID != 2 || bs[0].Port == 0 {
		t.Errorf("brokers %+v, %v", bs, err)
	}
	all, err := c.Topics(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" {
		t.Fatalf("topics %+v, %v", all, err)
	}
	if all[1].ID != b.TopicID("b") || len(all[1].Partitions) != 3 || all[1].Partitions[2].Number != 2 || all[1].Partitions[0].Replicas != 3 {
		t.Errorf("topic %+v", all[1])
	}
	some, err := c.Topics(t.Context(), "b", "a")
	if err != nil || some[0].Name != "b" || some[1].Name != "a" {
		t.Errorf("topics %+v, %v", some, err)
	}
	var unknown *kafka.UnknownTopicError
	if _, err := c.Topics(t.Context(), "a", "nowhere"); !errors.As(err, &unknown) || unknown.Topic != "nowhere" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if byID, err := c.FetchesByID(t.Context()); err != nil || !byID {
		t.Errorf("fetches by id: %v, %v", byID, err)
	}
}

// unknownOn makes some brokers answer that there is no topic "orders".
func unknownOn(b *embedded.Broker, nodes ...int32) {
	b.Answer(embedded.Metadata, func(node int32, req kmsg.Request) kmsg.Response {
		m := req.(*kmsg.MetadataRequest)
		if !slices.Contains(nodes, node) || len(m.Topics) != 1 || m.Topics[0].Topic == nil || *m.Topics[0].Topic != "orders" {
			return nil
		}
		resp := m.ResponseKind().(*kmsg.MetadataResponse)
		t := kmsg.NewMetadataResponseTopic()
		t.Topic, t.ErrorCode = m.Topics[0].Topic, 3
		resp.Topics = append(resp.Topics, t)
		return resp
	})
}

func TestC23_TwoBrokersMustAgreeThatATopicIsGone(t *testing.T) {
	for _, tc := range []struct {
		name    string
		brokers int
		unknown []int32
		delete  bool
		again   bool
		want    kafka.Existence
	}{
		{"there", 3, nil, false, false, kafka.Exists},
		{"one broker of three is behind", 3, []int32{0}, false, false, kafka.Exists},
		{"one broker of two is behind", 2, []int32{1}, false, false, kafka.Unsure},
		{"deleted", 3, nil, true, false, kafka.Deleted},
		{"deleted, one broker", 1, nil, true, false, kafka.Deleted},
		{"created again", 3, nil, true, true, kafka.Replaced},
		{"created again, one broker behind", 3, []int32{0}, true, true, kafka.Replaced},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := startBroker(t, embedded.Options{Brokers: tc.brokers, Topics: map[string]int32{"orders": 1}})
			c := open(t, b, impatient)
			id := b.TopicID("orders")
			if tc.delete {
				check(t, b.DeleteTopic("orders"))
			}
			if tc.again {
				check(t, b.CreateTopic("orders", 1, nil))
			}
			unknownOn(b, tc.unknown...)
			if got, err := c.TopicExists(t.Context(), "orders", id); err != nil || got != tc.want {
				t.Errorf("%s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func TestDeleteTopicByID(t *testing.T) {
	b := startBroker(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"orders": 1}})
	c := open(t, b, impatient)
	id := b.TopicID("orders")
	check(t, b.DeleteTopic("orders"))
	check(t, b.CreateTopic("orders", 1, nil))
	if err := c.DeleteTopic(t.Context(), id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleting what is gone: %v", err)
	}
	if b.TopicID("orders").IsZero() {
		t.Fatal("the topic that took the name was deleted")
	}
	b.DropAfter(embedded.DeleteTopics, 1)
	check(t, c.DeleteTopic(t.Context(), b.TopicID("orders")))
	if !b.TopicID("orders").IsZero() {
		t.Error("not deleted")
	}
	if err := c.DeleteTopic(t.Context(), kafka.TopicID{}); err == nil {
		t.Error("a zero id was taken")
	}
}
