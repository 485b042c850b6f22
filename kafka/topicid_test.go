package kafka_test

import (
	"testing"

	"kustody/kafka"
)

// FuzzParseTopicID: what parses is written back as it was read.
func FuzzParseTopicID(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f")
	f.Add("")
	f.Add("zz")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := kafka.ParseTopicID(s)
		if err != nil {
			return
		}
		again, err := kafka.ParseTopicID(id.String())
		if err != nil || again != id {
			t.Errorf("%q: %v, %v", s, again, err)
		}
	})
}
