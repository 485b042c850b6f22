package kafkatest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// stopTimeout bounds an orderly stop: a broker hands its partitions over first.
const stopTimeout = 30 * time.Second

// errPortTaken says that a broker could not listen.
var errPortTaken = errors.New("a port was taken by another process in the meantime")

// node is one broker. Its exported fields are part of the state file.
type node struct {
	ID    int
	Dir   string
	Ports ports

	mu     sync.Mutex
	cmd    *exec.Cmd     // nil: not running, or not ours
	exited chan struct{} // closed when cmd has ended
	wanted bool          // started and not stopped by us since
	paused bool
}

func (n *node) dataDir() string        { return filepath.Join(n.Dir, "data") }
func (n *node) propertiesFile() string { return filepath.Join(n.Dir, "node.properties") }
func (n *node) outputFile() string     { return filepath.Join(n.Dir, "output.log") }
func (n *node) pidFile() string        { return n.Dir + ".pid" } // where the guard looks
func (n *node) addr() string           { return fmt.Sprintf("127.0.0.1:%d", n.Ports.Plain) }

// start starts the broker's process; it is not ready yet.
func (k *core) start(n *node) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.runs() {
		return fmt.Errorf("start node %d: it is running", n.ID)
	}
	out, err := os.OpenFile(n.outputFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start node %d: %w", n.ID, err)
	}
	defer out.Close()
	cmd := exec.Command("java", "-Xmx320m", "-Xms128m", "-XX:+UseSerialGC", "-Xshare:auto", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-cp", filepath.Join(k.Libs, "*"), "kafka.Kafka", n.propertiesFile())
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.Dir, out, out
	if err := startBound(cmd); err != nil {
		return fmt.Errorf("start node %d: %w", n.ID, err)
	}
	exited := make(chan struct{})
	n.cmd, n.exited, n.wanted, n.paused = cmd, exited, true, false
	go func() {
		_ = cmd.Wait() // how it ended shows in its output; most ends are our own kill
		close(exited)
	}()
	if err := os.WriteFile(n.pidFile(), fmt.Append(nil, cmd.Process.Pid), 0o644); err != nil {
		return fmt.Errorf("note the process of node %d: %w", n.ID, err)
	}
	return nil
}

// runs is called with mu held.
func (n *node) runs() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// serves says that the node runs and is not paused.
func (n *node) serves() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.runs() && !n.paused
}

// crashed says that the process ended without being told to.
func (n *node) crashed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wanted && !n.runs()
}

// kill ends the process at once; a node that does not run is fine.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = false
	if n.runs() {
		_ = n.cmd.Process.Kill() // fails only if it has just ended
		<-n.exited
	}
	os.Remove(n.pidFile())
}

// stop lets the broker hand over and end.
func (n *node) stop() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.signal(syscall.SIGTERM); err != nil {
		return err
	}
	n.wanted = false
	select {
	case <-n.exited:
		os.Remove(n.pidFile())
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("stop node %d: still running after %s (does the rest of the cluster have a quorum?)", n.ID, stopTimeout)
	}
}

func (n *node) pause() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	n.paused = true
	return nil
}

func (n *node) resume() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.signal(syscall.SIGCONT); err != nil {
		return err
	}
	n.paused = false
	return nil
}

// signal is called with mu held.
func (n *node) signal(sig syscall.Signal) error {
	if !n.runs() {
		return fmt.Errorf("signal node %d (%s): it is not running", n.ID, sig)
	}
	if err := n.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal node %d (%s): %w", n.ID, sig, err)
	}
	return nil
}

// died explains a broker that ended by itself.
func (n *node) died() error {
	out, err := os.ReadFile(n.outputFile())
	if err != nil {
		return fmt.Errorf("node %d ended and left no output: %w", n.ID, err)
	}
	reason := errors.New("ended by itself")
	if bytes.Contains(out, []byte("Address already in use")) || bytes.Contains(out, []byte("BindException")) {
		reason = errPortTaken
	}
	return fmt.Errorf("node %d: %w:\n%s", n.ID, reason, lastLines(out, 20))
}
