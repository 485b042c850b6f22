package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// CheckData is what a preflight asks the data plane of a cluster.
type CheckData interface {
	ClusterID(ctx context.Context) (string, error)
	Brokers(ctx context.Context) ([]kafka.Broker, error)
	Topics(ctx context.Context, names ...string) ([]kafka.Topic, error)
	Offsets(ctx context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error)
	Read(tp kafka.TopicPartition, o kafka.ReadOptions) *kafka.Reader
	InitProducer(ctx context.Context) (kafka.Producer, error)
}

// CheckControl is what a preflight asks the control plane of a cluster.
type CheckControl interface {
	ClusterID(ctx context.Context) (string, error)
	Configs(ctx context.Context, topics []string) (map[string][]kafka.Config, error)
	Groups(ctx context.Context) ([]kafka.Group, error)
	ACLs(ctx context.Context) ([]kafka.ACL, error)
}

// CheckCluster is one cluster of a preflight. Opening is part of what is checked.
type CheckCluster struct {
	Name     string // source, target
	Servers  []string
	Expected string    // cluster id; "" any
	Topics   Selection // of the source
	Reads    bool      // records will be read from it
	Writes   bool      // topics and records will be written to it
	Groups   bool      // consumer groups are captured
	ACLs     bool
	Data     func(ctx context.Context) (CheckData, func(), error)
	Control  func(ctx context.Context) (CheckControl, func(), error)
}

// CheckPlace is one store of a preflight.
type CheckPlace struct {
	Name     string // storage, evidence
	URL      string
	Open     func(ctx context.Context) (storage.Store, error) // for reading only; fs.ErrNotExist: it is not there yet
	Writable func() error                                     // nil: cannot be told without writing
	Free     func() (int64, error)                            // bytes; nil: cannot be told
	Need     int64                                            // bytes below which a job cannot do anything useful
}

// CheckOptions say what a preflight looks at. What is nil or empty is not looked at.
type CheckOptions struct {
	Env      Env
	BackupID string
	Clusters []CheckCluster
	Places   []CheckPlace
	Signing  func() (*evidence.Signer, error)                            // loads the key and compares its halves
	Ledger   func(context.Context, storage.Store) (evidence.Head, error) // opens the ledger in the store named evidence
}

// The answers of a preflight.
const (
	Can     = "CAN"
	Cannot  = "CANNOT"
	Unknown = "UNKNOWN"
)

// checker is one preflight under way.
type checker struct {
	CheckOptions
	job     *Job
	summary Summary
	count   map[string]int
}

// Check looks whether a job could run: every line is a fact of type "check" whose answer is CAN, CANNOT
// or UNKNOWN, with the reason. It writes nothing, anywhere. A CANNOT is a finding.
func Check(ctx context.Context, o CheckOptions) *Job {
	o.Env = o.Env.withDefaults()
	return start(ctx, "check", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		c := &checker{CheckOptions: o, job: j, count: map[string]int{}}
		for _, cl := range o.Clusters {
			j.phase(cl.Name)
			c.cluster(ctx, cl)
		}
		for _, p := range o.Places {
			j.phase(p.Name)
			c.place(ctx, p)
		}
		if o.Signing != nil {
			j.phase("key")
			c.key()
		}
		c.summary.fact("can", c.count[Can])
		c.summary.fact("cannot", c.count[Cannot])
		c.summary.fact("unknown", c.count[Unknown])
		return c.summary, context.Cause(ctx)
	})
}

// say enters one line.
func (c *checker) say(subject, answer, what, reason string) {
	c.count[answer]++
	fields := []Field{F("subject", subject), F("answer", answer), F("what", what), F("reason", reason)}
	if answer == Cannot {
		c.summary.find("%s cannot %s: %s", subject, what, reason)
		c.job.Warn("check", append(fields, F("message", fmt.Sprintf("%s cannot %s: %s", subject, what, reason)))...)
		return
	}
	c.job.Info("check", fields...)
}

