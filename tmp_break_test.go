package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTmpLock(t *testing.T) {
	prepared(t)
	exe, _ := os.Executable()
	dir := t.TempDir()
	named := filepath.Join(dir, program)
	os.Symlink(exe, named)
	other := exec.Command(named, "backup", "--batch", "--backup-id", "slow", "--max-bytes-per-second", "200")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Process.Kill()
	time.Sleep(1500 * time.Millisecond)
	x := inTerminal(t, 120, 36, "backup", "--backup-id", "slow")
	x.until("› backup", "enter start")
	x.press("Enter")
	time.Sleep(3 * time.Second)
	t.Log(x.screen())
	x.press("2")
	x.until("[2 Jobs]")
	time.Sleep(2 * time.Second)
	t.Log(x.screen())
	x.press("Tab")
	x.press("Enter")
	time.Sleep(1 * time.Second)
	t.Log(x.screen())
	x.press("C-c")
	x.ends(0)
}

func TestTmpDisk(t *testing.T) {
	prepared(t)
	if out, err := exec.Command("sh", "-c", "mkdir -p full && mount -t tmpfs -o size=40k tmpfs full").CombinedOutput(); err != nil {
		t.Skipf("%v %s", err, out)
	}
	defer exec.Command("umount", "-l", "full").Run()
	b, err := os.ReadFile("kustody.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(b))
	os.WriteFile("full.toml", []byte(strings.ReplaceAll(string(b), `path = "archive"`, `path = "full"`)), 0o600)
	os.WriteFile("full/fill", make([]byte, 28<<10), 0o600)
	x := inTerminal(t, 120, 36, "backup", "--config", "full.toml")
	x.until("› backup", "enter start")
	x.press("Enter")
	time.Sleep(4 * time.Second)
	t.Log(x.screen())
	os.Remove("full/fill")
	x.press("1")
	x.until("[1 Backups]")
	x.press("b")
	x.until("› backup", "enter start")
	x.press("Enter")
	time.Sleep(4 * time.Second)
	t.Log(x.screen())
	x.press("C-c")
	x.ends(0)
}

func TestTmpConfig(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 120, 36)
	x.until("[1 Backups]", "1 run")
	os.WriteFile("kustody.toml", []byte("garbage ["), 0o600)
	x.press("b")
	x.until("› backup", "enter start")
	x.press("Enter")
	x.until("Done", "exit 0")
	os.Remove("kustody.toml")
	os.Remove("keys/signing.pem")
	x.press("1")
	x.until("[1 Backups]")
	x.press("b")
	x.until("› backup", "enter start")
	x.press("Enter")
	time.Sleep(3 * time.Second)
	t.Log(x.screen())
	x.press("C-c")
	x.ends(0)
}
