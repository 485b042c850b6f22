package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/storage"
)

// grow adds partitions to a topic.
func (w *world) grow(topic string, total int) error {
	k, err := kgo.NewClient(kgo.SeedBrokers(w.broker.Addrs()...))
	if err != nil {
		return err
	}
	defer k.Close()
	resp, err := kadm.NewClient(k).UpdatePartitions(w.t.Context(), total, topic)
	if err == nil {
		err = resp.Error()
	}
	return err
}

// keys lists everything in the store, with sizes.
func (w *world) keys() string {
	w.t.Helper()
	var b strings.Builder
	err := w.store.List(context.Background(), "", func(key string, size int64) error {
		if !strings.HasSuffix(key, "/lock") {
			fmt.Fprintln(&b, key, size)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func archiveKeyIsManifest(key string) bool { return strings.HasSuffix(key, "manifest.json") }

// breakLock frees the lock of a run that died in this process.
func (w *world) breakLock() {
	w.t.Helper()
	w.broken++
	w.store.SetClock(storage.NewManualClock(time.Now().Add(time.Duration(w.broken) * time.Hour)))
}
