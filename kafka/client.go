package kafka

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

const (
	// A request is answered in milliseconds by a broker that is well; a paused one never answers.
	defaultTimeout = 30 * time.Second
	// A broker that is killed is replaced after about eleven seconds, a rolling restart takes longer.
	defaultRetryFor = 2 * time.Minute
	// Metadata can be asked of any broker, so a silent one is left sooner.
	metadataTimeout = 10 * time.Second
	// A broker works on one request of a connection at a time, so that partitions that share one wait
	// for each other. Four keep a broker busy and cost it little.
	defaultLanes = 4
	// A batch is never larger than what a broker takes in one request, 100 MiB unless configured.
	maxMessageBytes = 256 << 20
)

// ClientOptions are what OpenWith can change; zero values are the defaults.
type ClientOptions struct {
	Timeout  time.Duration // for one request, default 30 s
	RetryFor time.Duration // how long a request is repeated without success, default 2 min
	Lanes    int           // connections per broker and direction, default 4
}

func (o ClientOptions) withDefaults() ClientOptions {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.RetryFor <= 0 {
		o.RetryFor = defaultRetryFor
	}
	if o.Lanes <= 0 {
		o.Lanes = defaultLanes
	}
	return o
}

// Client is the data plane: metadata, offsets, fetch and produce of whole record batches. It is safe
// for concurrent use. franz-go gives it connections and encoding; it neither consumes nor produces by
// itself, so nothing happens that is not asked for here.
type Client struct {
	cluster Cluster
	o       ClientOptions
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	lanes   []*kgo.Client
	byName  *kgo.Client // speaks the last versions that name topics, for clusters without topic ids
	meta    metaCache
}

// Open connects to a cluster with the default options. Errors say what is wrong with the connection
// (Diagnose).
func Open(ctx context.Context, c Cluster) (*Client, error) {
	return OpenWith(ctx, c, ClientOptions{})
}

// OpenWith connects to a cluster. It asks for metadata once, so that a Client that was opened can reach
// the cluster.
func OpenWith(ctx context.Context, c Cluster, o ClientOptions) (*Client, error) {
	base, err := c.kgoOpts()
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	cl := &Client{cluster: c, o: o, meta: newMetaCache()}
	cl.ctx, cl.stop = context.WithCancel(context.Background())
	for range o.Lanes {
		k, err := kgo.NewClient(laneOpts(o, base)...)
		if err != nil {
			cl.Close()
			return nil, fmt.Errorf("set up client: %w", err)
		}
		cl.lanes = append(cl.lanes, k)
	}
	old := kversion.Stable()
	old.SetMaxKeyVersion(int16(kmsg.Fetch), 12)
	old.SetMaxKeyVersion(int16(kmsg.Produce), 12)
	if cl.byName, err = kgo.NewClient(append(laneOpts(o, base), kgo.MaxVersions(old))...); err != nil {
		cl.Close()
		return nil, fmt.Errorf("set up client: %w", err)
	}
	if err := cl.connect(ctx); err != nil {
		cl.Close()
		return nil, Diagnose(fmt.Errorf("connect to %v: %w", c.BootstrapServers, err), c)
	}
	return cl, nil
}

// connect asks for metadata. The context's end is watched apart: franz-go does not look at it while a
// host that took the connection stays silent.
func (c *Client) connect(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		_, err := c.metadata(ctx, c.lanes[0], []string{})
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer to the first request: %w", ctx.Err())
	}
}

// laneOpts puts ours first: what the user's properties say comes later and wins.
func laneOpts(o ClientOptions, base []kgo.Opt) []kgo.Opt {
	ours := []kgo.Opt{
		kgo.RequestTimeoutOverhead(max(o.Timeout, 100*time.Millisecond)),
		kgo.RequestRetries(3), // repeating is ours, with fresh metadata
		kgo.BrokerMaxReadBytes(maxMessageBytes),
		kgo.BrokerMaxWriteBytes(maxMessageBytes),
	}
	return append(ours, base...)
}

// Close ends all connections; what is under way fails.
func (c *Client) Close() {
	c.stop()
	for _, k := range c.lanes {
		k.Close()
	}
	if c.byName != nil {
		c.byName.Close()
	}
}

// lane is the connection that a partition always uses: its requests stay in order.
func (c *Client) lane(tp TopicPartition) *kgo.Client {
	if tp.ID.IsZero() {
		return c.byName
	}
	h := fnv.New32a()
	h.Write(tp.ID[:])
	return c.lanes[(h.Sum32()+uint32(tp.Partition))%uint32(len(c.lanes))]
}

// anyBroker leaves the choice of the broker to franz-go, which knows the controller where one is needed.
const anyBroker = int32(-1)

// roundTrip sends one request to one broker and waits for its answer, at most for timeout.
func roundTrip[R kmsg.Response](ctx context.Context, k *kgo.Client, node int32, req kmsg.Request, timeout time.Duration) (R, error) {
	var zero R
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var resp kmsg.Response
	var err error
	if node == anyBroker {
		resp, err = k.Request(limited, req)
	} else {
		resp, err = k.Broker(int(node)).Request(limited, req)
	}
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = &timeoutError{api: kmsg.NameForKey(req.Key()), node: node, after: timeout}
		}
		return zero, err
	}
	r, ok := resp.(R)
	if !ok {
		return zero, fmt.Errorf("%s answered with %T", kmsg.NameForKey(req.Key()), resp)
	}
	return r, nil
}

// timeoutError says that a broker did not answer in time, which is not the caller's own deadline.
type timeoutError struct {
	api   string
	node  int32
	after time.Duration
}

func (e *timeoutError) Error() string {
	who := "the cluster"
	if e.node != anyBroker {
		who = fmt.Sprintf("broker %d", e.node)
	}
	return fmt.Sprintf("%s did not answer %s within %s", who, e.api, e.after)
}

// Timeout makes it a net.Error, by which Diagnose knows it.
func (e *timeoutError) Timeout() bool { return true }

// Temporary is asked for by net.Error.
func (e *timeoutError) Temporary() bool { return true }
