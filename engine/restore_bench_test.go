//go:build bench

package engine

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/kafkatest"
	"kustody/storage"
)

// benchParts is how many partitions the benchmarks restore.
const benchParts = 4

// benchArchive is an archive of dense batches of about 16 KiB, as producers write them.
func benchArchive(b *testing.B, codec batch.Codec, records, size int) (storage.Store, *archive.Archive, int64) {
	b.Helper()
	fail := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	store, err := storage.OpenFilesystem(b.TempDir())
	fail(err)
	a := archive.Open(store, "b1", archive.Keys{})
	plan := archive.Plan{RunID: "20261120T020000Z-aaaaaa", Source: archive.Cluster{Observed: "source"}}
	mt := archive.ManifestTopic{Name: "bench", Full: true, ReplicationFactor: 1, ID: kafka.TopicID{1}}
	enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: codec})
	fail(err)
	dec := batch.NewDecoder(batch.Limits{})
	perBatch := max(1, 16384/size)
	text := []byte(fmt.Sprintf(`{"id":%q,"filler":"%x"}`, "0123456789abcdef", noise(1, size)))[:size]
	var bytes int64
	for p := range int32(benchParts) {
		w := a.WritePartition(archive.PartitionOptions{RunID: plan.RunID, TopicID: mt.ID, Topic: mt.Name, Partition: p, Epoch: -1, MaxBytes: 128 << 20, Exact: true})
		for at := 0; at < records/benchParts; at += perBatch {
			for i := range perBatch {
				copy(text[7:], fmt.Sprintf("%016x", uint64(at+i)*0x9e3779b97f4a7c15))
				fail(enc.Append(&batch.Record{Offset: int64(at + i), Timestamp: baseTime + int64(at+i), Value: text}))
			}
			raw, err := enc.Encode(nil, batch.Template())
			fail(err)
			enc.Reset()
			h, err := batch.ParseHeader(raw)
			fail(err)
			s, err := dec.Scan(raw)
			fail(err)
			fail(w.Append(b.Context(), raw, h, s, archive.Span{From: w.Position(), To: h.LastOffset() + 1}))
			bytes += int64(len(raw))
		}
		fail(w.Roll(b.Context()))
		m := archive.ManifestPartition{Partition: p, End: archive.Int64(w.Position()), Segments: w.Held()}
		for _, s := range m.Segments {
			m.Records += s.Records
			m.Bytes += s.Size
		}
		mt.Partitions = append(mt.Partitions, m)
	}
	f, err := a.PutPlan(b.Context(), &plan)
	fail(err)
	_, err = a.PutManifest(b.Context(), &archive.Manifest{RunID: plan.RunID, PlanSHA256: f.SHA256, Chain: 1, Complete: true, Source: plan.Source, Topics: []archive.ManifestTopic{mt}})
	fail(err)
	return store, a, bytes
}

// BenchmarkRestore restores an archive on a local disk into real Kafka, and beside it sends the same
// batches, kept in memory, with nothing around it: the bound that a broker sets.
func BenchmarkRestore(b *testing.B) {
	k := kafkatest.Start(b)
	for _, x := range []struct {
		name          string
		codec         batch.Codec
		records, size int
	}{{"100B-none", batch.None, 2_000_000, 100}, {"100B-zstd", batch.Zstd, 2_000_000, 100}, {"1KiB-none", batch.None, 300_000, 1024}, {"1KiB-zstd", batch.Zstd, 300_000, 1024}} {
		store, a, bytes := benchArchive(b, x.codec, x.records, x.size)
		client, err := kafka.Open(b.Context(), k.Plain())
		if err != nil {
			b.Fatal(err)
		}
		admin, err := kafka.OpenAdmin(b.Context(), k.Plain())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(x.name+"/bare", func(b *testing.B) {
			b.SetBytes(bytes)
			loaded := load(b, a)
			for b.Loop() {
				topic := kafkatest.Topic(b, "bare")
				k.CreateTopic(topic, benchParts, 1, nil)
				report(b, x.records, func() error { return bareProduce(b, client, topic, loaded) })
			}
		})
		b.Run(x.name+"/restore", func(b *testing.B) {
			b.SetBytes(bytes)
			for b.Loop() {
				report(b, x.records, func() error {
					_, err := Restore(b.Context(), RestoreOptions{Target: client, Admin: admin, Store: store, BackupID: "b1",
						Mapping: map[string]string{"bench": kafkatest.Topic(b, "restored")}}).Wait()
					return err
				})
			}
		})
		admin.Close()
		client.Close()
	}
}

// report runs the measured part and adds records per second.
func report(b *testing.B, records int, run func() error) {
	began := time.Now()
	if err := run(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(records)/time.Since(began).Seconds()/1e6, "Mrec/s")
}

// load reads all batches of an archive into memory.
func load(b *testing.B, a *archive.Archive) [][][]byte {
	b.Helper()
	v, err := a.View(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	out := make([][][]byte, benchParts)
	for i, p := range v.Topics[0].Parts {
		for _, s := range p.Segments {
			r, err := a.OpenSegment(b.Context(), s.Segment)
			if err != nil {
				b.Fatal(err)
			}
			for {
				raw, _, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				out[i] = append(out[i], batch.Retarget(nil, raw, 0, -1, -1, -1))
			}
			r.Close()
		}
	}
	return out
}

// bareProduce sends batches, one in flight per partition.
func bareProduce(b *testing.B, c *kafka.Client, topic string, parts [][][]byte) error {
	found, err := c.Topics(b.Context(), topic)
	if err != nil {
		return err
	}
	producer, err := c.InitProducer(b.Context())
	if err != nil {
		return err
	}
	var g errgroup.Group
	for p, batches := range parts {
		g.Go(func() error {
			tp := kafka.TopicPartition{Topic: topic, ID: found[0].ID, Partition: int32(p)}
			var n int64
			var buf []byte
			for _, raw := range batches {
				h, err := batch.ParseHeader(raw)
				if err != nil {
					return err
				}
				buf = batch.Retarget(buf[:0], raw, 0, producer.ID, producer.Epoch, sequence(n))
				if _, err := c.Append(b.Context(), tp, buf, time.Minute); err != nil {
					return err
				}
				n += int64(h.NumRecords)
			}
			return nil
		})
	}
	return g.Wait()
}
