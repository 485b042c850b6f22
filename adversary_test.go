package main

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"

	"kustody/engine"
)

// full is a file on a full disk, or a pipe without a reader.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// TestH07_outputThatCannotBeWritten: half of an answer does not pass for one. A reader that went away is
// no failure of the job.
func TestH07_outputThatCannotBeWritten(t *testing.T) {
	for _, tt := range []struct {
		err  error
		exit engine.Exit
		want engine.Exit
	}{
		{syscall.ENOSPC, engine.ExitDone, engine.ExitFailed},
		{syscall.ENOSPC, engine.ExitBroken, engine.ExitBroken},
		{syscall.EPIPE, engine.ExitDone, engine.ExitDone},
	} {
		var said bytes.Buffer
		a := newApp()
		a.stdout, a.stderr = &pipe{w: full{tt.err}}, &said
		if _, err := io.WriteString(a.stdout, "summary"); err != nil {
			t.Fatal(err)
		}
		if got := a.told(tt.exit); got != tt.want || (got != tt.exit) != strings.Contains(said.String(), "no space left") {
			t.Errorf("%v after exit %d: exit %d, %q", tt.err, tt.exit, got, said.String())
		}
	}
}
