//go:build !linux

package kafkatest

import (
	"os/exec"
	"syscall"
)

// Only Linux kills children with their parent; elsewhere the guard alone does.
func bindToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
