//go:build bench

package engine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	benchScale  = flag.Float64("scale", 1, "multiplies the number of records")
	benchRounds = flag.Int("rounds", 0, "how often each contender is run; 0: as each part wants it")
	benchOnly   = flag.String("only", "", "run the parts and cells whose name contains this")
	benchFile   = flag.String("lines", "", "write one JSON line per figure to this file")
	benchProf   = flag.String("profiles", "", "write a CPU profile of every run into this folder")
)

// sample is what one run took.
type sample struct {
	wall time.Duration
	cpu  time.Duration // of this process: brokers not counted
}

// stopwatch times the part of a run that counts: what lies between start and stop.
type stopwatch struct {
	name    string
	from    time.Time
	cpu     time.Duration
	sample  sample
	profile *os.File
}

// start begins to count, after what earlier runs left to the collector and to the disk is done.
func (w *stopwatch) start() error {
	runtime.GC()
	unix.Sync()
	if *benchProf != "" {
		f, err := os.Create(filepath.Join(*benchProf, strings.NewReplacer(" ", "-", "/", "-").Replace(w.name)+".pprof"))
		if err != nil {
			return err
		}
		w.profile = f
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	w.from, w.cpu = time.Now(), ownCPU()
	return nil
}

// stop ends counting.
func (w *stopwatch) stop() {
	w.sample = sample{wall: time.Since(w.from), cpu: ownCPU() - w.cpu}
	if w.profile != nil {
		pprof.StopCPUProfile()
		w.profile.Close()
	}
}

// ownCPU is the user and system time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// contender is one of the things that are compared: it does the same work as the others.
type contender struct {
	name  string
	every int // it takes part in each so many-th round; 0 is 1
	run   func(w *stopwatch) error
}

// results are the samples of each contender, by round; zero where it took no part.
type results map[string][]sample

// contest runs the contenders in turn, round after round, so that what the machine does meanwhile meets
// them all alike.
func contest(t *testing.T, title string, rounds int, all ...contender) results {
	t.Helper()
	if *benchRounds > 0 {
		rounds = *benchRounds
	}
	out := results{}
	for round := range rounds {
		for i := range all {
			c := all[(i+round)%len(all)] // nobody always comes after the same
			if round%max(c.every, 1) != 0 {
				out[c.name] = append(out[c.name], sample{})
				continue
			}
			w := &stopwatch{name: fmt.Sprintf("%s %s %d", title, c.name, round)}
			if err := c.run(w); err != nil {
				t.Fatalf("%s: %v", w.name, err)
			}
			out[c.name] = append(out[c.name], w.sample)
			fmt.Printf("# %-56s %7.3f s, CPU %7.3f s\n", w.name, w.sample.wall.Seconds(), w.sample.cpu.Seconds())
		}
	}
	return out
}

// ratios are how many times faster a is than b, for each round in which both ran.
func (r results) ratios(a, b string, of func(sample) time.Duration) []float64 {
	var out []float64
	for i, x := range r[a] {
		if y := r[b][i]; x.wall > 0 && y.wall > 0 {
			out = append(out, of(y).Seconds()/of(x).Seconds())
		}
	}
	return out
}

// typical is the median sample, wall and CPU each for itself.
func (r results) typical(name string) sample {
	var wall, cpu []float64
	for _, s := range r[name] {
		if s.wall > 0 {
			wall, cpu = append(wall, s.wall.Seconds()), append(cpu, s.cpu.Seconds())
		}
	}
	second := float64(time.Second)
	return sample{wall: time.Duration(median(wall) * second), cpu: time.Duration(median(cpu) * second)}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	switch n := len(s); {
	case n == 0:
		return 0
	case n%2 == 1:
		return s[n/2]
	default:
		return (s[n/2-1] + s[n/2]) / 2
	}
}

func byWall(s sample) time.Duration { return s.wall }
func byCPU(s sample) time.Duration  { return s.cpu }

// askedFor says whether a part, or something in it, was asked for.
func askedFor(name string) bool {
	return strings.Contains(name, *benchOnly) || strings.HasPrefix(*benchOnly, name)
}
