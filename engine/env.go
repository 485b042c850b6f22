// Package engine holds the jobs: backup, restore, validation, drill, and the preflight check. It is
// the only room that knows both Kafka and storage. Each job is started by a function that takes an
// options struct and returns a *Job; how a face shows it is none of the engine's business.
package engine

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/user"
	"time"

	"kustody/engine/archive"
)

// Env is what every job needs of the world around it. The zero value is the real world.
type Env struct {
	Clock    func() time.Time
	Tool     archive.Tool
	Operator string // self-declared; default: the system's user name
	Host     string // default: the machine's name
	NewID    func() string
}

// Complete fills in what was left out: the real clock, the system's user and the machine's name.
func (e Env) Complete() Env { return e.withDefaults() }

func (e Env) withDefaults() Env {
	if e.Clock == nil {
		e.Clock = time.Now
	}
	if e.NewID == nil {
		e.NewID = newJobID
	}
	if e.Tool.Name == "" {
		e.Tool.Name = "kustody"
	}
	if e.Operator == "" {
		if u, err := user.Current(); err == nil {
			e.Operator = u.Username
		}
	}
	if e.Host == "" {
		e.Host, _ = os.Hostname() // an empty name is allowed: it is self-declared anyway
	}
	return e
}

// now is the time in UTC to the millisecond, as documents carry it.
func (e Env) now() time.Time { return e.Clock().UTC().Truncate(time.Millisecond) }

func newJobID() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}
