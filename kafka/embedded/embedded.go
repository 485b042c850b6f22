// Package embedded runs a Kafka cluster inside the process, for the demo and for tests.
//
// It is franz-go's kfake behind a small API, with faults on top: single error answers, delays, brokers
// that stall, connections that end after the broker has done its work. It is close to Kafka and not
// Kafka: LogAppendTime is accepted and not applied, compaction moves the log start, no timestamp is
// refused. What depends on these runs against the real thing instead (package kafkatest).
package embedded

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"

	"kustody/kafka"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// ACL is one entry of the cluster's access list.
type ACL = kfake.ACL

// User may log in to a cluster. One user makes the cluster ask everybody for a password.
type User struct {
	Mechanism string // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
	Name      string
	Password  string
	Super     bool  // no ACL is asked
	ACLs      []ACL // what the user may do, where Options.ACLs is set
}

// Options say what cluster Start makes. The zero value is one broker, in memory, open to everybody.
type Options struct {
	Brokers       int    // default 1
	DataDir       string // state is kept here and found again by the next Start; "" is memory
	ClusterID     string // default "kfake"
	Users         []User
	ACLs          bool        // ask the access list; without it everybody may do everything
	TLS           *tls.Config // server side; nil is plain text
	CAFile        string      // what Cluster names as the authority of TLS
	BrokerConfigs map[string]string
	Topics        map[string]int32   // topics to create, with their partitions
	MaxVersions   *kversion.Versions // act as an older broker
	Ports         []int              // default: any free ones; else one for each broker
}

// Broker is a running cluster (of one broker or several). All its methods may be called concurrently.
type Broker struct {
	opts Options
	fake *kfake.Cluster
	wire *wire

	mu     sync.Mutex
	nodes  map[int32]string // address of each running node
	client *kgo.Client      // for the helpers that produce; made when first needed
}

// Start brings a cluster up; it listens on loopback when Start returns.
//
// Records are never deleted by age unless BrokerConfigs says so: kfake applies log.retention.ms to
// compacted topics too, and tests and demo write records of long ago.
func Start(o Options) (*Broker, error) {
	if o.Brokers <= 0 {
		o.Brokers = max(1, len(o.Ports))
	}
	w := newWire()
	fake, err := kfake.NewCluster(kfakeOpts(o, w)...)
	if err != nil {
		return nil, fmt.Errorf("start embedded broker: %w", err)
	}
	b := &Broker{opts: o, fake: fake, wire: w, nodes: map[int32]string{}}
	for i, addr := range fake.ListenAddrs() {
		b.nodes[int32(i)] = addr
	}
	return b, nil
}

func kfakeOpts(o Options, w *wire) []kfake.Opt {
	configs := map[string]string{"log.retention.ms": "-1"}
	maps.Copy(configs, o.BrokerConfigs)
	opts := []kfake.Opt{
		kfake.NumBrokers(o.Brokers),
		kfake.BrokerConfigs(configs),
		kfake.DefaultNumPartitions(1),
		kfake.ListenFn(w.listen),
	}
	if len(o.Ports) > 0 {
		opts = append(opts, kfake.Ports(o.Ports...))
	}
	if o.DataDir != "" {
		opts = append(opts, kfake.DataDir(o.DataDir))
	}
	if o.ClusterID != "" {
		opts = append(opts, kfake.ClusterID(o.ClusterID))
	}
	if o.TLS != nil {
		opts = append(opts, kfake.TLS(o.TLS))
	}
	if o.MaxVersions != nil {
		opts = append(opts, kfake.MaxVersions(o.MaxVersions))
	}
	for topic, n := range o.Topics {
		opts = append(opts, kfake.SeedTopics(n, topic))
	}
	return append(opts, authOpts(o)...)
}

func authOpts(o Options) []kfake.Opt {
	var opts []kfake.Opt
	if len(o.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range o.Users {
		if u.Super {
			opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
		} else {
			opts = append(opts, kfake.User(u.Mechanism, u.Name, u.Password, u.ACLs...))
		}
	}
	if o.ACLs {
		opts = append(opts, kfake.EnableACLs())
	}
	return opts
}

// Addrs are the brokers' addresses, host:port, in the order of their ids.
func (b *Broker) Addrs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	addrs := make([]string, 0, len(b.nodes))
	for _, id := range slices.Sorted(maps.Keys(b.nodes)) {
		addrs = append(addrs, b.nodes[id])
	}
	return addrs
}

// Nodes are the ids of the running brokers, ascending.
func (b *Broker) Nodes() []int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.nodes))
}

// Cluster is how a client reaches this cluster: as the first user, if there are users.
func (b *Broker) Cluster() kafka.Cluster {
	c := kafka.Cluster{BootstrapServers: b.Addrs()}
	if len(b.opts.Users) == 0 {
		c.Security = b.Security(User{})
	} else {
		c.Security = b.Security(b.opts.Users[0])
	}
	return c
}

// Security is how u logs in to this cluster; a user without a name does not.
func (b *Broker) Security(u User) kafka.Security {
	s := kafka.Security{Protocol: "PLAINTEXT"}
	if b.opts.TLS != nil {
		s = kafka.Security{Protocol: "SSL", CAFile: b.opts.CAFile}
	}
	if u.Name == "" {
		return s
	}
	s.Protocol = map[string]string{"PLAINTEXT": "SASL_PLAINTEXT", "SSL": "SASL_SSL"}[s.Protocol]
	s.Mechanism, s.Username, s.Password = u.Mechanism, u.Name, u.Password
	return s
}

// Fake is the cluster underneath, for tests that need more than this package offers.
func (b *Broker) Fake() *kfake.Cluster { return b.fake }

// Close stops the cluster; what is in a DataDir stays.
func (b *Broker) Close() {
	b.mu.Lock()
	client := b.client
	b.client = nil
	b.mu.Unlock()
	if client != nil {
		client.Close()
	}
	b.wire.open() // nothing may wait on a paused connection while closing
	b.fake.Close()
	b.wire.closeAll()
}

// hostPort splits an address that a listener gave.
func hostPort(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
