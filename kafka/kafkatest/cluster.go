package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kustody/kafka"
)

// Cluster is a running cluster as one test sees it. Its methods may be called concurrently. What goes
// wrong fails the test: methods that return a result end it (call those from the test's own goroutine),
// methods that act on a node only mark it as failed.
type Cluster struct {
	tb testing.TB
	*core
}

// ID is the cluster's id.
func (c *Cluster) ID() string { return c.ClusterID }

// Nodes is the number of nodes; their ids are 1 to Nodes.
func (c *Cluster) Nodes() int { return len(c.core.Nodes) }

// Bootstrap is the list of the brokers' PLAINTEXT addresses, host:port, with commas.
func (c *Cluster) Bootstrap() string { return c.bootstrap() }

// Plain describes the PLAINTEXT listener. Its user is ANONYMOUS, a super user.
func (c *Cluster) Plain() kafka.Cluster {
	return c.describe(func(p ports) int { return p.Plain }, kafka.Security{})
}

// SSL describes the SSL listener, which asks for no client certificate. Its user is ANONYMOUS too.
func (c *Cluster) SSL() kafka.Cluster {
	return c.describe(func(p ports) int { return p.SSL }, kafka.Security{Protocol: "SSL", CAFile: c.CAFile()})
}

// MutualTLS describes the SSL listener that demands a client certificate. Its user is CN=client.
func (c *Cluster) MutualTLS() kafka.Cluster {
	return c.describe(func(p ports) int { return p.MutualTLS }, kafka.Security{
		Protocol: "SSL", CAFile: c.CAFile(),
		CertFile: filepath.Join(c.Dir, clientCertFile), KeyFile: filepath.Join(c.Dir, clientKeyFile),
	})
}

// SASLPlain describes the SASL_PLAINTEXT listener; the mechanism is PLAIN (alice), SCRAM-SHA-256 or
// SCRAM-SHA-512 (scram).
func (c *Cluster) SASLPlain(mechanism string) kafka.Cluster {
	return c.describe(func(p ports) int { return p.SASLPlain }, login("SASL_PLAINTEXT", mechanism))
}

// SASLSSL describes the SASL_SSL listener; mechanisms as for SASLPlain.
func (c *Cluster) SASLSSL(mechanism string) kafka.Cluster {
	s := login("SASL_SSL", mechanism)
	s.CAFile = c.CAFile()
	return c.describe(func(p ports) int { return p.SASLSSL }, s)
}

// CAFile is the certificate of the authority that signed the brokers' certificates (PEM).
func (c *Cluster) CAFile() string { return filepath.Join(c.Dir, caFile) }

// OtherCAFile is the certificate of an authority that the brokers have nothing to do with (PEM).
func (c *Cluster) OtherCAFile() string { return filepath.Join(c.Dir, otherCAFile) }

func login(protocol, mechanism string) kafka.Security {
	s := kafka.Security{Protocol: protocol, Mechanism: mechanism, Username: ScramUser, Password: ScramPassword}
	if mechanism == "PLAIN" {
		s.Username, s.Password = PlainUser, PlainPassword
	}
	return s
}

func (c *Cluster) describe(port func(ports) int, s kafka.Security) kafka.Cluster {
	k := kafka.Cluster{Security: s}
	for _, n := range c.core.Nodes {
		k.BootstrapServers = append(k.BootstrapServers, fmt.Sprintf("127.0.0.1:%d", port(n.Ports)))
	}
	return k
}

// DataDir is where a node keeps its logs: one folder per partition, named topic-partition.
func (c *Cluster) DataDir(id int) string {
	c.tb.Helper()
	return c.node(id).dataDir()
}

// Addr is the PLAINTEXT address of one node.
func (c *Cluster) Addr(id int) string {
	c.tb.Helper()
	return c.node(id).addr()
}

// Output is what the node has written to its output so far: warnings and errors.
func (c *Cluster) Output() string { return c.tail(1000) }

func (c *Cluster) node(id int) *node {
	c.tb.Helper()
	if id < 1 || id > len(c.core.Nodes) {
		c.tb.Fatalf("node %d: the cluster has nodes 1 to %d", id, len(c.core.Nodes))
	}
	return c.core.Nodes[id-1]
}

// Stop ends a node in good order (SIGTERM): it hands its leaderships over first.
func (c *Cluster) Stop(id int) { c.act(id, (*node).stop) }

// Kill ends a node at once (SIGKILL).
func (c *Cluster) Kill(id int) {
	c.act(id, func(n *node) error { n.kill(); return nil })
}

// Pause freezes a node (SIGSTOP): its connections stay open and nothing answers.
func (c *Cluster) Pause(id int) { c.act(id, (*node).pause) }

// Resume lets a paused node go on.
func (c *Cluster) Resume(id int) { c.act(id, (*node).resume) }

// Restart stops a node in good order if it runs, starts it on its old ports and data, and waits until
// the cluster is ready (WaitReady).
func (c *Cluster) Restart(id int) {
	c.act(id, func(n *node) error {
		if n.serves() {
			if err := n.stop(); err != nil {
				return err
			}
		}
		n.kill() // a paused one
		return c.start(n)
	})
	c.WaitReady()
}

// WaitReady waits until the serving nodes know exactly each other (a killed or paused node is forgotten
// after about ten seconds), and every partition that lives on them alone has a leader and all replicas in sync.
func (c *Cluster) WaitReady() {
	c.tb.Helper()
	if c.guard == nil { // an attached cluster's processes are another's; it was ready before we came
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if err := c.waitReady(ctx); err != nil {
		c.tb.Error(err)
	}
}

func (c *Cluster) act(id int, do func(*node) error) {
	c.tb.Helper()
	if !c.private {
		c.tb.Error(errors.New("the shared cluster's nodes must be left alone: take StartPrivate"))
		return
	}
	if id < 1 || id > len(c.core.Nodes) {
		c.tb.Errorf("node %d: the cluster has nodes 1 to %d", id, len(c.core.Nodes))
		return
	}
	if err := do(c.core.Nodes[id-1]); err != nil {
		c.tb.Error(err)
	}
}

// Leader is the node that leads a partition now: one that serves, on the word of all that do. It waits
// up to 30 seconds for it.
func (c *Cluster) Leader(topic string, partition int32) int {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		id, err := c.leader(ctx, topic, partition)
		if err == nil {
			return id
		}
		select {
		case <-ctx.Done():
			c.tb.Fatalf("find the leader of %s/%d: %v", topic, partition, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (k *core) leader(ctx context.Context, topic string, partition int32) (int, error) {
	agreed := int32(-1)
	for _, addr := range k.servingAddrs() {
		m, err := metadata(ctx, addr, topic)
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(m.Topics[0].Partitions, func(p kmsg.MetadataResponseTopicPartition) bool { return p.Partition == partition })
		if i < 0 {
			return 0, fmt.Errorf("broker %s does not know the partition (error code %d)", addr, m.Topics[0].ErrorCode)
		}
		leader := m.Topics[0].Partitions[i].Leader
		if leader < 1 || agreed > 0 && agreed != leader {
			return 0, fmt.Errorf("broker %s names leader %d, another one %d", addr, leader, agreed)
		}
		agreed = leader
	}
	if agreed < 1 || k.guard != nil && !k.Nodes[agreed-1].serves() {
		return 0, fmt.Errorf("the last leader, node %d, does not serve", agreed)
	}
	return int(agreed), nil
}
