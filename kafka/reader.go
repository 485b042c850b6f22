package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"kustody/kafka/batch"
)

const (
	// 4 MiB is where a larger fetch stops being faster on loopback, and two of them per partition in
	// work stay small.
	defaultFetchBytes = 4 << 20
	maxFetchBytes     = 64 << 20
	// How long a broker may hold a fetch back that it has no data for.
	fetchWait = 500 * time.Millisecond
	// Empty answers before the end that are no reason yet to ask whether the rest is a hole.
	emptyBeforeHole = 3
)

// ReadOptions say what a Reader reads.
type ReadOptions struct {
	Start int64
	// End is the offset at which reading stops, frozen beforehand from LastStable (or HighWatermark with
	// ReadUncommitted). Negative is none: Next waits for more.
	End int64
	// LastEpoch is the leader epoch of the last batch below Start that was read before
	// (Chunk.LastEpoch); negative: unknown, and then no rewriting of the log below Start is noticed. With
	// Start 0 nothing lies below and it is not used.
	LastEpoch int32
	MaxBytes  int32 // of one answer, default 4 MiB; a larger batch comes alone
	// ReadUncommitted hands out what aborted and open transactions wrote as well.
	ReadUncommitted bool
	Timeout         time.Duration // of one request; default the client's
	RetryFor        time.Duration // without progress; default the client's
	// OnRetry, if not nil, is told why an answer did not come before each wait for another try, from the
	// goroutine that calls Next. Empty answers near the end, which are no failure yet, are not told.
	OnRetry func(err error)
}

// Reader reads one partition of one incarnation of a topic, answer by answer. While the caller works on
// one answer the next one is under way, so that up to two are in memory. It is for one goroutine.
type Reader struct {
	c     *Client
	o     ReadOptions
	spec  fetchSpec
	fetch chan fetched // the one under way; nil: none
	pat   patience
	err   error // final

	named     bool // an answer came by name
	refetched bool // the answer at this position was damaged once
	empties   int
	emptyAt   int32 // leader epoch of the empty answers
	probing   bool  // the fetch under way is the last, large one before a hole is believed
}

// Read makes a Reader; nothing is asked before the first Next. A zero id in tp reads by name.
func (c *Client) Read(tp TopicPartition, o ReadOptions) *Reader {
	if o.End < 0 {
		o.End = noEnd
	}
	if o.Start == 0 || o.LastEpoch < 0 {
		o.LastEpoch = -1
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultFetchBytes
	}
	o.MaxBytes = min(o.MaxBytes, maxFetchBytes)
	if o.Timeout <= 0 {
		o.Timeout = c.o.Timeout
	}
	if o.RetryFor <= 0 {
		o.RetryFor = c.o.RetryFor
	}
	return &Reader{c: c, o: o, pat: patience{limit: o.RetryFor}, spec: fetchSpec{
		k: c.lane(tp), tp: tp, position: o.Start, lastEpoch: o.LastEpoch, maxBytes: o.MaxBytes,
		wait: fetchWait, committed: !o.ReadUncommitted, timeout: o.Timeout,
	}}
}

// Position is the offset up to which everything is accounted for.
func (r *Reader) Position() int64 { return r.spec.position }

// LastEpoch is the leader epoch of the last batch below Position; -1: unknown.
func (r *Reader) LastEpoch() int32 { return r.spec.lastEpoch }

// ByID says whether every answer so far named the topic by its id, so that no other incarnation of the
// topic can have been read.
func (r *Reader) ByID() bool { return !r.named && !r.spec.tp.ID.IsZero() }

// Close ends the reader. An answer that is still under way is dropped when it comes.
func (r *Reader) Close() {
	if r.err == nil {
		r.err = errors.New("the reader is closed")
	}
	r.fetch = nil
}

// Next returns what the next answer adds, and io.EOF when Position has reached the end: by offset, not by
// an empty answer. The chunk is valid until the next call.
//
// Answers that can be another at the next try (a leader that moved, a lost connection, a silent broker)
// are tried again until RetryFor has passed without progress. An end of ctx ends only the call. Every
// other error is final: *DivergedError, *TruncatedError, *DeletedError, *CorruptError, or one that says
// what was tried.
//
// A range that ends at End can be empty although no batch follows it, after compaction or DeleteRecords:
// there is nothing then whose base offset would show the hole. It is taken for a hole when three fetches
// and one more, larger and more patient, were empty, their leader epoch did not change, and the leader
// says when asked for its offsets that the log covers all of [Position,End) and is stable.
func (r *Reader) Next(ctx context.Context) (*Chunk, error) {
	for r.err == nil {
		if r.o.End != noEnd && r.spec.position >= r.o.End {
			return nil, io.EOF
		}
		f, err := r.await(ctx)
		if err != nil {
			return nil, err
		}
		chunk, err := r.take(ctx, f)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			r.err = err
		case chunk != nil:
			r.advance(chunk)
			return chunk, nil
		}
	}
	return nil, r.err
}

