package config

import (
	"strconv"
	"time"
)

// Duration is a length of time, written as 15m, 36h, 7d.
type Duration time.Duration

// Std is the duration as the standard library has it.
func (v Duration) Std() time.Duration { return time.Duration(v) }

// String is the duration as Go writes it.
func (v Duration) String() string { return time.Duration(v).String() }

// MarshalText writes the duration as String does.
func (v Duration) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

func (v *Duration) fromNode(d *decoder, n *node, path string) {
	if n.kind != textKind && !(n.kind == intKind && n.text == "0") {
		d.fail(n, path, "write it as text with a unit, such as \"15m\"", "must be a duration, not %s", n.describe())
		return
	}
	got, err := ParseDuration(n.text)
	if err != nil {
		d.fail(n, path, err.Error(), "cannot be %s", n.describe())
		return
	}
	*v = Duration(got)
}

// Size is a number of bytes, written as digits or as 128MiB.
type Size int64

func (v *Size) fromNode(d *decoder, n *node, path string) {
	if n.kind != textKind && n.kind != intKind {
		d.fail(n, path, "write bytes, or text with a unit, such as \"128MiB\"", "must be a size, not %s", n.describe())
		return
	}
	text := n.text
	if i, ok := parseInt(text); ok {
		text = strconv.FormatInt(i, 10) // 0x… and underscores
	}
	got, err := ParseSize(text)
	if err != nil {
		d.fail(n, path, err.Error(), "cannot be %s", n.describe())
		return
	}
	*v = Size(got)
}

// Instant is a point in time in milliseconds since 1970 UTC, as Kafka's timestamps count. The zero
// value is not set.
type Instant struct {
	Millis int64
	Set    bool
}

// At is the instant ms milliseconds after 1970.
func At(ms int64) Instant { return Instant{Millis: ms, Set: true} }

// MarshalText writes the milliseconds as digits, or nothing.
func (v Instant) MarshalText() ([]byte, error) {
	if !v.Set {
		return nil, nil
	}
	return strconv.AppendInt(nil, v.Millis, 10), nil
}

func (v *Instant) fromNode(d *decoder, n *node, path string) {
	if n.kind != textKind && n.kind != intKind {
		d.fail(n, path, "write milliseconds, or a time such as 2026-11-20T02:00:00Z", "must be a time, not %s", n.describe())
		return
	}
	ms, err := ParseInstant(n.text, d.zoneOf(path))
	if err != nil {
		d.fail(n, path, err.Error(), "cannot be %s", n.describe())
		return
	}
	*v = At(ms)
}
