package kafka

import (
	"bytes"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kustody/kafka/batch"
)

// ReadRecord is one record as the independent client delivers it. Nil is null, empty is empty.
type ReadRecord struct {
	Offset        int64
	Timestamp     int64 // milliseconds
	TimestampType int   // 0 CreateTime, 1 LogAppendTime, -1 not told, which is so for the timestamp -1
	Key, Value    []byte
	Headers       []batch.RecordHeader

	names []byte // what the header names lie in
}

// noTimestamp is the timestamp that Kafka gives a record without one.
const noTimestamp = -1

func (r *ReadRecord) set(m *rd.Message) {
	r.Offset = int64(m.TopicPartition.Offset)
	r.Key, r.Value = m.Key, m.Value
	r.Timestamp, r.TimestampType = timestampOf(m)
	r.Headers, r.names = r.Headers[:0], r.names[:0]
	size := 0
	for i := range m.Headers {
		size += len(m.Headers[i].Key)
	}
	if cap(r.names) < size {
		r.names = make([]byte, 0, 2*size) // made before the names are cut out of it: it must not move
	}
	for i := range m.Headers {
		from := len(r.names)
		r.names = append(r.names, m.Headers[i].Key...)
		r.Headers = append(r.Headers, batch.RecordHeader{Key: r.names[from:len(r.names):len(r.names)], Value: m.Headers[i].Value})
	}
}

// timestampOf gives back the milliseconds that the client made a time.Time of: seconds and the rest, so
// nothing is lost on the way, not even beyond the year 292,278,994. Only −1 is not told from "none".
func timestampOf(m *rd.Message) (ms int64, kind int) {
	switch m.TimestampType {
	case rd.TimestampCreateTime:
		return m.Timestamp.UnixMilli(), 0
	case rd.TimestampLogAppendTime:
		return m.Timestamp.UnixMilli(), 1
	default:
		return noTimestamp, -1
	}
}

// Readable says whether the independent client can give a record back as it is: it cuts header names at
// a NUL byte. Where it cannot, the raw reader decides.
func Readable(headers []batch.RecordHeader) bool {
	for i := range headers {
		if bytes.IndexByte(headers[i].Key, 0) >= 0 {
			return false
		}
	}
	return true
}
