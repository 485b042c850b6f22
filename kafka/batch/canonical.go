package batch

import "encoding/binary"

// AppendCanonical appends the canonical record, the form in which records are hashed and compared:
// timestamp (8 bytes), key, value, header count (4 bytes), then name and value of each header in
// order. Key, value, names and values are a 4-byte length and their bytes, null is 0xFFFFFFFF; all
// numbers are big-endian. The offset is not part of it: a restore changes it. Headers nil and empty
// are the same.
func AppendCanonical(dst []byte, r *Record) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Timestamp))
	dst = appendCanonicalBytes(dst, r.Key)
	dst = appendCanonicalBytes(dst, r.Value)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Headers)))
	for i := range r.Headers {
		// A name cannot be null on the wire; nil is some reader's way to say empty.
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Headers[i].Key)))
		dst = append(dst, r.Headers[i].Key...)
		dst = appendCanonicalBytes(dst, r.Headers[i].Value)
	}
	return dst
}

func appendCanonicalBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0xFF, 0xFF, 0xFF, 0xFF)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)))
	return append(dst, b...)
}
