package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// topicsSource is a source whose topics and offsets a test meddles with.
type topicsSource struct {
	Source
	topics  func(list []kafka.Topic) []kafka.Topic
	offsets func(tps []kafka.TopicPartition) error
	asked   atomic.Int32
}

func (s *topicsSource) Topics(ctx context.Context, names ...string) ([]kafka.Topic, error) {
	list, err := s.Source.Topics(ctx, names...)
	if err == nil && s.topics != nil {
		list = s.topics(list)
	}
	return list, err
}

func (s *topicsSource) Offsets(ctx context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error) {
	s.asked.Add(1)
	if s.offsets != nil {
		if err := s.offsets(tps); err != nil {
			return nil, err
		}
	}
	return s.Source.Offsets(ctx, q, tps)
}

func (w *world) coverage(source Source) *Coverage {
	w.t.Helper()
	c, err := DescribeCoverage(w.t.Context(), CoverageOptions{Source: source, Query: QueryOptions{Store: w.store, BackupID: "b1"},
		Topics: Selection{Match: func(name string, internal bool) bool { return !internal && name != "beside" }}})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// sameTopics compares what a test cares for: ids are checked for being there, problems by their words.
func sameTopics(t *testing.T, got, want []TopicCoverage) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d topics, want %d: %+v", len(got), len(want), got)
	}
	for i, g := range got {
		if len(g.ID) != 32 || !strings.Contains(g.Problem, want[i].Problem) || want[i].Problem == "" && g.Problem != "" {
			t.Errorf("id %q, problem %q, want %q", g.ID, g.Problem, want[i].Problem)
		}
		g.ID, g.Problem = "", want[i].Problem
		if g != want[i] {
			t.Errorf("got  %+v\nwant %+v", g, want[i])
		}
	}
}

// TestCoverage follows a cluster from before its first backup to a topic that is created again.
func TestCoverage(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("orders", 2, nil)
	w.topic("beside", 1, map[string]string{"cleanup.policy": "compact"})
	w.topic("empty", 1, nil)
	w.produce("orders", 0, 0, 30)
	w.produce("orders", 1, 0, 12)
	w.produce("beside", 0, 0, 5)
	if err := w.broker.DeleteRecords("orders", 0, 10); err != nil {
		t.Fatal(err)
	}
	before := []TopicCoverage{{Name: "beside", Partitions: 1, Offsets: 5, Lag: 5}, {Name: "empty", Partitions: 1, InScope: true},
		{Name: "orders", Partitions: 2, InScope: true, Offsets: 32, Lag: 32}}
	c := w.coverage(w.client)
	if c.RunID != "" || c.ClusterID == "" || !c.RunFinished.IsZero() || len(c.Gone) != 0 {
		t.Errorf("before the first run: %+v", c)
	}
	sameTopics(t, c.Topics, before)
	none, err := DescribeCoverage(t.Context(), CoverageOptions{Source: w.client})
	if err != nil || none.RunID != "" || len(none.Topics) != 3 || !none.Topics[0].InScope {
		t.Errorf("without a store: %+v, %v", none, err)
	}

	s := w.backup(w.options(), ExitDone)
	c = w.coverage(w.client)
	if c.RunID != s.Get("run_id") || c.RunFinished.IsZero() || c.RunClusterID != c.ClusterID || len(c.Gone) != 0 {
		t.Errorf("after it: %+v", c)
	}
	sameTopics(t, c.Topics, []TopicCoverage{{Name: "beside", Partitions: 1, Captured: true, Compacted: true, Offsets: 5}, {Name: "empty", Partitions: 1, InScope: true, Captured: true},
		{Name: "orders", Partitions: 2, InScope: true, Captured: true, Offsets: 32}})

	// Records come, some of which are deleted before any run sees them; partitions, a topic, and a new
	// incarnation come as well, and a topic goes.
	w.produce("orders", 0, 30, 8)
	if err := w.broker.DeleteRecords("orders", 0, 33); err != nil {
		t.Fatal(err)
	}
	if err := w.grow("orders", 4); err != nil {
		t.Fatal(err)
	}
	w.produce("orders", 3, 0, 3)
	for _, name := range []string{"beside", "empty"} {
		if err := w.broker.DeleteTopic(name); err != nil {
			t.Fatal(err)
		}
	}
	w.topic("beside", 1, nil)
	w.produce("beside", 0, 0, 2)
	w.topic("late", 1, nil)
	w.produce("late", 0, 0, 4)
	c = w.coverage(w.client)
	sameTopics(t, c.Topics, []TopicCoverage{{Name: "beside", Partitions: 1, Recreated: true, Offsets: 2, Lag: 2}, {Name: "late", Partitions: 1, InScope: true, Offsets: 4, Lag: 4},
		{Name: "orders", Partitions: 4, InScope: true, Captured: true, NewPartitions: 2, Offsets: 5 + 12 + 3, Lag: 5 + 3}})
	if !slices.Equal(c.Gone, []string{"empty"}) {
		t.Errorf("gone: %q", c.Gone)
	}
	if s, err := Backup(t.Context(), w.options()).Wait(); err != nil {
		t.Fatal(s, err)
	}
	c = w.coverage(w.client)
	if b := c.Topics[0]; !b.Captured || !b.Recreated || b.Lag != 0 || b.Compacted {
		t.Errorf("the run holds both: %+v", b)
	}
}

