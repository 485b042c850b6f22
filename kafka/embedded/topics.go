package embedded

import (
	"fmt"

	"kustody/kafka"

	"github.com/twmb/franz-go/pkg/kfake"
)

// CreateTopic makes a topic; configs may be nil. Made again after DeleteTopic it has another id.
func (b *Broker) CreateTopic(topic string, partitions int32, configs map[string]string) error {
	if err := b.fake.CreateTopic(topic, partitions, configs); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// DeleteTopic deletes a topic and what is in it.
func (b *Broker) DeleteTopic(topic string) error {
	if err := b.fake.DeleteTopic(topic); err != nil {
		return fmt.Errorf("delete topic %s: %w", topic, err)
	}
	return nil
}

// DeleteRecords moves the log start of a partition to offset; -1 is the end.
func (b *Broker) DeleteRecords(topic string, partition int32, offset int64) error {
	if err := b.fake.DeleteRecords(topic, partition, offset); err != nil {
		return fmt.Errorf("delete records of %s/%d below %d: %w", topic, partition, offset, err)
	}
	return nil
}

// Compact runs one pass of the log cleaner over every topic whose policy says compact. The last batch
// of a partition is never cleaned. Unlike Kafka's, it moves the log start to the first batch it keeps.
func (b *Broker) Compact() { b.fake.Compact() }

// ApplyRetention runs one pass of deletion by age and size.
func (b *Broker) ApplyRetention() { b.fake.ApplyRetention() }

// TopicID is the id of a topic; zero if there is none of that name.
func (b *Broker) TopicID(topic string) kafka.TopicID {
	if info := b.fake.TopicInfo(topic); info != nil {
		return info.TopicID
	}
	return kafka.TopicID{}
}

// Partition names one partition of a topic that exists.
func (b *Broker) Partition(topic string, partition int32) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: topic, ID: b.TopicID(topic), Partition: partition}
}

// Info says where a partition stands: offsets, epoch, leader; nil if it does not exist.
func (b *Broker) Info(topic string, partition int32) *kfake.PartitionInfo {
	return b.fake.PartitionInfo(topic, partition)
}
