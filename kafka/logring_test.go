package kafka

import (
	"context"
	"errors"
	"testing"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What librdkafka wrote to its log, as seen.
const (
	logRefused  = "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)"
	logPassword = "[thrd:sasl_ssl://[::1]:9093/bootstrap]: sasl_ssl://[::1]:9093/bootstrap: SASL authentication error: Authentication failed (after 3ms in state AUTH_REQ)"
	logClosed   = "[thrd:broker.example:9092/bootstrap]: broker.example:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 1ms in state APIVERSION_QUERY)"
	logIdle     = "[thrd:127.0.0.1:9092/1]: 127.0.0.1:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 600000ms in state UP)"
)

func TestLogRingReadsLines(t *testing.T) {
	for _, c := range []struct {
		line, server string
		kind         Kind
	}{
		{logRefused, "127.0.0.1:1", Refused},
		{logPassword, "[::1]:9093", WrongCredentials},
		{logClosed, "broker.example:9092", PlainOnTLSPort},
		{logIdle, "127.0.0.1:9092", ""}, // a broker that closes what is idle is no trouble
		{"something else", "", ""},
	} {
		r := newLogRing(rd.ConfigMap{}, Security{Protocol: "PLAINTEXT"})
		r.add(c.line)
		r.stop()
		if l := r.recent[0]; l.server != c.server || l.kind != c.kind {
			t.Errorf("%q: server %q, kind %q", c.line, l.server, l.kind)
		}
	}
}

func TestLogRingExplainsSilenceOnly(t *testing.T) {
	r := newLogRing(rd.ConfigMap{}, Security{})
	defer r.stop()
	if err := r.explain(context.DeadlineExceeded); err != context.DeadlineExceeded {
		t.Errorf("explained by nothing: %v", err)
	}
	for range logLines { // the ring forgets
		r.add(logPassword)
	}
	for range logLines {
		r.add(logRefused)
	}
	told := errors.New("told")
	if err := r.explain(told); err != told {
		t.Errorf("an error that says what is wrong became %v", err)
	}
	c := Cluster{BootstrapServers: []string{"127.0.0.1:1"}}
	err := Diagnose(r.explain(context.DeadlineExceeded), c)
	if KindOf(err) != Refused || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if all, credentials, _ := r.failed(c.BootstrapServers); !all || credentials {
		t.Errorf("failed: all %v, credentials %v", all, credentials)
	}
	if all, _, _ := r.failed([]string{"127.0.0.1:1", "127.0.0.1:2"}); all {
		t.Error("a server of which nothing is known counts as failed")
	}
}
