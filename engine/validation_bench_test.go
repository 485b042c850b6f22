package engine

import (
	"bytes"
	"context"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// memoryReader delivers records that were decoded before, as fast as it is asked.
type memoryReader struct{ records []kafka.ReadRecord }

func (m *memoryReader) Partitions(_ context.Context, _ []kafka.Range, fn func(int, *kafka.ReadRecord) error) error {
	for i := range m.records {
		if err := fn(0, &m.records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (*memoryReader) Close() {}

// BenchmarkCompare is what comparing costs beside the client that reads: decoding the archive, hashing,
// comparing.
func BenchmarkCompare(b *testing.B) {
	const batches, each = 400, 500
	value := noise(1, 80)
	var raw [][]byte
	reader := &memoryReader{}
	for n := range batches {
		var recs []embedded.Record
		for i := range each {
			r := embedded.Record{Timestamp: baseTime + int64(i), Key: []byte("some-key"), Value: value}
			recs = append(recs, r)
			reader.records = append(reader.records, kafka.ReadRecord{Offset: int64(n*each + i), Timestamp: r.Timestamp, Key: r.Key, Value: bytes.Clone(value)})
		}
		raw = append(raw, craft("", int64(n*each), recs...))
	}
	store := storage.NewMemory()
	part := archivePart(b, store, raw)
	v := &validation{ValidationOptions: ValidationOptions{Checks: AllChecks()}, archive: archive.Open(store, "b1", archive.Keys{}), receipt: archive.Document[archive.Receipt]{Doc: &archive.Receipt{}}}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		p := &partRead{v: v, topic: &topicRead{}, rp: archive.ReceiptPartition{End: batches * each}, to: batches * each, compare: true, meter: &Meter{},
			stream: sourceStream{archive: v.archive, parts: []*archive.ViewPart{part}}}
		if err := v.readOnce(b.Context(), reader, []*partRead{p}); err != nil || p.compared != batches*each || p.content.DifferencesTotal != 0 {
			b.Fatal(err, p.compared, p.content.DifferencesTotal)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batches*each), "ns/record")
}

// archivePart writes one partition and gives it as a view does.
func archivePart(b *testing.B, store storage.Store, raw [][]byte) *archive.ViewPart {
	w := archive.Open(store, "b1", archive.Keys{}).WritePartition(archive.PartitionOptions{RunID: "r", Epoch: -1, MaxBytes: 1 << 40, Exact: true})
	for _, data := range raw {
		h, err := batch.ParseHeader(data)
		if err != nil {
			b.Fatal(err)
		}
		s, err := batch.NewDecoder(batch.Limits{}).Scan(data)
		if err != nil {
			b.Fatal(err)
		}
		if err := w.Append(b.Context(), data, h, s, archive.Span{From: w.Position(), To: h.LastOffset() + 1}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Roll(b.Context()); err != nil {
		b.Fatal(err)
	}
	part := &archive.ViewPart{}
	for _, h := range w.Held() {
		part.Segments = append(part.Segments, archive.ViewSegment{Held: h, Until: h.To, Counted: h.Records})
	}
	return part
}
