package tui

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/demo"
)

// evidenceYear unpacks the stored year once for all tests that only read it.
var evidenceYear = sync.OnceValues(func() (*demo.Stored, error) {
	dir, err := os.MkdirTemp("", "kustody-year-")
	if err != nil {
		return nil, err
	}
	return demo.OpenYear(dir)
})

// closeEvidenceYear gives the unpacked year up.
func closeEvidenceYear() {
	if y, err := evidenceYear(); err == nil {
		y.Close()
		os.RemoveAll(y.Dir)
	}
}

// evidenceFolderDesk is a folder of evidence and a public key, and nothing else: no archive, no cluster, no work.
func evidenceFolderDesk(t testing.TB) Desk {
	t.Helper()
	y, err := evidenceYear()
	if err != nil {
		t.Fatal(err)
	}
	return deskOf(y)
}

func deskOf(y *demo.Stored) Desk {
	return Desk{Location: y.Location, Zone: time.UTC, ReadOnly: "started with --evidence", PublicKey: y.PublicKeyPath, Now: y.Now,
		Evidence: func(context.Context) (engine.LedgerOptions, error) { return y.Ledger(), nil }}
}

// damagedYear is a copy of the year of one's own, in which something is broken.
func damagedYear(t *testing.T, damage func(archive string)) Desk {
	t.Helper()
	y, err := demo.OpenYear(filepath.Join(t.TempDir(), "year"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	damage(filepath.Join(y.Dir, "archive"))
	return deskOf(y)
}

// atEvidence opens the console on the evidence.
func atEvidence(t testing.TB, desk Desk, w, h int, theme string) *driver {
	t.Helper()
	d := drive(t, desk, w, h, theme)
	d.keys("3")
	return d
}

func TestLookEvidence(t *testing.T) {
	for _, size := range []struct{ x, y int }{{120, 36}, {80, 24}, {60, 16}} {
		d := atEvidence(t, evidenceFolderDesk(t), size.x, size.y, ThemeNone)
		t.Log("\n" + d.frame().Text())
		d.keys("n")
		t.Log("\n" + d.frame().Text())
		d.keys("enter")
		t.Log("\n" + d.frame().Text())
		d.keys("n")
		t.Log("\n" + d.frame().Text())
		d.keys("]", "tab")
		t.Log("\n" + d.frame().Text())
		d.keys("tab")
		t.Log("\n" + d.frame().Text())
		d.keys("tab", "down", "down", "down", "down", "down", "down", "down", "down", "enter")
		t.Log("\n" + d.frame().Text())
		d.keys("enter")
		t.Log("\n" + d.frame().Text())
		d.keys("esc", "esc", "esc", "L")
		t.Log("\n" + d.frame().Text())
	}
}
