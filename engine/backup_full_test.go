//go:build full

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/kafkatest"
	"kustody/storage"
)

// real is a real cluster, clients of it, and an archive in a directory.
type real struct {
	*kafkatest.Cluster
	t      *testing.T
	client *kafka.Client
	admin  *kafka.Admin
	store  storage.Store
	dir    string
}

func newReal(t *testing.T, c *kafkatest.Cluster) *real {
	t.Helper()
	r := &real{Cluster: c, t: t, dir: t.TempDir()}
	var err error
	if r.client, err = kafka.Open(t.Context(), c.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	if r.admin, err = kafka.OpenAdmin(t.Context(), c.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.admin.Close)
	if r.store, err = storage.OpenFilesystem(r.dir); err != nil {
		t.Fatal(err)
	}
	return r
}

// options are those of a backup of the named topics.
func (r *real) options(topics ...string) BackupOptions {
	return BackupOptions{Source: r.client, Admin: r.admin, Store: r.store, BackupID: "b1", SkipGroups: true,
		Topics: Selection{Include: topics, Match: func(name string, _ bool) bool {
			for _, t := range topics {
				if t == name {
					return true
				}
			}
			return false
		}}}
}

func (r *real) archive() *archive.Archive { return archive.Open(r.store, "b1", archive.Keys{}) }

// produceKgo writes n records with franz-go.
func (r *real) produceKgo(topic string, n int, codec kgo.CompressionCodec) {
	r.t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(r.Bootstrap(), ",")...), kgo.ProducerBatchCompression(codec), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer k.Close()
	for i := range n {
		k.Produce(r.t.Context(), &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "kgo-%d", i), Value: fmt.Appendf(nil, "value %d of franz-go, which compresses well well well", i)},
			func(_ *kgo.Record, err error) {
				if err != nil {
					r.t.Error(err)
				}
			})
	}
	if err := k.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// produceRd writes n records with librdkafka.
