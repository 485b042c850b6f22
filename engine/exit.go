package engine

import (
	"errors"

	"kustody/engine/archive"
	"kustody/storage"
)

// exitOf maps the typed errors of the rooms below to exit codes.
func exitOf(err error) Exit {
	var held *storage.HeldError
	var broken *archive.BrokenError
	switch {
	case errors.As(err, &held):
		return ExitLocked
	case errors.As(err, &broken):
		return ExitBroken
	case errors.Is(err, archive.ErrNoArchive):
		return ExitNoArchive
	default:
		return ExitFailed
	}
}
