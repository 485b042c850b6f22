package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// squeeze compresses with any codec, as our encoder does.
func squeeze(t testing.TB, c Codec, src []byte) []byte {
	t.Helper()
	var f deflater
	out, err := f.compress(nil, c, src)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func inflate(c Codec, src []byte, limit int) ([]byte, error) {
	var f inflater
	return f.decompress(c, src, limit)
}

func TestH02_BombsAreBoundedWhileDecompressing(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 24<<20)
	for _, c := range []Codec{Gzip, Snappy, LZ4, Zstd} {
		bomb := squeeze(t, c, zeros)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		raw := rawBatch(c, 1, bomb)
		d := NewDecoder(Limits{MaxBatchBytes: limit})
		_, err := d.Scan(raw)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v: %v", c, err)
		}
		// The bomb itself is copied once, the buffer may have doubled up to the limit.
		if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20+2*uint64(len(bomb)) {
			t.Errorf("%v: took %d bytes", c, got)
		}
		if cap(d.inflate.buf) > 2*limit {
			t.Errorf("%v: kept %d bytes", c, cap(d.inflate.buf))
		}
		if out, err := inflate(c, bomb, len(zeros)); err != nil || !bytes.Equal(out, zeros) {
			t.Errorf("%v: at the limit: %d bytes, %v", c, len(out), err)
		}
		if _, err := inflate(c, bomb, len(zeros)-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v: one above the limit: %v", c, err)
		}
	}
}

func TestH02_DeclaredSizesThatLie(t *testing.T) {
	zstdFrame := func(size uint64, block ...byte) []byte {
		b := binary.LittleEndian.AppendUint64([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, size) // single segment, 8 bytes of size
		return append(b, block...)
	}
	lz4Size := squeeze(t, LZ4, []byte("a"))
	for name, c := range map[string]struct {
		codec Codec
		src   []byte
	}{
		"zstd 2^60":              {Zstd, zstdFrame(1<<60, 1, 0, 0)},
		"zstd 2^39":              {Zstd, zstdFrame(1<<39, 1, 0, 0)},
		"zstd below the limit":   {Zstd, zstdFrame(500<<20, 1, 0, 0)},
		"zstd in second frame":   {Zstd, append(squeeze(t, Zstd, []byte("first")), zstdFrame(500<<20, 1, 0, 0)...)},
		"snappy 2^32-1":          {Snappy, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}},
		"snappy below the limit": {Snappy, binary.AppendUvarint(nil, 500<<20)},
		"xerial chunk 2^32-1":    {Snappy, append(bytes.Clone(xerialHeader), 0xff, 0xff, 0xff, 0xff, 0)},
		"xerial chunk lies":      {Snappy, append(append(bytes.Clone(xerialHeader), 0, 0, 0, 4), binary.AppendUvarint(nil, 500<<20)...)},
		"lz4 cut":                {LZ4, lz4Size[:len(lz4Size)-4]},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewDecoder(Limits{}).Scan(rawBatch(c.codec, 1, c.src))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("%s: took %d bytes", name, got)
		}
	}
}

func TestUnknownCodecsAreRefused(t *testing.T) {
	for c := Codec(5); c <= 7; c++ {
		if _, err := NewDecoder(Limits{}).Scan(rawBatch(c, 1, []byte{0})); !errors.Is(err, ErrCodec) {
			t.Errorf("%d: %v", c, err)
		}
	}
}

// truncated and damaged streams never pass for whole ones: what comes out is an error or other bytes
// that the walk refuses, and no codec may end early without a word.
func TestTruncatedStreams(t *testing.T) {
	src := bytes.Repeat([]byte("some text that compresses, "), 5000)
	for _, c := range []Codec{Gzip, Snappy, LZ4, Zstd} {
		whole := squeeze(t, c, src)
		var f inflater
		for n := 1; n < len(whole); n += 1 + len(whole)/200 {
			if out, err := f.decompress(c, whole[:n], 1<<20); err == nil && bytes.Equal(out, src) {
				t.Errorf("%v: the first %d of %d bytes give all of it", c, n, len(whole))
			} else if err == nil && c != Snappy { // snappy's blocks may end between two
				t.Errorf("%v: the first %d of %d bytes give %d bytes and no error", c, n, len(whole), len(out))
			}
		}
		if _, err := f.decompress(c, append(bytes.Clone(whole), "trailing"...), 1<<20); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v: bytes behind the stream: %v", c, err)
		}
		if out, err := f.decompress(c, whole, 1<<20); err != nil || !bytes.Equal(out, src) {
			t.Errorf("%v: after failures: %v", c, err)
		}
	}
}

