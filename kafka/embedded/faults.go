package embedded

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The API keys that tests fail most.
const (
	Produce              = int16(0)
	Fetch                = int16(1)
	ListOffsets          = int16(2)
	Metadata             = int16(3)
	OffsetCommit         = int16(8)
	FindCoordinator      = int16(10)
	CreateTopics         = int16(19)
	DeleteTopics         = int16(20)
	InitProducerID       = int16(22)
	OffsetForLeaderEpoch = int16(23)
)

// Handle refers to a fault that was set: Hits counts what it failed, Remove ends it.
type Handle = kfake.FaultHandle

// FailNext answers the next times requests of an API with an error code, and without doing what they
// ask; times -1 is until the handle is removed. Code 7 (request timed out) and, for produce, 20 (not
// enough replicas after append) are answered after the work was done, as a broker does.
func (b *Broker) FailNext(apiKey, code int16, times int) *Handle {
	return b.Fail(kfake.Fault{Keys: []kmsg.Key{kmsg.Key(apiKey)}, Count: times}, code)
}

// Fail is FailNext with kfake's own selectors (topic, partition, node, group).
func (b *Broker) Fail(f kfake.Fault, code int16) *Handle {
	err, ok := kerr.ErrorForCode(code).(*kerr.Error)
	if !ok {
		panic(fmt.Sprintf("embedded: %d is no Kafka error code", code)) // a mistake in the test itself
	}
	f.Err = err
	return b.fake.Fault(f)
}

// Delay holds the next times requests of an API back for d before the broker looks at them. The
// connection they came on waits with them.
func (b *Broker) Delay(apiKey int16, d time.Duration, times int) {
	b.control(apiKey, times, func() (kmsg.Response, error, bool) {
		b.fake.SleepControl(func() { time.Sleep(d) })
		return nil, nil, false
	})
}

// Stall swallows the next times requests of an API: they are read and never answered.
func (b *Broker) Stall(apiKey int16, times int) {
	b.control(apiKey, times, func() (kmsg.Response, error, bool) { return nil, nil, true })
}

// DropBefore ends the connection on the next times requests of an API, before the broker acts.
func (b *Broker) DropBefore(apiKey int16, times int) {
	b.control(apiKey, times, func() (kmsg.Response, error, bool) { return nil, errDropped, true })
}

// DropAfter ends the connection after the broker has acted on the next times requests of an API, in
// place of the answer. Not under TLS.
func (b *Broker) DropAfter(apiKey int16, times int) { b.wire.drop(apiKey, times) }

// DropAfterAppend ends the connection after the broker appended, times times: the producer cannot
// know that its records are there.
func (b *Broker) DropAfterAppend(times int) { b.DropAfter(Produce, times) }

// control runs fn for the next times requests of an API.
func (b *Broker) control(apiKey int16, times int, fn func() (kmsg.Response, error, bool)) {
	var left atomic.Int64
	left.Store(int64(times))
	b.fake.ControlKey(apiKey, func(kmsg.Request) (kmsg.Response, error, bool) {
		n := left.Add(-1)
		if n < 0 {
			b.fake.DropControl()
			return nil, nil, false
		}
		b.fake.KeepControl()
		return fn()
	})
}

// OnRequest lets a test see every request of an API before the broker does; fn must not call back
// into the cluster. It lasts until the cluster is closed.
func (b *Broker) OnRequest(apiKey int16, fn func(node int32, req kmsg.Request)) {
	b.fake.ControlKey(apiKey, func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.fake.KeepControl()
		fn(b.fake.CurrentNode(), req)
		return nil, nil, false
	})
}

// Answer puts fn's answer in place of the broker's for requests of an API; fn returns nil to let the
// broker answer. fn must not call back into the cluster. It lasts until the cluster is closed.
func (b *Broker) Answer(apiKey int16, fn func(node int32, req kmsg.Request) kmsg.Response) {
	b.fake.ControlKey(apiKey, func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.fake.KeepControl()
		resp := fn(b.fake.CurrentNode(), req)
		return resp, nil, resp != nil
	})
}

// Pause stops a broker from answering anything, as a stopped process would: connections stay up.
func (b *Broker) Pause(node int32) { b.wire.pause(b.port(node)) }

// Resume ends a Pause; what was held back is delivered.
func (b *Broker) Resume(node int32) { b.wire.resume(b.port(node)) }

// Cut ends all connections of a broker; new ones are accepted.
func (b *Broker) Cut(node int32) { b.wire.cut(b.port(node)) }

// MoveLeader makes node the leader of a partition, with a new leader epoch.
func (b *Broker) MoveLeader(topic string, partition, node int32) error {
	return b.fake.MoveTopicPartition(topic, partition, node)
}

// StopBroker takes a broker out: its connections end, its port is closed, and every partition of the
// cluster gets a new leader among the brokers that are left.
func (b *Broker) StopBroker(node int32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	addr := b.nodes[node]
	if err := b.fake.RemoveNode(node); err != nil {
		return fmt.Errorf("stop embedded broker %d: %w", node, err)
	}
	b.wire.cut(hostPort(addr))
	delete(b.nodes, node)
	return nil
}

// StartBroker brings a broker back under its old id, on a new port; leaders are dealt out again.
func (b *Broker) StartBroker(node int32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, port, err := b.fake.AddNode(node, 0)
	if err != nil {
		return fmt.Errorf("start embedded broker %d: %w", node, err)
	}
	b.nodes[node] = fmt.Sprintf("127.0.0.1:%d", port)
	return nil
}

func (b *Broker) port(node int32) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return hostPort(b.nodes[node])
}
