package demo

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Bounds of a packed demo. The stored year has some 3,600 files and 9 MB; a demo of the usual size is
// not meant to be packed.
const (
	maxPackedFiles = 40_000
	maxPackedFile  = 16 << 20
	maxPackedBytes = 128 << 20
)

// ErrPacked says that a packed demo holds what no demo leaves. Nothing of it is of use.
var ErrPacked = errors.New("this is no packed demo")

// Unpack unpacks a demo (a zstd-compressed tar) into dir and opens it. dir is made if needed; as for a new
// demo, ErrForeignDir says that it holds something else. Names that lead out of dir, links, names that come
// twice and absurd sizes are ErrPacked; what was unpacked before them stays.
func Unpack(dir string, packed io.Reader) (*Stored, error) {
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxPackedBytes))
	if err != nil {
		return nil, fmt.Errorf("unpack a demo into %s: %w", dir, err)
	}
	defer z.Close()
	if err := emptyDir(dir); err != nil {
		return nil, err
	}
	if err := unpackTar(dir, tar.NewReader(z)); err != nil {
		return nil, fmt.Errorf("unpack a demo into %s: %w", dir, err)
	}
	return OpenStored(dir)
}

// unpackTar writes the files of an archive below dir. The names are judged first; os.Root holds whatever
// passes.
func unpackTar(dir string, r *tar.Reader) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	total := int64(0)
	for n := 0; ; n++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPacked, err)
		}
		if total += h.Size; n >= maxPackedFiles || total > maxPackedBytes {
			return fmt.Errorf("%w: it has more than %d files or %d bytes", ErrPacked, maxPackedFiles, maxPackedBytes)
		}
		if err := checkPacked(h); err != nil {
			return err
		}
		if err := unpackFile(root, h.Name, r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// checkPacked takes regular files of what a demo makes, and nothing else: folders follow from them.
func checkPacked(h *tar.Header) error {
	first, _, nested := strings.Cut(h.Name, "/")
	folder := first == archiveDir || first == keysDir
	file := first == marker || first == configFile
	clean := filepath.IsLocal(h.Name) && filepath.ToSlash(filepath.Clean(h.Name)) == h.Name && !strings.ContainsAny(h.Name, "\\\x00")
	switch {
	case !clean || nested != folder || !folder && !file:
		return fmt.Errorf("%w: no demo leaves a file %q", ErrPacked, h.Name)
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%w: %q is no file", ErrPacked, h.Name)
	case h.Size > maxPackedFile:
		return fmt.Errorf("%w: %q has %d bytes, more than %d", ErrPacked, h.Name, h.Size, maxPackedFile)
	}
	return nil
}

// unpackFile writes one file for its owner alone, as the private key has to be. A name that was there
// before is refused.
func unpackFile(root *os.Root, name string, r io.Reader) error {
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("%w: %w", ErrPacked, err)
		}
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPacked, err)
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
