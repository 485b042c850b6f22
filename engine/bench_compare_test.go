//go:build bench

package engine

import (
	"os"

	"kustody/kafka"
	"kustody/kafka/kafkatest"
	"kustody/storage"
)

// comparisons measures the comparison of a restored topic, every record of it, against a loop of the
// independent reader that looks at nothing.
func (y *yard) comparisons(src *source, store *storage.Filesystem) {
	ctx := y.t.Context()
	target := kafkatest.Topic(y.t, "compared")
	err := ended(Restore(ctx, RestoreOptions{Target: y.client, Admin: y.admin, Store: store, Keys: y.keys, BackupID: "bench", RestoreID: target,
		Topics: only(src.topic.Name), Mapping: map[string]string{src.topic.Name: target}}))
	if err != nil {
		y.t.Fatal(err)
	}
	topics, err := y.client.Topics(ctx, target)
	if err != nil {
		y.t.Fatal(err)
	}
	defer y.drop(topics[0])
	restored := *src
	restored.topic = topics[0]
	compare := contender{name: "comparison", run: func(w *stopwatch) error {
		o := ValidationOptions{Target: y.client, Admin: nil, Store: store, Keys: y.keys, BackupID: "bench", RestoreID: target,
			Checks:   &Checks{Content: &ContentCheck{}},
			ReadBack: func() (IndependentReader, error) { return kafka.OpenReadBack(y.kafka.Plain(), kafka.ReadBackOptions{}) }}
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return ended(Validation(ctx, o))
	}}
	limit := contender{name: "limit", run: func(w *stopwatch) error {
		if err := w.start(); err != nil {
			return err
		}
		defer w.stop()
		return plainConsume(ctx, y.kafka.Bootstrap(), &restored)
	}}
	r := contest(y.t, src.String()+" comparison", 3, limit, compare)
	y.table.ratio("comparison", src, r, "comparison", "limit", "wall", 0.7)
	y.table.ratio("comparison", src, r, "comparison", "limit", "cpu", 0)
}

// tidy removes what is below the yard's folder.
func (y *yard) tidy() {
	entries, err := os.ReadDir(y.dir)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(y.dir + "/" + e.Name()); err != nil {
			y.t.Fatal(err)
		}
	}
}
