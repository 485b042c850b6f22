package config

import (
	"net/url"
	"strings"
)

// Backends of Storage.Backend.
const (
	Filesystem = "filesystem"
	S3         = "s3"
)

// Storage is a place for named bytes. Located brings the ways to write it down to one form.
type Storage struct {
	Backend         string `key:"backend" enum:"filesystem|s3" doc:"Told from path or bucket if left out."`
	Path            string `key:"path" doc:"A directory, plain or as file://, or s3://bucket/prefix."`
	Bucket          string `key:"bucket" doc:"S3 bucket."`
	Region          string `key:"region" doc:"S3 region."`
	Endpoint        string `key:"endpoint" doc:"URL of an S3 server that is not AWS."`
	Prefix          string `key:"prefix" doc:"Folder inside the bucket or directory; everything is put below it."`
	AccessKeyID     Secret `key:"access_key_id" doc:"S3 access key; default the usual AWS sources."`
	SecretAccessKey Secret `key:"secret_access_key" doc:"S3 secret key."`
	Profile         string `key:"profile" doc:"Profile of the shared AWS configuration."`
	PathStyle       bool   `key:"path_style" doc:"Bucket in the path instead of the host name."`
	AllowHTTP       bool   `key:"allow_http" doc:"Allow an http:// endpoint."`
	SSE             string `key:"sse" enum:"AES256|aws:kms|aws:kms:dsse" doc:"Server-side encryption to ask for."`
	SSEKMSKeyID     string `key:"sse_kms_key_id" doc:"KMS key for it."`
}

// Named says whether the place itself was written down.
func (s Storage) Named() bool { return s.Path != "" || s.Bucket != "" }

// Located is the same place in one form: Backend is filled in, a file:// path is a plain one, and
// s3://bucket/prefix is taken apart into Bucket and Prefix, with Path empty. What cannot be told
// stays as it is; Validate names it.
func (s Storage) Located() Storage {
	if s.Backend == "" {
		s.Backend = inferBackend(s)
	}
	switch scheme, rest := splitScheme(s.Path); {
	case scheme == "s3":
		bucket, prefix, _ := strings.Cut(rest, "/")
		if s.Bucket == "" || s.Bucket == bucket {
			s.Bucket, s.Path = bucket, ""
			s.Prefix = joinPrefix(prefix, s.Prefix)
		}
	case scheme == "file":
		if u, err := url.Parse(s.Path); err == nil && (u.Host == "" || u.Host == "localhost") && u.Path != "" {
			s.Path = u.Path
		}
	}
	return s
}

func inferBackend(s Storage) string {
	switch scheme, _ := splitScheme(s.Path); {
	case scheme == "s3", s.Path == "" && s.Bucket != "":
		return S3
	case s.Path != "" && (scheme == "" || scheme == "file"):
		return Filesystem
	}
	return ""
}

// splitScheme takes "s3://rest" apart; a plain path has no scheme.
func splitScheme(path string) (scheme, rest string) {
	scheme, rest, ok := strings.Cut(path, "://")
	if !ok || scheme == "" || strings.ContainsAny(scheme, "/\\.") {
		return "", path
	}
	return strings.ToLower(scheme), rest
}

func joinPrefix(a, b string) string {
	a, b = strings.Trim(a, "/"), strings.TrimLeft(b, "/")
	if a == "" || b == "" {
		return a + b
	}
	return a + "/" + b
}

// EvidenceStorage is where evidence lies. Prefix counts from the root of the bucket or directory, not
// from storage.prefix, so that an auditor can be given the evidence alone.
type EvidenceStorage struct {
	Storage
	RetentionDays int    `key:"retention_days" min:"1" max:"36500" doc:"Days for which evidence is locked where the store can lock."`
	RetentionMode string `key:"retention_mode" enum:"compliance|governance" doc:"Object Lock mode; default compliance."`
}

// SetStorageURL replaces the place of the archives with the one that --path named. Region, endpoint
// and credentials stay.
func (c *Config) SetStorageURL(path string) {
	s := &c.Storage
	s.Backend, s.Bucket, s.Prefix, s.Path = "", "", "", path
}

// EvidencePlace is where evidence lies, located. Unless [evidence.storage] names a place of its own it
// is the bucket or directory of [storage], under evidence.storage.prefix.
func (c *Config) EvidencePlace() Storage {
	own := c.Evidence.Storage.Storage
	if own.Named() || own.Endpoint != "" || own.Backend != "" && own.Backend != c.Storage.Located().Backend {
		return own.Located()
	}
	place := c.Storage.Located()
	place.Prefix = own.Prefix
	overlayString(&place.Region, own.Region)
	overlayString(&place.Profile, own.Profile)
	overlayString(&place.SSE, own.SSE)
	overlayString(&place.SSEKMSKeyID, own.SSEKMSKeyID)
	if own.AccessKeyID.IsSet() || own.SecretAccessKey.IsSet() {
		place.AccessKeyID, place.SecretAccessKey = own.AccessKeyID, own.SecretAccessKey
	}
	return place
}

func overlayString(dst *string, s string) {
	if s != "" {
		*dst = s
	}
}
