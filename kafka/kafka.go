// Package kafka speaks to brokers and knows nothing of backups.
//
// It holds two clients on purpose. The data plane (Client: metadata, offsets, Reader, Append) speaks
// the protocol itself through franz-go: whole record batches in, whole record batches out. The control
// plane (Admin) and the independent read-back (ReadBack) go through librdkafka: what one
// implementation wrote, another one reads.
package kafka

import (
	"encoding/hex"
	"fmt"
)

// Cluster describes one cluster and how to reach it. It becomes both clients' options.
type Cluster struct {
	BootstrapServers []string          // host:port
	Security         Security          // zero value: PLAINTEXT
	Properties       map[string]string // librdkafka names that map to both clients; others are refused
	ClientID         string            // default "kustody"
}

// Security is how a connection is encrypted and who it says it is.
type Security struct {
	Protocol      string // PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL; "" is PLAINTEXT
	Mechanism     string // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
	Username      string
	Password      string
	CAFile        string // PEM; "" trusts the system's roots
	CertFile      string // PEM, client certificate
	KeyFile       string // PEM, its private key
	KeyPassword   string
	SkipHostname  bool // ssl.endpoint.identification.algorithm=none
	TLSServerName string
}

// TopicID is the id a broker gives one incarnation of a topic (KIP-516). A topic that was deleted and
// created again under its old name has another one.
type TopicID [16]byte

// String is the id as 32 lower-case hex digits, as it stands in the archive's keys.
func (id TopicID) String() string { return hex.EncodeToString(id[:]) }

// IsZero says that the broker gave no id (brokers before 3.1).
func (id TopicID) IsZero() bool { return id == TopicID{} }

// MarshalText writes the id as 32 hex digits.
func (id TopicID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *TopicID) UnmarshalText(b []byte) error {
	p, err := ParseTopicID(string(b))
	if err == nil {
		*id = p
	}
	return err
}

// ParseTopicID reads 32 hex digits.
func ParseTopicID(s string) (TopicID, error) {
	var id TopicID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return TopicID{}, fmt.Errorf("topic id %q is not 32 hex digits", s)
	}
	copy(id[:], b)
	return id, nil
}

// Topic is what metadata says of one topic.
type Topic struct {
	Name       string
	ID         TopicID
	Internal   bool
	Partitions []Partition // ordered by number
}

// Partition is what metadata says of one partition.
type Partition struct {
	Number      int32
	Leader      int32 // -1: none
	LeaderEpoch int32
	Replicas    int
}

// Offset is one answer of ListOffsets.
type Offset struct {
	Offset      int64
	LeaderEpoch int32
	Timestamp   int64 // milliseconds; only set when asked by time
}

// OffsetQuery says which offset of a partition is asked for.
type OffsetQuery int

const (
	// LogStart is the first offset that is still there.
	LogStart OffsetQuery = iota
	// LastStable is the end for a read-committed reader: below it no transaction is open.
	LastStable
	// HighWatermark is the end for a read-uncommitted reader.
	HighWatermark
)

// TopicPartition names one partition of one incarnation of a topic.
type TopicPartition struct {
	Topic     string
	ID        TopicID
	Partition int32
}

// String is topic/partition, for messages. The name is not sanitised.
func (tp TopicPartition) String() string { return fmt.Sprintf("%s/%d", tp.Topic, tp.Partition) }
