//go:build bench

package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/kafkatest"
	"kustody/storage"
)

// yard is where everything is measured: a cluster, clients of it, a key, a folder.
type yard struct {
	t      *testing.T
	kafka  *kafkatest.Cluster
	client *kafka.Client
	admin  *kafka.Admin
	keys   archive.Keys
	dir    string
	made   int
	table  table
}

// TestBench measures the main job against the limits of the machine and against plain loops, and prints
// one table. What is short of what is expected does not fail it: machines are noisy, and the reasons
// belong to people.
func TestBench(t *testing.T) {
	y := newYard(t)
	defer y.report()
	for _, size := range []int{100, 1024} {
		for _, codec := range []batch.Codec{batch.None, batch.LZ4, batch.Zstd} {
			s := newShape(size, codec)
			if askedFor(s.String()) {
				y.cell(s)
			}
		}
	}
	if askedFor("memory") {
		y.memory()
	}
}

// report prints the table and writes the lines, as far as it came.
func (y *yard) report() {
	fmt.Println()
	if err := y.table.print(os.Stdout); err != nil {
		y.t.Error(err)
	}
	if *benchFile == "" {
		return
	}
	f, err := os.Create(*benchFile)
	if err == nil {
		err = errors.Join(y.table.lines(f), f.Close())
	}
	if err != nil {
		y.t.Error(err)
	}
}

// newShape says how many records are measured.
func newShape(size int, codec batch.Codec) shape {
	n := 2_500_000.0
	if codec != batch.None { // there is less to move, and a job's beginning and end should not show
		n = 4_000_000
	}
	if size > 100 {
		n /= 5
	}
	return shape{size: size, codec: codec, records: int(*benchScale * n)}
}

