package batch

import "encoding/binary"

// Retarget appends to dst a copy of src, one whole batch as Next gives it, made ready for a produce
// request: base offset, producer id, epoch and base sequence as given, leader epoch -1, transactional
// and delete-horizon bits cleared, CRC-32C computed anew. Everything else is kept, the records' bytes
// and timestamps with it (clearing the delete horizon leaves BaseTimestamp, from which they count).
//
// It does not look inside: LogAppendTime batches and batches with holes must be re-encoded instead
// (a broker changes the former silently and refuses the latter).
func Retarget(dst, src []byte, baseOffset, pid int64, epoch int16, baseSeq int32) []byte {
	n := len(dst)
	dst = append(dst, src...)
	RetargetInPlace(dst[n:], baseOffset, pid, epoch, baseSeq)
	return dst
}

// RetargetInPlace is Retarget on raw itself. raw is one whole batch; fewer than HeaderSize bytes
// panic.
func RetargetInPlace(raw []byte, baseOffset, pid int64, epoch int16, baseSeq int32) {
	be := binary.BigEndian
	_ = raw[HeaderSize-1]
	be.PutUint64(raw[posBaseOffset:], uint64(baseOffset))
	be.PutUint32(raw[posLeaderEpoch:], 0xFFFFFFFF)
	attrs := be.Uint16(raw[posAttributes:]) &^ (attrTransactional | attrDeleteHorizon)
	be.PutUint16(raw[posAttributes:], attrs)
	be.PutUint64(raw[posProducerID:], uint64(pid))
	be.PutUint16(raw[posProducerEpoch:], uint16(epoch))
	be.PutUint32(raw[posBaseSequence:], uint32(baseSeq))
	be.PutUint32(raw[posCRC:], checksum(raw))
}
