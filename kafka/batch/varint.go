package batch

// Kafka's varints are protobuf's: groups of seven bits, lowest first, zigzag for the sign. The
// readers here return the position behind the number, or -1 when b ends inside it or it does not fit;
// they take such a -1 as a position too, so that a chain of reads needs one check at its end.

// varint reads a 32-bit number (at most five bytes). Most numbers in a record have one byte.
func varint(b []byte, pos int) (int32, int) {
	if uint(pos) < uint(len(b)) && b[pos] < 0x80 {
		return zigzag(uint32(b[pos])), pos + 1
	}
	return varintSlow(b, pos)
}

func zigzag(u uint32) int32 { return int32(u>>1) ^ -int32(u&1) }

func varintSlow(b []byte, pos int) (int32, int) {
	// Two bytes hold most lengths and offset deltas.
	if pos >= 0 && pos < len(b)-1 && b[pos+1] < 0x80 {
		return zigzag(uint32(b[pos]&0x7f) | uint32(b[pos+1])<<7), pos + 2
	}
	v, pos := uvarint(b, pos, 5)
	if v > 1<<32-1 {
		return 0, -1
	}
	return zigzag(uint32(v)), pos
}

// varlong reads a 64-bit number (at most ten bytes).
func varlong(b []byte, pos int) (int64, int) {
	if pos >= 0 && pos < len(b)-1 {
		if b[pos] < 0x80 {
			return int64(zigzag(uint32(b[pos]))), pos + 1
		}
		if b[pos+1] < 0x80 {
			return int64(zigzag(uint32(b[pos]&0x7f) | uint32(b[pos+1])<<7)), pos + 2
		}
	}
	u, pos := uvarint(b, pos, 10)
	return int64(u>>1) ^ -int64(u&1), pos
}

// uvarint reads up to limit bytes; bits beyond the 64th make it fail, bits beyond the 32nd are the
// caller's to refuse.
func uvarint(b []byte, pos, limit int) (uint64, int) {
	if pos < 0 {
		return 0, -1
	}
	var v uint64
	for i := 0; i < limit && pos < len(b); i++ {
		c := b[pos]
		pos++
		if c < 0x80 {
			if i == 9 && c > 1 {
				return 0, -1
			}
			return v | uint64(c)<<(7*i), pos
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	return 0, -1
}

func appendVarint(dst []byte, v int32) []byte {
	return appendUvarint(dst, uint64(uint32(v<<1)^uint32(v>>31)))
}

func appendVarlong(dst []byte, v int64) []byte {
	return appendUvarint(dst, uint64(v<<1)^uint64(v>>63))
}

func appendUvarint(dst []byte, u uint64) []byte {
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}

// varintSize is the number of bytes appendVarint writes for v.
func varintSize(v int32) int { return uvarintSize(uint64(uint32(v<<1) ^ uint32(v>>31))) }

func varlongSize(v int64) int { return uvarintSize(uint64(v<<1) ^ uint64(v>>63)) }

func uvarintSize(u uint64) int {
	n := 1
	for ; u >= 0x80; u >>= 7 {
		n++
	}
	return n
}
