package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/storage"
)

// PartitionWriter writes one partition of one run: batches stream into a segment object, and each
// finished segment is followed by its sidecar. It accounts for every offset: what is neither a record
// nor said to be absent is an error. One goroutine.
type PartitionWriter struct {
	a      *Archive
	id     Sidecar // what all sidecars of the partition share
	max    int64
	exact  bool // timestamps come from the records, not from batch headers
	cur    *openSegment
	pos    int64  // every offset below is accounted for
	from   int64  // where the account of the present segment begins
	last   int64  // where its last batch ends
	absent Absent // from from to last
	after  Absent // from last to pos
	epoch  int32
	held   []Held
	failed error  // of the first write that went wrong
	buf    []byte // the open segment's, handed from one to the next
}

// pieceBytes is how much goes to the store in one write: many small batches together, large ones in
// parts. File systems take 64 KiB with the least work: a write of 4 KiB costs three times as much a
// byte, one of 1 MiB up to five times, since memory is then found for it in larger units. A piece is
// also still in the core's cache when it is written after its hash was taken.
const pieceBytes = 64 << 10

// openSegment is a segment on its way into the store.
type openSegment struct {
	w   storage.Writer
	sum hash.Hash
	buf []byte // begun piece; its capacity is pieceBytes
	seg Segment
}

