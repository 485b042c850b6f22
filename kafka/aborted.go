package kafka

import (
	"cmp"
	"slices"

	"kustody/kafka/batch"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// abortTracker decides which batches of one fetch answer belong to aborted transactions, from the list
// that came with it. An aborted transaction is active from the batch whose last offset reaches its first
// offset, until its producer's abort marker. The list may name transactions that begin beyond the answer,
// and several of one producer; each answer's list is complete for its own range, so that nothing is
// carried from one answer to the next.
type abortTracker struct {
	waiting []kmsg.FetchResponseTopicPartitionAbortedTransaction // by first offset
	active  map[int64]bool                                       // producers with an aborted transaction
}

func newAbortTracker(list []kmsg.FetchResponseTopicPartitionAbortedTransaction) *abortTracker {
	waiting := slices.Clone(list)
	slices.SortFunc(waiting, func(a, b kmsg.FetchResponseTopicPartitionAbortedTransaction) int {
		return cmp.Compare(a.FirstOffset, b.FirstOffset)
	})
	return &abortTracker{waiting: waiting, active: map[int64]bool{}}
}

// aborted says whether a data batch is left out. Batches must come in offset order, each once.
func (t *abortTracker) aborted(h *batch.Header) bool {
	t.reach(h.LastOffset())
	return h.IsTransactional() && t.active[h.ProducerID]
}

// marker notes a control batch.
func (t *abortTracker) marker(h *batch.Header, kind int16) {
	t.reach(h.LastOffset())
	if kind == batch.ControlAbort {
		delete(t.active, h.ProducerID)
	}
}

func (t *abortTracker) reach(offset int64) {
	for len(t.waiting) > 0 && t.waiting[0].FirstOffset <= offset {
		t.active[t.waiting[0].ProducerID] = true
		t.waiting = t.waiting[1:]
	}
}
