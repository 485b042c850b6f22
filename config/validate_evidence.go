package config

import (
	"regexp"
	"strings"
)

func (v *checker) evidence() {
	e := v.c.Evidence
	if len(e.Formats) == 0 {
		v.add("evidence.formats", "write formats = [\"json\"]", "is empty")
	}
	if e.Signing.Enabled && e.Signing.PrivateKeyPath == "" {
		v.add("evidence.signing.private_key_path", "make a key with kustody keygen and name its file", "is missing, and signing is enabled")
	}
	if a, b := e.Storage.RetentionDays, e.RetentionDays; a != 0 && b != 0 && a != b {
		v.add("evidence.retention_days", "keep one of them", "is %d, but evidence.storage.retention_days is %d", b, a)
	}
	if e.TimestampAuthority != "" {
		v.add("evidence.timestamp_authority", "remove it", "time stamps (RFC 3161) are not in this version")
	}
	for i, s := range e.Schedule {
		key := "evidence.schedule"
		if len(e.Schedule) > 1 {
			key = indexed(key, i)
		}
		if !cronShape(s.Cron) {
			v.add(key, "write five fields such as \"0 2 * * 0\", or a word such as weekly", "is not a schedule")
		}
	}
	v.storage("evidence.storage", e.Storage.Storage, false)
	v.prefix("evidence.storage.prefix", e.Storage.Prefix)
	if strings.Trim(e.Storage.Prefix, "/") == "" {
		v.add("evidence.storage.prefix", "write a folder such as \"evidence/\"", "is empty, and evidence would lie between other objects")
	}
}

var cronField = regexp.MustCompile(`^[0-9A-Za-z*/,#?L-]+$`)

// cronShape says whether a text looks like a schedule. What it means is the ledger's to say.
func cronShape(s string) bool {
	fields := strings.Fields(s)
	if len(fields) == 1 {
		return regexp.MustCompile(`^@?[a-z]+$`).MatchString(fields[0])
	}
	if len(fields) != 5 {
		return false
	}
	for _, f := range fields {
		if !cronField.MatchString(f) {
			return false
		}
	}
	return true
}
