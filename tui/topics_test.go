package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kustody/engine"
)

// aCoverage is a cluster with a topic in every state.
func aCoverage() *engine.Coverage {
	return &engine.Coverage{ClusterID: "kQ3xyz", RunID: "20261120T000000Z-aa0002", RunFinished: testNow.Add(-12 * time.Hour), RunClusterID: "kQ3xyz", Gone: []string{"old-orders"},
		Topics: []engine.TopicCoverage{
			{Name: "__consumer_offsets", ID: "aa", Internal: true, Partitions: 50, Offsets: 900},
			{Name: "audit", ID: "ab", Partitions: 2, InScope: true, Captured: true, Offsets: 5000},
			{Name: "orders.v2", ID: "ac", Partitions: 12, InScope: true, Captured: true, Offsets: 18_220_114, Lag: 1204},
			{Name: "payments", ID: "ad", Partitions: 26, InScope: true, Captured: true, NewPartitions: 2, Offsets: 9_114_090, Lag: 77, Compacted: true},
			{Name: "refunds", ID: "ae", Partitions: 3, InScope: true, Offsets: 12, Lag: 12},
			{Name: "shipments", ID: "af", Partitions: 8, InScope: true, Recreated: true, Offsets: 40, Lag: 40},
			{Name: "stock", ID: strings.Repeat("0", 32), Partitions: 8, InScope: true, Captured: true, Offsets: 10, Problem: "partition 3 has no leader"},
			{Name: "scratch", ID: "b0", Partitions: 1},
		}}
}

func atTopics(t testing.TB, v *engine.Coverage, w, h int) *driver {
	t.Helper()
	d := drive(t, Desk{Cluster: "prod-eu", ReadOnly: "started with --read-only"}, w, h, ThemeDark)
	d.c.data.topics = loader[*engine.Coverage]{value: v, has: true, asOf: testNow}
	d.keys("4")
	d.c.toast = nil
	d.frame()
	return d
}

func TestTopicsStates(t *testing.T) {
	d := atTopics(t, aCoverage(), 120, 36)
	d.has("· out of scope", "✓ covered", "! lag", "! new partitions", "? not captured", "! recreated", "! cannot be told", "· gone", "≥ 10",
		"6 of 8 topics in scope, 4 captured, newest run 12h 00m ago, lag at least 1,333 offsets, 1 gone", "An internal topic of Kafka")
	for _, want := range []string{"1,204 offsets came after the newest run", "2 partitions came after", "No run holds it yet", "the earlier incarnation", "partition 3 has no leader", "1,204 offsets"} {
		d.keys("n")
		if got := strings.Join(strings.Fields(strings.ReplaceAll(asideText(d), "│", " ")), " "); !strings.Contains(got, want) {
			t.Errorf("the preview does not say %q:\n%s", want, got)
		}
	}
	d.keys("G k")
	d.keys("G")
	d.has("old-orders")
	d.keys("b")
	d.has("back up now: not here: started with --read-only")
}

// asideText is the preview of the topics.
func asideText(d *driver) string {
	var out []string
	for _, l := range d.c.screen().(*topicsScreen).aside(d.c, previewWidth, 30) {
		out = append(out, l.text())
	}
	return strings.Join(out, " ")
}

func TestTopicsSummary(t *testing.T) {
	for _, tc := range []struct {
		change func(v *engine.Coverage)
		want   string
	}{
		{func(v *engine.Coverage) { v.RunID = "" }, "no finished run yet"},
		{func(v *engine.Coverage) { v.RunClusterID = "another" }, "the newest run is of another cluster"},
		{func(v *engine.Coverage) { v.Topics[6].Problem = "" }, ", lag 1,333 offsets"},
		{func(v *engine.Coverage) { v.Topics, v.Gone = nil, nil }, "prod-eu has no topic."},
	} {
		v := aCoverage()
		tc.change(v)
		atTopics(t, v, 120, 36).has(tc.want)
	}
}

func TestTopicsCommand(t *testing.T) {
	d := atTopics(t, aCoverage(), 80, 24)
	d.keys("1", ":topics", "space", "pay", "enter")
	d.has("[4 Topics]", "filter pay: 1 of 9 topics", "payments")
	d.keys("esc", "1", ":topics", "enter")
	d.has("[4 Topics]", "orders.v2")
	d.keys("/not", "space", "captured", "enter")
	d.has("refunds", "1 of 9 topics")
}

func TestTopicsWithoutACluster(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	d.keys("4")
	d.has("No cluster was named", "--config FILE")
	d.keys("R")
	d.has("no cluster was named: give a configuration with a source")
	d = drive(t, Desk{Cluster: "prod-eu", Source: func(context.Context) (engine.CoverageOptions, func(), error) {
		return engine.CoverageOptions{}, nil, errors.New("dial broker-1:9092: connection refused")
	}}, 80, 24, ThemeDark)
	d.keys("4")
	d.has("Cannot read the topics of prod-eu.", "connection refused", "R try again")
}

func TestTopicsHostile(t *testing.T) {
	evil := "a\x1b[2J\u202e\r\n" + strings.Repeat("長", 90)
	v := aCoverage()
	v.ClusterID, v.RunID = evil, evil
	for i := range v.Topics {
		v.Topics[i].Name = fmt.Sprint(i, evil)
		v.Topics[i].ID, v.Topics[i].Problem = evil, evil
	}
	v.Gone[0] = evil
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		d := atTopics(t, v, size.x, size.y)
		for range 9 {
			d.frame()
			d.keys("j")
		}
	}
}

func TestTopicsGoldens(t *testing.T) {
	d := atTopics(t, aCoverage(), 120, 36)
	d.keys("n")
	golden(t, "topics", shown(d))
	d = drive(t, Desk{}, 120, 36, ThemeDark)
	d.keys("4")
	golden(t, "topics-no-cluster", shown(d))
}
