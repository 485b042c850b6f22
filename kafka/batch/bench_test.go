package batch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// benchRecords are n records with values of size bytes, half of which compress.
func benchRecords(n, size int) []Record {
	rnd := rand.New(rand.NewPCG(1, 2))
	recs := make([]Record, n)
	for i := range recs {
		v := bytes.Repeat([]byte("abcdefgh"), size/8+1)[:size]
		for j := 0; j < size; j += 2 {
			v[j] = 'a' + byte(rnd.UintN(26))
		}
		recs[i] = Record{Offset: int64(i), Timestamp: 1700000000000 + int64(i), Key: fmt.Appendf(nil, "key-%06d", i), Value: v}
	}
	return recs
}

// crcRate is how many bytes a second CRC-32C takes here and now: the yardstick, as absolute figures
// move with the machine.
func crcRate(raw []byte) float64 {
	const rounds = 200
	start := time.Now()
	for range rounds {
		checksum(raw)
	}
	return float64(rounds*len(raw)) / time.Since(start).Seconds()
}

// report adds records per second, and the time taken as a multiple of that of a CRC over the batch.
func report(b *testing.B, raw []byte, records int) {
	secs := b.Elapsed().Seconds() / float64(b.N)
	b.SetBytes(int64(len(raw)))
	b.ReportMetric(float64(records)/secs/1e6, "Mrec/s")
	b.ReportMetric(secs*crcRate(raw)/float64(len(raw)), "×crc")
}

// each runs fn for the sizes and codecs of interest.
func each(b *testing.B, codecs []Codec, fn func(b *testing.B, raw []byte, records int)) {
	for _, size := range []int{100, 1024} {
		for _, c := range codecs {
			recs := benchRecords((1<<20)/size, size)
			raw := encodeAll(b, EncodeOptions{Codec: c}, recs, Template())
			b.Run(fmt.Sprintf("%dB/%v", size, c), func(b *testing.B) {
				b.ReportAllocs()
				fn(b, raw, len(recs))
				report(b, raw, len(recs))
			})
		}
	}
}

var allCodecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

func BenchmarkScan(b *testing.B) {
	each(b, allCodecs, func(b *testing.B, raw []byte, _ int) {
		d := NewDecoder(Limits{})
		for b.Loop() {
			if _, err := d.Scan(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	each(b, []Codec{None, Zstd}, func(b *testing.B, raw []byte, _ int) {
		d := NewDecoder(Limits{})
		var n int
		for b.Loop() {
			if err := d.Walk(raw, func(r *Record) error { n += len(r.Value); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	each(b, []Codec{None}, func(b *testing.B, raw []byte, _ int) {
		d := NewDecoder(Limits{})
		var buf []byte
		for b.Loop() {
			if err := d.Walk(raw, func(r *Record) error { buf = AppendCanonical(buf[:0], r); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCheckCRC(b *testing.B) {
	each(b, []Codec{None}, func(b *testing.B, raw []byte, _ int) {
		for b.Loop() {
			if err := CheckCRC(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	each(b, []Codec{None}, func(b *testing.B, raw []byte, _ int) {
		dst := make([]byte, len(raw))
		for b.Loop() {
			copy(dst, raw)
		}
	})
}

func BenchmarkRetarget(b *testing.B) {
	each(b, []Codec{None, Zstd}, func(b *testing.B, raw []byte, _ int) {
		var dst []byte
		for b.Loop() {
			dst = Retarget(dst[:0], raw, 1, 2, 3, 4)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	each(b, allCodecs, func(b *testing.B, raw []byte, n int) {
		d := NewDecoder(Limits{})
		h, err := ParseHeader(raw)
		if err != nil {
			b.Fatal(err)
		}
		var recs []Record
		if err := d.Walk(raw, func(r *Record) error { recs = append(recs, clone(r)); return nil }); err != nil {
			b.Fatal(err)
		}
		e, err := NewEncoder(EncodeOptions{Codec: h.Codec()})
		if err != nil {
			b.Fatal(err)
		}
		var dst []byte
		for b.Loop() {
			e.Reset()
			for i := range recs {
				if err := e.Append(&recs[i]); err != nil {
					b.Fatal(err)
				}
			}
			if dst, err = e.Encode(dst[:0], h); err != nil {
				b.Fatal(err)
			}
		}
	})
}
