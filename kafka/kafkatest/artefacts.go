package kafkatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Version is the release of Apache Kafka that runs. It is the one in pom.xml.
const Version = "4.3.1"

//go:embed pom.xml
var pom []byte

// cacheDir is where the jars lie: $XDG_CACHE_HOME/kustody/kafka-<version>, else .cache/kafka-<version>
// at the root of the repository (or of the working directory, outside of one).
func cacheDir() (string, error) {
	name := "kafka-" + Version
	if base := os.Getenv("XDG_CACHE_HOME"); base != "" {
		return filepath.Join(base, "kustody", name), nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the cache of kafka's jars: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".cache", name), nil
		}
		if dir == filepath.Dir(dir) {
			return filepath.Join(wd, ".cache", name), nil
		}
	}
}

func pomSum() string {
	sum := sha256.Sum256(pom)
	return hex.EncodeToString(sum[:])
}

// complete says that all of this pom's jars are in dir: the marker is written after the last of them.
func complete(dir string) bool {
	b, err := os.ReadFile(filepath.Join(dir, "complete"))
	return err == nil && string(b) == pomSum()
}

func cached() bool {
	dir, err := cacheDir()
	return err == nil && complete(dir)
}

// artefacts returns the directory of jars, filling it first if need be. Several processes may call it
// at once: one fetches, the others wait. What an interrupted call has fetched is not fetched again.
func artefacts(ctx context.Context) (string, error) {
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	libs := filepath.Join(dir, "libs")
	if complete(dir) {
		return libs, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache of kafka's jars: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) {
		return libs, nil
	}
	if err := fetchArtefacts(ctx, dir, libs); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), []byte(pomSum()), 0o644); err != nil {
		return "", fmt.Errorf("mark kafka's jars as complete: %w", err)
	}
	return libs, nil
}

// fetchArtefacts runs Maven with the machine's own settings. It begins with an empty folder: the class
// path is all that lies in it, and an interrupted copy may have left half a jar. What has been downloaded
// is in Maven's own repository by then.
func fetchArtefacts(ctx context.Context, dir, libs string) error {
	if err := os.RemoveAll(libs); err != nil {
		return fmt.Errorf("clear the folder of kafka's jars: %w", err)
	}
	file := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return fmt.Errorf("write kafka's pom: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", file, "dependency:copy-dependencies", "-DoutputDirectory="+libs)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := runBound(cmd); err != nil {
		return fmt.Errorf("fetch kafka %s with maven: %w; it must reach its repository (see settings.xml):\n%s", Version, err, lastLines(out.Bytes(), 10))
	}
	return nil
}

// lockFile takes an exclusive lock that the kernel drops when the process ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for %s, held by another process: %w", path, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
