package kafka

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// properties is Cluster.Properties resolved for both clients.
type properties struct {
	rdkafka     map[string]string
	kgo         []kgo.Opt
	dialTimeout time.Duration
	network     string        // tcp, tcp4 or tcp6
	retry       time.Duration // lowest back-off; 0: the client's own
}

// property is one librdkafka name with a meaning in both clients. A number has a range, which is
// where the ranges of both clients overlap; a text has its allowed values, or any.
type property struct {
	low, high int64
	values    []string
	text      bool
	apply     func(p *properties, n int64, s string)
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// allowed holds the properties a user may set.
var allowed = map[string]property{
	"client.id":   {text: true, apply: func(p *properties, _ int64, s string) { p.kgo = append(p.kgo, kgo.ClientID(s)) }},
	"client.rack": {text: true, apply: func(p *properties, _ int64, s string) { p.kgo = append(p.kgo, kgo.Rack(s)) }},
	"socket.timeout.ms": {low: 100, high: 300_000, apply: func(p *properties, n int64, _ string) {
		p.kgo = append(p.kgo, kgo.RequestTimeoutOverhead(milliseconds(n)))
	}},
	"request.timeout.ms": {low: 100, high: 900_000, apply: func(p *properties, n int64, _ string) {
		p.kgo = append(p.kgo, kgo.ProduceRequestTimeout(milliseconds(n)))
	}},
	"retry.backoff.ms":     {low: 1, high: 300_000, apply: func(p *properties, n int64, _ string) { p.retry = max(p.retry, milliseconds(n)) }},
	"reconnect.backoff.ms": {low: 0, high: 3_600_000, apply: func(p *properties, n int64, _ string) { p.retry = max(p.retry, milliseconds(n)) }},
	"metadata.max.age.ms": {low: 10, high: 3_600_000, apply: func(p *properties, n int64, _ string) {
		p.kgo = append(p.kgo, kgo.MetadataMaxAge(milliseconds(n)))
		if age := milliseconds(n); age < 5*time.Second { // kgo's own lower bound between two queries
			p.kgo = append(p.kgo, kgo.MetadataMinAge(age))
		}
	}},
	"connections.max.idle.ms": {low: 100, high: 900_000, apply: func(p *properties, n int64, _ string) {
		p.kgo = append(p.kgo, kgo.ConnIdleTimeout(milliseconds(n)))
	}},
	"fetch.max.bytes": {low: 1_000_000, high: 1_000_000_000, apply: func(p *properties, n int64, _ string) {
		p.kgo = append(p.kgo, kgo.FetchMaxBytes(int32(n)))
		if n > 100<<20 { // kgo refuses a fetch larger than what it would read
			p.kgo = append(p.kgo, kgo.BrokerMaxReadBytes(int32(n)))
		}
	}},
	"socket.connection.setup.timeout.ms": {low: 1000, high: 3_600_000, apply: func(p *properties, n int64, _ string) { p.dialTimeout = milliseconds(n) }},
	"broker.address.family": {values: []string{"any", "v4", "v6"}, apply: func(p *properties, _ int64, s string) {
		p.network = map[string]string{"any": "tcp", "v4": "tcp4", "v6": "tcp6"}[s]
	}},
}

// AllowedProperties lists, sorted, the librdkafka names that Cluster.Properties may hold. They mean the
// same to both clients, with two notes: franz-go knows one back-off, which is the larger of
// retry.backoff.ms and reconnect.backoff.ms; and its socket.timeout.ms counts on top of the time that a
// request itself asks the broker to wait.
func AllowedProperties() []string { return slices.Sorted(maps.Keys(allowed)) }

// properties resolves the user's properties; the first bad one, by name, is the error.
func (c Cluster) properties() (properties, error) {
	p := properties{rdkafka: map[string]string{}, dialTimeout: 10 * time.Second, network: "tcp"}
	for _, name := range slices.Sorted(maps.Keys(c.Properties)) {
		prop, ok := allowed[name]
		if !ok {
			return p, unknownProperty(name)
		}
		value := strings.TrimSpace(c.Properties[name])
		n, err := prop.parse(value)
		if err != nil {
			return p, fmt.Errorf("property %s: %w", name, err)
		}
		prop.apply(&p, n, value)
		p.rdkafka[name] = value
	}
	if p.retry > 0 {
		p.kgo = append(p.kgo, kgo.RetryBackoffFn(backoff(p.retry)))
	}
	return p, nil
}

func (p property) parse(value string) (int64, error) {
	switch {
	case p.text:
		return 0, nil
	case p.values != nil:
		if !slices.Contains(p.values, value) {
			return 0, fmt.Errorf("%q is not one of %s", value, strings.Join(p.values, ", "))
		}
		return 0, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", value)
	}
	if n < p.low || n > p.high {
		return 0, fmt.Errorf("%d is not between %d and %d", n, p.low, p.high)
	}
	return n, nil
}

func unknownProperty(name string) error {
	if strings.HasPrefix(name, "ssl.") || strings.HasPrefix(name, "sasl.") || name == "security.protocol" || name == "bootstrap.servers" {
		return fmt.Errorf("property %s has a setting of its own beside the properties: use that", name)
	}
	return fmt.Errorf("property %s is not one that both Kafka clients understand; possible are %s", name, strings.Join(AllowedProperties(), ", "))
}

// backoff doubles from low on up to ten times, with a fifth of jitter, so that many workers do not
// come back at once.
func backoff(low time.Duration) func(int) time.Duration {
	return func(tries int) time.Duration {
		d := low << min(max(tries-1, 0), 4)
		d = min(d, 10*low)
		return d - time.Duration(rand.Int64N(int64(d)/5+1))
	}
}