// write takes bytes, and passes on what makes a whole piece.
func (s *openSegment) write(b []byte) error {
	for len(b) > 0 {
		if len(s.buf) == 0 && len(b) >= pieceBytes {
			if err := s.pass(b[:pieceBytes]); err != nil {
				return err
			}
			b = b[pieceBytes:]
			continue
		}
		n := min(pieceBytes-len(s.buf), len(b))
		s.buf, b = append(s.buf, b[:n]...), b[n:]
		if len(s.buf) == pieceBytes {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush passes the begun piece on.
func (s *openSegment) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	err := s.pass(s.buf)
	s.buf = s.buf[:0]
	return err
}

// pass hashes and writes one piece. After a write that failed the store lets nobody commit.
func (s *openSegment) pass(b []byte) error {
	s.sum.Write(b)
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("write segment %s: %w", s.seg.Key, err)
	}
	return nil
}

// PartitionOptions says which partition a PartitionWriter writes and how.
type PartitionOptions struct {
	RunID     string
	TopicID   kafka.TopicID
	Topic     string
	Partition int32
	Start     int64 // offset of the first account
	Sequence  int   // of the next segment in this partition and run
	Epoch     int32 // of the last batch captured before, -1 unknown
	MaxBytes  int64 // of a segment
	Exact     bool  // timestamps given to Append come from every record
}

// WritePartition starts writing a partition.
func (a *Archive) WritePartition(o PartitionOptions) *PartitionWriter {
	return &PartitionWriter{a: a, max: o.MaxBytes, exact: o.Exact, pos: o.Start, from: o.Start, last: o.Start, epoch: o.Epoch,
		id: Sidecar{Format: Format, Kind: KindSidecar, BackupID: a.BackupID, RunID: o.RunID, TopicID: o.TopicID,
			Topic: o.Topic, Partition: o.Partition, Sequence: o.Sequence}}
}

// Position is the offset up to which everything is accounted for, durable or not.
func (w *PartitionWriter) Position() int64 { return w.pos }

// Epoch is the leader epoch of the last batch below the position, or -1.
func (w *PartitionWriter) Epoch() int32 { return w.epoch }

// Reached tells the writer the leader epoch of the last batch below the position, also when that was a
// marker or an aborted batch, which is not written.
func (w *PartitionWriter) Reached(epoch int32) { w.epoch = max(w.epoch, epoch) }

// Held are the segments that the store has taken, each with its sidecar.
func (w *PartitionWriter) Held() []Held { return w.held }

// Tail are the absent offsets behind the last batch: no segment accounts for them.
func (w *PartitionWriter) Tail() Absent { return w.after }

// Append writes one batch that accounts for the offsets of cover; they must begin at the position.
// Stats are what a walk of its records found, or what the header says when the records are not looked
// into. The cover is wider than the batch where a log cleaner took its first or last records.
func (w *PartitionWriter) Append(ctx context.Context, raw []byte, h batch.Header, stats batch.Stats, cover Span) error {
	if w.failed != nil {
		return w.failed
	}
	if cover.From != w.pos || cover.From > h.BaseOffset || cover.To <= h.LastOffset() {
		return fmt.Errorf("%s/%d: a batch of the offsets %d to %d is to account for %d to %d, and %d is where the account stands",
			w.id.Topic, w.id.Partition, h.BaseOffset, h.LastOffset(), cover.From, cover.To, w.pos)
	}
	if w.cur != nil && w.cur.seg.Size+int64(len(raw)) > w.max {
		if err := w.Roll(ctx); err != nil {
			return err
		}
	}
	if w.cur == nil {
		if err := w.open(ctx, h.BaseOffset); err != nil {
			return err
		}
	}
	if err := w.cur.write(raw); err != nil {
		return w.fail(err)
	}
	w.count(int64(len(raw)), h, stats, cover)
	return nil
}

// Span is the offsets [From, To).
type Span struct{ From, To int64 }

// count enters a written batch into the account.
func (w *PartitionWriter) count(size int64, h batch.Header, stats batch.Stats, cover Span) {
	w.cur.seg.Size += size
	w.cur.seg.count(h, stats)
	// Only a log cleaner leaves holes inside a batch: brokers and producers number records without any.
	w.absent = w.absent.Plus(w.after)
	w.absent.Compacted += cover.To - cover.From - int64(stats.Records)
	w.after, w.pos, w.last, w.epoch = Absent{}, cover.To, cover.To, h.LeaderEpoch
}

// Skip accounts for offsets that hold no record: [position, to). The counts of a must add up to them.
func (w *PartitionWriter) Skip(to int64, a Absent) error {
	if a.Total() != to-w.pos {
		return fmt.Errorf("%s/%d: offsets %d to %d are %d, and %d absent ones are given for them", w.id.Topic, w.id.Partition, w.pos, to, to-w.pos, a.Total())
	}
	w.after, w.pos = w.after.Plus(a), to
	return nil
}

// Gap ends the present segment and moves the position behind lost offsets. The caller enters the gap
// in the manifest. Absent offsets between the last segment and the gap are returned: no segment holds them.
func (w *PartitionWriter) Gap(ctx context.Context, to int64) (Absent, error) {
	if err := w.Roll(ctx); err != nil {
		return Absent{}, err
	}
	before := w.after
	w.after, w.pos, w.from, w.last = Absent{}, to, to, to
	return before, nil
}

func (w *PartitionWriter) open(ctx context.Context, base int64) error {
	key := NewSegmentKey(w.id.TopicID, w.id.Partition, base)
	// A cancelled job still makes durable what it has: the object does not end with the job.
	obj, err := w.a.store.Create(context.WithoutCancel(ctx), key)
	if err != nil {
		return fmt.Errorf("open segment %s: %w", key, err)
	}
	if w.buf == nil {
		w.buf = make([]byte, 0, pieceBytes)
	}
	w.cur = &openSegment{w: obj, sum: sha256.New(), buf: w.buf, seg: Segment{Key: key, From: Int64(w.from), BaseOffset: Int64(base), TimestampsExact: w.exact}}
	return nil
}

// Roll ends the present segment, if there is one: the object is committed, then its sidecar put. After
// it returns, everything up to its last batch will survive any crash. The segment accounts for no more
// than that, so that its last leader epoch is that of its end.
func (w *PartitionWriter) Roll(ctx context.Context) error {
	if w.failed != nil || w.cur == nil {
		return w.failed
	}
	if err := w.cur.flush(); err != nil {
		return w.fail(err)
	}
	s := w.cur.seg
	if err := w.cur.w.Commit(); err != nil {
		return w.fail(fmt.Errorf("commit segment %s: %w", s.Key, err))
	}
	s.SHA256 = hex.EncodeToString(w.cur.sum.Sum(nil))
	s.To, s.Absent = Int64(w.last), w.absent
	side := w.id
	side.Segment = s
	f, err := put(ctx, w.a, SidecarKey(s.Key), &side)
	if err != nil {
		return err
	}
	w.held = append(w.held, Held{Segment: s, SidecarSHA256: f.SHA256, RunID: w.id.RunID})
	w.id.Sequence++
	w.cur, w.absent, w.from = nil, Absent{}, w.last
	return nil
}

// Failed says that a write went wrong: the segment it belonged to is given up, and nothing more can be
// written. What Held returns stays.
func (w *PartitionWriter) Failed() bool { return w.failed != nil }

// fail gives the present segment up: an object with a failed write in it is never committed, and an
// account that has lost records must not go on.
func (w *PartitionWriter) fail(err error) error {
	w.failed = errors.Join(err, w.Abort())
	return w.failed
}

// Abort gives the present segment up. What Held returns stays.
func (w *PartitionWriter) Abort() error {
	if w.cur == nil {
		return nil
	}
	err := w.cur.w.Abort()
	w.cur = nil
	return err
}

// Adopt reads the sidecars that a dead process of this run left for a partition, in the order they
// were written, and proves each: signature, then every byte of its segment.
func (a *Archive) Adopt(ctx context.Context, run string, id kafka.TopicID, partition int32, deep bool) ([]Sidecar, []Held, error) {
	var keys []string
	err := a.store.List(ctx, PartitionDir(id, partition), func(key string, _ int64) error {
		if isSidecar(key) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list segments of %s/%d: %w", id, partition, err)
	}
	return a.adopt(ctx, keys, run, id, partition, deep)
}

var _ evidence.Store = storage.Store(nil)
