package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// judgeTarget looks at what is at the target and says what keeps the restore from running.
func (p *RestorePlan) judgeTarget(ctx context.Context, o RestoreOptions, a *archive.Archive) error {
	facts, note, err := askBrokers(ctx, o.Target, o.Admin)
	if err != nil {
		return err
	}
	if note != "" {
		p.note("%s", note)
	}
	there, err := o.Target.Topics(ctx)
	if err != nil {
		return fmt.Errorf("list the target's topics: %w", err)
	}
	for i := range p.Topics {
		t := &p.Topics[i]
		p.openTopic(t, o.ReplicationFactor, facts)
		k := slices.IndexFunc(there, func(x kafka.Topic) bool { return x.Name == t.Target })
		switch {
		case k >= 0:
			err = p.judgeTopic(ctx, o, a, t, there[k])
		case o.NoCreate:
			p.conflict("topic %s is not there, and restore.create_topics is false", t.Target)
		}
		if err != nil {
			return fmt.Errorf("look at topic %s: %w", t.Target, err)
		}
	}
	return p.judgeGroups(ctx, o)
}

// topicOffsets is where the partitions of a target topic stand.
type topicOffsets struct {
	records int64 // between log starts and ends
	fresh   bool  // nothing was ever written
}

func askOffsets(ctx context.Context, target RestoreTarget, k kafka.Topic) (topicOffsets, error) {
	var tps []kafka.TopicPartition
	for _, x := range k.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: k.Name, ID: k.ID, Partition: x.Number})
	}
	low, err := target.Offsets(ctx, kafka.LogStart, tps)
	if err != nil {
		return topicOffsets{}, err
	}
	high, err := target.Offsets(ctx, kafka.HighWatermark, tps)
	if err != nil {
		return topicOffsets{}, err
	}
	at := topicOffsets{fresh: true}
	for _, tp := range tps {
		at.records += high[tp].Offset - low[tp].Offset
		at.fresh = at.fresh && high[tp].Offset == 0
	}
	return at, nil
}

// judgeTopic looks at a target topic that exists. Its configs are never altered; so where they would
// lose records, nothing is written.
func (p *RestorePlan) judgeTopic(ctx context.Context, o RestoreOptions, a *archive.Archive, t *RestoreTopic, k kafka.Topic) error {
	at, err := askOffsets(ctx, o.Target, k)
	if err != nil {
		return err
	}
	all, err := o.Admin.Configs(ctx, []string{k.Name})
	if err != nil {
		return err
	}
	t.Exists, t.TargetID, t.Holds = true, k.ID, at.records
	if at.fresh && len(k.Partitions) == t.Partitions && madeByUs(all[k.Name], t.Configs) {
		t.Adopted = true
		p.note("topic %s was made, and left empty, by an earlier attempt; it is taken over", t.Target)
		return nil
	}
	t.Configs, t.HeldOpen, t.ReplicationFactor = map[string]string{}, map[string]string{}, 0
	if k.Internal {
		p.conflict("topic %s is internal: Kafka keeps it for itself", t.Target)
	}
	if at.records > 0 && !o.AllowExisting && !slices.Contains(o.AllowTopics, t.Target) {
		t.Occupied = true
		p.conflict("topic %s exists and holds %d records: choose another name, or allow it by restore.allow_existing", t.Target, at.records)
	}
	n := len(k.Partitions)
	switch {
	case p.Repartition != "" && n != t.Partitions:
		p.conflict("topic %s has %d partitions, and the restore is for %d: set restore.partitions", t.Target, n, t.Partitions)
	case n < t.Partitions:
		p.conflict("topic %s has %d partitions, and the source had %d: choose another name, or set restore.repartition", t.Target, n, t.Partitions)
	case n > t.Partitions:
		p.note("topic %s has %d partitions; the source had %d, and each is restored into the one of its number", t.Target, n, t.Partitions)
	}
	return p.judgeConfigs(ctx, o, a, t, all[k.Name], at.records)
}

// madeByUs says whether a topic carries exactly the configs that the restore would give it.
func madeByUs(there []kafka.Config, ours map[string]string) bool {
	n := 0
	for _, c := range there {
		if !c.OnTopic() {
			continue
		}
		if v, ok := ours[c.Name]; !ok || v != c.Value {
			return false
		}
		n++
	}
	return n == len(ours) && n > 0
}

