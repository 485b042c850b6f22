package kafka

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeleteTopic deletes the topic with this id, and no other one that may have its name by now. If it is
// not there the error is an *UnknownTopicError. Brokers before 2.8 cannot delete by id; that is an error,
// and nothing is deleted.
func (c *Client) DeleteTopic(ctx context.Context, id TopicID) error {
	if id.IsZero() {
		return errors.New("delete topic: its id is not known")
	}
	pat := patience{limit: c.o.RetryFor}
	for {
		err := c.deleteOnce(ctx, id)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrNotExist):
			if pat.tries > 0 {
				return nil // an earlier try did it, and its answer was lost
			}
			return err
		case permanent(err) || ctx.Err() != nil:
			return fmt.Errorf("delete topic %s: %w", id, err)
		}
		if err := pat.failed(ctx, err); err != nil {
			return fmt.Errorf("delete topic %s: %w", id, err)
		}
	}
}

func (c *Client) deleteOnce(ctx context.Context, id TopicID) error {
	meta, err := c.metadata(ctx, c.lanes[0], []string{})
	if err != nil {
		return err
	}
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = int32(c.o.Timeout.Milliseconds())
	t := kmsg.NewDeleteTopicsRequestTopic()
	t.TopicID = id
	req.Topics = append(req.Topics, t)
	// Not to anyBroker: franz-go would try again by itself, and hide that an earlier try did it.
	resp, err := roundTrip[*kmsg.DeleteTopicsResponse](ctx, c.lanes[0], meta.ControllerID, req, c.o.Timeout)
	if err != nil {
		return err
	}
	if resp.Version < 6 {
		return &permanentError{errors.New("the brokers are older than Kafka 2.8 and cannot delete a topic by its id; delete it by hand")}
	}
	if len(resp.Topics) != 1 {
		return fmt.Errorf("the answer names %d topics", len(resp.Topics))
	}
	if suspectsDeletion(resp.Topics[0].ErrorCode) {
		return &UnknownTopicError{ID: id}
	}
	return codeError(resp.Topics[0].ErrorCode, resp.Topics[0].ErrorMessage)
}
