//go:build full

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/kafkatest"
)

// kills is how often each job is killed before it may end.
const kills = 20

// TestC01_R03_killedTwentyTimes kills the real program with SIGKILL at twenty random points of a backup
// and then of a restore, on a real Kafka, and starts it again each time. In the end the restored topic
// holds every record of the source once, in order, and nothing else.
func TestC01_R03_killedTwentyTimes(t *testing.T) {
	c := kafkatest.Start(t)
	binary := buildBinary(t)
	dir := t.TempDir()
	topic := kafkatest.Topic(t, "killed")
	c.CreateTopic(topic, 3, 1, nil)
	fillTopic(t, c, topic, 60_000)
	config := filepath.Join(dir, "kustody.toml")
	text := fmt.Sprintf(`
backup_id = "killed"
[source]
bootstrap_servers = ["%[1]s"]
topics = [%[2]q]
[target]
bootstrap_servers = ["%[1]s"]
[storage]
backend = "filesystem"
path = %[3]q
[backup]
compression = "producer"
segment_max_bytes = 200000
max_bytes_per_second = 220000
consumer_groups = false
max_in_flight_bytes = 400000
[restore]
max_bytes_per_second = 220000
[restore.topic_mapping]
%[2]s = "%[2]s-restored"
`, strings.ReplaceAll(c.Bootstrap(), ",", `","`), topic, filepath.Join(dir, "archive"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	killUntilDone(t, r, binary, "backup", config)
	runProgram(t, binary, "--batch", "validate", "--path", filepath.Join(dir, "archive"), "--backup-id", "killed", "--deep")
	killUntilDone(t, r, binary, "restore", config)

	client, err := kafka.Open(t.Context(), c.Plain())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for p := range int32(3) {
		want, got := canonicalRecords(t, client, topic, p), canonicalRecords(t, client, topic+"-restored", p)
		if want != got {
			t.Errorf("partition %d: source and restored topic differ (%d and %d bytes of canonical records)", p, len(want), len(got))
		}
	}
	if got := kcatLines(t, c, topic+"-restored"); got != 60_000 {
		t.Errorf("kcat reads %d records of the restored topic, not 60000", got)
	}
}

// kcatLines counts the records of a topic with kcat, a witness that shares no code with us.
func kcatLines(t *testing.T, c *kafkatest.Cluster, topic string) int {
	t.Helper()
	if _, err := exec.LookPath("kcat"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("kcat is missing, and nothing may be left out in CI")
		}
		t.Log("LEFT OUT: the count by kcat, which is not installed")
		return 60_000
	}
	out, err := exec.CommandContext(t.Context(), "kcat", "-b", c.Bootstrap(), "-C", "-t", topic, "-e", "-q").Output()
	if err != nil {
		t.Fatalf("kcat: %v", err)
	}
	return strings.Count(string(out), "\n")
}

// killUntilDone runs a verb, kills it at random points, and then lets it end. What is left must be
// clean: a job that was killed is a finding of the ledger only, and none is configured here.
func killUntilDone(t *testing.T, r *rand.Rand, binary, verb, config string) {
	t.Helper()
	killed := 0
	for killed < kills {
		cmd := exec.Command(binary, "--batch", verb, "--config", config)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%s ended after %d kills: %v\n%s", verb, killed, err, out.String())
			}
			if killed < kills/2 {
				t.Fatalf("%s ended after %d kills: too fast to show anything", verb, killed)
			}
			t.Logf("%s: done after %d kills", verb, killed)
			return
		case <-time.After(time.Duration(100+r.IntN(900)) * time.Millisecond):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			<-ended
			killed++
		}
	}
	runProgram(t, binary, "--batch", verb, "--config", config)
}

func runProgram(t *testing.T, binary string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kustody %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// buildBinary builds the program as its users have it.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kustody")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// fill writes n records over the partitions of a topic.
func fillTopic(t *testing.T, c *kafkatest.Cluster, topic string, n int) {
	t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(), ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(16<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for i := range n {
		k.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: int32(i % 3), Key: fmt.Appendf(nil, "key-%d", i%97),
			Value: fmt.Appendf(nil, `{"number":%d,"text":"%s"}`, i, strings.Repeat("x", i%150))}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// records reads a partition by the raw reader: the canonical bytes of every record, in order.
func canonicalRecords(t *testing.T, client *kafka.Client, topic string, partition int32) string {
	t.Helper()
	topics, err := client.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	tp := kafka.TopicPartition{Topic: topic, ID: topics[0].ID, Partition: partition}
	ends, err := client.Offsets(t.Context(), kafka.HighWatermark, []kafka.TopicPartition{tp})
	if err != nil {
		t.Fatal(err)
	}
	r := client.Read(tp, kafka.ReadOptions{Start: 0, End: ends[tp].Offset, LastEpoch: -1})
	defer r.Close()
	dec := batch.NewDecoder(batch.Limits{})
	var out []byte
	for {
		chunk, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return string(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range chunk.Batches {
			if err := dec.Walk(b.Raw, func(r *batch.Record) error { out = batch.AppendCanonical(out, r); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
}
