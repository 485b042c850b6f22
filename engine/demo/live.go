package demo

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Live is a demo whose broker still runs after its year has ended: every verb works on the cluster and the
// archive that its kustody.toml names, as long as the jobs take its clock for the present. Its methods may
// be called concurrently; the Result does not change any more.
type Live struct {
	*Result
	d *demo

	stop    context.CancelFunc // of the trickle
	stopped chan struct{}      // closed when the trickle has ended
	trouble error              // why it ended early; read after stopped
	once    sync.Once
}

// Run makes the demo and returns what there is to see. It takes well under a minute and needs no
// network beyond loopback. Cancelling ctx ends it; what lies in the directory by then is a demo that
// the next one replaces.
func Run(ctx context.Context, o Options) (*Result, error) {
	o.Trickle = 0
	l, err := Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return l.Result, l.Close()
}

// Start makes the demo as Run does, and leaves broker, clients and store open until Close. Cancelling ctx
// ends the making, and later the trickle, but closes nothing that Start has returned.
func Start(ctx context.Context, o Options) (*Live, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	d := &demo{Options: o, clock: &clock{}, result: &Result{Dir: o.Dir, Now: Now()}}
	for _, step := range []func(context.Context) error{d.open, d.year, d.today, d.verify} {
		if err := step(ctx); err != nil {
			d.close()
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	d.result.Brokers = d.broker.Addrs()
	d.result.Elapsed = time.Since(began)
	d.clock.Set(Now())
	l := &Live{Result: d.result, d: d, stopped: make(chan struct{})}
	ctx, l.stop = context.WithCancel(ctx)
	if o.Trickle == 0 {
		close(l.stopped)
		return l, nil
	}
	go func() {
		defer close(l.stopped)
		l.trouble = d.trickle(ctx)
	}()
	return l, nil
}

// Now is the present of the demo: the end of its year when Start returned, and from there on as fast as
// real time. Jobs on a Live must take the time from it, or the ledger refuses them for being in its past.
func (l *Live) Now() time.Time { return l.d.clock.Now() }

// Close ends the trickle, and gives broker, clients and store up. The error is why the trickle ended
// before, if it did. Calling it again changes nothing.
func (l *Live) Close() error {
	l.once.Do(func() {
		l.stop()
		<-l.stopped
		l.d.close()
	})
	return l.trouble
}

// trickle writes a few payments every now and then until ctx ends. It alone uses the bank by then. The
// readers follow every fourth time, so that they are behind by little, and not always by the same.
func (d *demo) trickle(ctx context.Context) error {
	tick := time.NewTicker(d.Trickle)
	defer tick.Stop()
	from := d.clock.Now()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		to := d.clock.Now()
		if err := d.bank.trickle(from, to); err != nil {
			return fmt.Errorf("demo: write the payments of %s: %w", to.Format(time.TimeOnly), err)
		}
		if n%4 == 0 {
			if err := d.bank.read(ctx, d.admin); err != nil && ctx.Err() == nil {
				return fmt.Errorf("demo: let the consumer groups read on: %w", err)
			}
		}
		from = to
	}
}

// trickle writes what happens in a few seconds: two to five payments and what belongs to them.
func (b *bank) trickle(from, to time.Time) error {
	payments := 2 + b.rng.IntN(4)
	if err := b.book(from, to, payments); err != nil {
		return err
	}
	if err := b.settle(from, to, payments); err != nil {
		return err
	}
	if err := b.audit(from, to, 3*b.rng.IntN(3)); err != nil {
		return err
	}
	return b.balances(from, to, 6*b.rng.IntN(2))
}
