package storage

import (
	"errors"
	"fmt"
)

var (
	// ErrTemporary is wrapped by errors that may go away when the call is
	// repeated: a lost connection, an overloaded server, an interrupted call.
	ErrTemporary = errors.New("temporary storage error")

	// ErrReadOnly is wrapped by every attempt to write to a store that was
	// opened for reading.
	ErrReadOnly = errors.New("the store was opened for reading only")

	// ErrTooLarge is wrapped by ReadAll when an object exceeds its limit.
	ErrTooLarge = errors.New("object is too large")

	// ErrLockLost is wrapped by Lock.Check when the lock is not, or no longer,
	// held by the one who asks.
	ErrLockLost = errors.New("the lock is no longer held by this process")

	errWriterDone = errors.New("the writer was already committed or aborted")
)

// Error is a failed operation of a store: what was done to what, why it
// failed, and what the operator can do about it.
type Error struct {
	Op   string // "put", "get", "commit", …
	Key  string // the object, relative to the store; empty for the store itself
	URL  string // the store
	Err  error  // never nil
	Hint string // what to do, may be empty
}

// Error puts the parts into one line.
func (e *Error) Error() string {
	s := e.Op
	if e.Key != "" {
		s += " " + printable(e.Key)
	}
	if e.URL != "" {
		s += " in " + printable(e.URL)
	}
	s = fmt.Sprintf("%s: %v", s, e.Err)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap gives the cause, so that errors.Is sees fs.ErrExist, syscall.ENOSPC and so on.
func (e *Error) Unwrap() error { return e.Err }
