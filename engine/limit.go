package engine

import (
	"context"

	"golang.org/x/time/rate"
)

// pace holds the bytes of a whole job to a rate. A nil pace does not limit.
type pace struct{ limiter *rate.Limiter }

// newPace makes a pace of so many bytes per second; 0 is no limit.
func newPace(bytesPerSecond int64) *pace {
	if bytesPerSecond <= 0 {
		return nil
	}
	return &pace{rate.NewLimiter(rate.Limit(bytesPerSecond), int(min(bytesPerSecond, 1<<30)))}
}

// wait returns when n more bytes may pass. Amounts beyond the burst wait in pieces.
func (p *pace) wait(ctx context.Context, n int64) error {
	if p == nil {
		return nil
	}
	for n > 0 {
		step := min(n, int64(p.limiter.Burst()))
		if err := p.limiter.WaitN(ctx, int(step)); err != nil {
			return err
		}
		n -= step
	}
	return nil
}
