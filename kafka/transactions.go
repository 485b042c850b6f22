package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Transaction is a transaction that has not ended.
type Transaction struct {
	ID         string    // the producer's transactional.id
	State      string    // Kafka's name, for example Ongoing
	Started    time.Time // UTC
	Partitions []TopicPartition
}

// OpenTransactions lists the transactions under way on the cluster that this user may see (KIP-664,
// brokers since 3.0). It is safe for concurrent use.
func (c *Client) OpenTransactions(ctx context.Context) ([]Transaction, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	admin := kadm.NewClient(c.lanes[0])
	listed, err := admin.ListTransactions(ctx, nil, []string{"Ongoing", "PrepareCommit", "PrepareAbort"})
	if err != nil {
		return nil, Diagnose(fmt.Errorf("list transactions: %w", err), c.cluster)
	}
	ids := listed.TransactionalIDs()
	if len(ids) == 0 {
		return nil, nil
	}
	described, err := admin.DescribeTransactions(ctx, ids...)
	if err != nil {
		return nil, Diagnose(fmt.Errorf("describe transactions: %w", err), c.cluster)
	}
	var open []Transaction
	for _, d := range described.Sorted() {
		if d.Err != nil {
			return nil, fmt.Errorf("describe transaction %q: %w", d.TxnID, d.Err)
		}
		if d.StartTimestamp < 0 {
			continue // ended between the two requests
		}
		t := Transaction{ID: d.TxnID, State: d.State, Started: time.UnixMilli(d.StartTimestamp).UTC()}
		for _, p := range d.Topics.Sorted() {
			for _, n := range p.Partitions {
				t.Partitions = append(t.Partitions, TopicPartition{Topic: p.Topic, Partition: n})
			}
		}
		open = append(open, t)
	}
	return open, nil
}
