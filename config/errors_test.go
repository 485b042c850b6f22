package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestH05_OneSentence: what is wrong with a file is one sentence with file, line, key and remedy.
func TestH05_OneSentence(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		// unknown keys, in every place a key can stand
		{"a.toml", "backup_id = 'x'\nbackup_di = 'y'\n", `a.toml:2: backup_di: unknown key; did you mean backup_id?`},
		{"a.yaml", "backup_id: x\nbackup:\n  compresion: zstd\n", `a.yaml:3: backup.compresion: unknown key; did you mean compression?`},
		{"a.toml", "# c\n[source.security]\n\nsasl_pasword = 'x'\n", `a.toml:4: source.security.sasl_pasword: unknown key; did you mean sasl_password?`},
		{"a.toml", "[source]\nsecurity.sasl_usr = 'x'\n", `a.toml:2: source.security.sasl_usr: unknown key; keys here are security_protocol, `},
		{"a.toml", "a = '''\n'''\n\n[source . \"secur\\u0069ty\"]\n'sasl_user' = 1\n", `a.toml:5: source.security.sasl_user: unknown key; keys here are`},
		{"a.toml", "[evidence]\n[[evidence.schedule]]\nkind = 'report'\n[[evidence.schedule]]\nkind = 'report'\nchron = 'x'\n", `a.toml:6: evidence.schedule[1].chron: unknown key; did you mean cron?`},
		{"a.toml", "evidence.schedule = [\n  {cron = 'x'}, # }\n  {kind = 'report',\tkin = ']'},\n]\n", `a.toml:3: evidence.schedule[1].kin: unknown key; did you mean kind?`},
		{"a.toml", "[\"a b\".c]\nx = 1\n", `a.toml:1: "a…": unknown key; keys here are mode`},
		{"a.toml", "x = \"\"\"\n\\\"\"\" # [y]\nk\"\"\"\"\"\n[storage]\nz.y = 1", `a.toml:5: storage.z: unknown key; keys here are backend`},
		{"a.yaml", "evidence:\n  schedule:\n    - kind: report\n      chron: x\n", `a.yaml:4: evidence.schedule[0].chron: unknown key; did you mean cron?`},
		{"a.yaml", "compression: zstd\n", `a.yaml:1: compression: unknown key; did you mean backup.compression?`},
		{"a.yaml", "Backup_ID: x\n", `a.yaml:1: Backup_ID: unknown key; did you mean backup_id?`},
		{"a.yaml", "source: {security: {sasl_password:hunter2}}", `a.yaml:1: source.security."sasl_password…": unknown key; did you mean sasl_password?`},
		{"a.yaml", "backup: {include_internal: true}", `a.yaml:1: backup.include_internal: unknown key; keys here are compression`},
		{"a.yaml", "checks: {webhooks: []}", `a.yaml:1: checks.webhooks: unknown key;`},
		// properties
		{"a.toml", "[source.properties]\n\"client.di\" = 'x'\n", `a.toml:2: source.properties."client.di": this property does not mean the same to both Kafka clients; did you mean "client.id"?`},
		{"a.yaml", "target:\n  properties:\n    sasl.password: hunter2\n", `a.yaml:3: target.properties."sasl.password": this property does not mean the same to both Kafka clients; use target.security.sasl_password`},
		// wrong types
		{"a.toml", "\n[backup]\nworkers = 'nine'\n", `a.toml:3: backup.workers: must be a whole number, not the text "nine"; write digits`},
		{"a.toml", "backup_id = 7\n", `a.toml:1: backup_id: must be text, not a number; put it in quotes`},
		{"a.yaml", "backup_id: [a]\n", `a.yaml:1: backup_id: must be text, not a list; write one text`},
		{"a.yaml", "source: kafka:9092\n", `a.yaml:1: source: must be a table, not text; its keys are bootstrap_servers, `},
		{"a.yaml", "source:\n  bootstrap_servers: {a: b}\n", `a.yaml:2: source.bootstrap_servers: must be a list of texts, not a table; write it in brackets`},
		{"a.yaml", "source:\n  bootstrap_servers:\n    - a:1\n    - [b]\n", `a.yaml:4: source.bootstrap_servers[1]: must be text, not a list; write one text`},
		{"a.toml", "[source]\nbootstrap_servers = [\n'a:1',\n# c\n2]\n", `a.toml:5: source.bootstrap_servers[1]: must be text, not a number; put it in quotes`},
		{"a.yaml", "backup:\n  acls: maybe\n", `a.yaml:2: backup.acls: must be true or false, not the text "maybe"; write true or false`},
		{"a.toml", "backup.acls = 'yes'\n", `a.toml:1: backup.acls: must be true or false, not the text "yes"`},
		{"a.yaml", "backup: {workers: 010}", `a.yaml:1: backup.workers: must be a whole number, not the number 010`},
		{"a.yaml", "backup: {workers: 2.5}", `a.yaml:1: backup.workers: must be a whole number, not the number 2.5`},
		{"a.yaml", "backup: {workers: -1}", `a.yaml:1: backup.workers: -1 is too small; use 0 or more`},
		{"a.yaml", "backup: {compression_level: 99}", `a.yaml:1: backup.compression_level: 99 is too large; use 22 or less`},
		{"a.yaml", "backup: {workers: 99999999999999999999}", `a.yaml:1: backup.workers: must be a whole number`},
		{"a.yaml", "checks: {content: {sample: half}}", `a.yaml:1: checks.content.sample: must be a number, not the text "half"`},
		{"a.yaml", "checks: {content: {sample: .nan}}", `a.yaml:1: checks.content.sample: must be a number, not the number .nan`},
		{"a.yaml", "checks: {content: 3}", `a.yaml:1: checks.content: must be true or false, not the number 3`},
		{"a.yaml", "backup: {compression: zst}", `a.yaml:1: backup.compression: cannot be the text "zst"; did you mean zstd? It can be auto, `},
		{"a.yaml", "evidence: {formats: [json, xml]}", `a.yaml:1: evidence.formats[1]: cannot be the text "xml"; use json or pdf`},
		{"a.yaml", "backup: {consumer_groups: {a: b}}", `a.yaml:1: backup.consumer_groups: must be true, false or a list, not a table;`},
		{"a.yaml", "restore: {partitions: {a: 0}}", `a.yaml:1: restore.partitions.a: 0 is too small; use 1 or more`},
		{"a.yaml", "restore: {topic_mapping: [a]}", `a.yaml:1: restore.topic_mapping: must be a table, not a list;`},
		{"a.yaml", "restore:\n  topic_mapping:\n    a:\n", `a.yaml:3: restore.topic_mapping.a: has no value; write a value or remove the key`},
		{"a.yaml", "source: {topics: 3.5}\nbackup: {interval: 90}", `a.yaml:2: backup.interval: must be a duration, not the number 90; write it as text with a unit`},
		{"a.yaml", "backup: {interval: 90x}", `a.yaml:1: backup.interval: cannot be the text "90x"; not a duration: write a number and ms`},
		{"a.yaml", "backup: {segment_max_bytes: 128M}", `a.yaml:1: backup.segment_max_bytes: cannot be the text "128M"; the unit M can mean two things: write MiB (1024) or MB (1000)`},
		{"a.yaml", "restore: {time_window_end: yesterday}", `a.yaml:1: restore.time_window_end: cannot be the text "yesterday"; not a time`},
		{"a.toml", "restore.time_window_end = 2026-11-20T02:00:00", `a.toml:1: restore.time_window_end: cannot be the text "2026-11-20T02:00:00"; the time has no zone: add Z`},
		{"a.toml", "time_zone = 'Europe/Berlin'\nrestore.time_window_end = 2026-03-29T02:30:00", `a.toml:2: restore.time_window_end: cannot be the text "2026-03-29T02:30:00"; the clocks of Europe/Berlin skip this time`},
		{"a.toml", "time_zone = 'Europe/Berlin'\nrestore.time_window_end = 2026-10-25T02:30:00", `a.toml:2: restore.time_window_end: cannot be the text "2026-10-25T02:30:00"; the clocks of Europe/Berlin show this time twice`},
		{"a.toml", "time_zone = 'Europe/Berlim'\n", `a.toml:1: time_zone: no time zone is called "Europe/Berlim"; write a name such as UTC`},
		{"a.yaml", "evidence: {schedule: [[a]]}", `a.yaml:1: evidence.schedule[0]: must be a table, not a list;`},
		// variables
		{"a.yaml", "source:\n  security:\n    sasl_password: ${NOPE}\n", `a.yaml:3: source.security.sasl_password: the variable ${NOPE} is not set; set it, or write a default as in ${NAME:-value}`},
		{"a.toml", "[[evidence.schedule]]\ncron = 'x'\n[[evidence.schedule]]\ncron = '${NOPE}'", `a.toml:4: evidence.schedule[1].cron: the variable ${NOPE} is not set;`},
		{"a.toml", "backup_id = 'a${b'", `a.toml:1: backup_id: a ${ is not closed with }; write $${ for a literal ${`},
		{"a.toml", "backup_id = '${a b}'", `a.toml:1: backup_id: a ${ is not followed by the name of a variable; write $${`},
		// keys written twice
		{"a.yaml", "backup_id: a\nmode: backup\nbackup_id: b\n", `a.yaml:3: backup_id: the key is written twice, first in line 1; keep one of them`},
		{"a.yaml", "source:\n  topics: [a]\n  topics: [b]\n", `a.yaml:3: source.topics: the key is written twice, first in line 2`},
		{"a.toml", "backup_id = 'a'\nbackup_id = 'b'\n", `a.toml:2: backup_id: the key is written twice; keep one of them`},
		{"a.toml", "storage.path = 'a'\nstorage = 2\n", `a.toml:2: storage: the key is written twice, first in line 1`},
		{"a.toml", "[[evidence.schedule]]\n[evidence]\nschedule.cron = 'x'\n", `a.toml:3: evidence.schedule: the key is written twice, first in line 1`},
		{"a.toml", "[storage]\n[backup]\n[storage]\n", `a.toml:3: the key is written twice; keep one of them`},
		{"a.yaml", "source:\n  security:\n    sasl_password: a\n    sasl_password_file: b\n", `a.yaml:4: source.security.sasl_password_file: sasl_password is set too; keep one of them`},
		// anchors, merge keys, tags, documents
		{"a.yaml", "x: &a [1]\ny: &b [*a,*a]\nsource: {<<: *a}\n", `a.yaml:3: source: merge keys (<<) are not supported; write the keys out`},
		{"a.yaml", bomb(), `aliases multiply the document by more than 10000 values; write the values out`},
		{"a.yaml", "source: &s {security: *s}", `a.yaml:1: source.security.security: the value contains itself`},
		{"a.yaml", "source:\n  security:\n    sasl_password: *hunter2\n", `a.yaml:3: a value begins with * and names no anchor; put the value in quotes`},
		{"a.yaml", "mode: !!binary aGk=\n", `a.yaml:1: mode: YAML tags are not supported;`},
		{"a.yaml", "mode: backup\n---\nmode: restore\n", `a.yaml:3: a second document begins here; put each configuration into a file of its own`},
		{"a.yaml", "- a\n", `a.yaml:1: this is not a configuration: it holds a list;`},
		{"a.yaml", "? [a]\n: b\n", `a.yaml:1: a key is not text; write key: value`},
		// syntax
		{"a.toml", "mode = 'backup'\nbackup_id = hunter2\n", `a.toml:2: backup_id: the key has no value that TOML knows; texts stand in quotes, lists in brackets`},
		{"a.toml", "mode = 'backup'\nbackup_id = 'x\n", `a.toml:2: backup_id: a text does not end on its line; close the quote`},
		{"a.toml", "mode = 'backup'\n[source\n", `a.toml:2: the [name] of a table is not closed; write ] behind the name`},
		{"a.toml", "mode = \"a\\qb\"\n", `a.toml:1: mode: a text has an unknown \ escape; write \\ for a backslash`},
		{"a.toml", "mode: backup\n", `a.toml:1: the line is not valid TOML; the text looks like YAML: name the file .yaml`},
		{"a.yaml", "[source]\nmode = 'x'\n", `the text looks like TOML: name the file .toml`},
		{"a.yaml", "mode: x\nsource:\n  a: 1\n b: 2\n", `a.yaml:4: the indentation does not fit the lines around it; align the keys of one table`},
		{"a.yaml", "mode: x\nsource:\n  a: 1\n\tb: 2\n", `a.yaml:4: the line is indented with a tab; indent with spaces`},
		{"a.yaml", "mode: x\nsource: [a\nb: c\n", `a.yaml:2: a list or table in brackets begins here and is not closed; close the bracket`},
		{"a.yaml", "mode: x\nbackup_id: %x\n", `a.yaml:2: a value begins with a character that YAML keeps for itself; put the value in quotes`},
		// not a configuration at all
		{"a.toml", "mode = 'x'\n\x00", `a.toml:2: the file is binary, or text that is not UTF-8; save it as UTF-8 text`},
		{"a.yaml", "\x7fELF\xff\xfe", `a.yaml:1: the file is binary, or text that is not UTF-8`},
		{"a.yaml", "\xff\xfem\x00", `a.yaml:1: the file is UTF-16; save it as UTF-8`},
		{"a.toml", strings.Repeat("#", MaxFileSize+1), `a.toml: the file is larger than 1 MiB; is it a configuration file?`},
		{"a.toml", "a = " + strings.Repeat("[", 1<<19), `a.toml:1: tables and lists are nested too deeply; use at most 16 levels`},
		{"a.toml", strings.Repeat("a.", 1<<18) + "a = 1", `a.toml:1: tables and lists are nested too deeply`},
		{"a.yaml", "a: " + strings.Repeat("[", 1<<19), `a.yaml: tables and lists are nested too deeply;`},
		{"a.yaml", "a: " + strings.Repeat("[", 20) + strings.Repeat("]", 20), `a.yaml:1: a[0]`},
		// terminal escapes stay text (H04)
		{"a.yaml", "\"x\\e[31m\\u202e\": 1\n", `a.yaml:1: "x\x1b[31m\u202e": unknown key`},
	} {
		_, err := Parse(x.name, []byte(x.text), options())
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%.80q:\n got %v\nwant %s", x.text, err, x.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q shows a password: %v", x.text, err)
		}
	}
}

