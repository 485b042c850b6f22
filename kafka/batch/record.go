package batch

// Record is one record. Key and Value are nil for null and not nil for empty. Slices that a Decoder
// hands out lie in its buffer or in the batch and are valid until the callback returns.
//
// The record's attribute byte is not here: format v2 defines none of its bits, brokers and clients
// ignore it, and re-encoded records carry 0 as every producer writes it.
type Record struct {
	Offset    int64
	Timestamp int64 // milliseconds; the broker's where the batch has LogAppendTime
	Key       []byte
	Value     []byte
	Headers   []RecordHeader // in order, duplicates kept
}

// RecordHeader is one header of a record. Key is never null, though it may be empty or hold any
// bytes; Value is nil for null.
type RecordHeader struct {
	Key   []byte
	Value []byte
}

// layout is where the parts of one record lie in the records' bytes.
type layout struct {
	timestampDelta       int64
	offsetDelta          int32
	headers              int32
	keyAt, keyLen        int // keyLen -1: null
	valueAt, valueLen    int // valueLen -1: null
	headersAt, recordEnd int
}

// locate reads the record at pos and checks all of it: bounds, null lengths, headers, its declared
// length. It is the one parser of records; Walk and Scan both go through it, so that they cannot
// disagree. It returns "" or what is wrong.
func (l *layout) locate(b []byte, pos int) string {
	size, pos := varint(b, pos)
	if pos < 0 || size < 0 || int(size) > len(b)-pos {
		return "its length reaches beyond the batch"
	}
	end := pos + int(size)
	b = b[:end]
	// One byte of attributes, all unused in v2. With size 0 it is not there, and pos+1 makes the
	// next read fail.
	l.timestampDelta, pos = varlong(b, pos+1)
	l.offsetDelta, pos = varint(b, pos)
	n, pos := varint(b, pos)
	if pos < 0 || n < -1 || int(n) > end-pos {
		return "timestamp, offset or key do not fit"
	}
	l.keyAt, l.keyLen = pos, int(n)
	if n > 0 {
		pos += int(n)
	}
	n, pos = varint(b, pos)
	if pos < 0 || n < -1 || int(n) > end-pos {
		return "value does not fit"
	}
	l.valueAt, l.valueLen = pos, int(n)
	if n > 0 {
		pos += int(n)
	}
	l.headersAt, l.recordEnd = pos, end
	if pos == end-1 && b[pos] == 0 { // no headers, as in most records
		l.headers = 0
		return ""
	}
	l.headers, pos = varint(b, pos)
	// A header takes two bytes at least.
	if pos < 0 || l.headers < 0 || int(l.headers) > (end-pos)/2 {
		return "header count does not fit"
	}
	l.headersAt = pos
	for range l.headers {
		if pos = skipHeader(b, pos); pos < 0 {
			return "a header does not fit or has a null name"
		}
	}
	if pos != end {
		return "its length is not that of its parts"
	}
	return ""
}

// skipHeader returns the position behind the header at pos, or -1.
func skipHeader(b []byte, pos int) int {
	n, pos := varint(b, pos)
	if pos < 0 || n < 0 || int(n) > len(b)-pos {
		return -1
	}
	n, pos = varint(b, pos+int(n))
	if pos < 0 || n < -1 || int(n) > len(b)-pos {
		return -1
	}
	return pos + max(int(n), 0)
}

// bytesAt is the field of length n at pos: nil for null, empty but not nil for empty. Its capacity
// ends with it, so that an append cannot run into the next field.
func bytesAt(b []byte, pos, n int) []byte {
	if n < 0 {
		return nil
	}
	return b[pos : pos+n : pos+n]
}

// appendHeaders appends the headers that locate found.
func (l *layout) appendHeaders(dst []RecordHeader, b []byte) []RecordHeader {
	pos := l.headersAt
	var n int32
	for range l.headers {
		var h RecordHeader
		n, pos = varint(b, pos)
		h.Key = bytesAt(b, pos, int(n))
		n, pos = varint(b, pos+int(n))
		h.Value = bytesAt(b, pos, int(n))
		pos += max(int(n), 0)
		dst = append(dst, h)
	}
	return dst
}

// appendRecord appends r as it stands in a batch whose first record has baseOffset and baseTimestamp.
// The caller has checked its sizes.
func appendRecord(dst []byte, r *Record, offsetDelta int32, timestampDelta int64, bodySize int) []byte {
	dst = appendVarint(dst, int32(bodySize))
	dst = append(dst, 0)
	dst = appendVarlong(dst, timestampDelta)
	dst = appendVarint(dst, offsetDelta)
	dst = appendBytes(dst, r.Key)
	dst = appendBytes(dst, r.Value)
	dst = appendVarint(dst, int32(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = appendVarint(dst, int32(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendBytes(dst, h.Value)
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 1) // -1
	}
	dst = appendVarint(dst, int32(len(b)))
	return append(dst, b...)
}

// bodySize is the length of r's bytes behind their length field. It is an int64 sum of lengths, each
// an int, and so cannot wrap.
func bodySize(r *Record, offsetDelta int32, timestampDelta int64) int64 {
	n := int64(1 + varlongSize(timestampDelta) + varintSize(offsetDelta))
	n += fieldSize(r.Key) + fieldSize(r.Value) + int64(uvarintSize(uint64(len(r.Headers))<<1))
	for i := range r.Headers {
		k := int64(len(r.Headers[i].Key))
		n += int64(uvarintSize(uint64(k)<<1)) + k + fieldSize(r.Headers[i].Value)
	}
	return n
}

func fieldSize(b []byte) int64 {
	if b == nil {
		return 1
	}
	return int64(uvarintSize(uint64(len(b))<<1)) + int64(len(b))
}
