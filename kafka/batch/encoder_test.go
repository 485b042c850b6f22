package batch

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func producerTemplate() Header {
	h := Template()
	h.LeaderEpoch, h.ProducerID, h.ProducerEpoch, h.BaseSequence = 12, 4711, 3, 77
	h.Attributes = attrTransactional
	return h
}

func TestEncoderWritesWhatKmsgWrites(t *testing.T) {
	for name, recs := range map[string][]Record{"odd": oddRecords(), "golden": goldenRecords(), "one": goldenRecords()[4:5]} {
		for _, template := range []Header{Template(), producerTemplate()} {
			got := encodeAll(t, EncodeOptions{}, recs, template)
			if !bytes.Equal(got, witness(recs, template)) {
				t.Errorf("%s: bytes differ", name)
			}
		}
	}
}

// franz-go's decompressor is the independent reader; Java's and librdkafka's read the same bytes in
// the full suite.
func TestEncoderOfEveryCodecAndLevel(t *testing.T) {
	recs := goldenRecords()
	plain := encodeAll(t, EncodeOptions{}, recs, Template())[HeaderSize:]
	for c, levels := range map[Codec][]int{None: {0}, Gzip: {0, 1, 6, 9}, Snappy: {0}, LZ4: {0, 1, 9}, Zstd: {0, 1, 3, 9, 19, 22}} {
		for _, level := range levels {
			raw := encodeAll(t, EncodeOptions{Codec: c, Level: level}, recs, producerTemplate())
			h, err := ParseHeader(raw)
			if err != nil || h.Codec() != c || CheckCRC(raw) != nil || h.Size() != len(raw) {
				t.Fatalf("%v %d: %v", c, level, err)
			}
			if c != None && h.Size() > len(plain)/4 {
				t.Errorf("%v %d: %d bytes of %d", c, level, h.Size(), len(plain))
			}
			wantRecords(t, walkAll(t, raw), recs)
			got, err := kgo.DefaultDecompressor().Decompress(raw[HeaderSize:], kgo.CompressionCodecType(c))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%v %d: franz-go reads something else: %v", c, level, err)
			}
		}
	}
}

func TestEncoderLevelsThatDoNotExist(t *testing.T) {
	for _, o := range []EncodeOptions{{Gzip, 10}, {LZ4, 10}, {Zstd, 23}, {Zstd, -1}, {None, 1}, {Snappy, 1}, {Codec(5), 0}, {Codec(-1), 0}} {
		if _, err := NewEncoder(o); err == nil {
			t.Errorf("%v level %d accepted", o.Codec, o.Level)
		}
	}
}

func TestEncoderKeepsHoles(t *testing.T) {
	recs := []Record{{Offset: 100, Timestamp: 5}, {Offset: 103, Timestamp: 4}, {Offset: 100 + math.MaxInt32 - 1, Timestamp: 9}}
	raw := encodeAll(t, EncodeOptions{Codec: Zstd}, recs, Header{})
	wantRecords(t, walkAll(t, raw), recs)
	h, _ := ParseHeader(raw)
	if h.BaseOffset != 100 || h.LastOffset() != 100+math.MaxInt32-1 || h.Contiguous() || h.BaseTimestamp != 5 || h.MaxTimestamp != 9 {
		t.Errorf("%+v", h)
	}
	if h.ProducerID != -1 || h.ProducerEpoch != -1 || h.BaseSequence != -1 || h.LeaderEpoch != -1 {
		t.Errorf("the zero template is no producer: %+v", h)
	}
}

