package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"kustody/engine/archive"
	"kustody/kafka"
)

// What a config must be for restored records to stay as they are. Everything else of a new topic is as
// it was captured.
const (
	noLimit         = "-1"
	farthest        = "9223372036854775807"
	defaultMaxBytes = 1048588 // message.max.bytes of a broker that says nothing else
)

// timestampLimits are the configs that make a broker refuse old or future records: the first two since
// Kafka 3.6, the last one until 3.9.
var timestampLimits = []string{"message.timestamp.before.max.ms", "message.timestamp.after.max.ms", "message.timestamp.difference.max.ms"}

// foreignConfigs name brokers of the source, or mean nothing to any broker that is still supported.
var foreignConfigs = map[string]string{
	"leader.replication.throttled.replicas":   "it names brokers of the source",
	"follower.replication.throttled.replicas": "it names brokers of the source",
	"message.format.version":                  "brokers since Kafka 3.0 ignore it, and those since 4.0 refuse it",
}

// brokerFacts is what a target's brokers do where a topic says nothing.
type brokerFacts struct {
	brokers       int
	maxBytes      int64
	minInsync     int
	retentionMs   int64
	retentionSize int64
	cleanup       string
	compression   string
	limits        []string // timestamp limits that these brokers know
}

// askBrokers reads the defaults of a cluster. Without the right to see them Kafka's own are assumed, and
// that is said.
func askBrokers(ctx context.Context, target RestoreTarget, admin RestoreAdmin) (brokerFacts, string, error) {
	f := brokerFacts{maxBytes: defaultMaxBytes, minInsync: 1, retentionMs: 168 * 3600 * 1000, retentionSize: -1, cleanup: "delete", compression: "producer", limits: timestampLimits[:2]}
	brokers, err := target.Brokers(ctx)
	if err != nil {
		return f, "", fmt.Errorf("list the target's brokers: %w", err)
	}
	if f.brokers = len(brokers); f.brokers == 0 {
		return f, "", fmt.Errorf("the target cluster lists no broker")
	}
	configs, err := admin.BrokerConfigs(ctx, brokers[0].ID)
	if err != nil {
		if ctx.Err() != nil {
			return f, "", err
		}
		return f, fmt.Sprintf("the target's broker defaults could not be read, Kafka's own are assumed: %v", err), nil
	}
	f.read(configs)
	return f, "", nil
}

// read takes the defaults out of a broker's configs.
func (f *brokerFacts) read(configs []kafka.Config) {
	all := map[string]string{}
	for _, c := range configs {
		all[c.Name] = c.Value
	}
	f.maxBytes = intOr(all["message.max.bytes"], f.maxBytes)
	f.minInsync = int(intOr(all["min.insync.replicas"], int64(f.minInsync)))
	f.retentionSize = intOr(all["log.retention.bytes"], f.retentionSize)
	f.retentionMs = intOr(all["log.retention.hours"], 168) * 3600 * 1000
	if n := intOr(all["log.retention.minutes"], 0); n != 0 {
		f.retentionMs = n * 60 * 1000
	}
	f.retentionMs = intOr(all["log.retention.ms"], f.retentionMs)
	if v := all["log.cleanup.policy"]; v != "" {
		f.cleanup = v
	}
	if v := all["compression.type"]; v != "" {
		f.compression = v
	}
	known := slices.DeleteFunc(slices.Clone(timestampLimits), func(name string) bool { _, ok := all["log."+name]; return !ok })
	if len(known) > 0 {
		f.limits = known
	}
}

// intOr reads a number; anything else gives the default.
func intOr(s string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return otherwise
}

// openTopic fills in how a topic that is made for the restore is configured: as captured, but for what
// would delete, merge, restamp or refuse records, which stands open until `restore finish`.
func (p *RestorePlan) openTopic(t *RestoreTopic, want int, f brokerFacts) {
	captured := t.view.Configs
	t.ReplicationFactor = max(want, 1)
	if want == 0 {
		t.ReplicationFactor = max(t.view.ReplicationFactor, 1)
	}
	if t.ReplicationFactor > f.brokers {
		p.note("topic %s: replication factor %d is capped to %d, the number of the target's brokers", t.Target, t.ReplicationFactor, f.brokers)
		t.ReplicationFactor = f.brokers
	}
	for name, value := range captured {
		if reason, ok := foreignConfigs[name]; ok {
			p.note("topic %s: the captured config %s is left out: %s", t.Target, name, reason)
		} else if slices.Contains(timestampLimits, name) && !slices.Contains(f.limits, name) {
			p.note("topic %s: the captured config %s is left out: the target's brokers do not know it", t.Target, name)
		} else {
			t.Configs[name] = value
		}
	}
	t.hold("cleanup.policy", "delete")
	t.hold("retention.ms", noLimit)
	t.hold("retention.bytes", noLimit)
	t.hold("message.timestamp.type", "CreateTime")
	for _, name := range f.limits {
		t.hold(name, farthest)
	}
	if c, ok := t.Configs["compression.type"]; ok && c != "producer" || !ok && f.compression != "producer" {
		// A broker that compresses anew holds the result against max.message.bytes.
		t.hold("compression.type", "producer")
	}
	t.holdReplicas(f)
	t.MaxBatchBytes = intOr(captured["max.message.bytes"], f.maxBytes)
	if need := p.largest(t); need > t.MaxBatchBytes {
		t.MaxBatchBytes = need
		t.hold("max.message.bytes", strconv.FormatInt(need, 10))
	}
}

// hold sets a config to the value that keeps records as they are, and remembers the captured one.
func (t *RestoreTopic) hold(name, open string) {
	captured, ok := t.Configs[name]
	t.Configs[name] = open
	if !ok || captured != open {
		t.HeldOpen[name] = captured
	}
}

// holdReplicas lowers min.insync.replicas where the capped replication could never satisfy it.
func (t *RestoreTopic) holdReplicas(f brokerFacts) {
	if intOr(t.Configs["min.insync.replicas"], int64(f.minInsync)) > int64(t.ReplicationFactor) {
		t.hold("min.insync.replicas", strconv.Itoa(t.ReplicationFactor))
	}
}

// largest is the size that the largest batch of a restore into a topic may have.
func (p *RestorePlan) largest(t *RestoreTopic) int64 {
	var need int64
	for _, part := range t.Parts {
		for _, s := range part.view.Segments {
			if newSieve(p.Window, s).segment(s) == leave {
				continue
			}
			n := largestBatch(s)
			if p.recodes(t, s) {
				n = recodedSize(n)
			}
			need = max(need, n)
		}
	}
	return need
}

// largestBatch is the size of a segment's largest batch, or the only bound there is.
func largestBatch(s archive.ViewSegment) int64 {
	if s.LargestBatch > 0 {
		return s.LargestBatch
	}
	return s.Size
}

// recodes says whether batches of a segment may be encoded again.
func (p *RestorePlan) recodes(t *RestoreTopic, s archive.ViewSegment) bool {
	return p.OffsetHeaders || p.Repartition != "" || s.LogAppendTime > 0 || t.view.Compacted || s.Cut() ||
		newSieve(p.Window, s).segment(s) != keep
}

// recodedSize leaves room for what another compressor, and headers, make of one large record.
func recodedSize(n int64) int64 { return n + n/2 + 4096 }