// TestCoverageOfATransaction: an open transaction's offsets are no lag: no run could take them.
func TestCoverageOfATransaction(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("tx", 1, nil)
	w.produce("tx", 0, 0, 5)
	p, err := w.broker.TxnProducer("t1")
	if err == nil {
		_, err = p.Produce("tx", 0, embedded.Record{Value: []byte("x")})
	}
	if err != nil {
		t.Fatal(err)
	}
	sameTopics(t, w.coverage(w.client).Topics, []TopicCoverage{{Name: "tx", Partitions: 1, InScope: true, Offsets: 5, Lag: 5}})
}

// TestCoverageOfAnotherCluster: equal names are no captured topics.
func TestCoverageOfAnotherCluster(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", nil, series("", 2, 5))
	w.topic("orders", 1, nil)
	w.produce("orders", 0, 0, 3)
	c := w.coverage(w.client)
	if c.RunClusterID != "source" || c.ClusterID == "source" || c.RunID == "" {
		t.Errorf("%+v", c)
	}
	sameTopics(t, c.Topics, []TopicCoverage{{Name: "orders", Partitions: 1, InScope: true, Offsets: 3, Lag: 3}})
}

// TestCoverageProblems: what cannot be told of one topic hides no other.
func TestCoverageProblems(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	for _, name := range []string{"a", "b", "c", "d"} {
		w.topic(name, 2, nil)
		w.produce(name, 0, 0, 3)
	}
	src := &topicsSource{Source: w.client}
	src.topics = func(list []kafka.Topic) []kafka.Topic {
		list[0].Partitions[0].Leader = -1 // a/0 has none
		list[1].ID[0] ^= 1                // b was deleted, and another b came, while the list was made
		return list
	}
	src.offsets = func(tps []kafka.TopicPartition) error {
		if slices.ContainsFunc(tps, func(tp kafka.TopicPartition) bool { return tp.Topic == "c" }) {
			return errors.New("this user may not see c")
		}
		return nil
	}
	sameTopics(t, w.coverage(src).Topics, []TopicCoverage{
		{Name: "a", Partitions: 2, InScope: true, Problem: "a/0: it has no leader"},
		{Name: "b", Partitions: 2, InScope: true, Problem: "was deleted, and another topic created under its name"},
		{Name: "c", Partitions: 2, InScope: true, Problem: "this user may not see c (and 1 other partitions)"},
		{Name: "d", Partitions: 2, InScope: true, Offsets: 3, Lag: 3}})

	// What fails as a whole is an error.
	w.store.SetFaults(storage.Faults{Fail: func(storage.Op, string) error { return errors.New("the store is not well") }})
	_, err := DescribeCoverage(t.Context(), CoverageOptions{Source: w.client, Query: QueryOptions{Store: w.store, BackupID: "b1"}})
	if err == nil || !strings.Contains(err.Error(), "not well") {
		t.Errorf("a store that fails: %v", err)
	}
}

// manyTopics is a cluster that answers at once.
type manyTopics struct {
	Source
	n int
}

func (m manyTopics) ClusterID(context.Context) (string, error) { return "many", nil }

func (m manyTopics) Topics(context.Context, ...string) ([]kafka.Topic, error) {
	var list []kafka.Topic
	for i := range m.n {
		t := kafka.Topic{Name: fmt.Sprintf("t%05d", m.n-i), ID: kafka.TopicID{byte(i), byte(i >> 8), 1}}
		for p := range int32(3) {
			t.Partitions = append(t.Partitions, kafka.Partition{Number: p})
		}
		list = append(list, t)
	}
	return list, nil
}

func (m manyTopics) Offsets(_ context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error) {
	out := map[kafka.TopicPartition]kafka.Offset{}
	for _, tp := range tps {
		out[tp] = kafka.Offset{Offset: int64(q)} // LogStart is 0, LastStable 1
	}
	return out, nil
}

// TestCoverageOfManyTopics asks for the offsets of 5,000 topics in one round.
func TestCoverageOfManyTopics(t *testing.T) {
	src := &topicsSource{Source: manyTopics{n: 5000}}
	c, err := DescribeCoverage(t.Context(), CoverageOptions{Source: src})
	if err != nil || len(c.Topics) != 5000 || src.asked.Load() != 2 {
		t.Fatalf("%d topics, asked %d times, %v", len(c.Topics), src.asked.Load(), err)
	}
	if !slices.IsSortedFunc(c.Topics, func(a, b TopicCoverage) int { return strings.Compare(a.Name, b.Name) }) || c.Topics[4999].Lag != 3 {
		t.Errorf("first %+v, last %+v", c.Topics[0], c.Topics[4999])
	}
}

// TestCoverageEnds with its context, and with nothing else.
func TestCoverageEnds(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	src := &topicsSource{Source: w.client, offsets: func([]kafka.TopicPartition) error { cancel(); return ctx.Err() }}
	if c, err := DescribeCoverage(ctx, CoverageOptions{Source: src}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %+v, %v", c, err)
	}
}
