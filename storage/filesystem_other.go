//go:build !linux

package storage

// renameNoReplace is not to be had here.
func (f *Filesystem) renameNoReplace(_, _ string) error { return errNoLinks }