// tell enters CAN with a reason, or CANNOT with the error.
func (c *checker) tell(subject, what, reason string, err error) bool {
	if err != nil {
		c.say(subject, Cannot, what, err.Error())
		return false
	}
	c.say(subject, Can, what, reason)
	return true
}

// place looks at one store.
func (c *checker) place(ctx context.Context, p CheckPlace) {
	store, err := p.Open(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.say(p.Name, Can, "be made", p.URL+" is not there yet; the first job makes it")
	case err != nil:
		c.say(p.Name, Cannot, "be read", err.Error())
	default:
		c.stored(ctx, p, store)
	}
	if p.Writable == nil {
		c.say(p.Name, Unknown, "be written to", "this kind of store tells only by writing")
	} else {
		c.tell(p.Name, "be written to", p.URL, p.Writable())
	}
	c.space(p)
}

// stored looks at what a store that is there holds.
func (c *checker) stored(ctx context.Context, p CheckPlace, store storage.Store) {
	dirs, err := store.ListDirs(ctx, "")
	if !c.tell(p.Name, "be read", fmt.Sprintf("%s holds %d folders", p.URL, len(dirs)), err) {
		return
	}
	if p.Name == "evidence" {
		c.ledger(ctx, store)
		return
	}
	if c.BackupID == "" {
		return
	}
	a := archive.Open(store, c.BackupID, archive.Keys{})
	h, held, err := a.Store().Holder(ctx, archive.LockKey)
	switch {
	case err != nil:
		c.say("lock", Unknown, "be taken", err.Error())
	case held:
		c.say("lock", Cannot, "be taken", fmt.Sprintf("held by %s on %s since %s (%s)", h.Who, h.Host, h.Since.UTC().Format(time.RFC3339), h.Job))
	default:
		c.say("lock", Can, "be taken", "nobody holds the archive "+c.BackupID)
	}
	head, err := a.Head(ctx)
	switch {
	case errors.Is(err, archive.ErrNoArchive):
		c.say("archive", Can, "be begun", c.BackupID+" has no finished run yet")
	default:
		what := "be read"
		reason := ""
		if head.Doc != nil {
			what, reason = "be continued", "its newest run is "+head.Doc.RunID
		}
		c.tell("archive", what, reason, err)
	}
}

// space compares what is free with what any job needs. How much a run will need nobody knows before it.
func (c *checker) space(p CheckPlace) {
	if p.Free == nil {
		c.say(p.Name, Unknown, "hold a run", "this kind of store does not tell how much is free")
		return
	}
	free, err := p.Free()
	switch {
	case err != nil:
		c.say(p.Name, Unknown, "hold a run", err.Error())
	case free < p.Need:
		c.say(p.Name, Cannot, "hold a run", fmt.Sprintf("%d MiB are free, and one segment takes up to %d MiB", free>>20, p.Need>>20))
	default:
		c.say(p.Name, Can, "hold a segment", fmt.Sprintf("%d MiB are free; how much a run needs is known only afterwards", free>>20))
	}
}

// key looks at the signing key.
func (c *checker) key() {
	s, err := c.Signing()
	if !c.tell("key", "be used", "", err) {
		return
	}
	for _, n := range s.Notes() {
		c.say("key", Unknown, "be kept secret", n)
	}
	c.summary.fact("key_id", s.PublicKey().KeyID())
}

// ledger looks at the ledger, and at the clock that its newest entry holds against ours.
func (c *checker) ledger(ctx context.Context, store storage.Store) {
	if c.Ledger == nil {
		return
	}
	head, err := c.Ledger(ctx, store)
	var clock *evidence.ClockError
	switch {
	case errors.As(err, &clock):
		c.say("clock", Cannot, "be trusted", err.Error())
	case err != nil:
		c.say("ledger", Cannot, "be continued", err.Error())
	case head.Sequence < 0:
		c.say("ledger", Can, "be begun", "it has no entry yet")
		c.say("clock", Unknown, "be trusted", "there is nothing yet to compare it with")
	default:
		c.say("ledger", Can, "be continued", "its head is "+head.String())
		c.say("clock", Can, "be trusted", c.Env.now().Format(time.RFC3339)+" is not behind the ledger's newest entry")
	}
}
