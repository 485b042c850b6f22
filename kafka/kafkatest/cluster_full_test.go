//go:build full

package kafkatest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestToolsOnSharedCluster walks a topic's life with Kafka's own tools: made by kafka-topics, filled by
// the verifiable producer, read by the console consumer over another listener, dumped from the disk.
func TestToolsOnSharedCluster(t *testing.T) {
	c := Start(t)
	topic := Topic(t, "tools")
	c.Tool(Topics, "--bootstrap-server", c.Bootstrap(), "--create", "--topic", topic, "--partitions", "1", "--replication-factor", "3")

	config := c.JavaProperties(c.Plain(), map[string]string{"compression.type": "lz4"})
	out := c.Tool(VerifiableProducer, "--bootstrap-server", c.Bootstrap(), "--topic", topic, "--max-messages", "25", "--command-config", config)
	if !strings.Contains(out, `"sent":25,"acked":25`) {
		t.Fatalf("the verifiable producer said\n%s", out)
	}

	leader := c.Leader(topic, 0)
	d := c.DumpLog(c.LogFiles(leader, topic, 0)[0])
	if first, last := d.Offsets(); d.Records() != 25 || first != 0 || last != 24 || len(d.Problems()) != 0 {
		t.Errorf("dump: %d records, offsets %d to %d, problems %q", d.Records(), first, last, d.Problems())
	}
	if codec := d.Batches[0].Codec; codec != "lz4" {
		t.Errorf("codec %s, want lz4", codec)
	}

	var want strings.Builder
	for i := range 25 {
		fmt.Fprintf(&want, "null\t%d\n", i)
	}
	for name, k := range map[string]struct{ servers, config string }{
		"SASL_SSL": {c.SASLSSL("SCRAM-SHA-512").BootstrapServers[0], c.JavaProperties(c.SASLSSL("SCRAM-SHA-512"), nil)},
		"mTLS":     {c.MutualTLS().BootstrapServers[0], c.JavaProperties(c.MutualTLS(), nil)},
	} {
		got := c.Tool(ConsoleConsumer, "--bootstrap-server", k.servers, "--topic", topic, "--from-beginning", "--max-messages", "25",
			"--command-config", k.config, "--formatter-property", "print.key=true")
		if got != want.String() {
			t.Errorf("the console consumer over %s read %q", name, got)
		}
	}
}

func TestListenersDemandTheirLogin(t *testing.T) {
	c := Start(t)
	good := map[string]string{}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		good["SASL_PLAINTEXT "+mechanism] = c.SASLPlain(mechanism).BootstrapServers[0] + " " + c.JavaProperties(c.SASLPlain(mechanism), nil)
		good["SASL_SSL "+mechanism] = c.SASLSSL(mechanism).BootstrapServers[0] + " " + c.JavaProperties(c.SASLSSL(mechanism), nil)
	}
	good["SSL"] = c.SSL().BootstrapServers[0] + " " + c.JavaProperties(c.SSL(), nil)
	for name, where := range good {
		servers, config, _ := strings.Cut(where, " ")
		if out := c.Tool(Topics, "--bootstrap-server", servers, "--command-config", config, "--list"); strings.Contains(out, "rror") {
			t.Errorf("%s: %s", name, out)
		}
	}
	wrong := c.SASLSSL("PLAIN")
	wrong.Security.Password = "not-" + wrong.Security.Password
	stranger := c.SSL()
	stranger.BootstrapServers = c.MutualTLS().BootstrapServers
	for name, where := range map[string]struct{ servers, config string }{
		"wrong password":        {wrong.BootstrapServers[0], c.JavaProperties(wrong, nil)},
		"no client certificate": {stranger.BootstrapServers[0], c.JavaProperties(stranger, nil)},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, err := c.TryTool(ctx, "", Topics, "--bootstrap-server", where.servers, "--command-config", where.config, "--list")
		cancel()
		if err == nil {
			t.Errorf("%s: no error, and this output: %s", name, out)
		}
	}
}

func TestPrivateClusterSurvivesItsNodes(t *testing.T) {
	c := StartPrivate(t, Options{Overrides: map[string]string{"broker.session.timeout.ms": "6000"}})
	topic := Topic(t, "lives")
	c.CreateTopic(topic, 1, 3, map[string]string{"min.insync.replicas": "1"})
	first := c.Leader(topic, 0)
	c.Stop(first)
	second := c.Leader(topic, 0)
	if second == first {
		t.Fatalf("node %d still leads though it was stopped", first)
	}
	c.Restart(first)
	c.Kill(second)
	third := c.Leader(topic, 0)
	if third == second {
		t.Fatalf("node %d still leads though it was killed", second)
	}
	c.Restart(second)
	c.Pause(third)
	if fourth := c.Leader(topic, 0); fourth == third {
		t.Fatalf("node %d still leads though it is paused", third)
	}
	c.Resume(third)
	c.WaitReady()
	c.Tool(VerifiableProducer, "--bootstrap-server", c.Bootstrap(), "--topic", topic, "--max-messages", "5")
}

func TestPrivateClusterLeavesNothingBehind(t *testing.T) {
	if os.Getenv(KeepEnv) != "" {
		t.Skip(KeepEnv + " is set")
	}
	var dir string
	t.Run("inner", func(t *testing.T) {
		c := StartPrivate(t, Options{Nodes: 1})
		dir = c.Dir
		if _, err := os.Stat(filepath.Join(c.DataDir(1), "meta.properties")); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(dir); dir != "" && !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", dir, err)
	}
}
