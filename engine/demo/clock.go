package demo

import (
	"sync"
	"time"
)

// clock is the time of the made-up year: set from outside, and running on from there as fast as real
// time does, so that durations in reports are those that were needed. Safe for concurrent use.
type clock struct {
	mu   sync.Mutex
	base time.Time
	set  time.Time // real time at which base was set
}

// Now is what jobs and ledger take for the present.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.set))
}

// Set moves the clock. It never goes back: a job that took longer than the made-up calendar allows for
// pushes what follows.
func (c *clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.base.Add(time.Since(c.set)); !c.base.IsZero() && t.Before(now) {
		t = now
	}
	c.base, c.set = t, time.Now()
}
