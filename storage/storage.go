// Package storage puts and gets named bytes, and knows nothing of Kafka.
//
// A [Store] holds objects that are written once: put-if-absent is the only way
// in, and there is no way to change or delete one. The single mutable object is
// the lock (see [Store].Lock). [OpenFilesystem] keeps objects in a directory,
// [NewMemory] keeps them in memory and breaks on command, [Sub] shows what lies
// below a prefix, [Retry] repeats what failed for a moment.
//
// "Not there" is [fs.ErrNotExist] and "already there" is [fs.ErrExist], for
// every store and every wrapper.
package storage

import (
	"context"
	"io"
	"time"
)

// Info describes one stored object.
type Info struct {
	Key     string
	Size    int64     // bytes
	ModTime time.Time // when the store says it was written, UTC
}

// Store keeps named bytes, each written once. Every method may be called by any
// number of goroutines at the same time.
//
// Keys are slash-separated paths that [ValidateKey] accepts; anything else is
// refused with a [*KeyError] before the store is touched. A key cannot at the
// same time be the folder of another key: "a" and "a/b" exclude each other.
//
// Errors that may go away by themselves wrap [ErrTemporary]; only these are
// worth repeating. A cancelled context ends a call with the context's error.
type Store interface {
	// Put stores data under key if nothing is there, and returns nil only when
	// it will survive a power cut. Otherwise it returns an error that is
	// fs.ErrExist if the key is taken, in which case nothing was changed.
	// An error that wraps ErrTemporary leaves open whether the object is there.
	Put(ctx context.Context, key string, data []byte) error

	// Create begins an object that is too large for memory. Nothing is visible
	// before Commit, and a taken key is reported by Commit. The context holds
	// for the life of the writer. Write in large pieces: each goes to the store.
	Create(ctx context.Context, key string) (Writer, error)

	// Get opens an object for reading; fs.ErrNotExist if there is none. The
	// reader ends with io.EOF only after all bytes the store announced; an end
	// before that is another error. The context holds for the life of the reader.
	Get(ctx context.Context, key string) (io.ReadCloser, error)

	// GetRange is Get for at most length bytes from offset on. What lies beyond
	// the end is left out, so a range wholly beyond it reads as empty. A
	// negative offset or length is an error (fs.ErrInvalid).
	GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)

	// List calls fn for every object whose key begins with prefix (a string
	// prefix, not a folder), in the byte order of the keys. An error from fn
	// ends it and is returned as it is. An object that is stored while List runs
	// may or may not be handed out. A lock is an object and is handed out too.
	List(ctx context.Context, prefix string, fn func(key string, size int64) error) error

	// ListDirs names the folders directly below prefix, which is empty or ends
	// in a slash: sorted, without a trailing slash, only those that hold an object.
	ListDirs(ctx context.Context, prefix string) ([]string, error)

	// Stat describes an object without reading it; fs.ErrNotExist if there is none.
	Stat(ctx context.Context, key string) (Info, error)

	// Lock takes the lock named key for h, or returns a *HeldError at once. The
	// context bounds the taking, not the holding. The lock's object stays after
	// Release: "lock" in a listing says nothing about who holds it.
	Lock(ctx context.Context, key string, h Holder) (*Lock, error)

	// Holder says who holds the lock now, without taking it; false if nobody.
	Holder(ctx context.Context, key string) (Holder, bool, error)

	// URL names the store in messages. It carries no secrets.
	URL() string
}

// Writer takes the bytes of one object. One goroutine at a time may use it.
// Every writer must end in Commit or Abort.
type Writer interface {
	io.Writer

	// Commit makes the object visible, whole and durable; fs.ErrExist if the
	// key was taken meanwhile. After a failed Write, Commit fails too. Whatever
	// it returns, the writer is at its end.
	Commit() error

	// Abort throws away what was written. After Commit it does nothing.
	Abort() error
}
