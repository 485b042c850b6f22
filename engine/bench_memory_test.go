//go:build bench

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/kafka"
	"kustody/kafka/kafkatest"
)

const (
	memoryBound    = 256 << 20
	manyPartitions = 2000
	manyRecords    = 20 // in each of them
)

// memory measures how much memory the program itself takes at most: backup, restore and validation of
// large topics, of small and of large records, and of a topic with very many partitions.
func (y *yard) memory() {
	program := filepath.Join(y.folder(), "kustody")
	build := exec.Command("go", "build", "-o", program, "..")
	if out, err := build.CombinedOutput(); err != nil {
		y.t.Fatalf("build the program: %v\n%s", err, out)
	}
	for _, s := range y.shapes() {
		src := fill(y.t, y.kafka, y.client, s)
		y.peaks(program, s.String(), src.topic)
		y.drop(src.topic)
	}
	topic := y.many()
	y.peaks(program, fmt.Sprintf("%d partitions", manyPartitions), topic)
	y.drop(topic)
}

// many makes a topic with very many partitions and a little in each.
func (y *yard) many() kafka.Topic {
	ctx, name := y.t.Context(), kafkatest.Topic(y.t, "many")
	err := y.admin.CreateTopic(ctx, kafka.NewTopic{Name: name, Partitions: manyPartitions, Replication: 1, Configs: map[string]string{"retention.ms": "-1"}})
	if err != nil {
		y.t.Fatal(err)
	}
	topic := y.led(name)
	var g errgroup.Group
	g.SetLimit(8)
	s := shape{size: 1024}
	for p := range manyPartitions {
		g.Go(func() error {
			_, err := fillPartition(ctx, y.client, kafka.TopicPartition{Topic: name, ID: topic.ID, Partition: int32(p)}, s, manyRecords)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		y.t.Fatal(err)
	}
	return topic
}

// led waits until every partition has a leader.
func (y *yard) led(name string) kafka.Topic {
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		topics, err := y.client.Topics(y.t.Context(), name)
		if err == nil && len(topics[0].Partitions) == manyPartitions {
			waiting := 0
			for _, p := range topics[0].Partitions {
				if p.Leader < 0 {
					waiting++
				}
			}
			if waiting == 0 {
				return topics[0]
			}
		}
		if time.Now().After(deadline) {
			y.t.Fatalf("topic %s has not all of its leaders: %v", name, err)
		}
	}
}

// peaks runs the program on one topic.
func (y *yard) peaks(program, what string, topic kafka.Topic) {
	dir := y.folder()
	target := kafkatest.Topic(y.t, "back")
	var servers []string
	for _, a := range y.kafka.Plain().BootstrapServers {
		servers = append(servers, strconv.Quote(a))
	}
	list := strings.Join(servers, ", ")
	config := filepath.Join(dir, "kustody.toml")
	text := fmt.Sprintf("backup_id = \"memory\"\n[source]\nbootstrap_servers = [%s]\ntopics = { include = [%q] }\n[target]\nbootstrap_servers = [%s]\n[storage]\npath = %q\n"+
		"[restore.topic_mapping]\n%s = %q\n", list, topic.Name, list, filepath.Join(dir, "archive"), topic.Name, target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		y.t.Fatal(err)
	}
	for _, verb := range [][]string{{"backup"}, {"restore"}, {"validation", "run"}} {
		began := time.Now()
		peak, err := peakOf(exec.Command(program, append(verb, "--batch", "--config", config)...))
		if err != nil {
			y.t.Fatalf("%s of %s: %v", verb[0], what, err)
		}
		fmt.Printf("# memory of %-10s %-16s %4d MiB, %.1f s\n", verb[0], what, peak>>20, time.Since(began).Seconds())
		y.table.peak(verb[0]+", "+what, float64(peak), memoryBound)
	}
	if topics, err := y.client.Topics(y.t.Context(), target); err != nil {
		y.t.Error(err)
	} else {
		y.drop(topics[0])
	}
	if err := os.RemoveAll(dir); err != nil {
		y.t.Fatal(err)
	}
}

// peakOf runs a program and says how much memory it had at most (VmHWM: resident, whoever asked for it).
// The figure that wait4 gives is not used: it begins with that of the process that started it.
func peakOf(cmd *exec.Cmd) (int64, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var peak int64
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, highWater(cmd.Process.Pid))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	err := cmd.Wait()
	close(done)
	watching.Wait()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out.Bytes())
	}
	if peak == 0 {
		return 0, errors.New("the system does not tell its memory")
	}
	return peak, nil
}

// highWater is the most memory that a process had so far, 0 if it cannot be told.
func highWater(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