// await starts a fetch if none is under way, and waits for it.
func (r *Reader) await(ctx context.Context) (fetched, error) {
	if r.fetch == nil {
		r.send()
	}
	select {
	case f := <-r.fetch:
		r.fetch = nil
		return f, nil
	case <-ctx.Done():
		return fetched{}, ctx.Err()
	}
}

// send starts the fetch at the position. It is not tied to the caller's context: ending a request in mid
// flight closes the connection, and with it the requests of other partitions.
func (r *Reader) send() {
	spec, ch := r.spec, make(chan fetched, 1)
	r.fetch = ch
	go func() { ch <- r.c.fetch(r.c.ctx, &spec) }()
}

// advance moves on behind a chunk and sends the next fetch.
func (r *Reader) advance(chunk *Chunk) {
	r.spec.position, r.spec.lastEpoch = chunk.To, chunk.LastEpoch
	r.pat.succeeded()
	r.empties, r.refetched, r.probing = 0, false, false
	r.spec.maxBytes, r.spec.wait = r.o.MaxBytes, fetchWait
	if r.o.End == noEnd || chunk.To < r.o.End {
		r.send()
	}
}

// take turns a finished fetch into a chunk, or nil where it has to be repeated.
func (r *Reader) take(ctx context.Context, f fetched) (*Chunk, error) {
	if f.err != nil {
		return nil, r.failed(ctx, f, f.err)
	}
	r.named = r.named || !f.byID
	r.spec.seq = f.leader.seq - 1 // this leader answers: its metadata is fresh enough
	if f.part.ErrorCode != 0 {
		return r.refused(ctx, f)
	}
	if d := f.part.DivergingEpoch; d.Epoch >= 0 || d.EndOffset >= 0 {
		return nil, &DivergedError{Partition: r.spec.tp, Position: r.spec.position, LastEpoch: r.spec.lastEpoch, Epoch: d.Epoch, EndOffset: d.EndOffset}
	}
	chunk, err := parseAnswer(f.part, r.spec.position, r.o.End, r.spec.lastEpoch, r.spec.committed)
	if chunk.To > r.spec.position {
		return chunk, nil // what stands before a damaged batch is good; that batch is fetched again
	}
	var short *shortError
	switch {
	case errors.As(err, &short):
		return nil, r.widen(short.size)
	case err != nil:
		return nil, r.damaged(chunk, err)
	}
	return r.empty(ctx, f)
}

// failed handles a fetch without an answer.
func (r *Reader) failed(ctx context.Context, f fetched, cause error) error {
	return r.repeat(ctx, f, cause, r.o.OnRetry)
}

// repeat waits before the next try, and tells of it.
func (r *Reader) repeat(ctx context.Context, f fetched, cause error, tell func(error)) error {
	r.spec.seq = f.leader.seq
	if errors.Is(cause, errSuspect) {
		if err := r.c.confirmDeleted(ctx, r.spec.tp); err != nil {
			return err
		}
	}
	cause = fmt.Errorf("read %s at offset %d: %w", r.spec.tp, r.spec.position, cause)
	if permanent(cause) {
		return Diagnose(cause, r.c.cluster)
	}
	pause, err := r.pat.pause(cause)
	if err != nil {
		return err
	}
	if tell != nil {
		tell(cause)
	}
	return sleep(ctx, pause)
}

// refused handles an answer with an error code.
func (r *Reader) refused(ctx context.Context, f fetched) (*Chunk, error) {
	code := f.part.ErrorCode
	switch {
	case code == codeOutOfRange:
		return r.outOfRange(ctx, f)
	case suspectsDeletion(code):
		return nil, r.failed(ctx, f, fmt.Errorf("%w: %s", errSuspect, codeName(code)))
	}
	return nil, r.failed(ctx, f, codeError(code, nil))
}

