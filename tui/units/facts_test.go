package units

import (
	"testing"

	"kustody/engine"
)

func TestFacts(t *testing.T) {
	topic := engine.Event{Type: "topic", Fields: []engine.Field{engine.F("topic", "orders"), engine.F("target", "restored-orders"),
		engine.F("partitions", 3), engine.F("bytes", int64(2048)), engine.F("exists", false), engine.F("reason", "")}}
	for _, x := range []struct {
		e    engine.Event
		want string
	}{
		{topic, "orders → restored-orders: partitions 3, bytes 2.0 KiB, exists no"},
		{engine.Event{Type: "phase", Fields: []engine.Field{engine.F("phase", "capture")}}, "capture"},
		{engine.Event{Type: "plan", Fields: []engine.Field{engine.F("run_id", "r1"), engine.F("checks", []string{"a", "b"}), engine.F("records", int32(12345))}},
			"run id r1, checks a, b, records 12,345"},
		{engine.Event{Type: "plan"}, ""},
	} {
		if got := Subject(x.e); got != x.want {
			t.Errorf("the subject of %s is %q, want %q", x.e.Type, got, x.want)
		}
	}
}
