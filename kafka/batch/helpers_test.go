package batch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// clone copies a record out of a decoder's buffers.
func clone(r *Record) Record {
	c := Record{Offset: r.Offset, Timestamp: r.Timestamp, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value)}
	for _, h := range r.Headers {
		c.Headers = append(c.Headers, RecordHeader{Key: bytes.Clone(h.Key), Value: bytes.Clone(h.Value)})
	}
	return c
}

func walkAll(t testing.TB, raw []byte) []Record {
	t.Helper()
	out, err := tryWalk(NewDecoder(Limits{}), raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryWalk(d *Decoder, raw []byte) ([]Record, error) {
	var out []Record
	err := d.Walk(raw, func(r *Record) error {
		out = append(out, clone(r))
		return nil
	})
	return out, err
}

// same compares two records to the bit, null against empty too.
func same(a, b *Record) error {
	eq := func(x, y []byte) bool { return bytes.Equal(x, y) && (x == nil) == (y == nil) }
	switch {
	case a.Offset != b.Offset:
		return fmt.Errorf("offset %d, want %d", a.Offset, b.Offset)
	case a.Timestamp != b.Timestamp:
		return fmt.Errorf("offset %d: timestamp %d, want %d", b.Offset, a.Timestamp, b.Timestamp)
	case !eq(a.Key, b.Key):
		return fmt.Errorf("offset %d: key %.40q, want %.40q", b.Offset, a.Key, b.Key)
	case !eq(a.Value, b.Value):
		return fmt.Errorf("offset %d: value %.40q, want %.40q", b.Offset, a.Value, b.Value)
	case len(a.Headers) != len(b.Headers):
		return fmt.Errorf("offset %d: %d headers, want %d", b.Offset, len(a.Headers), len(b.Headers))
	}
	for i := range a.Headers {
		if !eq(a.Headers[i].Key, b.Headers[i].Key) || !eq(a.Headers[i].Value, b.Headers[i].Value) {
			return fmt.Errorf("offset %d: header %d is %q, want %q", b.Offset, i, a.Headers[i], b.Headers[i])
		}
	}
	return nil
}

func wantRecords(t testing.TB, got, want []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if err := same(&got[i], &want[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// oddRecords are those that clients are known to lose or change.
func oddRecords() []Record {
	recs := []Record{
		{Timestamp: 253402300799999, Key: []byte("year 9999"), Value: []byte("v")},
		{Timestamp: 1700000000000000, Key: []byte("microseconds"), Value: []byte("v")},
		{Timestamp: 0, Value: []byte("null key")},
		{Timestamp: -1, Key: []byte{}, Value: []byte("empty key")},
		{Timestamp: -1000, Key: []byte("null value")},
		{Timestamp: math.MinInt64, Key: []byte("empty value"), Value: []byte{}},
		{Timestamp: math.MaxInt64, Key: []byte("k"), Value: []byte("headers"), Headers: []RecordHeader{
			{Key: []byte("a"), Value: []byte("1")}, {Key: []byte("a"), Value: []byte("1")}, {Key: []byte("A"), Value: []byte("2")},
			{Key: []byte("nul\x00in name"), Value: []byte("x\x00y")}, {Key: []byte("null")}, {Key: []byte("empty"), Value: []byte{}},
			{Key: []byte{}, Value: []byte("empty name")}, {Key: []byte{0xff, 0xfe}, Value: []byte("not UTF-8")},
		}},
		{Timestamp: 1700000000000},
		{Timestamp: 1700000000001, Key: []byte("eight"), Value: bytes.Repeat([]byte("megabyte"), 1<<20)},
	}
	for i := range recs {
		recs[i].Offset = 1000 + int64(i)
	}
	return recs
}

// witness encodes records with franz-go's structures, uncompressed.
func witness(recs []Record, template Header) []byte {
	b := kmsg.RecordBatch{
		FirstOffset: recs[0].Offset, PartitionLeaderEpoch: template.LeaderEpoch, Magic: 2, Attributes: template.Attributes &^ 7,
		LastOffsetDelta: int32(recs[len(recs)-1].Offset - recs[0].Offset),
		FirstTimestamp:  recs[0].Timestamp, MaxTimestamp: math.MinInt64,
		ProducerID: template.ProducerID, ProducerEpoch: template.ProducerEpoch, FirstSequence: template.BaseSequence,
		NumRecords: int32(len(recs)),
	}
	for i := range recs {
		r := &recs[i]
		b.MaxTimestamp = max(b.MaxTimestamp, r.Timestamp)
		k := kmsg.Record{TimestampDelta64: r.Timestamp - recs[0].Timestamp, OffsetDelta: int32(r.Offset - recs[0].Offset), Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kmsg.Header{Key: string(h.Key), Value: h.Value})
		}
		k.Length = int32(len(k.AppendTo(nil)) - 1) // without the byte that a length of 0 takes
		b.Records = k.AppendTo(b.Records)
	}
	b.Length = int32(minLength + len(b.Records))
	raw := b.AppendTo(nil)
	return fixCRC(raw)
}

func fixCRC(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// rawBatch is a batch with any payload, its CRC right.
func rawBatch(c Codec, records int32, payload []byte) []byte {
	h := Template()
	h.Attributes, h.NumRecords, h.LastOffsetDelta = int16(c), records, max(records-1, 0)
	h.Length = int32(minLength + len(payload))
	raw := make([]byte, HeaderSize, HeaderSize+len(payload))
	h.put(raw)
	return fixCRC(append(raw, payload...))
}

func encodeAll(t testing.TB, o EncodeOptions, recs []Record, template Header) []byte {
	t.Helper()
	e, err := NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range recs {
		if err := e.Append(&recs[i]); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := e.Encode(nil, template)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenRecords are the records that every producer was given for its files in testdata.
func goldenRecords() []Record {
	const t0 = 1700000000000
	recs := []Record{
		{Timestamp: t0, Value: []byte("null key")},
		{Timestamp: t0 - 5000, Key: []byte{}, Value: []byte("empty key, earlier")},
		{Timestamp: t0 + 1, Key: []byte("null value")},
		{Timestamp: t0 + 1<<33, Key: []byte("empty value, far later"), Value: []byte{}},
		{Timestamp: t0, Key: []byte("k"), Value: []byte("headers"), Headers: []RecordHeader{
			{Key: []byte("a"), Value: []byte("1")}, {Key: []byte("a"), Value: []byte("2")}, {Key: []byte("null")},
			{Key: []byte("empty"), Value: []byte{}}, {Key: []byte{}, Value: []byte("empty name")}, {Key: []byte("bin"), Value: []byte{0, 0xff, 0x80}},
		}},
		{Timestamp: t0, Key: []byte("long"), Value: bytes.Repeat([]byte("70 000 bytes. "), 5000)},
	}
	for i := range 200 {
		recs = append(recs, Record{Timestamp: t0 + int64(i)*7, Key: fmt.Appendf(nil, "key-%d", i%10),
			Value: []byte(strings.Repeat(fmt.Sprintf("{\"n\":%d}", i), 1+i%13))})
	}
	for i := range recs {
		recs[i].Offset = int64(i)
	}
	return recs
}