// outOfRange finds out what the code hides: the answer itself carries no offsets.
func (r *Reader) outOfRange(ctx context.Context, f fetched) (*Chunk, error) {
	at := r.spec.position
	start, end, err := r.bounds(ctx, HighWatermark)
	switch {
	case err != nil:
		return nil, err
	case start.Offset > at:
		to := start.Offset
		if r.o.End != noEnd {
			to = min(to, r.o.End)
		}
		return &Chunk{From: at, To: to, LastEpoch: -1, LogStart: start.Offset, LastStable: -1, HighWatermark: end.Offset,
			Gap: &Absent{Kind: AbsentDeleted, From: at, To: to}}, nil
	case end.Offset < at:
		return nil, &TruncatedError{Partition: r.spec.tp, Position: at, LogEnd: end.Offset}
	}
	return nil, r.failed(ctx, f, fmt.Errorf("the broker calls the offset out of range, and its log reaches from %d to %d", start.Offset, end.Offset))
}

// bounds asks for the log start and for its end.
func (r *Reader) bounds(ctx context.Context, q OffsetQuery) (start, end Offset, err error) {
	tps := []TopicPartition{r.spec.tp}
	starts, err := r.c.Offsets(ctx, LogStart, tps)
	if err != nil {
		return start, end, err
	}
	ends, err := r.c.Offsets(ctx, q, tps)
	return starts[r.spec.tp], ends[r.spec.tp], err
}

// damaged lets a bad answer be fetched once more: bytes can be hurt on their way.
func (r *Reader) damaged(chunk *Chunk, err error) error {
	var magic *batch.MagicError
	if r.refetched || errors.As(err, &magic) {
		return &CorruptError{Partition: r.spec.tp, Offset: chunk.To, Err: err}
	}
	r.refetched = true
	return nil
}

// widen repeats a fetch that had no room for the first batch.
func (r *Reader) widen(size int) error {
	wider := min(max(int64(size), 2*int64(r.spec.maxBytes)), maxMessageBytes)
	if int64(size) > maxMessageBytes || wider <= int64(r.spec.maxBytes) {
		return &CorruptError{Partition: r.spec.tp, Offset: r.spec.position, Err: fmt.Errorf("%w: a batch of %d bytes", batch.ErrTooLarge, size)}
	}
	r.spec.maxBytes = int32(wider)
	return nil
}

// empty handles an answer with nothing from the position on.
func (r *Reader) empty(ctx context.Context, f fetched) (*Chunk, error) {
	if r.o.End == noEnd {
		return nil, ctx.Err() // no data yet is no failure where there is no end
	}
	if f.leader.epoch != r.emptyAt || r.empties == 0 {
		r.empties, r.emptyAt, r.probing = 0, f.leader.epoch, false
	}
	r.empties++
	stable := f.part.LastStableOffset
	if !r.spec.committed {
		stable = f.part.HighWatermark
	}
	cause := fmt.Errorf("the broker has no data, though the end is %d (readable up to %d, log start %d)", r.o.End, stable, f.part.LogStartOffset)
	switch {
	case stable < r.o.End || f.part.LogStartOffset > r.spec.position:
		return nil, r.failed(ctx, f, cause)
	case r.empties < emptyBeforeHole:
		return nil, r.repeat(ctx, f, cause, nil)
	}
	if !r.probing {
		r.probing = true
		r.spec.maxBytes, r.spec.wait = min(4*r.o.MaxBytes, maxMessageBytes), 2*fetchWait
		return nil, nil
	}
	return r.hole(ctx, f, cause)
}

// hole believes that nothing is left up to the end, if the leader's offsets say so too.
func (r *Reader) hole(ctx context.Context, f fetched, cause error) (*Chunk, error) {
	q := LastStable
	if !r.spec.committed {
		q = HighWatermark
	}
	start, end, err := r.bounds(ctx, q)
	if err != nil {
		return nil, err
	}
	// The offsets were asked for under the leader epoch that is cached; it only ever grows.
	now, err := r.c.leader(ctx, r.spec.k, r.spec.tp, 0)
	if err != nil || now.epoch != f.leader.epoch || start.Offset > r.spec.position || end.Offset < r.o.End {
		r.empties = 0
		return nil, r.failed(ctx, f, cause)
	}
	c := &Chunk{From: r.spec.position, To: r.spec.position, LastEpoch: -1,
		LogStart: f.part.LogStartOffset, LastStable: f.part.LastStableOffset, HighWatermark: f.part.HighWatermark}
	c.absent(AbsentHole, r.spec.position, r.o.End, 0)
	c.To = r.o.End
	return c, nil
}
