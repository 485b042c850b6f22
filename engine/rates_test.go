package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"kustody/kafka/embedded"
)

// handClock is a clock that a test moves.
type handClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// heldJob is a job that does nothing until the test ends it.
func heldJob(t testing.TB, kind string) (*Job, *handClock, func()) {
	c := &handClock{t: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)}
	stop := make(chan struct{})
	j := start(t.Context(), kind, Env{Clock: c.now}, func(context.Context, *Job) (Summary, error) {
		<-stop
		return Summary{}, nil
	})
	end := sync.OnceFunc(func() { close(stop); <-j.Done() })
	t.Cleanup(end)
	return j, c, end
}

func near(got, want float64) bool { return math.Abs(got-want) <= want/1000 }

func TestRatesOfAPhase(t *testing.T) {
	j, c, end := heldJob(t, "backup")
	j.phase("capture")
	m := j.meter("orders", 0, 1000, 101_000)
	m.Set(Running)
	for i := range 50 { // 200 records and offsets a second, for 25 s
		c.pass(500 * time.Millisecond)
		m.Add(100, 5000, 1000+int64(i+1)*100)
		s := j.Snapshot()
		if unknown := i < 9; unknown != (s.RecordsPerSecond == 0) || unknown != (s.BytesPerSecond == 0) || unknown != (s.Left == 0) {
			t.Fatalf("after %d half seconds: %v, %v, %v", i+1, s.RecordsPerSecond, s.BytesPerSecond, s.Left)
		}
	}
	s := j.Snapshot()
	if !near(s.RecordsPerSecond, 200) || !near(s.BytesPerSecond, 10_000) || !near(s.Left.Seconds(), 95_000/200.) || !near(s.Partitions[0].RecordsPerSecond, 200) {
		t.Errorf("%v, %v, %v, %v", s.RecordsPerSecond, s.BytesPerSecond, s.Left, s.Partitions[0].RecordsPerSecond)
	}
	if p, known := s.Percent(); !known || p != 5 {
		t.Error(p, known)
	}
	// Twice as fast: after thirty seconds nothing else is known any more.
	for range 60 {
		c.pass(500 * time.Millisecond)
		m.Add(200, 10_000, m.offset.Load()+200)
		s = j.Snapshot()
	}
	if !near(s.RecordsPerSecond, 400) || !near(s.Left.Seconds(), 83_000/400.) {
		t.Errorf("%v, %v", s.RecordsPerSecond, s.Left)
	}
	if got := s.Partitions[0].RecordsPerSecond; got < 380 || got > 400 {
		t.Errorf("the partition does %v a second", got)
	}
	// It stands still: the rate falls to nothing, and then nothing can be said of the time left.
	c.pass(20 * time.Second)
	if still := j.Snapshot(); still.RecordsPerSecond >= s.RecordsPerSecond || still.Left <= s.Left {
		t.Errorf("%v, %v", still.RecordsPerSecond, still.Left)
	}
	for range 5 {
		c.pass(20 * time.Second)
		s = j.Snapshot()
	}
	if s.RecordsPerSecond != 0 || s.Left != 0 {
		t.Errorf("%v, %v", s.RecordsPerSecond, s.Left)
	}
	// All done: no time is left.
	m.Add(1, 1, 101_000)
	m.Set(Done)
	c.pass(time.Second)
	if s = j.Snapshot(); s.Left != 0 || s.Partitions[0].RecordsPerSecond != 0 || s.RecordsPerSecond == 0 {
		t.Errorf("%v, %v, %v", s.Left, s.RecordsPerSecond, s.Partitions[0])
	}
	end()
	c.pass(time.Second)
	if s = j.Snapshot(); !s.Ended || s.RecordsPerSecond != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRatesOfOtherPhases: a phase says nothing of the next one, a phase of unknown size has no time left,
// and what a dead process had done makes nothing faster.
func TestRatesOfOtherPhases(t *testing.T) {
	j, c, _ := heldJob(t, "restore")
	j.phase("restore")
	m := j.meter("orders", 0, 0, 1000)
	m.Set(Running)
	m.adopt(300, 3000, 500)
	for range 10 {
		c.pass(time.Second)
		m.Add(10, 100, m.offset.Load()+10)
		j.Snapshot()
	}
	if s := j.Snapshot(); !near(s.RecordsPerSecond, 10) || !near(s.BytesPerSecond, 100) || !near(s.Left.Seconds(), 40) || s.Records != 400 || s.Done != 600 || !near(s.Partitions[0].RecordsPerSecond, 10) {
		t.Errorf("%+v", s)
	}
	j.phase("groups")
	c.pass(time.Second)
	if s := j.Snapshot(); s.RecordsPerSecond != 0 || s.Left != 0 {
		t.Errorf("%+v", s)
	}
	open := j.meter("groups", 0, 0, 0)
	for range 10 {
		c.pass(time.Second)
		open.Add(7, 7, 0)
		j.Snapshot()
	}
	s := j.Snapshot()
	if _, known := s.Percent(); known || s.Left != 0 || !near(s.RecordsPerSecond, 70/11.) {
		t.Errorf("%+v", s)
	}
	// One look a minute is enough: the beginning of the phase is known.
	j.phase("receipt")
	m = j.meter("receipt", 0, 0, 1200)
	c.pass(time.Minute)
	m.Add(600, 600, 600)
	if s := j.Snapshot(); !near(s.RecordsPerSecond, 10) || !near(s.Left.Seconds(), 60) {
		t.Errorf("%+v", s)
	}
	// A reading that is begun again moves backwards.
	m.move(-600, -600, -600)
	c.pass(time.Second)
	if s := j.Snapshot(); s.RecordsPerSecond != 0 || s.Left != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRatesOfManyReaders: it does not matter how many look, nor how often.
func TestRatesOfManyReaders(t *testing.T) {
	j, c, _ := heldJob(t, "backup")
	j.phase("capture")
	m := j.meter("orders", 0, 0, 1_000_000)
	for range 1000 {
		c.pass(10 * time.Millisecond)
		m.Add(5, 50, m.offset.Load()+5)
		var g sync.WaitGroup
		for range 3 {
			g.Go(func() { j.Snapshot() })
		}
		g.Wait()
	}
	if n := len(j.meters.rates.ring); n > 42 {
		t.Errorf("%d samples of ten seconds are kept", n)
	}
	if s := j.Snapshot(); !near(s.RecordsPerSecond, 500) {
		t.Errorf("%v", s.RecordsPerSecond)
	}
	c.pass(-time.Hour) // a clock that was set back
	j.Snapshot()
	for range 2000 {
		c.pass(100 * time.Millisecond)
		j.Snapshot()
	}
	if n := len(j.meters.rates.ring); n > 122 {
		t.Errorf("%d samples are kept", n)
	}
}

func TestRetriesOfAPartition(t *testing.T) {
	j, _, _ := heldJob(t, "backup")
	j.phase("capture")
	m := j.meter("orders", 2, 0, 10)
	for i := range 7 {
		j.retrying(m, "orders", 2, fmt.Sprintf("reason %d", i+1))
	}
	if p := j.Snapshot().Partitions[0]; p.Retries != 7 || !p.Retrying {
		t.Errorf("%+v", p)
	}
	m.Add(1, 1, 1)
	if p := j.Snapshot().Partitions[0]; p.Retries != 7 || p.Retrying {
		t.Errorf("%+v", p)
	}
	events, _ := j.EventsSince(0)
	var told []Event
	for _, e := range events {
		if e.Type == "retry" {
			told = append(told, e)
		}
	}
	if len(told) != retryFacts {
		t.Fatalf("%d retries are told", len(told))
	}
	for i, e := range told {
		if e.Level != LevelWarning || e.Get("attempt") != i+1 || e.Get("reason") != fmt.Sprintf("reason %d", i+1) || e.Get("topic") != "orders" || e.Get("partition") != int32(2) {
			t.Errorf("%+v", e)
		}
	}
	if got, want := told[2].Text(), "orders/2: reason 3 (further retries of this partition are counted, and not told)"; got != want {
		t.Errorf("%q", got)
	}
}

// TestStepsOfJobs walks through what jobs do and looks at the numbers that a face shows.
func TestStepsOfJobs(t *testing.T) {
	j, _, _ := heldJob(t, "drill")
	if s := j.Snapshot(); s.Step != 0 || s.Steps != 16 {
		t.Errorf("%d of %d", s.Step, s.Steps)
	}
	for _, tc := range []struct {
		phase string
		step  int
	}{{"sweep", 1}, {"plan", 2}, {"capture", 3}, {"manifest", 4}, {"plan", 5}, {"topics", 6}, {"restore", 7}, {"receipt", 9}, {"plan", 10}, {"capture", 12}, {"surprise", 12}, {"groups", 14}, {"report", 15}, {"tear-down", 16}} {
		j.phase(tc.phase)
		if s := j.Snapshot(); s.Step != tc.step || s.Phase != tc.phase {
			t.Errorf("%s is step %d, want %d", tc.phase, s.Step, tc.step)
		}
	}
	check, _, _ := heldJob(t, "check")
	check.phase("key")
	if s := check.Snapshot(); s.Step != 0 || s.Steps != 0 {
		t.Errorf("%d of %d", s.Step, s.Steps)
	}
}

func BenchmarkSnapshot2000(b *testing.B) {
	j, c, _ := heldJob(b, "backup")
	j.phase("capture")
	for i := range 2000 {
		j.meter("orders", int32(i), 0, 1000).Set(Running)
	}
	for b.Loop() {
		c.pass(time.Second) // each look takes a sample: the dear case
		j.Snapshot()
	}
}

// TestRetriesOfABackup: a broker that is not the leader five times is told three times, and the backup
// ends clean.
func TestRetriesOfABackup(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("orders", 1, nil)
	w.produce("orders", 0, 0, 50)
	w.broker.FailNext(embedded.Fetch, 6, 5)
	j := Backup(t.Context(), w.options())
	if s, err := j.Wait(); err != nil || s.Exit != ExitDone {
		t.Fatal(s, err)
	}
	events, _ := j.EventsSince(0)
	told := 0
	for _, e := range events {
		if e.Type == "retry" {
			if told++; e.Get("attempt") != told || e.Get("topic") != "orders" || e.Get("reason") == "" {
				t.Errorf("%+v", e)
			}
		}
	}
	if told != 3 {
		t.Errorf("%d retries are told", told)
	}
}
