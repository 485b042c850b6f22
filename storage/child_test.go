package storage_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// children are what the test binary does when a test starts it as a process of
// its own, with the name and a directory in the environment.
var children = map[string]func(root string) error{
	"write":   writeForEver,
	"lock":    lockForEver,
	"rlimit":  writeUnderRlimit,
	"durable": writeDurably,
}

func TestMain(m *testing.M) {
	run, ok := children[os.Getenv("STORAGE_CHILD")]
	if !ok {
		os.Exit(m.Run())
	}
	if err := run(os.Getenv("STORAGE_CHILD_ROOT")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child makes such a process.
func child(name, root string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORAGE_CHILD="+name, "STORAGE_CHILD_ROOT="+root)
	cmd.Stderr = os.Stderr
	return cmd
}

// startChild starts one and waits for its first line. The second value kills it with SIGKILL.
func startChild(t *testing.T, name, root string) (string, func()) {
	t.Helper()
	cmd := child(name, root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dead := false
	kill := func() {
		if !dead {
			dead = true
			_ = cmd.Process.Signal(syscall.SIGKILL)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("child %s said %q: %v", name, line, err)
	}
	return line, kill
}
