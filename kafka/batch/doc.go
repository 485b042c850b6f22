// Package batch reads, checks and writes Kafka's record batches, message format v2 (KIP-98; the
// timestamp types of KIP-32, record headers of KIP-82, zstd of KIP-110, delete horizon of KIP-534).
// It is pure: bytes in, bytes out, no network and no files.
//
// A backup that keeps batches as they were fetched needs ParseHeader, Next, CheckCRC and
// Decoder.Scan only. Decoder.Walk hands records out; Encoder, Cut and Filter write new batches;
// Retarget readies a stored batch for produce.
//
// Everything that comes from outside is bounded before memory is taken for it: lengths, counts and
// the size that compressed data claims or reaches. Malformed bytes give an error that wraps
// ErrCorrupt and never a panic.
//
// Timestamps are int64 milliseconds and are carried as they are, over the whole range, wrapping as
// Kafka's own arithmetic does. Where Kafka's Java client is lenient (varints with bits that do not
// fit, negative lengths other than -1, bytes behind a compressed stream) this package refuses: two
// readers could understand such bytes differently.
package batch
