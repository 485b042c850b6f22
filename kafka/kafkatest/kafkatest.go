// Package kafkatest runs real Apache Kafka on loopback, for tests and benchmarks.
//
// Start gives a test the shared cluster: three KRaft nodes, started once per test binary or, when
// the environment names one (StateEnv), attached to. StartPrivate gives a test a cluster of its own,
// which it may stop, kill and pause. The distribution is a handful of Maven artefacts; Kafka's own
// command line tools come with it and serve as witnesses (Tool, DumpLog).
//
// The nodes die with the process that started them, however it ends: see guard.go.
package kafkatest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// StateEnv names the environment variable that holds the path of a running cluster's state file. It
// is set by the kafkacluster command for the program it runs.
const StateEnv = "KUSTODY_TEST_KAFKA"

// KeepEnv names the environment variable that, when not empty, keeps the directories of clusters
// (configuration, broker output, data) after they have ended.
const KeepEnv = "KUSTODY_TEST_KEEP"

// startTimeout bounds one start: a first download of the distribution on a slow line included.
const startTimeout = 10 * time.Minute

// Options describe a cluster. The zero value is the shared one: three nodes, no overrides.
type Options struct {
	Nodes     int               // brokers that are controllers too; default 3
	Overrides map[string]string // broker properties that replace or join ours
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	return o
}

var shared struct {
	sync.Mutex
	tried bool
	core  *core
	err   error
}

// Start returns the cluster that all tests share: attached to the one that StateEnv names, else
// started at the first call and ended with the process. Where Java or Maven is missing the test is
// skipped, but in CI (CI is not empty) it fails. Tests must not stop its nodes and should use topic
// names of their own (Topic).
func Start(t testing.TB) *Cluster {
	t.Helper()
	path := os.Getenv(StateEnv)
	need(t, path == "")
	shared.Lock()
	defer shared.Unlock()
	if !shared.tried {
		shared.tried = true
		shared.core, shared.err = startShared(path)
	}
	if shared.err != nil {
		t.Fatalf("shared kafka cluster: %v", shared.err)
	}
	return &Cluster{tb: t, core: shared.core}
}

func startShared(path string) (*core, error) {
	if path != "" {
		return attach(path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return launch(ctx, Options{})
}

// StartPrivate starts a cluster for this test alone; it is gone when the test has ended. When the
// test fails, the last lines the brokers wrote are logged. Missing tools are treated as by Start.
func StartPrivate(t testing.TB, o Options) *Cluster {
	t.Helper()
	need(t, os.Getenv(StateEnv) == "")
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	k, err := launch(ctx, o)
	if err != nil {
		t.Fatalf("private kafka cluster: %v", err)
	}
	k.private = true
	c := &Cluster{tb: t, core: k}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the brokers wrote last:\n%s", k.tail(15))
		}
		k.shutdown()
	})
	return c
}

// Missing names the programs that a cluster needs and this machine lacks; nil when nothing is missing.
func Missing() []string { return missing(true) }

func missing(maven bool) []string {
	var names []string
	for _, name := range []string{"java", "mvn"} {
		if name == "mvn" && (!maven || cached()) {
			continue
		}
		if _, err := exec.LookPath(name); err != nil {
			names = append(names, name)
		}
	}
	return names
}

func need(t testing.TB, maven bool) {
	t.Helper()
	names := missing(maven)
	if len(names) == 0 {
		return
	}
	what := fmt.Sprintf("a real Kafka needs %s, not found in PATH", strings.Join(names, " and "))
	if os.Getenv("CI") != "" {
		t.Fatalf("%s; in CI nothing may be left out", what)
	}
	t.Skip(what)
}

// Instance is a cluster that was started outside a test, for a program to use.
type Instance struct{ core *core }

// Launch starts an Instance. The caller must Shutdown it; should the process die before, the nodes die
// with it.
func Launch(ctx context.Context, o Options) (*Instance, error) {
	if names := Missing(); len(names) > 0 {
		return nil, fmt.Errorf("a real Kafka needs %s, not found in PATH", strings.Join(names, " and "))
	}
	k, err := launch(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Instance{core: k}, nil
}

// StateFile is what StateEnv has to name for Start to attach to this cluster.
func (i *Instance) StateFile() string { return i.core.stateFile() }

// Bootstrap is the list of the brokers' PLAINTEXT addresses, host:port, with commas.
func (i *Instance) Bootstrap() string { return i.core.bootstrap() }

// Shutdown ends the brokers and removes the cluster's directory.
func (i *Instance) Shutdown() error { return i.core.shutdown() }

// Topic is a topic name that nobody used before: the prefix and eight random hex digits.
func Topic(t testing.TB, prefix string) string {
	t.Helper()
	return prefix + "-" + randomHex(4)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the program instead
	return hex.EncodeToString(b)
}
