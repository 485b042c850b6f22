package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"
	"testing/iotest"
)

func TestReaderGivesEveryBatch(t *testing.T) {
	var all []byte
	for _, n := range []string{"kgo-gzip", "java-none", "java-cleaned", "librdkafka-lz4", "java-none", "java-abort"} {
		all = append(all, golden(t, n)...)
	}
	for name, src := range map[string]io.Reader{"plain": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all)),
		"data with EOF": iotest.DataErrReader(bytes.NewReader(all))} {
		r := NewReader(src, Limits{})
		var back []byte
		for {
			raw, h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || h.Size() != len(raw) || CheckCRC(raw) != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back = append(back, raw...)
		}
		if !bytes.Equal(back, all) || r.Position() != int64(len(all)) {
			t.Errorf("%s: %d bytes of %d", name, len(back), len(all))
		}
	}
}

func TestReaderErrors(t *testing.T) {
	b := golden(t, "kgo-zstd")
	for _, n := range []int{1, HeaderSize - 1, HeaderSize, len(b) - 1} {
		r := NewReader(bytes.NewReader(append(bytes.Clone(b), b[:n]...)), Limits{})
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); !errors.Is(err, ErrShort) || r.Position() != int64(len(b)) {
			t.Errorf("%d bytes of the second: %v", n, err)
		}
	}
	if _, _, err := NewReader(bytes.NewReader(b), Limits{MaxBatchBytes: len(b) - HeaderSize - 1}).Next(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: %v", err)
	}
	if _, _, err := NewReader(bytes.NewReader(b), Limits{MaxBatchBytes: len(b) - HeaderSize}).Next(); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := NewReader(io.MultiReader(bytes.NewReader(b[:100]), iotest.ErrReader(broken)), Limits{}).Next(); !errors.Is(err, broken) {
		t.Errorf("broken source: %v", err)
	}
	for _, name := range []string{"java-v0", "java-v1"} {
		var m *MagicError
		if _, _, err := NewReader(bytes.NewReader(golden(t, name)), Limits{}).Next(); !errors.As(err, &m) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestH02_ReaderTakesMemoryAsBytesArrive(t *testing.T) {
	b := bytes.Clone(golden(t, "kgo-none"))
	binary.BigEndian.PutUint32(b[posLength:], math.MaxInt32-12)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := NewReader(bytes.NewReader(b), Limits{MaxBatchBytes: math.MaxInt32}).Next()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrShort) || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("%v, took %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}
