package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// defaultDeadline bounds a call whose context has no deadline of its own: librdkafka tries for ever.
const defaultDeadline = 30 * time.Second

// openGrace is how long OpenAdmin still hopes after every bootstrap server failed once: a name may have
// several addresses, of which only one answers.
const openGrace = 2 * time.Second

// errClosed is what a call on a closed Admin or ReadBack gives.
var errClosed = errors.New("the client is closed")

// Admin is the control plane: topics, configs, ACLs, groups and the cluster's identity, through
// librdkafka. It is safe for concurrent use. Every call takes its deadline from the context, 30 s if
// there is none; errors are diagnosed (Diagnose), with the reason from librdkafka's log.
type Admin struct {
	cluster Cluster
	client  *rd.AdminClient
	log     *logRing
	ready   atomic.Bool // connected once

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // what Close waits for: librdkafka must not be destroyed under a call
}

// OpenAdmin connects and asks who the cluster is. With a wrong password, TLS on the wrong port and the
// like it fails as soon as every bootstrap server said so, without waiting for the deadline.
func OpenAdmin(ctx context.Context, c Cluster) (*Admin, error) {
	conf, err := c.rdkafka()
	if err != nil {
		return nil, err
	}
	c, _ = c.normal() // rdkafka has checked it
	log := newLogRing(conf, c.Security)
	client, err := rd.NewAdminClient(&conf)
	if err != nil {
		log.stop()
		return nil, Diagnose(fmt.Errorf("open admin client: %w", err), c)
	}
	a := &Admin{cluster: c, client: client, log: log}
	if err := a.connect(ctx); err != nil {
		a.Close()
		return nil, err
	}
	a.ready.Store(true)
	return a, nil
}

// connect asks for the cluster's id, and gives up early when the log shows that there is no hope.
func (a *Admin) connect(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := a.ClusterID(ctx)
		result <- err
	}()
	hopeless := a.hopeless(ctx)
	select {
	case err := <-result:
		return err
	case <-hopeless:
		cancel()
		if err := <-result; err == nil { // it came through in the last moment
			return nil
		}
		return a.unreachable(parent)
	}
}

// unreachable is why no bootstrap server could be used. Of a certificate librdkafka says only that it
// could not be verified, so the other implementation is asked what is wrong with it.
func (a *Admin) unreachable(ctx context.Context) error {
	line, _ := a.log.reason()
	err := fmt.Errorf("connect: %s", line.text)
	if line.kind == UnknownCA {
		err = errors.Join(err, a.cluster.probe(ctx))
	}
	return Diagnose(err, a.cluster)
}

// probe is the first error with which one of the bootstrap servers ends a connection and its TLS
// handshake; nil if there is none.
func (c Cluster) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	props, err := c.properties()
	if err != nil {
		return err
	}
	dial, err := c.Security.dialer(props)
	if err != nil {
		return err
	}
	for _, server := range c.BootstrapServers {
		conn, err := dial(ctx, "tcp", server)
		if err != nil {
			return err
		}
		conn.Close()
	}
	return nil
}

// hopeless is closed when every bootstrap server has failed and some grace has passed.
func (a *Admin) hopeless(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		for {
			all, credentials, news := a.log.failed(a.cluster.BootstrapServers)
			if all || credentials {
				break
			}
			select {
			case <-news:
			case <-ctx.Done():
				return
			}
		}
		if _, credentials, _ := a.log.failed(a.cluster.BootstrapServers); !credentials {
			select {
			case <-time.After(openGrace):
			case <-ctx.Done():
				return
			}
		}
		close(done)
	}()
	return done
}

// Close ends the client after the calls that are under way. It may be called twice.
func (a *Admin) Close() {
	a.mu.Lock()
	closed := a.closed
	a.closed = true
	a.mu.Unlock()
	if closed {
		return
	}
	a.calls.Wait()
	a.client.Close()
	a.log.stop()
}

// ClusterID is the id the cluster gave itself when it was formatted.
func (a *Admin) ClusterID(ctx context.Context) (string, error) {
	// AdminClient.ClusterID would not hear of a cancelled context.
	return ask(ctx, a, "ask for the cluster's id", func(ctx context.Context) (string, error) {
		res, err := a.client.DescribeCluster(ctx)
		if err != nil {
			return "", err
		}
		if res.ClusterID == nil {
			return "", errors.New("the broker does not tell it; Kafka 0.10.1 or later does")
		}
		return *res.ClusterID, nil
	})
}

// patienceOfRead is how long one try of a request that changes nothing may take. librdkafka sends many
// requests to the controller alone, and waits for one that is gone until its metadata, minutes old by
// default, names another.
const patienceOfRead = 8 * time.Second

// ask runs one request with a deadline and makes its error one that an operator can use. The context's
// own end is always seen by errors.Is.
func ask[T any](ctx context.Context, a *Admin, what string, fn func(context.Context) (T, error)) (T, error) {
	return try(ctx, a, what, 0, fn)
}

// read is ask for requests that change nothing: one that finds no broker is tried again.
func read[T any](ctx context.Context, a *Admin, what string, fn func(context.Context) (T, error)) (T, error) {
	return try(ctx, a, what, patienceOfRead, fn)
}

// try runs fn until it ends otherwise than by patience, which doubles each time; 0 is no end but the
// deadline.
func try[T any](ctx context.Context, a *Admin, what string, patience time.Duration, fn func(context.Context) (T, error)) (T, error) {
	var zero T
	if !a.enter() {
		return zero, fmt.Errorf("%s: %w", what, errClosed)
	}
	defer a.calls.Done()
	limited, cancel := withDeadline(ctx)
	defer cancel()
	for {
		got, err := a.once(limited, patience, func(ctx context.Context) (any, error) { return fn(ctx) })
		if err == nil {
			return got.(T), nil
		}
		if limited.Err() != nil || patience == 0 || !errors.Is(err, context.DeadlineExceeded) {
			return zero, a.explain(what, err)
		}
		patience *= 2 // a large cluster may just be slow
	}
}

// once refreshes librdkafka's idea of the cluster, so that the request goes to a broker that is there,
// and runs fn. Metadata that cannot be had now is no error: fn's own will tell more.
func (a *Admin) once(ctx context.Context, patience time.Duration, fn func(context.Context) (any, error)) (any, error) {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if a.ready.Load() {
		_, _ = a.client.GetMetadata(nil, false, int(min(remaining(ctx), 3*time.Second).Milliseconds()))
	}
	return fn(ctx)
}

// enter counts a call, unless the client is closed.
func (a *Admin) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.calls.Add(1)
	return true
}

func (a *Admin) explain(what string, err error) error {
	return Diagnose(fmt.Errorf("%s: %w", what, a.log.explain(err)), a.cluster)
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, defaultDeadline)
}

// remaining is the time until the context's deadline, for the calls that know no context.
func remaining(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return defaultDeadline
	}
	return max(time.Until(deadline), time.Millisecond)
}

// failure is an error that librdkafka gave for one thing inside an answer; nil if there is none.
func failure(e rd.Error) error {
	if e.Code() == rd.ErrNoError {
		return nil
	}
	return e
}