func TestEncoderRefuses(t *testing.T) {
	e, err := NewEncoder(EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(nil, Template()); err == nil {
		t.Error("a batch without records")
	}
	if err := e.Append(&Record{Offset: -1}); err == nil {
		t.Error("offset -1")
	}
	if err := e.Append(&Record{Offset: 10, Timestamp: 1}); err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{-1, 9, 10, 10 + math.MaxInt32, math.MaxInt64} {
		if err := e.Append(&Record{Offset: off}); err == nil {
			t.Errorf("offset %d after 10", off)
		}
	}
	if err := e.Append(&Record{Offset: 11, Timestamp: 2}); err != nil || e.Len() != 2 {
		t.Fatalf("%d records, %v", e.Len(), err)
	}
	appendTime := Template()
	appendTime.Attributes = attrLogAppendTime
	dst := []byte("kept")
	if out, err := e.Encode(dst, appendTime); err == nil || string(out) != "kept" {
		t.Errorf("two timestamps in a LogAppendTime batch: %q %v", out, err)
	}
	if out, err := e.Encode(dst, Template()); err != nil || !bytes.HasPrefix(out, dst) || len(out) != len(dst)+e.RawSize() {
		t.Errorf("after refusals: %d bytes, %v", len(out), err)
	}
	e.Reset()
	if e.Len() != 0 || e.RawSize() != 0 {
		t.Error("reset keeps records")
	}
	if err := e.Append(&Record{Offset: 3}); err != nil {
		t.Error(err)
	}
}

func TestSizeWithIsExact(t *testing.T) {
	e, err := NewEncoder(EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range oddRecords() {
		want := e.SizeWith(&r)
		if err := e.Append(&r); err != nil {
			t.Fatal(err)
		}
		raw, err := e.Encode(nil, Template())
		if err != nil || len(raw) != want || e.RawSize() != want {
			t.Errorf("offset %d: %d bytes, said %d and %d, %v", r.Offset, len(raw), want, e.RawSize(), err)
		}
	}
}

func TestEncoderIsDeterministic(t *testing.T) {
	recs := goldenRecords()
	for c := None; c <= Zstd; c++ {
		e, err := NewEncoder(EncodeOptions{Codec: c})
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for round := range 3 {
			e.Reset()
			for i := range recs {
				if err := e.Append(&recs[i]); err != nil {
					t.Fatal(err)
				}
			}
			raw, err := e.Encode(nil, Template())
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first = raw
			} else if !bytes.Equal(raw, first) {
				t.Errorf("%v: round %d gives other bytes", c, round)
			}
		}
	}
}

func TestCanonicalRecord(t *testing.T) {
	r := Record{Offset: 99, Timestamp: -2, Key: nil, Value: []byte{}, Headers: []RecordHeader{{Key: []byte("h"), Value: nil}, {Key: []byte{}, Value: []byte("v")}}}
	want := "fffffffffffffffe" + "ffffffff" + "00000000" + "00000002" + "0000000168" + "ffffffff" + "00000000" + "0000000176"
	if got := hex.EncodeToString(AppendCanonical([]byte{0xAA}, &r)); got != "aa"+want {
		t.Errorf("got  %s\nwant aa%s", got, want)
	}
	moved := r
	moved.Offset = 1
	moved.Headers = []RecordHeader{{Key: []byte("h")}, {Key: nil, Value: []byte("v")}}
	if !bytes.Equal(AppendCanonical(nil, &r), AppendCanonical(nil, &moved)) {
		t.Error("offset or the kind of an empty name changes it")
	}
}

func TestCodecNames(t *testing.T) {
	for c := None; c <= Zstd; c++ {
		if got, err := ParseCodec(strings.ToUpper(c.String())); got != c || err != nil {
			t.Errorf("%v: %v %v", c, got, err)
		}
	}
	if c, err := ParseCodec("uncompressed"); c != None || err != nil {
		t.Errorf("uncompressed: %v %v", c, err)
	}
	if _, err := ParseCodec("brotli"); !errors.Is(err, ErrCodec) || !strings.Contains(err.Error(), "lz4") {
		t.Errorf("brotli: %v", err)
	}
	if Codec(6).String() != "codec 6" {
		t.Error(Codec(6).String())
	}
}
