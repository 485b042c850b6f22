package kafkatest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// guardScript waits for its standard input to end, which happens when the process that holds the other
// end dies, however it dies; then it kills the nodes (the kernel has done so already on Linux) and
// removes the directory. A dying broker may still write a file, hence the second try.
const guardScript = `cat >/dev/null
for f in "$1"/*.pid; do
	if [ -f "$f" ]; then kill -9 "-$(cat "$f")" 2>/dev/null; fi
done
[ -n "$2" ] && exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$1" 2>/dev/null && exit 0
	sleep 0.2
done
exit 1`

// guard outlives this process by a moment and tidies up after it.
type guard struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

// startGuard watches over dir. The guard has a process group of its own, so that ctrl-c passes it by.
func startGuard(dir string) (*guard, error) {
	cmd := exec.Command("/bin/sh", "-c", guardScript, "guard", dir, os.Getenv(KeepEnv))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guard of %s: %w", dir, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the guard of %s: %w", dir, err)
	}
	return &guard{cmd: cmd, pipe: pipe}, nil
}

// release lets the guard do its work now and waits for it.
func (g *guard) release() error {
	g.pipe.Close()
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("remove the cluster's directory: %w", err)
	}
	return nil
}
