package batch

import (
	"bytes"
	"math"
	"testing"
)

func tools(t testing.TB, o EncodeOptions) (*Decoder, *Encoder) {
	t.Helper()
	e, err := NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	return NewDecoder(Limits{}), e
}

func TestC06_CutKeepsExactlyTheRange(t *testing.T) {
	all := goldenRecords()
	dec, enc := tools(t, EncodeOptions{Codec: Zstd, Level: 3})
	for c := None; c <= Zstd; c++ {
		src := golden(t, "java-"+c.String()) // producer 4711, epoch 3, sequence 77, leader epoch 9
		for _, r := range [][2]int64{{0, 1}, {1, 206}, {0, 205}, {3, 5}, {205, 206}, {-5, 100}, {100, math.MaxInt64}} {
			out, kept, err := Cut(dec, enc, []byte("before"), src, r[0], r[1])
			if err != nil || !bytes.HasPrefix(out, []byte("before")) {
				t.Fatalf("%v %v: %v", c, r, err)
			}
			raw, from, to := out[6:], max(r[0], 0), min(r[1], 206)
			want := all[from:to]
			h, err := ParseHeader(raw)
			if err != nil || CheckCRC(raw) != nil || kept != len(want) || enc.Len() != 0 {
				t.Fatalf("%v %v: kept %d, %v", c, r, kept, err)
			}
			wantRecords(t, walkAll(t, raw), want)
			st := wantStats(want)
			if h.BaseOffset != from || h.LastOffset() != to-1 || h.MaxTimestamp != st.MaxTimestamp || h.Codec() != c ||
				h.ProducerID != 4711 || h.ProducerEpoch != 3 || h.BaseSequence != 77+int32(from) || h.LeaderEpoch != 9 {
				t.Errorf("%v %v: %+v", c, r, h)
			}
		}
		if out, kept, err := Cut(dec, enc, nil, src, 206, 300); out != nil || kept != 0 || err != nil {
			t.Errorf("%v: beyond: %d bytes, %d, %v", c, len(out), kept, err)
		}
		if out, kept, err := Cut(dec, enc, nil, src, 0, 206); !bytes.Equal(out, src) || kept != 206 || err != nil {
			t.Errorf("%v: all of it is not copied: %d, %v", c, kept, err)
		}
	}
}

func TestCutOfLogAppendTimeKeepsItsType(t *testing.T) {
	dec, enc := tools(t, EncodeOptions{})
	out, kept, err := Cut(dec, enc, nil, golden(t, "java-logappendtime"), 10, 20)
	if err != nil || kept != 10 {
		t.Fatal(kept, err)
	}
	h, _ := ParseHeader(out)
	if !h.LogAppendTime() || h.MaxTimestamp != 1800000000000 || h.Codec() != Zstd {
		t.Errorf("%+v", h)
	}
	for i, r := range walkAll(t, out) {
		if r.Offset != 10+int64(i) || r.Timestamp != 1800000000000 {
			t.Errorf("offset %d timestamp %d", r.Offset, r.Timestamp)
		}
	}
}

func TestCutOfCleanedAndTransactionalBatches(t *testing.T) {
	dec, enc := tools(t, EncodeOptions{})
	raw, _, rest, err := Next(golden(t, "java-cleaned"))
	if err != nil {
		t.Fatal(err)
	}
	out, kept, err := Cut(dec, enc, nil, raw, 1003, 1011)
	if err != nil || kept != 4 {
		t.Fatal(kept, err)
	}
	h, _ := ParseHeader(out)
	if h.DeleteHorizon() || h.BaseOffset != 1004 || h.LastOffset() != 1010 || h.BaseTimestamp != 1700000000004 || h.BaseSequence != 81 {
		t.Errorf("%+v", h)
	}
	wantRecords(t, walkAll(t, out), walkAll(t, raw)[2:6])
	if out, kept, err := Cut(dec, enc, nil, rest, 0, math.MaxInt64); out != nil || kept != 0 || err != nil {
		t.Errorf("batch without records: %d bytes, %d, %v", len(out), kept, err)
	}
	out, _, err = Cut(dec, enc, nil, golden(t, "java-transactional"), 300, 310)
	if h, _ := ParseHeader(out); err != nil || !h.IsTransactional() {
		t.Errorf("%+v %v", h, err)
	}
}

