package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"kustody/engine/archive"
)

// feed reads one source partition of a view, segment after segment, and hands out what a restore
// writes. One goroutine.
type feed struct {
	a       *archive.Archive
	part    *archive.ViewPart
	window  archive.Window
	cutter  *cutter
	segment int // being read: part.Segments[segment]
	reader  *archive.SegmentReader
	sieve   sieve
	whole   bool  // every counted record of the segment is kept
	kept    int64 // of the segment, so far
	queue   []cutBatch
}

// next hands out the next batch and the key of its segment; io.EOF at the end of the last segment. The
// batch is valid until the call after it.
func (f *feed) next(ctx context.Context) (cutBatch, string, error) {
	for len(f.queue) == 0 {
		if err := ctx.Err(); err != nil {
			return cutBatch{}, "", err
		}
		if err := f.fill(ctx); err != nil {
			return cutBatch{}, "", err
		}
	}
	b := f.queue[0]
	f.queue = f.queue[1:]
	f.kept += int64(b.records)
	return b, f.part.Segments[f.segment].Key, nil
}

// fill cuts the next stored batch, in the next segment if need be.
func (f *feed) fill(ctx context.Context) error {
	if f.reader == nil {
		return f.open(ctx)
	}
	raw, h, err := f.reader.Next()
	if errors.Is(err, io.EOF) {
		return f.end()
	}
	if err != nil {
		return err
	}
	if f.queue, err = f.cutter.cut(raw, h, f.sieve); err != nil {
		var large *RecordTooLargeError
		if errors.As(err, &large) {
			return err
		}
		return &archive.BrokenError{Key: f.part.Segments[f.segment].Key, Err: err}
	}
	return nil
}

// open starts the first segment from the present one on that holds anything to restore.
func (f *feed) open(ctx context.Context) error {
	for ; f.segment < len(f.part.Segments); f.segment++ {
		s := f.part.Segments[f.segment]
		f.sieve = newSieve(f.window, s)
		fate := f.sieve.segment(s)
		if fate == leave {
			continue
		}
		r, err := f.a.OpenSegment(ctx, s.Segment)
		if err != nil {
			return err
		}
		f.reader, f.whole, f.kept = r, fate == keep, 0
		return nil
	}
	return io.EOF
}

// end leaves a segment that is proved, and holds its count against the manifest's.
func (f *feed) end() error {
	s := f.part.Segments[f.segment]
	f.reader.Close()
	f.reader = nil
	f.segment++
	if f.whole && f.kept != s.Counted {
		return &archive.BrokenError{Key: s.Key, Err: fmt.Errorf("holds %d records to restore; its manifest says %d", f.kept, s.Counted)}
	}
	return nil
}

// close ends reading early.
func (f *feed) close() {
	if f.reader != nil {
		f.reader.Close()
		f.reader = nil
	}
}
