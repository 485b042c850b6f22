// Package archive is what lies in the store: the keys, the documents and the segments of one backup
// id, and how they are written once, read back and checked. It knows storage, evidence and the record
// batch; it never speaks to a broker.
//
// An archive is a folder:
//
//	lock
//	runs/<run id>/plan.json            what the run will do; put before the first fetch
//	runs/<run id>/manifest.json        what it did; put last: a run exists when its manifest exists
//	segments/<topic id>/<partition>/<base offset>.<random>.log    record batches, a Kafka log segment
//	segments/<topic id>/<partition>/<base offset>.<random>.json   its sidecar, the durable checkpoint
//	restores/<restore id>/journal.json, receipt.json, finish.json, teardown.json (of a drill)
//
// Every object but lock is put once. A signature lies beside what it signs (evidence.PutSigned).
package archive

// Format is the number every document of this version carries. A released number stays readable.
const Format = 1

// Kinds of documents, the value of their "kind" member.
const (
	KindPlan     = "plan"
	KindManifest = "manifest"
	KindSidecar  = "segment"
	KindJournal  = "journal"
	KindReceipt  = "receipt"
	KindFinish   = "finish"
)

// MaxDocument bounds what is read of one document, in bytes.
const MaxDocument = 256 << 20
