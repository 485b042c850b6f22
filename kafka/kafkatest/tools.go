package kafkatest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kustody/kafka"
)

// The classes of Kafka's command line tools, for Tool.
const (
	Topics             = "org.apache.kafka.tools.TopicCommand"
	ACLs               = "org.apache.kafka.tools.AclCommand"
	DeleteRecords      = "org.apache.kafka.tools.DeleteRecordsCommand"
	LogDirs            = "org.apache.kafka.tools.LogDirsCommand"
	LeaderElection     = "org.apache.kafka.tools.LeaderElectionCommand"
	Groups             = "org.apache.kafka.tools.GroupsCommand"
	ConsumerGroups     = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	Transactions       = "org.apache.kafka.tools.TransactionsCommand"
	Configs            = "kafka.admin.ConfigCommand"
	DumpLogSegments    = "org.apache.kafka.tools.DumpLogSegments"
	ConsoleConsumer    = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	ConsoleProducer    = "org.apache.kafka.tools.ConsoleProducer"
	VerifiableProducer = "org.apache.kafka.tools.VerifiableProducer"
)

// toolTimeout ends a tool that waits for ever.
const toolTimeout = 3 * time.Minute

// Tool runs one of Kafka's Java programs and returns what it wrote to standard output. The arguments
// are the tool's own; --bootstrap-server has to be among them where it is needed. A tool that fails
// fails the test.
func (c *Cluster) Tool(class string, args ...string) string {
	c.tb.Helper()
	return c.ToolInput("", class, args...)
}

// ToolInput is Tool with something on standard input.
func (c *Cluster) ToolInput(input, class string, args ...string) string {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	stdout, err := c.TryTool(ctx, input, class, args...)
	if err != nil {
		c.tb.Fatal(err)
	}
	return stdout
}

// TryTool is ToolInput for a tool that may fail: the error holds the end of what it wrote.
func (c *Cluster) TryTool(ctx context.Context, input, class string, args ...string) (string, error) {
	cmd := c.java(ctx, class, args...)
	cmd.Stdin = strings.NewReader(input)
	stdout, stderr, err := output(cmd)
	if err != nil {
		return stdout, fmt.Errorf("run %s %s: %w:\n%s", class, strings.Join(args, " "), err, lastLines([]byte(stdout+stderr), 20))
	}
	return stdout, nil
}

func output(cmd *exec.Cmd) (stdout, stderr string, err error) {
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	err = runBound(cmd)
	return out.String(), diag.String(), err
}

// JavaProperties writes a client configuration for the Java tools (--command-config) and returns the
// file's path. extra joins it: compression.type, isolation.level and the like; it may be nil.
func (c *Cluster) JavaProperties(k kafka.Cluster, extra map[string]string) string {
	c.tb.Helper()
	p, err := javaProperties(k)
	if err != nil {
		c.tb.Fatal(err)
	}
	maps.Copy(p, extra)
	file := filepath.Join(c.tb.TempDir(), "client.properties")
	if err := os.WriteFile(file, []byte(encodeProperties(p)), 0o600); err != nil {
		c.tb.Fatal(err)
	}
	return file
}

func javaProperties(k kafka.Cluster) (map[string]string, error) {
	s := k.Security
	p := map[string]string{"security.protocol": cmp.Or(s.Protocol, "PLAINTEXT")}
	if s.CAFile != "" {
		p["ssl.truststore.type"], p["ssl.truststore.location"] = "PEM", s.CAFile
	}
	if s.SkipHostname {
		p["ssl.endpoint.identification.algorithm"] = ""
	}
	if s.CertFile != "" {
		pair, err := inlinePair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, err
		}
		maps.Copy(p, pair)
	}
	if s.Mechanism == "" {
		return p, nil
	}
	module := "scram.ScramLoginModule"
	if s.Mechanism == "PLAIN" {
		module = "plain.PlainLoginModule"
	}
	p["sasl.mechanism"] = s.Mechanism
	p["sasl.jaas.config"] = fmt.Sprintf(`org.apache.kafka.common.security.%s required username="%s" password="%s";`, module, s.Username, s.Password)
	return p, nil
}

// inlinePair puts certificate and key into the properties themselves: as a file, Kafka wants both in one.
func inlinePair(certFile, keyFile string) (map[string]string, error) {
	cert, err1 := os.ReadFile(certFile)
	key, err2 := os.ReadFile(keyFile)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("read the client's certificate: %w", err)
	}
	return map[string]string{
		"ssl.keystore.type":              "PEM",
		"ssl.keystore.certificate.chain": string(cert),
		"ssl.keystore.key":               string(key),
	}, nil
}
