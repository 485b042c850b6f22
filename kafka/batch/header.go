package batch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// HeaderSize is the length of everything before a batch's records.
const HeaderSize = 61

// Where the header's fields lie (Kafka's documentation, "Record Batch").
const (
	posBaseOffset      = 0
	posLength          = 8
	posLeaderEpoch     = 12
	posMagic           = 16
	posCRC             = 17
	posAttributes      = 21
	posLastOffsetDelta = 23
	posBaseTimestamp   = 27
	posMaxTimestamp    = 35
	posProducerID      = 43
	posProducerEpoch   = 51
	posBaseSequence    = 53
	posNumRecords      = 57
)

const (
	lengthOverhead = 12 // base offset and length, which Length does not count
	minLength      = HeaderSize - lengthOverhead
	minOldLength   = 14 // the smallest message of format v0: below it not even the magic is the batch's own
	magicV2        = 2
)

// Bits of Attributes.
const (
	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20
	attrDeleteHorizon = 0x40
)

// Header is a batch's header. Its fields are as on the wire.
type Header struct {
	BaseOffset      int64
	Length          int32 // bytes after this field
	LeaderEpoch     int32
	Magic           int8
	CRC             uint32 // CRC-32C from Attributes to the end
	Attributes      int16
	LastOffsetDelta int32
	BaseTimestamp   int64 // records' deltas count from it; with DeleteHorizon it is that horizon
	MaxTimestamp    int64 // with LogAppendTime the timestamp of every record
	ProducerID      int64
	ProducerEpoch   int16
	BaseSequence    int32
	NumRecords      int32
}

// Template is a header for Encoder.Encode that names no producer, no transaction and no leader epoch.
func Template() Header {
	return Header{Magic: magicV2, LeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1}
}

// Size is the whole batch's length in bytes.
func (h Header) Size() int { return lengthOverhead + int(h.Length) }

// LastOffset is the last offset the batch covers; after compaction no record need be there.
func (h Header) LastOffset() int64 { return h.BaseOffset + int64(h.LastOffsetDelta) }

// Codec is the batch's compression. Values above Zstd are not refused here but by Decoder.
func (h Header) Codec() Codec { return Codec(h.Attributes & attrCodec) }

// IsControl says that the batch holds a control record (a transaction's end) and no data.
func (h Header) IsControl() bool { return h.Attributes&attrControl != 0 }

// IsTransactional says that the batch belongs to a transaction.
func (h Header) IsTransactional() bool { return h.Attributes&attrTransactional != 0 }

// LogAppendTime says that the broker stamped the records: all have MaxTimestamp (KIP-32).
func (h Header) LogAppendTime() bool { return h.Attributes&attrLogAppendTime != 0 }

// DeleteHorizon says that BaseTimestamp is the time from which the cleaner may drop the batch's
// tombstones or marker (KIP-534). Records' timestamps still count from BaseTimestamp.
func (h Header) DeleteHorizon() bool { return h.Attributes&attrDeleteHorizon != 0 }

// Contiguous says that the batch has a record for every offset it covers, as a producer writes it;
// brokers refuse any other batch in a produce request.
func (h Header) Contiguous() bool { return int64(h.NumRecords) == int64(h.LastOffsetDelta)+1 }

// ParseHeader reads the header of the batch that b begins with and checks its lengths and counts. It
// does not check the CRC and takes no memory. ErrShort: b ends before the batch; if b has HeaderSize
// bytes the header returned beside ErrShort is whole, so that the rest can be fetched. *MagicError:
// not format v2. Other errors wrap ErrCorrupt.
func ParseHeader(b []byte) (Header, error) {
	var h Header
	if len(b) < lengthOverhead {
		return h, ErrShort
	}
	h.BaseOffset = int64(binary.BigEndian.Uint64(b[posBaseOffset:]))
	h.Length = int32(binary.BigEndian.Uint32(b[posLength:]))
	if h.Length < minOldLength || h.Length > math.MaxInt32-lengthOverhead {
		return h, corruptf("offset %d: length %d", h.BaseOffset, h.Length)
	}
	if len(b) <= posMagic {
		return h, ErrShort
	}
	h.Magic = int8(b[posMagic])
	if h.Magic != magicV2 {
		return h, &MagicError{Magic: h.Magic, BaseOffset: h.BaseOffset}
	}
	if h.Length < minLength {
		return h, corruptf("offset %d: length %d is less than a header's", h.BaseOffset, h.Length)
	}
	if len(b) < HeaderSize {
		return h, ErrShort
	}
	h.parseRest((*[HeaderSize]byte)(b))
	if err := h.check(); err != nil {
		return h, err
	}
	if len(b) < h.Size() {
		return h, ErrShort
	}
	return h, nil
}

