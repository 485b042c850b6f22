package kafkatest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCertificatesServeTLS(t *testing.T) {
	dir := t.TempDir()
	if err := writeCerts(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if block, _ := pem.Decode(read(brokerFile)); block == nil || block.Type != "PRIVATE KEY" {
		t.Errorf("a broker's file begins with %v, want a PKCS#8 key", block)
	}
	broker, err := tls.X509KeyPair(read(brokerFile), read(brokerFile))
	if err != nil {
		t.Fatal(err)
	}
	client, err := tls.X509KeyPair(read(clientCertFile), read(clientKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := func(name string) *x509.CertPool {
		p := x509.NewCertPool()
		if !p.AppendCertsFromPEM(read(name)) {
			t.Fatalf("no certificate in %s", name)
		}
		return p
	}
	for _, tc := range []struct {
		name, ca string
		certs    []tls.Certificate
		wantOK   bool
	}{
		{"own authority and certificate", caFile, []tls.Certificate{client}, true},
		{"other authority", otherCAFile, []tls.Certificate{client}, false},
		{"no certificate", caFile, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := net.Pipe()
			defer a.Close()
			defer b.Close()
			server := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{broker}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(caFile), MaxVersion: tls.VersionTLS12})
			done := make(chan error, 1)
			go func() { err := server.Handshake(); a.Close(); done <- err }()
			err := tls.Client(b, &tls.Config{RootCAs: pool(tc.ca), ServerName: "127.0.0.1", Certificates: tc.certs}).Handshake()
			b.Close()
			if err := errors.Join(err, <-done); (err == nil) != tc.wantOK {
				t.Errorf("handshake: %v, want success %v", err, tc.wantOK)
			}
		})
	}
}

func TestPropertiesOfANode(t *testing.T) {
	k := &core{Dir: "/c", Nodes: []*node{{ID: 1, Dir: "/c/node1", Ports: ports{1, 2, 3, 4, 5, 6}}, {ID: 2, Dir: "/c/node2", Ports: ports{11, 12, 13, 14, 15, 16}}}}
	got := strings.Split(k.properties(k.Nodes[1], map[string]string{"message.max.bytes": "77", "num.io.threads": "9"}), "\n")
	for _, want := range []string{
		"node.id=2",
		"controller.quorum.voters=1@127.0.0.1:6,2@127.0.0.1:16",
		"listeners=PLAINTEXT://127.0.0.1:11,SSL://127.0.0.1:12,SASL_PLAINTEXT://127.0.0.1:13,SASL_SSL://127.0.0.1:14,MTLS://127.0.0.1:15,CONTROLLER://127.0.0.1:16",
		"log.dirs=/c/node2/data",
		"offsets.topic.replication.factor=2",
		"message.max.bytes=77",
		"num.io.threads=9",
		`listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="alice-secret" user_bob="bob-secret";`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if slices.Contains(got, "num.io.threads=2") {
		t.Error("an override stands beside the default")
	}
}

func TestEncodeProperties(t *testing.T) {
	got := encodeProperties(map[string]string{"b": "1\n2", "a": `C:\x`})
	if want := "a=C:\\\\x\nb=1\\n2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	got, err := freePorts(40)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 40 {
		t.Errorf("%d different ports, want 40", n)
	}
	if got[0] < 20000 || got[len(got)-1] >= 32768 {
		t.Errorf("ports %v are not all within 20000-31999", got)
	}
}

// TestGuardEndsWithItsParent lets go of the guard's standard input, as a dying process does.
func TestGuardEndsWithItsParent(t *testing.T) {
	t.Setenv(KeepEnv, "")
	dir := filepath.Join(t.TempDir(), "cluster")
	if err := os.MkdirAll(filepath.Join(dir, "node1"), 0o755); err != nil {
		t.Fatal(err)
	}
	g, err := startGuard(dir)
	if err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("sleep", "60")
	if err := startBound(sleeper); err != nil {
		t.Fatal(err)
	}
	pid, err := json.Marshal(sleeper.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node1.pid"), pid, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := g.release(); err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the node ended with %v, want signal: killed", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there (%v)", err)
	}
}

// TestChildrenDieWithTheProcess is about what the kernel does, so it needs a process that dies: this
// very test binary, started again.
func TestChildrenDieWithTheProcess(t *testing.T) {
	if os.Getenv("KAFKATEST_CHILD") != "" {
		sleeper := exec.Command("sleep", "60")
		if err := startBound(sleeper); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("pid " + pidOf(sleeper) + "\n")
		time.Sleep(time.Minute)
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux binds children to their parent")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildrenDieWithTheProcess$")
	cmd.Env = append(os.Environ(), "KAFKATEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	n, err := out.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strings.TrimSpace(strings.TrimPrefix(string(b[:n]), "pid "))
	if _, err := os.Stat(proc); err != nil {
		t.Fatalf("the grandchild is not there: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 100 {
		if !alive(proc) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%s outlived its killed parent", proc)
}

func pidOf(cmd *exec.Cmd) string {
	b, _ := json.Marshal(cmd.Process.Pid)
	return string(b)
}

// alive says that the process exists and is no zombie: where nothing reaps orphans they stay in the table.
func alive(proc string) bool {
	b, err := os.ReadFile(filepath.Join(proc, "stat"))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func TestLockFileIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var inside, most int
	var mu, counter sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			unlock, err := lockFile(context.Background(), path)
			if err != nil {
				t.Error(err)
				return
			}
			counter.Lock()
			inside++
			most = max(most, inside)
			counter.Unlock()
			mu.Lock()
			time.Sleep(5 * time.Millisecond)
			mu.Unlock()
			counter.Lock()
			inside--
			counter.Unlock()
			unlock()
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d held the lock at once, want 1", most)
	}
	unlock, err := lockFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := lockFile(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock: %v, want a deadline", err)
	}
}

func TestAttachRefusesWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	free, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := json.Marshal(core{Version: Version, Nodes: []*node{{ID: 1, Ports: ports{Plain: free[0]}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"no file", filepath.Join(dir, "none"), "no such file"},
		{"no state", write("text", "hello"), "parse"},
		{"another version", write("old", `{"Version":"3.9.0","Nodes":[{}]}`), `runs kafka "3.9.0"`},
		{"nobody there", write("gone", string(gone)), "is it still running?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := attach(tc.path); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestTopicNamesDiffer(t *testing.T) {
	a, b := Topic(t, "orders"), Topic(t, "orders")
	if a == b || !strings.HasPrefix(a, "orders-") {
		t.Errorf("got %q and %q", a, b)
	}
}