// judgeConfigs finds configs of an existing topic that would delete, merge, restamp or refuse records.
func (p *RestorePlan) judgeConfigs(ctx context.Context, o RestoreOptions, a *archive.Archive, t *RestoreTopic, configs []kafka.Config, records int64) error {
	c := map[string]string{}
	for _, x := range configs {
		c[x.Name] = x.Value
	}
	lose := func(name, what string, args ...any) {
		p.conflict("topic %s has %s=%s: %s; its configs are not altered, so change them or restore into a new topic",
			t.Target, name, c[name], fmt.Sprintf(what, args...))
	}
	if strings.Contains(c["cleanup.policy"], "compact") {
		lose("cleanup.policy", "records with the same key would be merged, and records without a key refused")
	}
	if c["message.timestamp.type"] == "LogAppendTime" {
		lose("message.timestamp.type", "every record would be stamped with the time of the restore")
	}
	if n := intOr(c["retention.bytes"], -1); n >= 0 {
		for _, part := range t.Parts {
			if part.Bytes > n || records > 0 {
				lose("retention.bytes", "records could be deleted when the log grows beyond it")
				break
			}
		}
	}
	if err := p.judgeTimes(ctx, o, a, t, c, lose); err != nil {
		return err
	}
	t.MaxBatchBytes = intOr(c["max.message.bytes"], defaultMaxBytes)
	return p.judgeSizes(ctx, o, a, t)
}

// judgeTimes holds the timestamps that are restored against what the topic keeps and accepts.
func (p *RestorePlan) judgeTimes(ctx context.Context, o RestoreOptions, a *archive.Archive, t *RestoreTopic, c map[string]string, lose func(name, what string, args ...any)) error {
	now := o.Env.now().UnixMilli()
	keeps := intOr(c["retention.ms"], -1)
	before := min(intOr(c["message.timestamp.before.max.ms"], math.MaxInt64), intOr(c["message.timestamp.difference.max.ms"], math.MaxInt64))
	after := min(intOr(c["message.timestamp.after.max.ms"], math.MaxInt64), intOr(c["message.timestamp.difference.max.ms"], math.MaxInt64))
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range t.Parts {
		part := &t.Parts[i]
		if part.Records == 0 {
			continue
		}
		hi = max(hi, int64(part.MaxTimestamp))
		if keeps < 0 && before == math.MaxInt64 {
			continue // how old the records are does not matter
		}
		oldest, err := part.oldest(ctx, a, o.Window)
		if err != nil {
			return err
		}
		lo = min(lo, oldest)
	}
	if lo == math.MaxInt64 {
		lo = now
	}
	if keeps >= 0 && lo < now-keeps {
		lose("retention.ms", "records from %s on would be deleted", timeWords(lo))
	}
	if before < math.MaxInt64 && lo < now-before {
		lose("message.timestamp.before.max.ms", "records from %s on would be refused", timeWords(lo))
	}
	if after < math.MaxInt64 && hi > now && hi-now > after {
		lose("message.timestamp.after.max.ms", "records up to %s would be refused", timeWords(hi))
	}
	return nil
}

// timeWords shows a record's timestamp, also one that no calendar holds.
func timeWords(ms int64) string {
	if ms < -62135596800000 || ms > 253402300799999 {
		return fmt.Sprintf("timestamp %d ms", ms)
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// judgeSizes looks for records that an existing topic would refuse as too large. Only segments that hold
// a batch beyond its limit are read.
func (p *RestorePlan) judgeSizes(ctx context.Context, o RestoreOptions, a *archive.Archive, t *RestoreTopic) error {
	for _, part := range t.Parts {
		for _, s := range part.view.Segments {
			v := newSieve(o.Window, s)
			if v.segment(s) == leave || p.largestWritten(t, s) <= t.MaxBatchBytes {
				continue
			}
			c := newCutter(part.Partition, t.MaxBatchBytes, o.OffsetHeaders, nil)
			err := eachBatch(ctx, a, s, func(raw []byte, h batch.Header) error {
				_, err := c.cut(raw, h, v)
				return err
			})
			var large *RecordTooLargeError
			if errors.As(err, &large) {
				p.conflict("topic %s, source partition %d: %v", t.Target, part.Partition, large)
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// largestWritten bounds the size of the batches that one segment becomes.
func (p *RestorePlan) largestWritten(t *RestoreTopic, s archive.ViewSegment) int64 {
	if p.recodes(t, s) {
		return recodedSize(largestBatch(s))
	}
	return largestBatch(s)
}
