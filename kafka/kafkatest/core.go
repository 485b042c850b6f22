package kafkatest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// readyTimeout is generous: three brokers take five seconds on two idle cores.
const readyTimeout = 3 * time.Minute

// core is one cluster, apart from the test that uses it. Its exported fields are the state file.
type core struct {
	Version   string
	Dir       string // certificates, one folder per node
	Libs      string // the jars
	ClusterID string
	Nodes     []*node // node n has id n+1

	private bool   // nodes may be stopped
	guard   *guard // nil when attached
}

func (k *core) stateFile() string { return filepath.Join(k.Dir, "state.json") }

// attach reads the state file of a cluster that another process runs.
func attach(path string) (*core, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("attach to the cluster that %s names: %w", StateEnv, err)
	}
	k := new(core)
	if err := json.Unmarshal(b, k); err != nil {
		return nil, fmt.Errorf("attach to the cluster that %s names: parse %s: %w", StateEnv, path, err)
	}
	if k.Version != Version || len(k.Nodes) == 0 {
		return nil, fmt.Errorf("attach to the cluster that %s names: it runs kafka %q, the tests want %s", StateEnv, k.Version, Version)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := metadata(ctx, k.Nodes[0].addr()); err != nil {
		return nil, fmt.Errorf("attach to the cluster that %s names: %w; is it still running?", StateEnv, err)
	}
	return k, nil
}

// launch starts a cluster and waits until it is ready. Ports are picked and then used a moment later;
// when another process was quicker it tries others.
func launch(ctx context.Context, o Options) (*core, error) {
	libs, err := artefacts(ctx)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		k, err := launchOnce(ctx, libs, o.withDefaults())
		if err == nil || attempt == 3 || !errors.Is(err, errPortTaken) {
			return k, err
		}
	}
}

func launchOnce(ctx context.Context, libs string, o Options) (_ *core, err error) {
	k := &core{Version: Version, Libs: libs, ClusterID: uuid()}
	if k.Dir, err = os.MkdirTemp("", "kustody-kafka-"); err != nil {
		return nil, fmt.Errorf("make the cluster's directory: %w", err)
	}
	if k.guard, err = startGuard(k.Dir); err != nil {
		os.RemoveAll(k.Dir)
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.shutdown())
		}
	}()
	if err := k.prepare(ctx, o); err != nil {
		return nil, err
	}
	for _, n := range k.Nodes {
		if err := k.start(n); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := k.waitReady(ctx); err != nil {
		return nil, err
	}
	return k, k.writeState()
}

// prepare makes everything a node needs to start: ports, certificates, configuration, formatted storage.
func (k *core) prepare(ctx context.Context, o Options) error {
	free, err := freePorts(6 * o.Nodes)
	if err != nil {
		return err
	}
	for i := range o.Nodes {
		p := free[6*i:]
		k.Nodes = append(k.Nodes, &node{
			ID: i + 1, Dir: filepath.Join(k.Dir, fmt.Sprintf("node%d", i+1)),
			Ports: ports{Plain: p[0], SSL: p[1], SASLPlain: p[2], SASLSSL: p[3], MutualTLS: p[4], Controller: p[5]},
		})
	}
	if err := writeCerts(k.Dir); err != nil {
		return err
	}
	for _, n := range k.Nodes {
		if err := os.MkdirAll(n.dataDir(), 0o755); err != nil {
			return fmt.Errorf("make the directory of node %d: %w", n.ID, err)
		}
		if err := os.WriteFile(n.propertiesFile(), []byte(k.properties(n, o.Overrides)), 0o600); err != nil {
			return fmt.Errorf("write the properties of node %d: %w", n.ID, err)
		}
	}
	return k.format(ctx)
}

// format formats the first node's storage with Kafka's own tool and gives the others a copy, which
// differs only in the two ids of meta.properties: a Java machine less per node.
func (k *core) format(ctx context.Context) error {
	scram := func(mechanism string) string {
		return fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, ScramUser, ScramPassword)
	}
	first := k.Nodes[0]
	cmd := k.java(ctx, "kafka.tools.StorageTool", "format", "--config", first.propertiesFile(), "--cluster-id", k.ClusterID,
		"--add-scram", scram("SCRAM-SHA-512"), "--add-scram", scram("SCRAM-SHA-256"))
	if _, stderr, err := output(cmd); err != nil {
		return fmt.Errorf("format kafka's storage: %w:\n%s", err, lastLines([]byte(stderr), 10))
	}
	for _, n := range k.Nodes[1:] {
		if err := copyStorage(first, n); err != nil {
			return fmt.Errorf("format the storage of node %d: %w", n.ID, err)
		}
	}
	return nil
}

func copyStorage(from, to *node) error {
	if err := os.CopyFS(to.dataDir(), os.DirFS(from.dataDir())); err != nil {
		return err
	}
	file := filepath.Join(to.dataDir(), "meta.properties")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "node.id":
			lines[i] = fmt.Sprintf("node.id=%d", to.ID)
		case "directory.id":
			lines[i] = "directory.id=" + uuid()
		}
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644)
}

func (k *core) writeState() error {
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("write the cluster's state: %w", err)
	}
	if err := os.WriteFile(k.stateFile(), b, 0o600); err != nil {
		return fmt.Errorf("write the cluster's state: %w", err)
	}
	return nil
}

// shutdown kills every node (nobody wants the data) and lets the guard remove the directory.
func (k *core) shutdown() error {
	for _, n := range k.Nodes {
		n.kill()
	}
	if k.guard == nil {
		return nil
	}
	return k.guard.release()
}

// tail is the end of what each node has written, for a failed test or start.
func (k *core) tail(lines int) string {
	var b strings.Builder
	for _, n := range k.Nodes {
		out, err := os.ReadFile(n.outputFile())
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "node %d: %s\n", n.ID, lastLines(out, lines))
	}
	return b.String()
}

func (k *core) bootstrap() string {
	var addrs []string
	for _, n := range k.Nodes {
		addrs = append(addrs, n.addr())
	}
	return strings.Join(addrs, ",")
}

// java is a short-lived Java program from the jars.
func (k *core) java(ctx context.Context, class string, args ...string) *exec.Cmd {
	all := append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto", jvmTool, "-cp", filepath.Join(k.Libs, "*"), class}, args...)
	cmd := exec.CommandContext(ctx, "java", all...)
	cmd.Dir = k.Dir
	return cmd
}

// uuid is a random id as Kafka writes them: 16 bytes, base64 for URLs, never with a dash in front.
func uuid() string {
	for {
		b := make([]byte, 16)
		rand.Read(b) // never fails: it ends the program instead
		if s := base64.RawURLEncoding.EncodeToString(b); s[0] != '-' {
			return s
		}
	}
}

// freePorts picks ports that nobody listens on, below the range from which systems take the ports of
// outgoing connections (32768 and up on Linux): one of those could take a port between here and the broker's start.
func freePorts(n int) ([]int, error) {
	var found []int
	for range 1000 {
		r, err := rand.Int(rand.Reader, big.NewInt(12000))
		if err != nil {
			return nil, fmt.Errorf("pick a port: %w", err)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+r.Int64()))
		if err != nil {
			continue
		}
		defer l.Close() // held until all are found, so that none is found twice
		if found = append(found, l.Addr().(*net.TCPAddr).Port); len(found) == n {
			return found, nil
		}
	}
	return nil, errors.New("pick ports for the brokers: nearly all of 20000-31999 are taken")
}
