package storage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kustody/storage"
)

// writeDurably does one Put and one Writer in new folders.
func writeDurably(root string) error {
	s, err := storage.OpenFilesystem(filepath.Join(root, "new"))
	if err != nil {
		return err
	}
	if err := s.Put(ctx, "a/b/put", []byte("x")); err != nil {
		return err
	}
	return store(s, "a/c/writer", []byte("y"), false)
}

var (
	tracedCall = regexp.MustCompile(`(mkdir|fsync|linkat|unlinkat)(?:at)?\((.*)\) += 0`)
	tempName   = regexp.MustCompile(`\.kustody-[0-9a-f]+\.tmp`)
	quotedOrFd = regexp.MustCompile(`<([^>]*)>|"([^"]*)"`)
)

// TestDurableOrder watches the system calls: a power cut after Put has
// returned must find the bytes, their name, and every folder above.
func TestDurableOrder(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := child("durable", root)
	cmd.Stderr = nil
	cmd.Args = []string{strace, "-f", "-y", "-qq", "-o", filepath.Join(root, "trace"), "-e", "trace=mkdir,mkdirat,fsync,linkat,unlinkat", os.Args[0]}
	cmd.Path = strace
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	trace, err := os.ReadFile(filepath.Join(root, "trace"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mkdir new", "fsync .",
		"mkdir new/a", "fsync new", "mkdir new/a/b", "fsync new/a",
		"fsync new/a/b/TEMP", "linkat new/a/b/TEMP new/a/b/put", "unlinkat new/a/b/TEMP", "fsync new/a/b",
		"mkdir new/a/c", "fsync new/a",
		"fsync new/a/c/TEMP", "linkat new/a/c/TEMP new/a/c/writer", "unlinkat new/a/c/TEMP", "fsync new/a/c",
	}
	if got := readTrace(root, string(trace)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wholeCalls joins the two halves of calls during which another thread made one: strace writes the first as
// "17 fsync(5</x> <unfinished ...>", and the second, which stands where the call returned, as
// "17 <... fsync resumed>) = 0".
func wholeCalls(trace string) []string {
	begun := map[string]string{} // by thread
	var calls []string
	for line := range strings.Lines(trace) {
		thread, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if first, cut := strings.CutSuffix(rest, "<unfinished ...>"); cut {
			begun[thread] = strings.TrimSpace(first)
			continue
		}
		if _, second, resumed := strings.Cut(rest, " resumed>"); resumed {
			rest = begun[thread] + second
		}
		calls = append(calls, rest)
	}
	return calls
}

func TestWholeCalls(t *testing.T) {
	got := readTrace("/r", "17 fsync(5</r/a> <unfinished ...>\n18 fsync(6</r/b>) = 0\n17 <... fsync resumed>) = 0\n19 exit(0) = ?\n")
	if want := []string{"fsync b", "fsync a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// readTrace makes "call path path" of each line that concerns root.
func readTrace(root, trace string) []string {
	var calls []string
	for _, line := range wholeCalls(trace) {
		m := tracedCall.FindStringSubmatch(line)
		if m == nil || !strings.Contains(m[2], root) {
			continue
		}
		call, dir := m[1], ""
		for _, arg := range quotedOrFd.FindAllStringSubmatch(m[2], -1) {
			switch {
			case arg[1] != "" && m[1] != "fsync":
				dir = arg[1]
			default:
				rel, _ := filepath.Rel(root, filepath.Join(dir, arg[1]+arg[2]))
				if filepath.IsAbs(arg[2]) {
					rel, _ = filepath.Rel(root, arg[2])
				}
				call += " " + tempName.ReplaceAllString(rel, "TEMP")
			}
		}
		calls = append(calls, call)
	}
	return calls
}
