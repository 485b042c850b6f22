package units

import (
	"fmt"
	"strings"

	"kustody/engine"
)

// Value writes a field of an event or a summary for people. It may hold text from data: sanitize it.
func Value(f engine.Field) string {
	switch v := f.Value.(type) {
	case int:
		return whole(f.Key, int64(v))
	case int32:
		return whole(f.Key, int64(v))
	case int64:
		return whole(f.Key, v)
	case []string:
		return strings.Join(v, ", ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(f.Value)
}

func whole(key string, n int64) string {
	if key == "bytes" {
		return Size(n)
	}
	return Thousands(n)
}

// Facts writes fields on one line: "partitions 3, records 300". It may hold text from data.
func Facts(fields []engine.Field) string {
	var parts []string
	for _, f := range fields {
		if v := Value(f); v != "" {
			parts = append(parts, strings.ReplaceAll(f.Key, "_", " ")+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

// Subject puts what a fact is about first: "orders → restored-orders: partitions 3, records 300". It may
// hold text from data.
func Subject(e engine.Event) string {
	if len(e.Fields) == 0 || e.Fields[0].Key != e.Type {
		return Facts(e.Fields)
	}
	name, rest := Value(e.Fields[0]), e.Fields[1:]
	if len(rest) > 0 && rest[0].Key == "target" {
		name, rest = name+" → "+Value(rest[0]), rest[1:]
	}
	if len(rest) == 0 {
		return name
	}
	return name + ": " + Facts(rest)
}
