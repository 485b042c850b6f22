package engine

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka/embedded"
)

// TestR04_headerThatLies: the newest timestamp in a batch's header is whatever a producer wrote there,
// where the broker does not correct it. A window is judged by the records.
func TestR04_headerThatLies(t *testing.T) {
	for _, inspect := range []string{"records", "batches"} {
		w := newWorld(t, embedded.Options{Topics: map[string]int32{"a": 1}})
		for base := range int64(2) {
			raw := craft("", 0, embedded.Record{Timestamp: 100, Value: []byte("x")}, embedded.Record{Timestamp: 5000 + base, Value: []byte("y")}, embedded.Record{Timestamp: 150, Value: []byte("z")})
			if base == 1 { // the header of the second says less
				binary.BigEndian.PutUint64(raw[35:], 150)
				binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
			}
			if _, err := w.broker.ProduceBatch("a", 0, raw); err != nil {
				t.Fatal(err)
			}
		}
		o := w.options()
		o.Capture.Compression, o.Capture.Inspect, o.Capture.SegmentMaxBytes = "producer", inspect, 1
		w.backup(o, ExitDone)
		start, end := archive.Int64(4000), archive.Int64(6000)
		r := w.restoring()
		r.Window = archive.Window{Start: &start, End: &end}
		s := w.restore(r, ExitDone)
		if s.Get("records") != int64(2) {
			t.Errorf("inspect %s: %v records of 2 are restored", inspect, s.Get("records"))
		}
	}
}