func chunk(block []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(block))), block...)
}

func TestC11_SnappyFramings(t *testing.T) {
	a, b := bytes.Repeat([]byte("abc"), 30000), []byte("a short second block")
	ea, eb := snappy.Encode(nil, a), snappy.Encode(nil, b)
	both := append(bytes.Clone(a), b...)
	join := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	h := xerialHeader
	for name, c := range map[string]struct {
		src, want []byte
	}{
		"raw":                  {ea, a},
		"raw empty":            {snappy.Encode(nil, nil), nil},
		"xerial":               {join(h, chunk(ea)), a},
		"xerial two chunks":    {join(h, chunk(ea), chunk(eb)), both},
		"xerial two streams":   {join(h, chunk(ea), h, chunk(eb)), both},
		"xerial empty":         {h, nil},
		"xerial other version": {join(h[:8], []byte{0, 0, 0, 2, 0, 0, 0, 1}, chunk(ea)), a},
		"xerial empty chunk":   {join(h, chunk(snappy.Encode(nil, nil)), chunk(eb)), b},
	} {
		if got, err := inflate(Snappy, c.src, 1<<20); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for name, src := range map[string][]byte{
		"nothing":                nil,
		"header cut":             h[:12],
		"chunk length cut":       join(h, []byte{0, 0}),
		"chunk cut":              join(h, chunk(ea)[:40]),
		"chunk of no bytes":      join(h, chunk(nil)),
		"chunk of rubbish":       join(h, chunk([]byte("rubbish"))),
		"S2, which is no snappy": s2.EncodeBest(nil, bytes.Repeat([]byte("abcdefgh"), 1<<16)),
	} {
		if got, err := inflate(Snappy, src, 1<<20); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestGzipOfManyMembers(t *testing.T) {
	var b bytes.Buffer
	for _, s := range []string{"one ", "", "two"} {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(s)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
	}
	if got, err := inflate(Gzip, b.Bytes(), 100); err != nil || string(got) != "one two" {
		t.Errorf("%q %v", got, err)
	}
}

func TestLZ4FramesOfEveryKind(t *testing.T) {
	src := bytes.Repeat([]byte("frames of every kind, "), 20000)
	for name, o := range map[string][]lz4.Option{
		"checksums":    {lz4.ChecksumOption(true), lz4.BlockChecksumOption(true)},
		"content size": {lz4.SizeOption(uint64(len(src)))},
		"4 MiB blocks": {lz4.BlockSizeOption(lz4.Block4Mb)},
		"high level":   {lz4.CompressionLevelOption(lz4.Level9)},
	} {
		var b bytes.Buffer
		w := lz4.NewWriter(&b)
		if err := w.Apply(o...); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(src); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if got, err := inflate(LZ4, b.Bytes(), 1<<20); err != nil || !bytes.Equal(got, src) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := inflate(LZ4, []byte{0x02, 0x21, 0x4c, 0x18, 0, 0, 0, 0}, 100); !errors.Is(err, ErrCorrupt) {
		t.Errorf("legacy frame: %v", err)
	}
}

// Java and others stream: no size in the frame, blocks wherever a flush fell, several frames.
func TestZstdStreams(t *testing.T) {
	var b bytes.Buffer
	var want []byte
	for range 2 {
		w, err := zstd.NewWriter(&b, zstd.WithWindowSize(8<<20))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			p := bytes.Repeat([]byte{byte(i), byte(i >> 3)}, 1000)
			want = append(want, p...)
			if _, err := w.Write(p); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := inflate(Zstd, b.Bytes(), 4<<20); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	// With a buffer left from a larger batch the limit still holds.
	f := inflater{buf: make([]byte, 0, 8<<20)}
	if _, err := f.decompress(Zstd, b.Bytes(), len(want)-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: %v", err)
	}
}

func TestGiantBufferIsNotKept(t *testing.T) {
	var f inflater
	src := squeeze(t, Zstd, make([]byte, keepBuffer+1))
	if out, err := f.decompress(Zstd, src, 64<<20); err != nil || len(out) != keepBuffer+1 {
		t.Fatal(err)
	}
	if _, err := f.decompress(Zstd, squeeze(t, Zstd, []byte("small")), 64<<20); err != nil || cap(f.buf) > keepBuffer {
		t.Errorf("%d bytes kept, %v", cap(f.buf), err)
	}
}
