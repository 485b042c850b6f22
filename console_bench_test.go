//go:build bench

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/engine"
	"kustody/kafka"
	"kustody/kafka/kafkatest"
	"kustody/storage"
	"kustody/tui"
)

// What the comparison of console and batch moves: very many partitions, and enough in each to last for
// some seconds.
const (
	benchPartitions = 2000
	benchRecords    = 150
	benchBytes      = 1000
	benchRounds     = 9
	slowdownLimit   = 1.03
)

// TestBenchConsole measures what watching costs: the same backup of 2,000 partitions followed by the batch
// writer, and drawn by the console ten times a second. It prints the ratios of CPU and of wall time, each a
// median of pairs of one run; machines are noisy, so it does not fail on them.
func TestBenchConsole(t *testing.T) {
	cluster := kafkatest.Start(t)
	ctx := t.Context()
	client, err := kafka.Open(ctx, cluster.Plain())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin, err := kafka.OpenAdmin(ctx, cluster.Plain())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	topic := kafkatest.Topic(t, "watched")
	if err := admin.CreateTopic(ctx, kafka.NewTopic{Name: topic, Partitions: benchPartitions, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	fillWatched(t, cluster, topic)
	backup := func() *engine.Job {
		store, err := storage.OpenFilesystem(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return engine.Backup(ctx, engine.BackupOptions{Source: client, Admin: admin, Store: store, BackupID: "watched", SkipGroups: true, SkipACLs: true,
			Topics: engine.Selection{Include: []string{topic}, Match: func(name string, _ bool) bool { return name == topic }}})
	}
	measure(t, "warm-up", backup, followed)
	var cpu, wall []float64
	for i := range benchRounds {
		faces := []func(*testing.T, *engine.Job){followed, drawn}
		took := [2]spent{}
		for k := range faces { // in turns, so that neither is always the second
			face := (k + i) % 2
			took[face] = measure(t, []string{"batch", "console"}[face], backup, faces[face])
		}
		cpu = append(cpu, took[1].cpu.Seconds()/took[0].cpu.Seconds())
		wall = append(wall, took[1].wall.Seconds()/took[0].wall.Seconds())
	}
	slices.Sort(cpu)
	slices.Sort(wall)
	fmt.Printf("\nconsole against batch, %d partitions, %d pairs: CPU × %.3f (%.3f to %.3f), wall × %.3f (%.3f to %.3f); expected at most × %.2f\n",
		benchPartitions, benchRounds, cpu[benchRounds/2], cpu[0], cpu[benchRounds-1], wall[benchRounds/2], wall[0], wall[benchRounds-1], slowdownLimit)
}

// spent is what one run took of this process.
type spent struct{ cpu, wall time.Duration }

func measure(t *testing.T, what string, begin func() *engine.Job, watch func(*testing.T, *engine.Job)) spent {
	t.Helper()
	before, began := processCPU(t), time.Now()
	job := begin()
	watch(t, job)
	s, err := job.Wait()
	if err != nil || s.Exit != engine.ExitDone {
		t.Fatalf("%s: %v, exit %d", what, err, s.Exit)
	}
	return spent{processCPU(t) - before, time.Since(began)}
}

func processCPU(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// followed watches as --batch --format json does.
func followed(_ *testing.T, job *engine.Job) {
	a := &app{stdout: io.Discard, stderr: io.Discard, format: "json", progress: 10 * time.Second}
	a.follow(job, nil)
}

// drawn watches as the console does: numbers and facts read, and the screen drawn, ten times a second.
func drawn(t *testing.T, job *engine.Job) {
	tour := tui.NewTour(context.Background(), tui.Desk{}, tui.Look{Theme: tui.ThemeDark}, 120, 36, tui.Place{Verb: "jobs"})
	tour.Watch("backup", "", job)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	bytes := 0
	for {
		select {
		case <-tick.C:
			tour.Later()
			bytes += len(tour.Content())
		case <-job.Done():
			if bytes == 0 {
				t.Fatal("nothing was drawn: the job is too short to be measured")
			}
			return
		}
	}
}

// fillWatched writes the same records to every partition.
func fillWatched(t *testing.T, cluster *kafkatest.Cluster, topic string) {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(cluster.Plain().BootstrapServers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(50_000))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	value := bytes.Repeat([]byte("0123456789"), benchBytes/10)
	failed := make(chan error, 1)
	for i := range benchRecords {
		for part := range int32(benchPartitions) {
			p.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: part, Value: append(value[:len(value):len(value)], byte(i))}, func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}
