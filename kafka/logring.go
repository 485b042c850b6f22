package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// logRing keeps the last lines of a librdkafka handle's log. Its calls mostly fail with "timed out"; the
// reason stands in the log alone.
type logRing struct {
	security Security
	lines    chan rd.LogEvent
	done     chan struct{}
	stopped  chan struct{}

	mu     sync.Mutex
	recent []logLine
	news   chan struct{} // closed and replaced when a line with a kind comes
}

type logLine struct {
	at     time.Time
	server string // host:port that the line is about, "" if none
	kind   Kind   // "" if the line says nothing that Diagnose knows
	text   string
}

const (
	logLines  = 64
	logMaxAge = 90 * time.Second // librdkafka says the same thing again only after 30 s
)

// newLogRing makes the ring and puts its channel into the handle's configuration.
func newLogRing(conf rd.ConfigMap, s Security) *logRing {
	r := &logRing{
		security: s,
		lines:    make(chan rd.LogEvent, logLines),
		done:     make(chan struct{}),
		stopped:  make(chan struct{}),
		news:     make(chan struct{}),
	}
	conf["go.logs.channel.enable"] = true
	conf["go.logs.channel"] = r.lines
	go r.drain()
	return r
}

// stop ends the draining; call it after the handle is closed, which waits for room in the channel.
func (r *logRing) stop() {
	close(r.done)
	<-r.stopped
}

func (r *logRing) drain() {
	defer close(r.stopped)
	for {
		select {
		case ev := <-r.lines:
			r.add(ev.Message)
		case <-r.done:
			return
		}
	}
}

var logServer = regexp.MustCompile(`^(?:\[thrd:.*?\]: )?(?:\w+://)?(\S+:\d+)/(?:bootstrap|\d+):`)

func (r *logRing) add(text string) {
	line := logLine{at: time.Now(), text: text, kind: classify(errors.New(text), r.security)}
	if m := logServer.FindStringSubmatch(text); m != nil {
		line.server = m[1]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.recent) == logLines {
		r.recent = slices.Delete(r.recent, 0, 1)
	}
	r.recent = append(r.recent, line)
	if line.kind != "" {
		close(r.news)
		r.news = make(chan struct{})
	}
}

// reason is the newest line that tells more than that time ran out.
func (r *logRing) reason() (logLine, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range slices.Backward(r.recent) {
		if time.Since(l.at) < logMaxAge && l.kind != "" && l.kind != Timeout {
			return l, true
		}
	}
	return logLine{}, false
}

// explain adds the log's reason to an error that only says that nothing came back.
func (r *logRing) explain(err error) error {
	if err == nil || !hidesReason(err) {
		return err
	}
	if l, ok := r.reason(); ok {
		return &loggedError{reason: l.text, err: err}
	}
	return err
}

func hidesReason(err error) bool { return classify(err, Security{}) == Timeout }

// failed says whether every server of the list has failed, and the channel to wait on for more.
func (r *logRing) failed(servers []string) (all, credentials bool, news <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bad := map[string]bool{}
	for _, l := range r.recent {
		if l.kind != "" {
			bad[l.server] = true
			credentials = credentials || l.kind == WrongCredentials || l.kind == WrongMechanism
		}
	}
	all = !slices.ContainsFunc(servers, func(s string) bool { return !bad[s] })
	return all, credentials, r.news
}

// loggedError joins a call's error with the reason from the log.
type loggedError struct {
	reason string
	err    error
}

func (e *loggedError) Error() string { return fmt.Sprintf("%v (%s)", e.err, e.reason) }
func (e *loggedError) Unwrap() error { return e.err }
