package evidence

import (
	"fmt"
	"testing"
)

// BenchmarkDecodeStrict reads a report with many partitions, about what a manifest looks like.
func BenchmarkDecodeStrict(b *testing.B) {
	r := sampleReport()
	part := r.Checks[0].Topics[0].Partitions[0]
	for i := range 5000 {
		part.Partition, part.Detail = int32(i), fmt.Sprint("partition ", i)
		r.Checks[0].Topics[0].Partitions = append(r.Checks[0].Topics[0].Partitions, part)
	}
	r.Seal()
	body, err := Encode(r)
	must(b, err)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var got Report
		must(b, DecodeStrict(body, &got))
	}
}
