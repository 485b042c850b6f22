package batch

import "testing"

// FuzzParseCodec: what parses has one name, which parses to the same codec.
func FuzzParseCodec(f *testing.F) {
	for _, s := range []string{"none", "gzip", "snappy", "lz4", "zstd", "", "ZSTD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCodec(s)
		if err != nil {
			return
		}
		if again, err := ParseCodec(c.String()); err != nil || again != c {
			t.Errorf("%q: %v, %v", s, again, err)
		}
	})
}
