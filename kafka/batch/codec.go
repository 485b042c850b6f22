package batch

import (
	"fmt"
	"strings"
)

// Codec is a batch's compression, as the low three bits of its attributes.
type Codec int8

// The codecs Kafka defines.
const (
	None   Codec = 0
	Gzip   Codec = 1
	Snappy Codec = 2
	LZ4    Codec = 3
	Zstd   Codec = 4
)

var codecNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// String is Kafka's name of the codec, as in compression.type.
func (c Codec) String() string {
	if c.valid() {
		return codecNames[c]
	}
	return fmt.Sprintf("codec %d", int8(c))
}

func (c Codec) valid() bool { return c >= None && c <= Zstd }

// ParseCodec reads one of Kafka's names, in any case; "uncompressed" is none. The error names the
// ones that can be used.
func ParseCodec(s string) (Codec, error) {
	name := strings.ToLower(s)
	if name == "uncompressed" {
		return None, nil
	}
	for i, n := range codecNames {
		if n == name {
			return Codec(i), nil
		}
	}
	return None, fmt.Errorf("%w %q: use one of %s", ErrCodec, s, strings.Join(codecNames[:], ", "))
}
