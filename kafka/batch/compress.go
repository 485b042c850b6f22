package batch

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// zstdWindow is the encoder's window. Batches are about 1 MiB, and a larger window costs memory in
// every encoder and in every reader, the broker among them.
const zstdWindow = 1 << 20

// deflater compresses with any codec; its compressors are made once, when first used, and kept.
type deflater struct {
	codec   Codec // the codec level belongs to; others use their default level
	level   int
	gz      *gzip.Writer
	lz      *lz4.Writer
	zs      *zstd.Encoder
	scratch []byte
}

// checkLevel refuses levels that a codec does not have. 0 is always the default.
func checkLevel(c Codec, level int) error {
	high := 0
	switch c {
	case Gzip, LZ4:
		high = 9
	case Zstd:
		high = 22
	case None, Snappy:
	default:
		return fmt.Errorf("%w %d", ErrCodec, int8(c))
	}
	if level < 0 || level > high {
		if high == 0 {
			return fmt.Errorf("compression %v has no levels: leave the level out instead of %d", c, level)
		}
		return fmt.Errorf("compression level %d for %v: use 1 to %d, or 0 for the default", level, c, high)
	}
	return nil
}

// compress appends src compressed to dst.
func (f *deflater) compress(dst []byte, c Codec, src []byte) ([]byte, error) {
	var err error
	switch c {
	case None:
		return append(dst, src...), nil
	case Snappy:
		dst, f.scratch = appendXerial(dst, src, f.scratch)
		return dst, nil
	case Gzip:
		dst, err = f.gzip(dst, src)
	case LZ4:
		dst, err = f.lz4(dst, src)
	case Zstd:
		dst, err = f.zstd(dst, src)
	default:
		return dst, fmt.Errorf("%w %d", ErrCodec, int8(c))
	}
	if err != nil {
		return dst, fmt.Errorf("compress with %v: %w", c, err)
	}
	return dst, nil
}

func (f *deflater) levelOf(c Codec) int {
	if c == f.codec {
		return f.level
	}
	return 0
}

func (f *deflater) gzip(dst, src []byte) ([]byte, error) {
	if f.gz == nil {
		level := gzip.DefaultCompression
		if n := f.levelOf(Gzip); n != 0 {
			level = n
		}
		gz, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			return dst, err
		}
		f.gz = gz
	}
	out := sliceWriter{dst}
	f.gz.Reset(&out)
	return out.closing(f.gz, src)
}

// lz4 writes one frame of independent blocks of 64 KiB without checksums: what the Java client writes
// and all that it reads (it takes neither linked blocks nor dictionaries). The batch has its CRC.
func (f *deflater) lz4(dst, src []byte) ([]byte, error) {
	out := sliceWriter{dst}
	if f.lz == nil {
		level := lz4.Fast
		if n := f.levelOf(LZ4); n != 0 {
			level = lz4.CompressionLevel(1 << (8 + n)) // lz4.Level1 to lz4.Level9
		}
		f.lz = lz4.NewWriter(&out)
		err := f.lz.Apply(lz4.ConcurrencyOption(1), lz4.ChecksumOption(false),
			lz4.BlockSizeOption(lz4.Block64Kb), lz4.CompressionLevelOption(level))
		if err != nil {
			return dst, err
		}
	}
	f.lz.Reset(&out)
	return out.closing(f.lz, src)
}

// zstd uses the library's fastest level by default: on measured data (JSON with random ids) the next
// one costs half as much again and gains nothing.
func (f *deflater) zstd(dst, src []byte) ([]byte, error) {
	if f.zs == nil {
		level := zstd.SpeedFastest
		if n := f.levelOf(Zstd); n != 0 {
			level = zstd.EncoderLevelFromZstd(n)
		}
		zs, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
		if err != nil {
			return dst, err
		}
		f.zs = zs
	}
	return f.zs.EncodeAll(src, dst), nil
}

// sliceWriter appends what is written to it.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// closing writes src through c and closes it.
func (w *sliceWriter) closing(c io.WriteCloser, src []byte) ([]byte, error) {
	if _, err := c.Write(src); err != nil {
		return w.b, err
	}
	err := c.Close()
	return w.b, err
}
