//go:build full

package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/kafka/kafkatest"
)

// TestDrillOnARealKafka: a drill over a topic with its consumer group leaves nothing at the cluster but
// what was there: the topics go by id, and with them the offsets of the group that it translated into.
func TestDrillOnARealKafka(t *testing.T) {
	w, k := newRealWorld(t)
	name, compacted := kafkatest.Topic(t, "drilled"), kafkatest.Topic(t, "drilled")
	k.CreateTopic(name, 3, 3, nil)
	k.CreateTopic(compacted, 1, 3, map[string]string{"cleanup.policy": "compact"})
	w.append(name, 0, 500)
	w.append(compacted, 0, 60)
	group := name + "-readers"
	if err := w.admin.CommitGroup(t.Context(), group, []kafka.GroupOffset{{Topic: name, Partition: 0, Offset: 5}, {Topic: name, Partition: 1, Offset: 0}}); err != nil {
		t.Fatal(err)
	}
	priv, _, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.ParseSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	d := &drillWorld{world: w, keys: archive.Keys{Signer: signer, Trusted: signer.PublicKey()}, at: time.Now()}
	d.witness = d.openWitness(signer)
	o := d.drilling()
	o.Backup.Topics = Selection{Include: []string{name, compacted}, Match: func(n string, _ bool) bool { return n == name || n == compacted }}
	o.Backup.Groups = func(id string) bool { return id == group }
	o.Restore.Groups = func(id string) (string, bool) { return id, true }
	o.Validation.ReadBack = func() (IndependentReader, error) { return kafka.OpenReadBack(k.Plain(), kafka.ReadBackOptions{}) }
	s := d.drill(o, ExitDone)
	if n, _ := s.Get("restore_records").(int64); n != 560 {
		t.Errorf("%v records were restored and compared, not 560", s.Get("restore_records"))
	}
	if down := d.teardown(id(s)); len(down.Topics) != 2 {
		t.Errorf("the record says %+v", down)
	}
	d.nothingLeft(id(s), group)
	if v := d.verified(); v.Worst() == evidence.Broken || v.Worst() == evidence.Finding {
		t.Errorf("the ledger: %v", v.Findings)
	}
}

// append writes n records to a partition of a topic, in one batch.
func (w *world) append(name string, partition int32, n int) {
	w.t.Helper()
	found, err := w.client.Topics(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	var recs []embedded.Record
	for i := range n {
		recs = append(recs, embedded.Record{Timestamp: time.Now().UnixMilli(), Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value %d", i)})
	}
	tp := kafka.TopicPartition{Topic: name, ID: found[0].ID, Partition: partition}
	if _, err := w.client.Append(w.t.Context(), tp, craft("lz4", 0, recs...), time.Minute); err != nil {
		w.t.Fatal(err)
	}
}

// nothingLeft waits until brokers have forgotten what a drill made.
func (d *drillWorld) nothingLeft(drill, group string) {
	d.t.Helper()
	ours := func(name string) bool { return strings.HasPrefix(name, drill+".") }
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(300 * time.Millisecond) {
		offsets, err := d.admin.GroupOffsets(d.t.Context(), drill+"."+group)
		if err != nil {
			d.t.Fatal(err)
		}
		topics := slices.ContainsFunc(d.left(), ours)
		if !topics && len(offsets) == 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Errorf("left at the target: topics %v, offsets %v", topics, offsets)
			return
		}
	}
}
