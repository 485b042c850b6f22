package batch

import "encoding/binary"

// Types of control records (KIP-98). Others exist in a broker's own metadata log.
const (
	ControlNone   int16 = -1 // the batch is there, its marker was cleaned away
	ControlAbort  int16 = 0
	ControlCommit int16 = 1
)

// ControlType says which marker a control batch holds. A control batch that the log cleaner emptied
// (it keeps the header for the producer's sequence) gives ControlNone: it ends no transaction of
// which records are left. Errors wrap ErrCorrupt or are those of ParseHeader. The CRC is not checked.
func ControlType(b []byte) (int16, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return ControlNone, err
	}
	if !h.IsControl() {
		return ControlNone, corruptf("offset %d: not a control batch", h.BaseOffset)
	}
	if h.NumRecords == 0 {
		return ControlNone, nil
	}
	kind := ControlNone
	// Brokers never compress markers; if one is, the limit keeps it as small as it should be.
	d := Decoder{limits: Limits{MaxBatchBytes: 1 << 16}}
	err = d.Walk(b, func(r *Record) error {
		switch {
		case kind != ControlNone:
			return corruptf("offset %d: more than one control record", h.BaseOffset)
		case len(r.Key) < 4 || int16(binary.BigEndian.Uint16(r.Key)) < 0:
			return corruptf("offset %d: control record with a key of %d bytes", h.BaseOffset, len(r.Key))
		}
		// Later versions of the key only append to it, so the type is read from any of them.
		kind = int16(binary.BigEndian.Uint16(r.Key[2:]))
		return nil
	})
	if err != nil {
		return ControlNone, err
	}
	return kind, nil
}
