package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	firstPause = 20 * time.Millisecond
	maxPause   = 2 * time.Second
)

// patience counts how long something has failed in a row, and paces the tries.
type patience struct {
	limit time.Duration
	since time.Time // of the first failure in the row; zero: none
	tries int
}

// succeeded ends the row.
func (p *patience) succeeded() { p.since, p.tries = time.Time{}, 0 }

// failed notes a failure and pauses before the next try. When the limit has passed it returns an error
// that wraps cause; when ctx ends, that of ctx.
func (p *patience) failed(ctx context.Context, cause error) error {
	pause, err := p.pause(cause)
	if err != nil {
		return err
	}
	return sleep(ctx, pause)
}

// pause notes a failure and says how long to wait before the next try.
func (p *patience) pause(cause error) (time.Duration, error) {
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	p.tries++
	if spent := now.Sub(p.since); spent >= p.limit && p.tries > 1 {
		return 0, fmt.Errorf("gave up after %d tries in %s: %w", p.tries, spent.Round(time.Millisecond), cause)
	}
	pause := min(firstPause<<min(p.tries-1, 10), maxPause, max(p.limit-now.Sub(p.since), firstPause))
	return pause + time.Duration(rand.Int64N(int64(pause)/4+1)), nil // many partitions fail at once and should not return at once
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Codes of Kafka's protocol that are acted on.
const (
	codeUnknownServer                = int16(-1)
	codeOutOfRange                   = int16(1)
	codeCorruptMessage               = int16(2)
	codeUnknownTopic                 = int16(3)
	codeRequestTimedOut              = int16(7)
	codeNotEnoughReplicasAfterAppend = int16(20)
	codeOutOfOrder                   = int16(45)
	codeDuplicateSequence            = int16(46)
	codeUnknownTopicID               = int16(100)
	codeInconsistentID               = int16(103)
)

// again says whether a code can be another one at the next try.
func again(code int16) bool {
	return code == codeUnknownServer || kerr.IsRetriable(kerr.ErrorForCode(code))
}

// suspectsDeletion says whether a code can mean that the topic is gone.
func suspectsDeletion(code int16) bool {
	return code == codeUnknownTopic || code == codeUnknownTopicID || code == codeInconsistentID
}

// codeError is a code with the broker's words, if it had any.
func codeError(code int16, message *string) error {
	err := kerr.ErrorForCode(code)
	if err != nil && message != nil && *message != "" {
		return fmt.Errorf("%w: %s", err, *message)
	}
	return err
}

// permanentError is an error of our own that no further try will change.
type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// permanent says whether an error of a request will be the same at the next try. A cancelled context is
// that of the caller, or of a Client that was closed.
func permanent(err error) bool {
	var ours *permanentError
	if errors.As(err, &ours) || errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return true
	}
	var ke *kerr.Error
	return errors.As(err, &ke) && !again(ke.Code)
}