func bomb() string {
	s := "a: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for _, n := range []string{"0 1", "1 2", "2 3", "3 4", "4 5", "5 6", "6 7"} {
		s += "b" + n[2:] + ": &a" + n[2:] + " [" + strings.Repeat("*a"+n[:1]+",", 9) + "]\n"
	}
	return s
}

func TestErrorsAreCollectedInOrder(t *testing.T) {
	_, err := Parse("a.yaml", []byte("backup:\n  workers: x\n  akls: true\nmode: dril\nsource: {cluster: '${NO}'}\n"), options())
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, line[:len("a.yaml:1")])
	}
	if got := strings.Join(lines, " "); got != "a.yaml:2 a.yaml:3 a.yaml:4 a.yaml:5" {
		t.Errorf("%s in\n%v", got, err)
	}
	var one *Error
	if !errors.As(err, &one) || one.Line != 2 || one.Key != "backup.workers" {
		t.Errorf("the first is %+v", one)
	}
	_, err = Parse("a.toml", []byte(strings.Repeat("\n", 3)+manyKeys(500)), options())
	if n := strings.Count(err.Error(), "\n"); n != 20 || !strings.Contains(err.Error(), "and 480 more") {
		t.Errorf("%d lines", n)
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i) + " = 1\n")
	}
	return b.String()
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := readAndParse(filepath.Join(dir, "gone.toml"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := readAndParse(dir, Options{}); err == nil {
		t.Error("a directory was read")
	}
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, make([]byte, 10<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readAndParse(big, Options{}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}
