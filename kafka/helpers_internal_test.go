package kafka

import (
	"encoding/binary"
	"hash/crc32"
)

// seal puts length and CRC into a batch that is otherwise complete.
func seal(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}
