package config

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

func (v *checker) storage(key string, s Storage, required bool) {
	at := func(name string) string { return key + "." + name }
	if !s.Named() {
		if required {
			v.add(at("path"), "write path = \"/var/backups/kafka\", or backend = \"s3\" and bucket", "no place is named")
		}
		return
	}
	loc := s.Located()
	scheme, rest := splitScheme(s.Path)
	switch {
	case strings.Contains(rest, "@") && scheme != "" && scheme != "file":
		v.add(at("path"), "use access_key_id and secret_access_key", "a path holds no credentials")
	case scheme != "" && scheme != "file" && scheme != "s3":
		v.add(at("path"), "use a directory, file:// or s3://", "this kind of store is not known")
	case loc.Backend == Filesystem && scheme == "s3", loc.Backend == S3 && scheme == "file":
		v.add(at("backend"), "remove backend, or change path", "is %s but path is a %s:// one", loc.Backend, scheme)
	case loc.Backend == Filesystem && s.Bucket != "":
		v.add(at("bucket"), "remove it, or use backend = \"s3\"", "a filesystem has no bucket")
	case loc.Backend == Filesystem && (loc.Path == "" || strings.HasPrefix(loc.Path, "file:")):
		v.add(at("path"), "write path = \"/var/backups/kafka\", or file:// and three slashes", "no directory is named")
	case loc.Backend == S3 && loc.Bucket == "":
		v.add(at("bucket"), "write bucket = \"name\"", "is missing")
	case loc.Backend == S3 && loc.Path != "":
		v.add(at("path"), "write the bucket once", "s3:// in path and bucket disagree, or path is not an s3:// one")
	}
	v.prefix(at("prefix"), loc.Prefix)
	v.s3(at, loc)
}

// prefix refuses what would climb out of the bucket or directory, or could not be shown.
func (v *checker) prefix(key, prefix string) {
	parts := strings.Split(prefix, "/")
	switch {
	case slices.Contains(parts, "..") || slices.Contains(parts, "."):
		v.add(key, "write plain folder names", "a prefix cannot hold . or .. as a folder")
	case strings.Contains(prefix, "\\") || strings.IndexFunc(prefix, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0:
		v.add(key, "write plain folder names with / between them", "a prefix cannot hold backslashes or characters that cannot be shown")
	case len(prefix) > 500:
		v.add(key, "use at most 500 bytes", "the prefix is too long")
	}
}

func (v *checker) s3(at func(string) string, s Storage) {
	if s.AccessKeyID.IsSet() != s.SecretAccessKey.IsSet() {
		v.add(at("secret_access_key"), "write both, or none", "access_key_id and secret_access_key belong together")
	}
	if s.Profile != "" && s.AccessKeyID.IsSet() {
		v.add(at("profile"), "keep one of them", "access_key_id is set too")
	}
	if s.SSEKMSKeyID != "" && !strings.HasPrefix(s.SSE, "aws:kms") {
		v.add(at("sse_kms_key_id"), "write sse = \"aws:kms\"", "needs sse to be aws:kms")
	}
	if s.Endpoint == "" {
		return
	}
	u, err := url.Parse(s.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		v.add(at("endpoint"), "write it as in https://minio.example.com:9000", "is not an http:// or https:// URL")
	case u.User != nil:
		v.add(at("endpoint"), "use access_key_id and secret_access_key", "an endpoint holds no credentials")
	case u.Scheme == "http" && !s.AllowHTTP:
		v.add(at("endpoint"), "use https://, or write allow_http = true", "http:// would send everything unencrypted")
	}
}
