package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// EventVersion is the "v" of every JSON line. Fields are added, never given another meaning.
const EventVersion = 1

// Level says how much a fact wants to be seen.
type Level int

// Levels, from what is merely true to what went wrong.
const (
	LevelInfo Level = iota
	LevelWarning
	LevelError
)

// Field is one flat member of an event.
type Field struct {
	Key   string
	Value any // string, bool, number, or a slice of strings
}

// F makes a Field.
func F(key string, value any) Field { return Field{key, value} }

// Event is one fact of a job. It never holds contents of records.
type Event struct {
	Seq    int
	Time   time.Time
	Type   string
	Job    string
	Level  Level
	Fields []Field
}

// Get is the value of a field, or nil.
func (e Event) Get(key string) any {
	for _, f := range e.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// MarshalJSON writes the flat line of --format json, members in a fixed order.
func (e Event) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	head := []Field{{"v", EventVersion}, {"seq", e.Seq}, {"time", e.Time.UTC().Format("2006-01-02T15:04:05.000Z")}, {"type", e.Type}, {"job", e.Job}}
	b.WriteByte('{')
	for i, f := range append(head, e.Fields...) {
		if i > 0 {
			b.WriteByte(',')
		}
		v, err := json.Marshal(f.Value)
		if err != nil {
			return nil, fmt.Errorf("event %s, field %s: %w", e.Type, f.Key, err)
		}
		fmt.Fprintf(&b, "%q:%s", f.Key, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Text is the event as one line for people: a message if there is one, else the type and its fields.
func (e Event) Text() string {
	if m, ok := e.Get("message").(string); ok {
		return Sanitize(m)
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(e.Type, "_", " "))
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s=%v", f.Key, f.Value)
	}
	return Sanitize(b.String())
}
