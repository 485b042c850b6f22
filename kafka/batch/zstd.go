package batch

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdMaxBlock is what one zstd block can decompress to (RFC 8878, 3.1.1.2.4).
	zstdMaxBlock = 128 << 10
	// zstdMaxWindow bounds the window a frame may ask for. No memory follows from it here: blocks are
	// decompressed straight into the output, which is bounded on its own.
	zstdMaxWindow = 1 << 31
	// zstdFirst is the first buffer for data of unknown size: what a block needs, and some more.
	zstdFirst = 256 << 10
)

var errZstd = errors.New("malformed zstd frame")

// unzstd decompresses into a buffer of fixed room, which the decoder checks block by block. The room
// follows from the blocks that are really there, never from a declared size alone.
func (f *inflater) unzstd(src []byte, limit int) error {
	if f.zs == nil {
		zs, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
			zstd.WithDecoderMaxWindow(zstdMaxWindow))
		if err != nil {
			return err
		}
		f.zs = zs
	}
	declared, bound, err := zstdSize(src)
	if err != nil {
		return err
	}
	if declared > int64(limit) {
		return ErrTooLarge
	}
	most := min(int64(limit), bound)
	room := declared
	if declared < 0 {
		room = min(most, max(16*int64(len(src)), zstdFirst))
	}
	for {
		f.reserve(int(room))
		// The buffer may be larger than this batch's limit, from another batch.
		out, err := f.zs.DecodeAll(src, f.buf[:0:min(cap(f.buf), limit)])
		if err == nil {
			f.buf = out
			return nil
		}
		// Too little room shows as several errors, so any is tried again until more cannot help.
		room = int64(cap(f.buf))
		switch {
		case declared >= 0 || room >= bound:
			return err
		case room >= most:
			return ErrTooLarge
		}
		room = min(4*room, most)
	}
}

// zstdSize walks the frames of src without decompressing them. declared is the size they say they
// have, -1 if any does not; bound is the most their blocks can hold. A declared size above that is
// refused.
func zstdSize(src []byte) (declared, bound int64, err error) {
	for len(src) > 0 {
		var h zstd.Header
		if err := h.Decode(src); err != nil {
			return 0, 0, err
		}
		if h.Skippable {
			n := uint64(h.HeaderSize) + uint64(h.SkippableSize)
			if n > uint64(len(src)) {
				return 0, 0, errZstd
			}
			src = src[n:]
			continue
		}
		size, rest, err := zstdBlocks(src[h.HeaderSize:])
		if err != nil {
			return 0, 0, err
		}
		bound += size
		switch {
		case h.HasFCS && h.FrameContentSize > uint64(size):
			return 0, 0, errZstd
		case !h.HasFCS:
			declared = -1
		case declared >= 0:
			declared += int64(h.FrameContentSize)
		}
		if h.HasCheckSum {
			if len(rest) < 4 {
				return 0, 0, errZstd
			}
			rest = rest[4:]
		}
		src = rest
	}
	return declared, bound, nil
}

// zstdBlocks walks one frame's blocks (RFC 8878, 3.1.1.2): the most they decompress to, and what
// follows them.
func zstdBlocks(src []byte) (bound int64, rest []byte, err error) {
	for {
		if len(src) < 3 {
			return 0, nil, errZstd
		}
		head := uint32(binary.LittleEndian.Uint16(src)) | uint32(src[2])<<16
		last, kind, size := head&1 != 0, head>>1&3, int(head>>3)
		stored := size
		switch kind {
		case 0: // raw
			bound += int64(size)
		case 1: // one byte, repeated
			bound += int64(size)
			stored = 1
		case 2: // compressed
			bound += zstdMaxBlock
		default:
			return 0, nil, errZstd
		}
		if stored > len(src)-3 {
			return 0, nil, errZstd
		}
		src = src[3+stored:]
		if last {
			return bound, src, nil
		}
	}
}
