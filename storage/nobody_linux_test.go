package storage_test

import (
	"syscall"
)

// becomeNobody changes the user of this thread's file accesses alone.
func becomeNobody() error { return syscall.Setfsuid(65534) }
