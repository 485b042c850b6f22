package kafkatest

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// jvmTool makes a short-lived Java program start faster: it never lives long enough for the better compiler.
const jvmTool = "-XX:TieredStopAtLevel=1"

// spawner is one goroutine on one thread that never ends. A child bound to its parent's death dies in
// truth with the *thread* that started it, and Go ends threads when it likes.
var spawner = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

// startBound starts cmd in a process group of its own, to be killed by the kernel (on Linux) when this
// process dies. The caller must Wait for it.
func startBound(cmd *exec.Cmd) error {
	bindToParent(cmd)
	result := make(chan error, 1)
	spawner() <- func() { result <- cmd.Start() }
	return <-result
}

// runBound is startBound and Wait.
func runBound(cmd *exec.Cmd) error {
	if err := startBound(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// lastLines is the end of a program's output, for an error message.
func lastLines(out []byte, n int) string {
	lines := strings.Split(string(bytes.TrimSpace(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
