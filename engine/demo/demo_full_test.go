//go:build full

package demo

import "testing"

// TestDemoOfAYear: the whole of it, as `kustody demo` makes it: 52 weeks. How long it took is logged, not judged.
func TestDemoOfAYear(t *testing.T) {
	needOpenSSL(t)
	r, err := Run(t.Context(), Options{Dir: t.TempDir(), Out: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d entries, %d objects, %s", r.Entries, r.Objects, r.Elapsed)
	checkSlots(t, r, 52)
	for _, file := range [][2]string{{r.Signature, r.Report}} {
		if err := opensslVerifies(r.PublicKey, file[0], file[1]); err != nil {
			t.Error(err)
		}
	}
}