func newYard(t *testing.T) *yard {
	y := &yard{t: t, kafka: kafkatest.Start(t), dir: t.TempDir()}
	var err error
	if y.client, err = kafka.Open(t.Context(), y.kafka.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(y.client.Close)
	if y.admin, err = kafka.OpenAdmin(t.Context(), y.kafka.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(y.admin.Close)
	private, public, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if y.keys.Signer, err = evidence.ParseSigner(private); err != nil {
		t.Fatal(err)
	}
	if y.keys.Trusted, err = evidence.ParsePublicKey(public); err != nil {
		t.Fatal(err)
	}
	return y
}

// folder is a new one.
func (y *yard) folder() string {
	y.made++
	dir := filepath.Join(y.dir, fmt.Sprint(y.made))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		y.t.Fatal(err)
	}
	return dir
}

func (y *yard) open(dir string) *storage.Filesystem {
	s, err := storage.OpenFilesystem(dir)
	if err != nil {
		y.t.Fatal(err)
	}
	return s
}

// cell measures everything for one shape of records.
func (y *yard) cell(s shape) {
	began := time.Now()
	src := fill(y.t, y.kafka, y.client, s)
	fmt.Printf("# %s: %d records, %.0f MB as stored, made in %.1f s\n", s, src.records, float64(src.bytes)/1e6, time.Since(began).Seconds())
	if askedFor(s.String() + " backup") {
		y.backups(src)
	}
	dir := y.folder()
	store := y.open(dir)
	defer func() { store.Close(); y.tidy() }()
	if err := ended(Backup(y.t.Context(), y.backupOptions(src, store, "producer", "batches"))); err != nil {
		y.t.Fatal(err)
	}
	if askedFor(s.String() + " restore") {
		y.restores(src, store, dir)
	}
	if askedFor(s.String() + " comparison") {
		y.comparisons(src, store)
	}
	y.drop(src.topic)
}

// shapes are those of the memory part: many small records that are compressed, and large ones.
func (y *yard) shapes() []shape {
	return []shape{newShape(100, batch.Zstd), newShape(1024, batch.None)}
}

func (y *yard) drop(topic kafka.Topic) {
	if err := y.client.DeleteTopic(y.t.Context(), topic.ID); err != nil {
		y.t.Errorf("delete topic %s: %v", topic.Name, err)
	}
}

// ended waits for a job, which must end clean.
func ended(j *Job) error {
	s, err := j.Wait()
	if err == nil && s.Exit != ExitDone {
		err = fmt.Errorf("%s ended with exit %d: %q", s.Kind, s.Exit, s.Findings)
	}
	return err
}

func only(topic string) Selection {
	return Selection{Include: []string{topic}, Match: func(name string, _ bool) bool { return name == topic }}
}

func (y *yard) backupOptions(src *source, store storage.Store, compression, inspect string) BackupOptions {
	return BackupOptions{Source: y.client, Admin: y.admin, Store: store, Keys: y.keys, BackupID: "bench", Topics: only(src.topic.Name),
		Capture: archive.Capture{Compression: compression, Inspect: inspect}}
}

// backups measures backups of one source.
func (y *yard) backups(src *source) {
	ctx := y.t.Context()
	backup := func(compression, inspect string) contender {
		name := fmt.Sprintf("%s, %s", compression, inspect)
		return contender{name: name, run: func(w *stopwatch) error {
			dir := y.folder()
			defer os.RemoveAll(dir)
			store := y.open(dir)
			defer store.Close()
			if err := w.start(); err != nil {
				return err
			}
			defer w.stop()
			return ended(Backup(ctx, y.backupOptions(src, store, compression, inspect)))
		}}
	}
	limit := contender{name: "limit", run: func(w *stopwatch) error {
		b, err := newBare(y.kafka.Plain().BootstrapServers, src.topic)
		if err != nil {
			return err
		}
		defer b.close()
		dir := y.folder()
		defer os.RemoveAll(dir)
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return b.capture(ctx, dir, src.ends)
	}}
	plain := contender{name: "consumer", every: 2, run: func(w *stopwatch) error {
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return plainConsume(ctx, y.kafka.Bootstrap(), src)
	}}
	r := contest(y.t, src.String()+" backup", 5, limit, backup("producer", "batches"), backup("producer", "records"), backup("auto", "records"), plain)
	y.backupFigures(src, r)
}

func (y *yard) backupFigures(src *source, r results) {
	ofLimit, cpu := 0.6, 0.0
	if src.codec != batch.None {
		ofLimit = 0.35
	}
	if src.size == 100 {
		cpu = 5
	}
	t := &y.table
	t.ratio("backup", src, r, "producer, batches", "limit", "wall", 0.8)
	t.ratio("backup", src, r, "producer, records", "limit", "wall", ofLimit)
	t.ratio("backup", src, r, "auto, records", "limit", "wall", 0)
	for _, what := range []string{"producer, batches", "producer, records", "auto, records"} {
		expected := 0.0
		if what == "producer, records" {
			expected = cpu
		}
		t.ratio("backup", src, r, what, "consumer", "wall", 0)
		t.ratio("backup", src, r, what, "consumer", "cpu", expected)
	}
}

// restores measures restores of one archive, each into a new topic.
func (y *yard) restores(src *source, store *storage.Filesystem, dir string) {
	ctx := y.t.Context()
	a := archive.Open(store, "bench", y.keys)
	view, err := a.View(ctx, "latest")
	if err != nil {
		y.t.Fatal(err)
	}
	root := filepath.Join(dir, a.Dir)
	files := make([][]string, benchPartitions)
	for _, p := range view.Topics[0].Parts {
		for _, s := range p.Segments {
			files[p.Partition] = append(files[p.Partition], filepath.Join(root, s.Key))
		}
	}
	restore := contender{name: "restore", run: func(w *stopwatch) error {
		target := kafkatest.Topic(y.t, "restored")
		o := RestoreOptions{Target: y.client, Admin: y.admin, Store: store, Keys: y.keys, BackupID: "bench", RestoreID: target,
			Topics: only(src.topic.Name), Mapping: map[string]string{src.topic.Name: target}}
		if err := w.start(); err != nil {
			return err
		}
		err := ended(Restore(ctx, o))
		w.stop()
		if err != nil {
			return err
		}
		topics, err := y.client.Topics(ctx, target)
		if err == nil {
			y.drop(topics[0])
		}
		return err
	}}
	limit := contender{name: "limit", run: func(w *stopwatch) error {
		topic := newTopic(y.t, y.kafka, y.client, "limit", benchPartitions)
		defer y.drop(topic)
		b, err := newBare(y.kafka.Plain().BootstrapServers, topic)
		if err != nil {
			return err
		}
		defer b.close()
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return b.produce(ctx, files)
	}}
	records, err := unpack(ctx, a)
	if err != nil {
		y.t.Fatal(err)
	}
	plain := contender{name: "producer", every: 2, run: func(w *stopwatch) error {
		topic := newTopic(y.t, y.kafka, y.client, "plain", benchPartitions)
		defer y.drop(topic)
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return plainProduce(y.kafka.Bootstrap(), topic.Name, src.codec.String(), records)
	}}
	r := contest(y.t, src.String()+" restore", 3, limit, restore, plain)
	y.table.ratio("restore", src, r, "restore", "limit", "wall", 0.7)
	y.table.ratio("restore", src, r, "restore", "producer", "wall", 0)
	y.table.ratio("restore", src, r, "restore", "producer", "cpu", 0)
}
