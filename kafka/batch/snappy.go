package batch

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/snappy"
)

// The Java client writes snappy in xerial's framing: a header of 16 bytes (magic, version, lowest
// compatible version), then blocks, each a 4-byte big-endian length and a raw snappy block. Other
// clients write one raw block without a frame. A raw block cannot begin with the magic: it would be a
// copy from before its own start.
var xerialHeader = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}

const (
	xerialMagicLen = 8
	// xerialBlock is how many bytes go into one block when writing, as in the Java client.
	xerialBlock = 32 << 10
	// snappyMaxRatio bounds what a block can decompress to: at best three bytes copy 64.
	snappyMaxRatio = 22
)

var errSnappy = errors.New("malformed snappy data")

func (f *inflater) unsnappy(src []byte, limit int) error {
	if !bytes.HasPrefix(src, xerialHeader[:xerialMagicLen]) {
		f.reserve(0)
		return f.appendSnappy(src, limit)
	}
	f.reserve(min(4*len(src), limit))
	for len(src) > 0 {
		if bytes.HasPrefix(src, xerialHeader[:xerialMagicLen]) { // also between blocks: streams in a row
			if len(src) < len(xerialHeader) {
				return errSnappy
			}
			src = src[len(xerialHeader):]
			continue
		}
		if len(src) < 4 {
			return errSnappy
		}
		n := int64(binary.BigEndian.Uint32(src))
		src = src[4:]
		if n > int64(len(src)) {
			return errSnappy
		}
		if err := f.appendSnappy(src[:n], limit); err != nil {
			return err
		}
		src = src[n:]
	}
	return nil
}

// appendSnappy decompresses one raw block behind what is in the buffer.
func (f *inflater) appendSnappy(block []byte, limit int) error {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return err
	}
	have := len(f.buf)
	if n > limit-have {
		return ErrTooLarge
	}
	if n > snappyMaxRatio*len(block) {
		return errSnappy
	}
	if have+n > cap(f.buf) {
		f.growTo(have+n, limit)
	}
	if _, err := snappy.DecodeStrict(f.buf[have:have+n:have+n], block); err != nil {
		return err
	}
	f.buf = f.buf[:have+n]
	return nil
}

// growTo makes room for n bytes in all, n at most limit, doubling so that many blocks cost no more
// than twice their copying.
func (f *inflater) growTo(n, limit int) {
	b := make([]byte, len(f.buf), min(max(n, 2*cap(f.buf), minBuffer), limit))
	copy(b, f.buf)
	f.buf = b
}

// appendXerial appends src compressed, in xerial's framing, which every client reads. scratch is
// returned, grown.
func appendXerial(dst, src, scratch []byte) (out, keep []byte) {
	dst = append(dst, xerialHeader...)
	for len(src) > 0 {
		n := min(len(src), xerialBlock)
		if need := snappy.MaxEncodedLen(n); cap(scratch) < need {
			scratch = make([]byte, need)
		}
		block := snappy.Encode(scratch[:cap(scratch)], src[:n])
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(block)))
		dst = append(dst, block...)
		src = src[n:]
	}
	return dst, scratch
}
