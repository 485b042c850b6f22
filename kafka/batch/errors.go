package batch

import (
	"errors"
	"fmt"
)

var (
	// ErrShort says that the bytes end before the batch does. At the end of a fetch answer that is
	// usual: a broker cuts the last batch wherever its byte limit falls.
	ErrShort = errors.New("the bytes end before the record batch does")
	// ErrCorrupt is wrapped by every error about bytes that are no well-formed batch.
	ErrCorrupt = errors.New("corrupt record batch")
	// ErrCRC says that a batch's CRC-32C is not that of its bytes. It wraps ErrCorrupt.
	ErrCRC = fmt.Errorf("%w: checksum mismatch", ErrCorrupt)
	// ErrTooLarge says that a batch is, or decompresses to, more than the limit allows.
	ErrTooLarge = errors.New("record batch is larger than the limit")
	// ErrCodec says that a batch names a compression that Kafka does not define.
	ErrCodec = errors.New("unknown compression codec")
)

// MagicError says that a batch is written in another message format than v2.
type MagicError struct {
	Magic      int8  // 0 and 1 are the formats before Kafka 0.11; anything else is unknown
	BaseOffset int64 // as it stands in the bytes; of a compressed v0/v1 set it is the last offset
}

// Error says what the operator can do about it.
func (e *MagicError) Error() string {
	if e.Magic == 0 || e.Magic == 1 {
		return fmt.Sprintf("offset %d is written in message format v%d, older than Kafka 0.11: "+
			"this topic must be rewritten in format v2 first, for example mirrored into a new topic with connect-mirror-maker.sh",
			e.BaseOffset, e.Magic)
	}
	return fmt.Sprintf("offset %d is written in message format v%d, which this version does not know", e.BaseOffset, e.Magic)
}

// corruptf makes an error that wraps ErrCorrupt.
func corruptf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
