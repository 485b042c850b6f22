package storage_test

import (
	"testing"

	"kustody/storage"
	"kustody/storage/storagetest"
)

func openFS(t *testing.T) *storage.Filesystem {
	t.Helper()
	f, err := storage.OpenFilesystem(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFilesystem(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return openFS(t) })
}

func TestMemory(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Store { return storage.NewMemory() })
}

// TestSub also has neighbours on both sides that must not show.
func TestSub(t *testing.T) {
	for name, open := range map[string]storagetest.Opener{
		"filesystem": func(t *testing.T) storage.Store { return openFS(t) },
		"memory":     func(*testing.T) storage.Store { return storage.NewMemory() },
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				s := open(t)
				for _, key := range []string{"a/o", "a/pre", "a/prefix-2/x", "a/prefix0", "b"} {
					if err := s.Put(t.Context(), key, []byte("neighbour")); err != nil {
						t.Fatal(err)
					}
				}
				return storage.Sub(s, "a/prefix/")
			})
		})
	}
}

func TestRetry(t *testing.T) {
	for name, open := range map[string]storagetest.Opener{
		"filesystem":    func(t *testing.T) storage.Store { return openFS(t) },
		"memory":        func(*testing.T) storage.Store { return storage.NewMemory() },
		"sub of memory": func(*testing.T) storage.Store { return storage.Sub(storage.NewMemory(), "x/y") },
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				return storage.Retry(open(t), storage.RetryOptions{})
			})
		})
	}
}
