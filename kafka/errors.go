package kafka

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/twmb/franz-go/pkg/kerr"
)

// ErrOutOfOrder says that the broker expects another sequence number of this producer: ask for the end
// of the partition again and go on from there. Nothing was appended.
var ErrOutOfOrder = errors.New("out of order sequence number")

// UnknownTopicError says that no topic has this name (or id). It is an fs.ErrNotExist.
type UnknownTopicError struct {
	Topic string  // "" when asked by id
	ID    TopicID // zero when asked by name
}

// Error names the topic.
func (e *UnknownTopicError) Error() string {
	if e.Topic == "" {
		return fmt.Sprintf("topic id %s does not exist", e.ID)
	}
	return fmt.Sprintf("topic %q does not exist, or this user may not see it", e.Topic)
}

// Is makes it an fs.ErrNotExist.
func (e *UnknownTopicError) Is(target error) bool { return target == fs.ErrNotExist }

// DeletedError says that the topic is gone: two brokers agree on it (one, where there is one only). It
// is an fs.ErrNotExist.
type DeletedError struct {
	Topic    string
	ID       TopicID
	Replaced bool // another topic has its name now
}

// Error says what became of the topic.
func (e *DeletedError) Error() string {
	if e.Replaced {
		return fmt.Sprintf("topic %q (id %s) was deleted, and another topic created under its name", e.Topic, e.ID)
	}
	return fmt.Sprintf("topic %q (id %s) was deleted", e.Topic, e.ID)
}

// Is makes it an fs.ErrNotExist.
func (e *DeletedError) Is(target error) bool { return target == fs.ErrNotExist }

// DivergedError says that the log no longer holds what was read before the position: it was rewritten
// by an unclean leader election (KIP-320). What was read at and above EndOffset is not there any more.
type DivergedError struct {
	Partition TopicPartition
	Position  int64
	LastEpoch int32 // epoch of the last batch read
	Epoch     int32 // largest epoch, up to LastEpoch, that the leader knows
	EndOffset int64 // where that epoch ends in the leader's log
}

// Error says from where on the log is another one.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("%s was rewritten: what was read below offset %d in leader epoch %d is replaced from offset %d on (unclean leader election)",
		e.Partition, e.Position, e.LastEpoch, e.EndOffset)
}

// TruncatedError says that the log ends below the position that was to be read.
type TruncatedError struct {
	Partition TopicPartition
	Position  int64
	LogEnd    int64
}

// Error says where the log ends.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%s ends at offset %d, below offset %d that was there before: the log was truncated", e.Partition, e.LogEnd, e.Position)
}

// CorruptError says that a batch is damaged, or in a format older than Kafka 0.11 (Unwrap gives a
// *batch.MagicError). A damaged answer has been fetched twice.
type CorruptError struct {
	Partition TopicPartition
	Offset    int64 // base offset of the batch, or the position if it could not be read
	Err       error
}

// Error names the place.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s at offset %d: %v", e.Partition, e.Offset, e.Err)
}

// Unwrap is what is wrong with the batch.
func (e *CorruptError) Unwrap() error { return e.Err }

// RefusedError says that the broker will not take a batch, or not do what was asked; trying again is
// of no use. Unwrap gives franz-go's *kerr.Error.
type RefusedError struct {
	Partition   TopicPartition
	Code        int16  // of Kafka's protocol
	Message     string // the broker's own words; may be empty
	RecordIndex int    // the first record it objects to, counted inside the batch; -1: not said
}

// Error repeats what the broker said.
func (e *RefusedError) Error() string {
	s := fmt.Sprintf("the broker refuses to append to %s: %s", e.Partition, codeName(e.Code))
	if e.RecordIndex >= 0 {
		s += fmt.Sprintf(", record %d of the batch", e.RecordIndex)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap is the protocol's error.
func (e *RefusedError) Unwrap() error { return kerr.ErrorForCode(e.Code) }

func codeName(code int16) string {
	if err, ok := kerr.ErrorForCode(code).(*kerr.Error); ok {
		return err.Message
	}
	return fmt.Sprintf("code %d", code)
}
