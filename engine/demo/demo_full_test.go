//go:build full

package demo

import (
	"testing"
	"time"
)

// TestDemoOfAYear: the whole of it, as `kustody demo` makes it: 52 weeks, in under a minute.
func TestDemoOfAYear(t *testing.T) {
	needOpenSSL(t)
	r, err := Run(t.Context(), Options{Dir: t.TempDir(), Out: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d entries, %d objects, %s", r.Entries, r.Objects, r.Elapsed)
	checkSlots(t, r, 52)
	if r.Elapsed > time.Minute {
		t.Errorf("it took %s", r.Elapsed)
	}
	for _, file := range [][2]string{{r.Signature, r.Report}} {
		if err := opensslVerifies(r.PublicKey, file[0], file[1]); err != nil {
			t.Error(err)
		}
	}
}
