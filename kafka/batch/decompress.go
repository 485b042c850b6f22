package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

const (
	// keepBuffer is the largest buffer kept from one batch to the next: one giant must not make every
	// worker heavy for ever.
	keepBuffer = 32 << 20
	// minBuffer is the first buffer: the usual batch of a producer (16 KiB by default) decompresses
	// into it without growing.
	minBuffer = 64 << 10

	lz4Magic = 0x184D2204
)

// inflater decompresses the records of batches into one buffer, which it keeps.
type inflater struct {
	buf []byte
	src bytes.Reader
	gz  *gzip.Reader
	lz  *lz4.Reader
	zs  *zstd.Decoder
}

// decompress gives src decompressed, valid until the next call. More than limit bytes give
// ErrTooLarge. What is allocated follows what comes out of src, or (zstd, snappy) can at most.
func (f *inflater) decompress(c Codec, src []byte, limit int) ([]byte, error) {
	if cap(f.buf) > keepBuffer {
		f.buf = nil
	}
	var err error
	switch c {
	case Gzip:
		err = f.gunzip(src, limit)
	case Snappy:
		err = f.unsnappy(src, limit)
	case LZ4:
		err = f.unlz4(src, limit)
	case Zstd:
		err = f.unzstd(src, limit)
	default:
		return nil, fmt.Errorf("%w %d", ErrCodec, int8(c))
	}
	if err != nil {
		return nil, decompressError(c, err, limit)
	}
	return f.buf, nil
}

// decompressError says what went wrong in the package's terms: too large, or corrupt.
func decompressError(c Codec, err error, limit int) error {
	if errors.Is(err, ErrTooLarge) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return fmt.Errorf("%w: %v data decompresses to more than %d bytes", ErrTooLarge, c, limit)
	}
	if errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: decompress %v: %w", ErrCorrupt, c, err)
}

func (f *inflater) gunzip(src []byte, limit int) error {
	f.src.Reset(src)
	defer f.src.Reset(nil)
	if f.gz == nil {
		f.gz = new(gzip.Reader)
	}
	if err := f.gz.Reset(&f.src); err != nil { // several members in a row are one stream
		return noEOF(err)
	}
	return f.readAll(f.gz, len(src), limit)
}

// unlz4 reads LZ4 frames (any producer's: blocks linked or not, checksums or none). What the reader
// accepts besides, skippable and legacy frames, no Kafka client writes or reads as data: refused.
func (f *inflater) unlz4(src []byte, limit int) error {
	if len(src) < 4 || binary.LittleEndian.Uint32(src) != lz4Magic {
		return errors.New("not an LZ4 frame")
	}
	f.src.Reset(src)
	defer f.src.Reset(nil)
	if f.lz == nil {
		f.lz = lz4.NewReader(nil)
		if err := f.lz.Apply(lz4.ConcurrencyOption(1)); err != nil {
			return err
		}
	}
	f.lz.Reset(&f.src)
	defer f.lz.Reset(nil) // gives its block buffers back
	return f.readAll(f.lz, len(src), limit)
}

// noEOF turns an io.EOF of a source that should have had more into what it means.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readAll reads r to its end into f.buf.
func (f *inflater) readAll(r io.Reader, srcLen, limit int) error {
	f.reserve(min(max(4*srcLen, minBuffer), limit+1))
	for {
		n, err := r.Read(f.buf[len(f.buf):cap(f.buf)])
		f.buf = f.buf[:len(f.buf)+n]
		switch {
		case len(f.buf) > limit:
			return ErrTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if len(f.buf) == cap(f.buf) {
			f.grow(limit + 1)
		}
	}
}

// reserve empties the buffer and gives it room for n bytes at least.
func (f *inflater) reserve(n int) {
	if cap(f.buf) < n {
		f.buf = make([]byte, 0, n)
	}
	f.buf = f.buf[:0]
}

// grow doubles the buffer, up to limit, and keeps what is in it.
func (f *inflater) grow(limit int) {
	b := make([]byte, len(f.buf), max(min(2*cap(f.buf), limit), cap(f.buf)+1))
	copy(b, f.buf)
	f.buf = b
}
