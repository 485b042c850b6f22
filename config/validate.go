package config

import (
	"fmt"
	"strings"
	"unicode"
)

// checker collects what a verb still misses.
type checker struct {
	c        *Config
	problems []*Error
}

// add reports a problem of a key, with the line it was written on if it was.
func (v *checker) add(key, remedy, format string, args ...any) {
	e := &Error{Key: key, Problem: fmt.Sprintf(format, args...), Remedy: remedy}
	if o := v.c.origin; o != nil {
		e.File, e.Line = o.file, o.line(key)
	}
	v.problems = append(v.problems, e)
}

// line is where a key stands, or the nearest table around it; 0 if neither was written.
func (o *origin) line(key string) int {
	for {
		if line, ok := o.lines[key]; ok {
			return line
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
}

// verbOf is the first word of a verb as the command line has it ("validation run" is "validation").
func verbOf(verb string) string {
	verb, _, _ = strings.Cut(strings.TrimSpace(verb), " ")
	return verb
}

// CheckMode says whether mode, if it was written, fits the verb. Verbs that are no jobs fit any mode.
func (c *Config) CheckMode(verb string) error {
	verb = verbOf(verb)
	jobs := map[string]bool{"backup": true, "restore": true, "validation": true, "drill": true}
	if c.Mode == "" || c.Mode == verb || !jobs[verb] {
		return nil
	}
	v := checker{c: c}
	v.add("mode", fmt.Sprintf("run kustody %s, or remove the key", c.Mode), "this file is for %s, not for %s", c.Mode, verb)
	return join(v.problems)
}

// Validate says everything that a verb (backup, restore, validation, drill, check) misses or cannot do
// with this configuration, each part an *Error; nil if it can begin. For check only what is written
// is looked at. It reads no file and asks nobody.
func (c *Config) Validate(verb string) error {
	v := &checker{c: c}
	verb = verbOf(verb)
	if err := c.CheckMode(verb); err != nil {
		return err
	}
	backs, restores := verb == "backup" || verb == "drill", verb == "restore" || verb == "drill"
	targets := restores || verb == "validation"
	v.identity(backs || targets)
	v.cluster("source", c.Source, backs)
	v.cluster("target", c.Target, targets)
	if backs && len(c.Source.Topics.Include) == 0 {
		v.add("source.topics", "write topics = [\"orders\", \"payments-*\"] in [source]", "no topics are chosen")
	}
	v.storage("storage", c.Storage, backs || targets)
	v.backup()
	v.restore()
	v.checks()
	v.evidence()
	if verb == "check" && !c.Source.Named() && !c.Target.Named() && !c.Storage.Named() {
		v.add("", "write [source], [target] or [storage]", "there is nothing to check")
	}
	return join(v.problems)
}

func (v *checker) identity(required bool) {
	c := v.c
	if required && c.BackupID == "" {
		v.add("backup_id", "write backup_id = \"name\"", "is missing")
	}
	for _, x := range []struct{ key, value string }{
		{"backup_id", c.BackupID}, {"triggered_by", c.TriggeredBy},
		{"evidence.series", c.Evidence.Series}, {"evidence.operator", c.Evidence.Operator},
	} {
		v.name(x.key, x.value)
	}
}

// name refuses names that could not be shown or stored. What is odd but printable is escaped by storage.
func (v *checker) name(key, value string) {
	const most = 200
	switch {
	case len(value) > most:
		v.add(key, fmt.Sprintf("use at most %d bytes", most), "the name is too long")
	case strings.IndexFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0:
		v.add(key, "use letters, digits and - _ .", "the name has characters that cannot be shown")
	case strings.TrimSpace(value) != value:
		v.add(key, "remove it", "the name begins or ends with a space")
	}
}

// patterns checks topic or group patterns; literal topic names must be ones that Kafka knows.
func (v *checker) patterns(key string, t Topics, areTopics bool) {
	for _, side := range []struct {
		name string
		list []string
	}{{"include", t.Include}, {"exclude", t.Exclude}} {
		for _, text := range side.list {
			p, err := Compile([]string{text}, nil)
			if err != nil {
				v.add(key, "", "%v", err)
				continue
			}
			for _, name := range p.Literals() {
				if areTopics && !legalTopic(name) {
					v.add(key, "use letters, digits and . _ - only, at most 249", "%s cannot be the name of a topic", short(name))
				}
			}
		}
	}
}

// legalTopic says whether Kafka can have a topic of that name.
func legalTopic(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return r != '.' && !bareKeyRune(r) }) < 0
}
