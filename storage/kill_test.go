package storage_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kustody/storage"
)

// selfProving is n bytes after their own sha256.
func selfProving(seed uint64, n int) []byte {
	body := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = r.Read(body)
	sum := sha256.Sum256(body)
	return append([]byte(hex.EncodeToString(sum[:])), body...)
}

func isWhole(data []byte) bool {
	if len(data) < 64 {
		return false
	}
	sum := sha256.Sum256(data[64:])
	return hex.EncodeToString(sum[:]) == string(data[:64])
}

// writeForEver stores objects 0, 1, 2 … by Put and by Writer in turn, and goes
// on where a process before it was killed.
func writeForEver(root string) error {
	s, err := storage.OpenFilesystem(root)
	if err != nil {
		return err
	}
	fmt.Println("writing")
	for i := 0; ; i++ {
		data := selfProving(uint64(i), 1+(i*7919)%300_000)
		key := fmt.Sprintf("segments/%02d/%06d", i%5, i)
		err := store(s, key, data, i%2 == 0)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

func store(s storage.Store, key string, data []byte, put bool) error {
	if put {
		return s.Put(ctx, key, data)
	}
	w, err := s.Create(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	for len(data) > 0 {
		n := min(len(data), 20_000)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return w.Commit()
}

// TestC01_KilledWriter shows that whatever moment kill -9 finds, every object
// that can be seen is whole, and the next process goes on.
func TestC01_KilledWriter(t *testing.T) {
	root := t.TempDir()
	s, err := storage.OpenFilesystemWith(root, storage.FilesystemOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := 0
	for range 8 {
		_, kill := startChild(t, "write", root)
		time.Sleep(time.Duration(30+rand.IntN(90)) * time.Millisecond)
		kill()
		seen := 0
		err := s.List(t.Context(), "", func(key string, size int64) error {
			seen++
			data, err := storage.ReadAll(t.Context(), s, key, 1<<20)
			if err == nil && (int64(len(data)) != size || !isWhole(data)) {
				err = fmt.Errorf("%s is not whole", key)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if seen < before {
			t.Fatalf("%d objects, there were %d", seen, before)
		}
		before = seen
	}
	if before == 0 {
		t.Fatal("nothing was written: the test shows nothing")
	}
	t.Logf("%d objects, %d unfinished temporary files", before, len(temps(t, root)))
}

// temps are the temporary files below root.
func temps(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), ".") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
