package batch

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/snappy"
)

// addGolden seeds with small batches; the long record of the golden ones is left out, a fuzzer that
// copies 80 KB about finds little.
func addGolden(f *testing.F) {
	recs := goldenRecords()
	small := append(recs[:5:5], recs[6:12]...)
	for c := None; c <= Zstd; c++ {
		f.Add(encodeAll(f, EncodeOptions{Codec: c}, small, producerTemplate()))
	}
	for _, n := range []string{"java-cleaned", "java-commit", "java-abort"} {
		f.Add(golden(f, n))
	}
	f.Add(witness(oddRecords()[:8], Template()))
}

// classed says that an error is one of those the package promises.
func classed(err error) bool {
	var m *MagicError
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrShort) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrCodec) || errors.As(err, &m)
}

func FuzzWalkAndScanAgree(f *testing.F) {
	addGolden(f)
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(Limits{MaxBatchBytes: limit})
		recs, werr := tryWalk(d, b)
		st, serr := d.Scan(b)
		if (werr == nil) != (serr == nil) || werr != nil && werr.Error() != serr.Error() {
			t.Fatalf("walk says %v, scan %v", werr, serr)
		}
		if werr != nil {
			if !classed(werr) {
				t.Fatalf("an error of no class: %v", werr)
			}
			return
		}
		want := wantStats(recs)
		want.RawBytes = st.RawBytes
		if st != want {
			t.Fatalf("scan counts %+v, walk %+v", st, want)
		}
		if st.RawBytes > limit {
			t.Fatalf("%d bytes beyond the limit", st.RawBytes)
		}
		reencode(t, b, recs)
	})
}

// reencode checks that records survive an encoder, and a cut through every codec.
func reencode(t *testing.T, b []byte, recs []Record) {
	h, err := ParseHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(recs) == 0 {
		return
	}
	c := Codec(uint8(len(b)) % 5)
	e, err := NewEncoder(EncodeOptions{Codec: c})
	if err != nil {
		t.Fatal(err)
	}
	for i := range recs {
		if err := e.Append(&recs[i]); err != nil {
			if recs[i].Offset-recs[0].Offset == 1<<31-1 {
				return // one further than an encoder goes
			}
			t.Fatal(err)
		}
	}
	raw, err := e.Encode(nil, h)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, walkAll(t, raw), recs)
	if g, err := ParseHeader(raw); err != nil || CheckCRC(raw) != nil || g.LogAppendTime() != h.LogAppendTime() || g.ProducerID != h.ProducerID {
		t.Fatalf("%+v became %+v, %v", h, g, err)
	}
	moved := Retarget(nil, b[:h.Size()], 0, 1, 2, 3)
	if err := CheckCRC(moved); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecompress(f *testing.F) {
	src := bytes.Repeat([]byte("seed "), 100)
	for c := Gzip; c <= Zstd; c++ {
		f.Add(int8(c), squeeze(f, c, src))
	}
	f.Add(int8(Snappy), append(bytes.Clone(xerialHeader), 0, 0, 0, 3, 1, 0, 'a'))
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, c int8, b []byte) {
		var in inflater
		out, err := in.decompress(Codec(c), b, limit)
		if err != nil && !classed(err) {
			t.Fatalf("an error of no class: %v", err)
		}
		if len(out) > limit || cap(in.buf) > 2*limit+64 {
			t.Fatalf("%d bytes in a buffer of %d", len(out), cap(in.buf))
		}
		if err != nil || c == 0 {
			return
		}
		kept := bytes.Clone(out)
		again, err := in.decompress(Codec(c), b, limit)
		if err != nil || !bytes.Equal(again, kept) {
			t.Fatalf("a second time: %v", err)
		}
		back, err := in.decompress(Codec(c), squeeze(t, Codec(c), kept), limit)
		if err != nil || !bytes.Equal(back, kept) {
			t.Fatalf("compressed anew: %v", err)
		}
	})
}

// FuzzXerial cuts data into chunks of any size and reads it back.
func FuzzXerial(f *testing.F) {
	f.Add([]byte("some data in some chunks"), uint16(5))
	f.Add([]byte{}, uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		framed := bytes.Clone(xerialHeader)
		for b := data; len(b) > 0; {
			n := min(len(b), int(size)+1)
			framed, b = append(framed, chunk(snappy.Encode(nil, b[:n]))...), b[n:]
		}
		var in inflater
		got, err := in.decompress(Snappy, framed, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes of %d: %v", len(got), len(data), err)
		}
		if len(data) > 0 {
			if _, err := in.decompress(Snappy, framed, len(data)-1); !errors.Is(err, ErrTooLarge) {
				t.Fatalf("one above the limit: %v", err)
			}
		}
	})
}

func FuzzVarint(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(-1))
	f.Add(int64(-1 << 63))
	f.Add(int64(1<<31 - 1))
	f.Fuzz(func(t *testing.T, v int64) {
		b := appendVarlong(nil, v)
		if got, pos := varlong(b, 0); got != v || pos != len(b) || varlongSize(v) != len(b) {
			t.Fatalf("%d: %x gives %d, %d", v, b, got, pos)
		}
		if _, pos := varlong(b[:len(b)-1], 0); pos != -1 {
			t.Fatalf("%d cut gives a number", v)
		}
		w := int32(v)
		b = appendVarint(nil, w)
		if got, pos := varint(b, 0); got != w || pos != len(b) || varintSize(w) != len(b) {
			t.Fatalf("%d: %x gives %d, %d", w, b, got, pos)
		}
		if _, pos := varint(b, -1); pos != -1 {
			t.Fatal("reads at -1")
		}
	})
}
