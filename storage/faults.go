package storage

import (
	"sync"
	"time"
)

// Op names a kind of call to a Memory store, for its faults.
type Op string

// The calls that can be made to fail. All but OpListNext are counted and delayed.
const (
	OpPut      Op = "put"
	OpCreate   Op = "create"
	OpWrite    Op = "write"     // Writer.Write
	OpCommit   Op = "commit"    // Writer.Commit
	OpGet      Op = "get"       // Get and GetRange
	OpList     Op = "list"      // before the first key
	OpListNext Op = "list next" // before each key
	OpListDirs Op = "list dirs"
	OpStat     Op = "stat"
	OpLock     Op = "lock"  // taking a lock
	OpRenew    Op = "renew" // the renewal of a lease, by its own goroutine
	OpCheck    Op = "check lock"
	OpRelease  Op = "release lock"
	OpHolder   Op = "holder"
)

// Faults make a Memory store misbehave on command. The zero value is health.
// The functions may be called by any goroutine.
type Faults struct {
	// Delay is how long every call waits before it does anything; it ends early
	// with the context.
	Delay time.Duration
	// FailEvery n makes each nth call fail with ErrTemporary before it did anything.
	FailEvery int
	// Fail is asked before a call does anything; what it returns is the call's
	// error. It may block: a call that hangs, a process that is paused.
	Fail func(op Op, key string) error
	// FailAfter is asked after a call has taken effect; what it returns is the
	// call's error: the answer was lost.
	FailAfter func(op Op, key string) error
	// WriteLimit makes every Writer fail once it took so many bytes; 0 is none.
	WriteLimit int64
	// ReadLimit makes every reader lose its connection after so many bytes; 0 is none.
	ReadLimit int64
	// SizeError is added to the size of every object that is told by Stat, by
	// List and to readers: a reader of too few bytes ends with an error, one of
	// too many is cut off in silence.
	SizeError int64
}

// FailTimes makes a fault that returns err for the first n calls of op on key;
// an empty op or key means any.
func FailTimes(n int, op Op, key string, err error) func(Op, string) error {
	var mu sync.Mutex
	return func(o Op, k string) error {
		mu.Lock()
		defer mu.Unlock()
		if n <= 0 || op != "" && o != op || key != "" && k != key {
			return nil
		}
		n--
		return err
	}
}
