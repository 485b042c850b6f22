package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestHeaderIsThatOfKmsg(t *testing.T) {
	in := kmsg.RecordBatch{FirstOffset: 1<<40 + 7, Length: minLength + 3, PartitionLeaderEpoch: 12, Magic: 2, CRC: -559038737,
		Attributes: 0x5a, LastOffsetDelta: 99, FirstTimestamp: -5, MaxTimestamp: math.MaxInt64, ProducerID: 1<<50 + 1,
		ProducerEpoch: -3, FirstSequence: 1 << 30, NumRecords: 100, Records: []byte{1, 2, 3}}
	raw := in.AppendTo(nil)
	h, err := ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := Header{BaseOffset: in.FirstOffset, Length: in.Length, LeaderEpoch: 12, Magic: 2, CRC: 0xdeadbeef, Attributes: 0x5a,
		LastOffsetDelta: 99, BaseTimestamp: -5, MaxTimestamp: math.MaxInt64, ProducerID: 1<<50 + 1, ProducerEpoch: -3,
		BaseSequence: 1 << 30, NumRecords: 100}
	if h != want {
		t.Errorf("got  %+v\nwant %+v", h, want)
	}
	if h.Size() != len(raw) || h.LastOffset() != 1<<40+106 || h.Codec() != Snappy || !h.LogAppendTime() ||
		!h.IsTransactional() || h.IsControl() || !h.DeleteHorizon() || !h.Contiguous() {
		t.Errorf("derived values wrong: %+v", h)
	}
	back := make([]byte, HeaderSize)
	h.put(back)
	if !bytes.Equal(back, raw[:HeaderSize]) {
		t.Error("put does not write what was parsed")
	}
}

func TestH02_HeaderBounds(t *testing.T) {
	good := witness(goldenRecords()[:3], Template())
	be := binary.BigEndian
	set32 := func(pos int, v uint32) func([]byte) { return func(b []byte) { be.PutUint32(b[pos:], v) } }
	for _, c := range []struct {
		name string
		edit func([]byte)
		want error
	}{
		{"as it is", func([]byte) {}, nil},
		{"length 2^31-1", set32(posLength, math.MaxInt32), ErrCorrupt},
		{"length just too large for an int32 size", set32(posLength, math.MaxInt32-11), ErrCorrupt},
		{"length as large as it can be", set32(posLength, math.MaxInt32-12), ErrShort},
		{"length negative", set32(posLength, 1<<31), ErrCorrupt},
		{"length -1", set32(posLength, math.MaxUint32), ErrCorrupt},
		{"length 0", set32(posLength, 0), ErrCorrupt},
		{"length below header", set32(posLength, minLength-1), ErrCorrupt},
		{"count negative", set32(posNumRecords, 1<<31), ErrCorrupt},
		{"count above offsets", set32(posNumRecords, 4), ErrCorrupt},
		{"count near 2^31", set32(posNumRecords, math.MaxInt32), ErrCorrupt},
		{"last delta negative", set32(posLastOffsetDelta, math.MaxUint32), ErrCorrupt},
		{"base offset negative", set32(posBaseOffset, 1<<31), ErrCorrupt},
		{"last offset overflows", func(b []byte) { be.PutUint64(b, math.MaxInt64-1) }, ErrCorrupt},
	} {
		b := bytes.Clone(good)
		c.edit(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseHeader(b)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 { // an error's text, nothing of the size claimed
			t.Errorf("%s: took %d bytes", c.name, n)
		}
		if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if _, err := NewDecoder(Limits{}).Scan(b); (c.want != nil) != (err != nil) {
			t.Errorf("%s: scan says %v", c.name, err)
		}
	}
}

func TestC11_OldFormatsAreRefused(t *testing.T) {
	for magic, name := range []string{"java-v0", "java-v1"} {
		b := golden(t, name)
		_, h, rest, err := Next(b)
		var m *MagicError
		if !errors.As(err, &m) || int(m.Magic) != magic || m.BaseOffset != 42 || h.Magic != int8(magic) || len(rest) != len(b) {
			t.Fatalf("%s: %v, %+v", name, err, h)
		}
		if !strings.Contains(err.Error(), "must be rewritten") {
			t.Errorf("%s: no word on what to do: %v", name, err)
		}
		if _, err := ParseHeader(b[:posMagic+1]); !errors.As(err, &m) {
			t.Errorf("%s cut behind its magic: %v", name, err)
		}
	}
	b := bytes.Clone(golden(t, "java-none"))
	b[posMagic] = 3
	if _, err := ParseHeader(b); err == nil || !strings.Contains(err.Error(), "v3") {
		t.Errorf("format v3: %v", err)
	}
}

func TestC11_NextGivesEveryBatch(t *testing.T) {
	var all []byte
	names := []string{"java-gzip", "kgo-none", "java-cleaned", "librdkafka-zstd", "java-commit"}
	for _, n := range names {
		all = append(all, golden(t, n)...)
	}
	var batches int
	var back []byte
	for b := all; len(b) > 0; batches++ {
		raw, h, rest, err := Next(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckCRC(raw); err != nil || len(raw) != h.Size() || cap(raw) != len(raw) {
			t.Fatalf("batch %d: %v", batches, err)
		}
		back, b = append(back, raw...), rest
	}
	if batches != len(names)+1 || !bytes.Equal(back, all) {
		t.Errorf("%d batches, want %d", batches, len(names)+1)
	}
}

func TestPartialBatchIsShort(t *testing.T) {
	b := golden(t, "kgo-zstd")
	for n := range len(b) {
		raw, h, rest, err := Next(b[:n])
		if err != ErrShort || raw != nil || len(rest) != n {
			t.Fatalf("first %d bytes: %v", n, err)
		}
		if n >= HeaderSize && h.Size() != len(b) {
			t.Fatalf("first %d bytes: header says %d bytes, want %d", n, h.Size(), len(b))
		}
	}
}

func TestCheckCRCFindsEveryBit(t *testing.T) {
	b := witness(goldenRecords()[:5], Template())
	for i := posCRC; i < len(b); i++ {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if err := CheckCRC(b); err == nil || !errors.Is(err, ErrCorrupt) {
				t.Fatalf("byte %d bit %d flipped: %v", i, bit, err)
			}
			b[i] ^= 1 << bit
		}
	}
	if err := CheckCRC(b); err != nil {
		t.Fatal(err)
	}
}

func FuzzNext(f *testing.F) {
	for _, n := range []string{"java-v0", "java-v1", "java-cleaned", "java-commit"} {
		f.Add(golden(f, n))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			raw, h, rest, err := Next(b)
			if err != nil {
				return
			}
			if h.Size() < HeaderSize || len(raw)+len(rest) != len(b) || h.LastOffset() < h.BaseOffset || h.NumRecords < 0 {
				t.Fatalf("%+v", h)
			}
			var back [HeaderSize]byte
			h.put(back[:])
			if !bytes.Equal(back[:], raw[:HeaderSize]) {
				t.Fatalf("%+v does not write its own bytes", h)
			}
			b = rest
		}
	})
}
