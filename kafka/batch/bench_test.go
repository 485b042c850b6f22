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

// crcTime is how long a CRC-32C over n bytes takes here and now: the yardstick, as absolute figures
// move with the machine.
func crcTime(n int) time.Duration {
	raw := make([]byte, n)
	start, rounds := time.Now(), 0
	for time.Since(start) < 50*time.Millisecond {
		checksum(raw)
		rounds++
	}
	return time.Since(start) / time.Duration(rounds)
}

// each runs fn for the sizes and codecs of interest. It reports bytes and records as they are without
// compression, and the time as a multiple of that of a CRC over those bytes, measured before and after.
func each(b *testing.B, codecs []Codec, fn func(b *testing.B, raw []byte)) {
	for _, size := range []int{100, 1024} {
		recs := benchRecords((1<<20)/size, size)
		plain := len(encodeAll(b, EncodeOptions{}, recs, Template()))
		for _, c := range codecs {
			raw := encodeAll(b, EncodeOptions{Codec: c}, recs, Template())
			b.Run(fmt.Sprintf("%dB/%v", size, c), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(plain))
				crc := crcTime(plain)
				fn(b, raw)
				per := b.Elapsed() / time.Duration(b.N)
				crc = (crc + crcTime(plain)) / 2
				b.ReportMetric(float64(len(recs))/per.Seconds()/1e6, "Mrec/s")
				b.ReportMetric(float64(per)/float64(crc), "×crc")
			})
		}
	}
}

var allCodecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

func BenchmarkScan(b *testing.B) {
	each(b, allCodecs, func(b *testing.B, raw []byte) {
		d := NewDecoder(Limits{})
		for b.Loop() {
			if _, err := d.Scan(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	each(b, []Codec{None, Zstd}, func(b *testing.B, raw []byte) {
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
	each(b, []Codec{None}, func(b *testing.B, raw []byte) {
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
	each(b, []Codec{None}, func(b *testing.B, raw []byte) {
		for b.Loop() {
			if err := CheckCRC(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	each(b, []Codec{None}, func(b *testing.B, raw []byte) {
		dst := make([]byte, len(raw))
		for b.Loop() {
			copy(dst, raw)
		}
	})
}

func BenchmarkRetarget(b *testing.B) {
	each(b, []Codec{None, Zstd}, func(b *testing.B, raw []byte) {
		var dst []byte
		for b.Loop() {
			dst = Retarget(dst[:0], raw, 1, 2, 3, 4)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	each(b, allCodecs, func(b *testing.B, raw []byte) {
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
