package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
)

// endsWhenCancelled is a job that ends in an orderly way when it is told to.
type endsWhenCancelled struct {
	*fakeJob
	mu   sync.Mutex
	told atomic.Int32
}

func (j *endsWhenCancelled) Snapshot() engine.Snapshot {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fakeJob.Snapshot()
}

func (j *endsWhenCancelled) EventsSince(seq int) ([]engine.Event, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fakeJob.EventsSince(seq)
}

func (j *endsWhenCancelled) Cancel() {
	if j.told.Add(1) == 1 {
		go func() {
			time.Sleep(30 * time.Millisecond)
			j.mu.Lock()
			defer j.mu.Unlock()
			j.end(engine.ExitCancelled, "cancelled", nil)
		}()
	}
}

// served runs a console on a desk with a job, with what it reads from and writes to, and gives back how it
// ended and the job.
func served(t *testing.T, ctx context.Context, desk Desk, in io.Reader, out io.Writer) (*endsWhenCancelled, error) {
	t.Helper()
	j := &endsWhenCancelled{fakeJob: newFakeJob("backup")}
	c := newConsole(ctx, desk, Look{Theme: ThemeDark, Quiet: true})
	c.begin(&job{work: j, title: "backup"})
	c.polling = false
	ended := make(chan error, 1)
	go func() { ended <- c.serve(ctx, tea.WithInput(in), tea.WithOutput(out), tea.WithWindowSize(80, 24)) }()
	select {
	case err := <-ended:
		return j, err
	case <-time.After(time.Minute):
		t.Fatal("the console did not end")
		return nil, nil
	}
}

// finished fails unless the job was told to stop and was waited for.
func finished(t *testing.T, j *endsWhenCancelled) {
	t.Helper()
	select {
	case <-j.Done():
	default:
		t.Errorf("the job is left in its middle; told to stop %d times", j.told.Load())
	}
}

// failure is an error that says what to do, with an exit code that is no success.
func failure(t *testing.T, err error, words string) {
	t.Helper()
	var p *engine.Problem
	if !errors.As(err, &p) || p.Exit != engine.ExitFailed || p.Hint == "" || !strings.Contains(err.Error(), words) {
		t.Errorf("it ended with %v", err)
	}
}

// quietly has nothing of a trace on the test's stderr.
func quietly(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = null
	t.Cleanup(func() { os.Stderr = before; null.Close() })
}

// TestPanicEndsInOrder: a mistake of the console's own does not end a job in its middle.
func TestPanicEndsInOrder(t *testing.T) {
	quietly(t)
	var armed atomic.Bool
	desk := Desk{Now: func() time.Time {
		if armed.Load() {
			panic("no such time")
		}
		return testNow
	}}
	in, w := io.Pipe()
	defer w.Close()
	time.AfterFunc(100*time.Millisecond, func() { armed.Store(true) })
	j, err := served(t, context.Background(), desk, in, io.Discard)
	failure(t, err, "the console failed")
	finished(t, j)
}

// gone is a terminal that went away.
type gone struct{}

func (gone) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// TestTerminalGone: jobs are cancelled in order when there is nobody to show them to.
func TestTerminalGone(t *testing.T) {
	j, err := served(t, context.Background(), Desk{}, gone{}, io.Discard)
	failure(t, err, "the console lost its terminal")
	finished(t, j)
}

// TestToldToEnd: the process was told to end.
func TestToldToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	in, w := io.Pipe()
	defer w.Close()
	j, err := served(t, ctx, Desk{}, in, io.Discard)
	if !errors.Is(err, engine.ErrCancelled) {
		t.Errorf("it ended with %v", err)
	}
	finished(t, j)
}