func TestCutWrapsSequences(t *testing.T) {
	template := Template()
	template.ProducerID, template.ProducerEpoch, template.BaseSequence = 1, 0, math.MaxInt32-1
	recs := goldenRecords()[:5]
	dec, enc := tools(t, EncodeOptions{})
	out, _, err := Cut(dec, enc, nil, witness(recs, template), 2, 5)
	if h, _ := ParseHeader(out); err != nil || h.BaseSequence != 0 {
		t.Errorf("%+v %v", h, err)
	}
	out, _, err = Cut(dec, enc, nil, witness(recs, Template()), 2, 5)
	if h, _ := ParseHeader(out); err != nil || h.BaseSequence != -1 {
		t.Errorf("%+v %v", h, err)
	}
}

func TestFilterByWindow(t *testing.T) {
	src := golden(t, "librdkafka-lz4")
	dec, enc := tools(t, EncodeOptions{})
	const from, to = 1700000000500, 1700000000900
	inside := func(r *Record) bool { return r.Timestamp >= from && r.Timestamp < to }
	out, kept, err := Filter(dec, enc, nil, src, inside)
	if err != nil {
		t.Fatal(err)
	}
	var want []Record
	for _, r := range goldenRecords() {
		if inside(&r) {
			want = append(want, r)
		}
	}
	if kept != len(want) || kept < 50 {
		t.Errorf("kept %d, want %d", kept, len(want))
	}
	wantRecords(t, walkAll(t, out), want)
	out, kept, err = Filter(dec, enc, nil, src, func(r *Record) bool { return r.Offset == 3 || r.Offset == 200 })
	if h, _ := ParseHeader(out); err != nil || kept != 2 || h.Contiguous() || h.BaseOffset != 3 || h.LastOffset() != 200 {
		t.Errorf("%d %v %+v", kept, err, h)
	}
}

func TestCutLeavesNothingBehindOnErrors(t *testing.T) {
	dec, enc := tools(t, EncodeOptions{})
	bad := bytes.Clone(golden(t, "kgo-none"))
	bad[len(bad)-1] ^= 1 // the last header count
	dst := []byte("dst")
	if out, kept, err := Cut(dec, enc, dst, bad, 1, 200); err == nil || kept != 0 || string(out) != "dst" || enc.Len() != 0 {
		t.Errorf("%q %d %v, %d in the encoder", out, kept, err, enc.Len())
	}
	if err := enc.Append(&Record{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Cut(dec, enc, nil, golden(t, "kgo-none"), 1, 2); err == nil || enc.Len() != 1 {
		t.Errorf("an encoder in use: %v", err)
	}
}

func TestRetarget(t *testing.T) {
	for _, name := range []string{"java-transactional", "java-zstd", "kgo-none", "librdkafka-snappy"} {
		src := golden(t, name)
		kept := bytes.Clone(src)
		before := walkAll(t, src)
		out := Retarget([]byte("before"), src, 5000, 99, 4, 17)
		if !bytes.HasPrefix(out, []byte("before")) || !bytes.Equal(src, kept) {
			t.Fatalf("%s: source or destination damaged", name)
		}
		raw := out[6:]
		a, _ := ParseHeader(src)
		base := a.BaseOffset
		h, err := ParseHeader(raw)
		if err != nil || CheckCRC(raw) != nil {
			t.Fatalf("%s: %v %v", name, err, CheckCRC(raw))
		}
		a.BaseOffset, a.LeaderEpoch, a.ProducerID, a.ProducerEpoch, a.BaseSequence, a.CRC = 5000, -1, 99, 4, 17, h.CRC
		a.Attributes &^= attrTransactional
		if h != a || !bytes.Equal(raw[HeaderSize:], src[HeaderSize:]) {
			t.Errorf("%s: %+v, want %+v", name, h, a)
		}
		for i := range before {
			before[i].Offset += 5000 - base
		}
		wantRecords(t, walkAll(t, raw), before)
		RetargetInPlace(kept, 5000, 99, 4, 17)
		if !bytes.Equal(kept, raw) {
			t.Errorf("%s: in place gives other bytes", name)
		}
	}
}
