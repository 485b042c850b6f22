package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"kustody/kafka/batch"
	"kustody/storage"
)

// pieces is a store that remembers how its objects were written.
type pieces struct {
	storage.Store
	sizes []int
}

type piecesWriter struct {
	storage.Writer
	of *pieces
}

func (p *pieces) Create(ctx context.Context, key string) (storage.Writer, error) {
	w, err := p.Store.Create(ctx, key)
	return piecesWriter{w, p}, err
}

func (w piecesWriter) Write(b []byte) (int, error) {
	w.of.sizes = append(w.of.sizes, len(b))
	return w.Writer.Write(b)
}

// noiseBatch is a batch of one record with a value of n bytes.
func noiseBatch(t *testing.T, base int64, n int) ([]byte, batch.Header) {
	t.Helper()
	enc, err := batch.NewEncoder(batch.EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, n)
	for i := range value {
		value[i] = byte(rand.Uint32())
	}
	if err := enc.Append(&batch.Record{Offset: base, Value: value}); err != nil {
		t.Fatal(err)
	}
	raw, err := enc.Encode(nil, batch.Template())
	if err != nil {
		t.Fatal(err)
	}
	h, err := batch.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw, h
}

// TestSegmentsAreWrittenInPieces: whatever the sizes of batches, the store gets them whole and in order,
// in writes of one size, and each segment's hash is that of its bytes.
func TestSegmentsAreWrittenInPieces(t *testing.T) {
	store := &pieces{Store: storage.NewMemory()}
	a := Open(store, "b", Keys{})
	w := a.WritePartition(PartitionOptions{RunID: "r", Topic: "t", Epoch: -1, MaxBytes: 1 << 40})
	sizes := []int{10, pieceBytes - 200, 3*pieceBytes + 17, 1, 1, 5000, pieceBytes, 2 * pieceBytes}
	for round := range 2 { // the second segment reuses what the first one left
		store.sizes = nil
		var want []byte
		for i := range 40 {
			raw, h := noiseBatch(t, int64(round*40+i), sizes[i%len(sizes)])
			want = append(want, raw...)
			if err := w.Append(t.Context(), raw, h, HeaderStats(h), Span{h.BaseOffset, h.LastOffset() + 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
		seg := w.Held()[round]
		got, err := storage.ReadAll(t.Context(), a.Store(), seg.Key, 1<<30)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("segment %d: %d bytes, %v; want %d", round, len(got), err, len(want))
		}
		if sum := sha256.Sum256(want); seg.SHA256 != hex.EncodeToString(sum[:]) || seg.Size != int64(len(want)) {
			t.Errorf("segment %d: sha256 %s of %d bytes, want %x of %d", round, seg.SHA256, seg.Size, sum, len(want))
		}
		for i, n := range store.sizes[:len(store.sizes)-1] {
			if n != pieceBytes {
				t.Errorf("segment %d: write %d of %d has %d bytes", round, i, len(store.sizes), n)
			}
		}
	}
}

// TestSegmentIsLostWithAPiece: a write that failed, of bytes that were taken before, leaves no segment.
func TestSegmentIsLostWithAPiece(t *testing.T) {
	mem := storage.NewMemory()
	w := Open(mem, "b", Keys{}).WritePartition(PartitionOptions{RunID: "r", Topic: "t", Epoch: -1, MaxBytes: 1 << 40})
	raw, h := noiseBatch(t, 0, 1000)
	if err := w.Append(t.Context(), raw, h, HeaderStats(h), Span{0, 1}); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space")
	mem.SetFaults(storage.Faults{Fail: storage.FailTimes(1, storage.OpWrite, "", full)})
	for range 2 { // however often it is asked
		if err := w.Roll(t.Context()); err == nil || len(w.Held()) > 0 {
			t.Fatalf("rolled with %v, holds %d segments", err, len(w.Held()))
		}
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	err := mem.List(t.Context(), "", func(key string, _ int64) error { return errors.New("it is there: " + key) })
	if err != nil {
		t.Error(err)
	}
}