func (r *real) produceRd(topic string, n int, codec string) {
	r.t.Helper()
	p, err := rd.NewProducer(&rd.ConfigMap{"bootstrap.servers": r.Bootstrap(), "compression.type": codec, "enable.metrics.push": false})
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Close()
	go func() {
		for range p.Events() {
		}
	}()
	for i := range n {
		if err := p.Produce(&rd.Message{TopicPartition: rd.TopicPartition{Topic: &topic, Partition: 0}, Key: fmt.Appendf(nil, "rd-%d", i),
			Value: fmt.Appendf(nil, "value %d of librdkafka, which compresses well well well", i)}, nil); err != nil {
			r.t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); p.Flush(500) > 0; {
		if time.Now().After(deadline) {
			r.t.Fatal("librdkafka did not send everything")
		}
	}
}

// produceJava writes n records with Kafka's own producer.
func (r *real) produceJava(topic string, n int, codec string) {
	r.t.Helper()
	config := r.JavaProperties(r.Plain(), map[string]string{"compression.type": codec})
	out := r.Tool(kafkatest.VerifiableProducer, "--bootstrap-server", r.Bootstrap(), "--topic", topic, "--max-messages", fmt.Sprint(n), "--command-config", config)
	if !strings.Contains(out, fmt.Sprintf(`"acked":%d`, n)) {
		r.t.Fatalf("the verifiable producer said\n%s", out)
	}
}

// same compares an archived topic with its source, record for record, both read by the raw reader.
func (r *real) same(topic string, partitions int32) {
	r.t.Helper()
	for p := range partitions {
		if want, got := readSource(r.t, r.client, topic, p), archived(r.t, r.archive(), topic, p); want != got {
			r.t.Fatalf("%s/%d: the archive differs from the source\nsource:\n%.500s\narchive:\n%.500s", topic, p, want, got)
		}
	}
}

// TestC11_dumpLogReadsEverySegment: segments of five codecs, written by three producers and captured
// as they are or in any of our own encodings, are read by Kafka's own kafka-dump-log: every CRC is
// good, and counts and offsets are those of the manifest.
func TestC11_dumpLogReadsEverySegment(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	kgoCodecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	var topics []string
	for codec, k := range kgoCodecs {
		topic := kafkatest.Topic(t, "codec-"+codec)
		r.CreateTopic(topic, 1, 1, nil)
		r.produceKgo(topic, 300, k)
		r.produceRd(topic, 300, codec)
		r.produceJava(topic, 300, codec)
		topics = append(topics, topic)
	}
	for _, mode := range []string{"producer", "auto", "none", "gzip", "snappy", "lz4", "zstd"} {
		o := r.options(topics...)
		o.BackupID = "dump-" + mode
		o.Capture = archive.Capture{Compression: mode, SegmentMaxBytes: 16 << 10}
		wait(t, Backup(t.Context(), o), ExitDone)
		a := archive.Open(r.store, o.BackupID, archive.Keys{})
		v, err := a.View(t.Context(), "latest")
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range topics {
			vt, ok := v.Topic(topic)
			if !ok || vt.Parts[0].Records != 900 {
				t.Fatalf("%s: topic %s is not whole in the archive", mode, topic)
			}
			if want, got := readSource(t, r.client, topic, 0), archivedOf(t, a, vt, 0); want != got {
				t.Fatalf("%s: %s differs from its source", mode, topic)
			}
		}
		// one dump per mode and codec is what two cores can bear
		for i, topic := range topics {
			if mode != "producer" && i > 0 {
				break
			}
			vt, _ := v.Topic(topic)
			checkDump(r, filepath.Join(r.dir, o.BackupID), vt.Parts[0].Segments[0])
		}
	}
}

func checkDump(r *real, root string, seg archive.ViewSegment) {
	r.t.Helper()
	file := filepath.Join(root, filepath.FromSlash(seg.Key))
	if _, err := os.Stat(file); err != nil {
		r.t.Fatal(err)
	}
	d := r.DumpLog(file)
	first, last := d.Offsets()
	if p := d.Problems(); len(p) > 0 || int64(d.Records()) != seg.Records || first != int64(seg.BaseOffset) || last != int64(seg.LastOffset) || int64(len(d.Batches)) != seg.Batches {
		r.t.Fatalf("%s: kafka-dump-log finds %d records in %d batches from %d to %d, problems %q; the manifest says %d in %d from %d to %d",
			seg.Key, d.Records(), len(d.Batches), first, last, p, seg.Records, seg.Batches, seg.BaseOffset, seg.LastOffset)
	}
}

// TestC13_groupsOfThreeCoordinators: the offsets of every group are captured, whichever broker
// coordinates it, and before the data.
func TestC13_groupsOfThreeCoordinators(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	topic := kafkatest.Topic(t, "groups")
	r.CreateTopic(topic, 1, 1, nil)
	r.produceKgo(topic, 50, kgo.NoCompression())
	want := map[string]int64{}
	prefix := kafkatest.Topic(t, "g")
	for i := range 12 {
		id := fmt.Sprintf("%s-%d", prefix, i)
		want[id] = int64(i + 1)
		if err := r.admin.CommitGroup(t.Context(), id, []kafka.GroupOffset{{Topic: topic, Partition: 0, Offset: int64(i + 1)}}); err != nil {
			t.Fatal(err)
		}
	}
	o := r.options(topic)
	o.SkipGroups = false
	o.Groups = func(id string) bool { return strings.HasPrefix(id, prefix) }
	wait(t, Backup(t.Context(), o), ExitDone)
	head, err := r.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := r.archive().Plan(t.Context(), head.Doc.RunID)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, g := range plan.Doc.Groups {
		if len(g.Offsets) == 1 {
			got[g.ID] = int64(g.Offsets[0].Offset)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("captured %v\nwanted %v", got, want)
	}
}

// TestC10_C22_logAppendTimeOnRealKafka: batches stamped by the broker keep their type and time, also
// when the archive re-encodes.
func TestC10_C22_logAppendTimeOnRealKafka(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	topic := kafkatest.Topic(t, "stamped")
	r.CreateTopic(topic, 1, 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	r.produceKgo(topic, 40, kgo.NoCompression())
	r.produceJava(topic, 40, "lz4")
	for _, mode := range []string{"producer", "zstd"} {
		o := r.options(topic)
		o.BackupID, o.Capture.Compression = "stamped-"+mode, mode
		wait(t, Backup(t.Context(), o), ExitDone)
		a := archive.Open(r.store, o.BackupID, archive.Keys{})
		if want, got := readSource(t, r.client, topic, 0), archived(t, a, topic, 0); want != got {
			t.Fatalf("%s: the archive differs from the source", mode)
		}
		v, err := a.View(t.Context(), "latest")
		if err != nil {
			t.Fatal(err)
		}
		var stamped int64
		for _, s := range v.Topics[0].Parts[0].Segments {
			stamped += s.LogAppendTime
		}
		if stamped != 80 {
			t.Errorf("%s: %d records are said to be stamped by the broker, not 80", mode, stamped)
		}
	}
}

// TestC08_C20_compactionOnRealKafka: a topic that the real log cleaner has worked on, holes and all.
func TestC08_C20_compactionOnRealKafka(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	topic := kafkatest.Topic(t, "compacted")
	r.CreateTopic(topic, 1, 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "500", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"})
	for range 4 {
		r.produceRd(topic, 120, "none") // the same keys each time
		time.Sleep(700 * time.Millisecond)
	}
	deadline := time.Now().Add(60 * time.Second)
	for strings.Count(readSource(t, r.client, topic, 0), "\n") >= 480 {
		if time.Now().After(deadline) {
			t.Fatal("the cleaner did not run")
		}
		time.Sleep(500 * time.Millisecond)
		r.produceRd(topic, 1, "none")
	}
	wait(t, Backup(t.Context(), r.options(topic)), ExitDone)
	v, err := r.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Topics[0].Parts[0].Absent.Compacted; got == 0 {
		t.Error("no offset is accounted for as compacted")
	}
	wait(t, Backup(t.Context(), r.options(topic)), ExitDone)
	v, err = r.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if !v.Topics[0].Full {
		t.Error("the second run did not capture the compacted topic in full")
	}
}

// TestC07_retentionOnRealKafka: records that retention takes between two runs are a gap.
func TestC07_retentionOnRealKafka(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	topic := kafkatest.Topic(t, "retained")
	r.CreateTopic(topic, 1, 1, nil)
	r.produceKgo(topic, 100, kgo.NoCompression())
	wait(t, Backup(t.Context(), r.options(topic)), ExitDone)
	r.produceKgo(topic, 100, kgo.NoCompression())
	file := filepath.Join(t.TempDir(), "delete.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"version":1,"partitions":[{"topic":%q,"partition":0,"offset":150}]}`, topic), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Tool(kafkatest.DeleteRecords, "--bootstrap-server", r.Bootstrap(), "--offset-json-file", file)
	s := wait(t, Backup(t.Context(), r.options(topic)), ExitFindings)
	head, err := r.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := head.Doc.Topics[0].Partitions[0]
	if len(p.Gaps) != 1 || p.Gaps[0].From != 100 || p.Gaps[0].To != 150 || p.Records != 50 {
		t.Errorf("gaps %+v, records %d, findings %q", p.Gaps, p.Records, s.Findings)
	}
}

// TestC16_leaderKilledDuringBackup: a broker is killed in mid-run; the run goes on with the new leader.
func TestC16_leaderKilledDuringBackup(t *testing.T) {
	c := kafkatest.StartPrivate(t, kafkatest.Options{Nodes: 3})
	r := newReal(t, c)
	topic := kafkatest.Topic(t, "leader")
	c.CreateTopic(topic, 3, 3, nil)
	r.produceKgo(topic, 3000, kgo.NoCompression())
	o := r.options(topic)
	o.FetchBytes, o.Workers = 4<<10, 1
	o.MaxBytesPerSecond = 64 << 10
	j := Backup(t.Context(), o)
	for j.Snapshot().Records == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	c.Kill(c.Leader(topic, 0))
	wait(t, j, ExitDone)
	r.same(topic, 3)
}

// TestC19_uncleanElectionRewritesTheLog: a replica that missed records becomes leader, and the log grows
// past the end that was captured. The next run finds it, captures from the divergence anew, and says so;
// what is in the archive then equals the source.
func TestC19_uncleanElectionRewritesTheLog(t *testing.T) {
	c := kafkatest.StartPrivate(t, kafkatest.Options{Nodes: 3})
	r := newReal(t, c)
	topic := kafkatest.Topic(t, "unclean")
	c.Tool(kafkatest.Topics, "--bootstrap-server", c.Bootstrap(), "--create", "--topic", topic, "--replica-assignment", "1:2",
		"--config", "unclean.leader.election.enable=true", "--config", "min.insync.replicas=1")
	r.produceKgo(topic, 40, kgo.NoCompression())
	c.Stop(2)
	r.produceKgo(topic, 60, kgo.NoCompression())
	o := r.options(topic)
	o.Capture.SegmentMaxBytes = 1 << 10
	wait(t, Backup(t.Context(), o), ExitDone)
	c.Kill(1)
	c.Restart(2)
	for c.Leader(topic, 0) != 2 {
		time.Sleep(200 * time.Millisecond)
	}
	r.produceRd(topic, 90, "none")
	s := wait(t, Backup(t.Context(), o), ExitFindings)
	if !strings.Contains(strings.Join(s.Findings, "\n"), "replaced what it held from offset 40") {
		t.Errorf("findings %q do not name the divergence", s.Findings)
	}
	r.same(topic, 1)
	r.produceRd(topic, 10, "none")
	wait(t, Backup(t.Context(), o), ExitDone)
	r.same(topic, 1)
}