func (h *Header) parseRest(b *[HeaderSize]byte) {
	be := binary.BigEndian
	h.LeaderEpoch = int32(be.Uint32(b[posLeaderEpoch:]))
	h.CRC = be.Uint32(b[posCRC:])
	h.Attributes = int16(be.Uint16(b[posAttributes:]))
	h.LastOffsetDelta = int32(be.Uint32(b[posLastOffsetDelta:]))
	h.BaseTimestamp = int64(be.Uint64(b[posBaseTimestamp:]))
	h.MaxTimestamp = int64(be.Uint64(b[posMaxTimestamp:]))
	h.ProducerID = int64(be.Uint64(b[posProducerID:]))
	h.ProducerEpoch = int16(be.Uint16(b[posProducerEpoch:]))
	h.BaseSequence = int32(be.Uint32(b[posBaseSequence:]))
	h.NumRecords = int32(be.Uint32(b[posNumRecords:]))
}

// check refuses counts and offsets that no batch can have.
func (h *Header) check() error {
	switch {
	case h.BaseOffset < 0 || h.LastOffsetDelta < 0 || h.BaseOffset > math.MaxInt64-int64(h.LastOffsetDelta):
		return corruptf("offset %d: last offset delta %d", h.BaseOffset, h.LastOffsetDelta)
	case h.NumRecords < 0 || int64(h.NumRecords) > int64(h.LastOffsetDelta)+1:
		return corruptf("offset %d: %d records in %d offsets", h.BaseOffset, h.NumRecords, int64(h.LastOffsetDelta)+1)
	}
	return nil
}

// put writes the header into b, which has at least HeaderSize bytes; the CRC as it stands in h.
func (h *Header) put(b []byte) {
	be := binary.BigEndian
	_ = b[HeaderSize-1]
	be.PutUint64(b[posBaseOffset:], uint64(h.BaseOffset))
	be.PutUint32(b[posLength:], uint32(h.Length))
	be.PutUint32(b[posLeaderEpoch:], uint32(h.LeaderEpoch))
	b[posMagic] = byte(h.Magic)
	be.PutUint32(b[posCRC:], h.CRC)
	be.PutUint16(b[posAttributes:], uint16(h.Attributes))
	be.PutUint32(b[posLastOffsetDelta:], uint32(h.LastOffsetDelta))
	be.PutUint64(b[posBaseTimestamp:], uint64(h.BaseTimestamp))
	be.PutUint64(b[posMaxTimestamp:], uint64(h.MaxTimestamp))
	be.PutUint64(b[posProducerID:], uint64(h.ProducerID))
	be.PutUint16(b[posProducerEpoch:], uint16(h.ProducerEpoch))
	be.PutUint32(b[posBaseSequence:], uint32(h.BaseSequence))
	be.PutUint32(b[posNumRecords:], uint32(h.NumRecords))
}

// Next splits the first batch off b, a fetch answer's bytes or a piece of a segment: raw is the whole
// batch (a slice of b), rest what follows it. A partial last batch, and an empty b, give ErrShort;
// errors are those of ParseHeader, and rest is then b itself.
func Next(b []byte) (raw []byte, h Header, rest []byte, err error) {
	h, err = ParseHeader(b)
	if err != nil {
		return nil, h, b, err
	}
	n := h.Size()
	return b[:n:n], h, b[n:], nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CheckCRC compares the CRC-32C of the batch that b begins with to the one in its header. A
// difference gives an error that wraps ErrCRC; other errors are those of ParseHeader.
func CheckCRC(b []byte) error {
	h, err := ParseHeader(b)
	if err != nil {
		return err
	}
	if sum := checksum(b[:h.Size()]); sum != h.CRC {
		return fmt.Errorf("%w: offset %d: stored %08x, computed %08x", ErrCRC, h.BaseOffset, h.CRC, sum)
	}
	return nil
}

// checksum is the CRC-32C of a whole batch; it begins behind the CRC field, so that a broker can set
// offset and leader epoch without computing it again.
func checksum(raw []byte) uint32 { return crc32.Checksum(raw[posAttributes:], castagnoli) }
