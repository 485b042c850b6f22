package kafka

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Existence is what the brokers say together about a topic.
type Existence int

const (
	// Unsure means that brokers contradict each other, or that too few answered. Ask again later.
	Unsure Existence = iota
	// Exists means that the topic is there under its id.
	Exists
	// Deleted means that the topic is gone, and nothing has its name.
	Deleted
	// Replaced means that the topic is gone, and another one has its name.
	Replaced
)

// String is for messages.
func (e Existence) String() string {
	return [...]string{"unsure", "exists", "deleted", "replaced"}[e]
}

// TopicExists asks the brokers one by one until two agree whether the topic with this name and id is
// there; a single broker can be behind, or answer while it starts. Where the cluster has one broker, its
// word counts. A zero id asks for the name alone. An error says that the question could not be asked
// (no rights, nobody answers).
func (c *Client) TopicExists(ctx context.Context, name string, id TopicID) (Existence, error) {
	brokers, err := c.Brokers(ctx)
	if err != nil {
		return Unsure, err
	}
	votes := map[Existence]int{}
	need := min(2, len(brokers))
	var last error
	for _, b := range brokers {
		e, err := c.existsOn(ctx, b.ID, name, id)
		if err != nil {
			last = err
			continue
		}
		votes[e]++
		if gone := votes[Deleted] + votes[Replaced]; votes[Exists] >= need || gone >= need {
			return verdict(votes), nil
		}
	}
	if len(votes) == 0 {
		return Unsure, fmt.Errorf("ask whether topic %q exists: %w", name, last)
	}
	return Unsure, nil
}

func verdict(votes map[Existence]int) Existence {
	switch {
	case votes[Exists] > votes[Deleted]+votes[Replaced]:
		return Exists
	case votes[Replaced] > 0:
		return Replaced
	default:
		return Deleted
	}
}

func (c *Client) existsOn(ctx context.Context, node int32, name string, id TopicID) (Existence, error) {
	resp, err := c.metadataOf(ctx, c.lanes[0], node, []string{name})
	if err != nil {
		return Unsure, err
	}
	if len(resp.Topics) != 1 {
		return Unsure, fmt.Errorf("broker %d did not answer for topic %q", node, name)
	}
	t := &resp.Topics[0]
	err = topicError(t)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Deleted, nil
	case err != nil && permanent(err):
		return Unsure, err
	case err != nil && t.TopicID == TopicID{}:
		return Unsure, nil // it says no more than that it cannot tell now
	case !id.IsZero() && t.TopicID != id:
		return Replaced, nil
	}
	return Exists, nil
}

// confirmDeleted gives a *DeletedError if the topic is gone, nil if it is there or that is not known yet.
func (c *Client) confirmDeleted(ctx context.Context, tp TopicPartition) error {
	e, err := c.TopicExists(ctx, tp.Topic, tp.ID)
	switch {
	case err != nil && permanent(err):
		return err
	case err == nil && (e == Deleted || e == Replaced):
		return &DeletedError{Topic: tp.Topic, ID: tp.ID, Replaced: e == Replaced}
	}
	return nil
}
