package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

var (
	errNotRegular = errors.New("it is a symbolic link or a special file, which this store does not follow")
	errIsFolder   = errors.New("there is a folder of this name")
	errIsObject   = errors.New("a part of the key names an object, not a folder")
	errNoLinks    = errors.New("the file system knows neither hard links nor renaming without replacing")
)

// remedies say what an operator can do about an error of the system.
var remedies = []struct {
	err  error
	hint string
}{
	{syscall.ENOSPC, "free some space there, or choose another storage location, and run the same command again: it goes on where it stopped"},
	{syscall.EDQUOT, "the disk quota is used up; free some space or have the quota raised, and run the same command again: it goes on where it stopped"},
	{syscall.EFBIG, "files may not grow that large here; see `ulimit -f` and the limits of the file system, and run the same command again: it goes on where it stopped"},
	{syscall.EROFS, "the file system is mounted read-only; mount it for writing or choose another storage location"},
	{fs.ErrPermission, "this user may not do that; see the owner and mode of the directory, or run as the user who owns it"},
	{syscall.EMFILE, "too many files are open in this process; raise `ulimit -n`"},
	{syscall.ENFILE, "too many files are open on this machine"},
	{syscall.ENAMETOOLONG, "this file system allows only shorter names; choose a shorter backup id or prefix"},
	{syscall.EIO, "the disk or its driver reports damage; see the system log before anything else is written there"},
	{syscall.ENOLCK, "the file system cannot lock; network file systems need their lock service"},
	{errNoLinks, "choose a directory on another file system"},
	{errIsObject, "choose another prefix or backup id"},
	{errIsFolder, "choose another prefix or backup id"},
}

// passing are errors of the system that may go away by themselves.
var passing = []error{syscall.EAGAIN, syscall.EINTR, syscall.ESTALE, syscall.ETIMEDOUT, syscall.ENOLCK}

// fail makes an operator's error of a system's error. The cause stays visible to errors.Is.
func (f *Filesystem) fail(op, key string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	e := &Error{Op: op, Key: key, URL: f.URL(), Err: bare(err)}
	for _, r := range remedies {
		if errors.Is(err, r.err) {
			e.Hint = r.hint
			break
		}
	}
	for _, p := range passing {
		if errors.Is(err, p) {
			e.Err = fmt.Errorf("%w (%w)", e.Err, ErrTemporary)
			break
		}
	}
	return e
}

// bare takes the names that package os adds out of an error, because Error
// names the object already, and sorts out what stands for "not there".
func bare(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	}
	// os.Root has no sentinel for this refusal.
	if strings.Contains(err.Error(), "path escapes from parent") {
		return fmt.Errorf("it leads out of the store through a symbolic link, and is refused: %w", err)
	}
	return err
}

// absent turns "a parent is a file" into "not there", which it is for a reader.
func absent(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fs.ErrNotExist
	}
	return err
}
