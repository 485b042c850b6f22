package storage

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// The backends a Location can name.
const (
	BackendFilesystem = "filesystem"
	BackendS3         = "s3"
)

// Location says where a store is. It holds no secrets.
type Location struct {
	Backend  string // BackendFilesystem or BackendS3
	Path     string // filesystem: the root directory
	Bucket   string // s3
	Region   string // s3, may be empty
	Endpoint string // s3, for servers other than Amazon's; may be empty
	Prefix   string // folder below the root or bucket that the store shows

	// ReadOnly opens the store so that nothing can be written or locked, and a
	// missing root directory is fs.ErrNotExist instead of being created.
	ReadOnly bool
	// FileMode is the mode of new files on a file system, 0600 if zero.
	FileMode fs.FileMode
}

// String is the location as a URL that ParseURL reads back.
func (l Location) String() string {
	if l.Backend == BackendS3 {
		u := url.URL{Scheme: "s3", Host: l.Bucket, Path: strings.TrimSuffix("/"+l.Prefix, "/")}
		q := url.Values{}
		if l.Region != "" {
			q.Set("region", l.Region)
		}
		if l.Endpoint != "" {
			q.Set("endpoint", l.Endpoint)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	return fileURL(filepath.Join(l.Path, filepath.FromSlash(l.Prefix)))
}

// fileURL escapes an absolute path; a relative one stays as it is.
func fileURL(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

var (
	schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// ParseURL reads a plain path, "file:///path" or
// "s3://bucket/prefix?region=…&endpoint=…". Whether the backend can be opened
// is said by Open. Credentials in a URL are refused, and not repeated.
func ParseURL(s string) (Location, error) {
	if s == "" {
		return Location{}, fmt.Errorf("the storage location is empty; give a path, file:///path or s3://bucket/prefix")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return hidden(r) }) {
		return Location{}, fmt.Errorf("the storage location has a control or invisible character")
	}
	scheme := schemePattern.FindString(s)
	switch strings.ToLower(scheme) {
	case "":
		return Location{Backend: BackendFilesystem, Path: filepath.Clean(s)}, nil
	case "file://":
		return parseFile(s[len(scheme):])
	case "s3://":
		return parseS3(s)
	}
	return Location{}, fmt.Errorf("storage location begins with %q, which is not known; give a path, file:///path or s3://bucket/prefix", scheme)
}

// parseFile reads what follows "file://".
func parseFile(rest string) (Location, error) {
	host, path, ok := strings.Cut(rest, "/")
	if !ok || host != "" && host != "localhost" {
		return Location{}, fmt.Errorf("file URL names a host or no path; an absolute path follows three slashes: file:///path")
	}
	if strings.ContainsAny(path, "?#") {
		return Location{}, fmt.Errorf("file URL has a ? or #; write them as %%3F and %%23")
	}
	path, err := url.PathUnescape("/" + path)
	if err != nil {
		return Location{}, fmt.Errorf("file URL: %w; write a percent sign as %%25", err)
	}
	if strings.ContainsFunc(path, hidden) {
		return Location{}, fmt.Errorf("file URL has a control or invisible character: %s", quoteShort(path))
	}
	return Location{Backend: BackendFilesystem, Path: filepath.Clean(path)}, nil
}

// parseS3 reads a whole s3 URL. Nothing of a URL with credentials is repeated.
func parseS3(s string) (Location, error) {
	if authority, _, _ := strings.Cut(s[len("s3://"):], "/"); strings.Contains(authority, "@") {
		return Location{}, fmt.Errorf("s3 URL carries credentials; take them out and use the configuration or the environment")
	}
	u, err := url.Parse(s)
	if err != nil {
		return Location{}, fmt.Errorf("s3 URL is not well formed; it looks like s3://bucket/prefix")
	}
	if u.Fragment != "" {
		return Location{}, fmt.Errorf("s3 URL has a #; write it as %%23")
	}
	l := Location{Backend: BackendS3, Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if !bucketPattern.MatchString(l.Bucket) || strings.Contains(l.Bucket, "..") {
		return Location{}, fmt.Errorf("%s is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens", quoteShort(l.Bucket))
	}
	if err := ValidatePrefix(l.Prefix); err != nil {
		return Location{}, fmt.Errorf("s3 URL: %w", err)
	}
	if err := l.query(u); err != nil {
		return Location{}, err
	}
	return l, nil
}

// query takes the options of an s3 URL.
func (l *Location) query(u *url.URL) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("s3 URL: the part after ? is not well formed")
	}
	for name, v := range values {
		switch {
		case len(v) != 1:
			return fmt.Errorf("s3 URL gives %s more than once", quoteShort(name))
		case strings.ContainsFunc(v[0], hidden) || strings.Contains(v[0], "@"):
			return fmt.Errorf("s3 URL: the value of %s has a control character or credentials", quoteShort(name))
		case name == "region":
			l.Region = v[0]
		case name == "endpoint":
			l.Endpoint = v[0]
		default:
			return fmt.Errorf("s3 URL has an option %s; region and endpoint are known", quoteShort(name))
		}
	}
	return nil
}

// Open opens the store at l. The error is fs.ErrNotExist when l is ReadOnly and
// nothing is there.
func Open(ctx context.Context, l Location) (Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := ValidatePrefix(l.Prefix); err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	switch l.Backend {
	case BackendFilesystem:
		f, err := OpenFilesystemWith(l.Path, FilesystemOptions{ReadOnly: l.ReadOnly, FileMode: l.FileMode})
		if err != nil {
			return nil, err
		}
		return Sub(f, l.Prefix), nil
	case BackendS3:
		return nil, fmt.Errorf("open storage %s: this version cannot store in S3 yet; use a directory (a path or file:///path)", printable(l.String()))
	}
	return nil, fmt.Errorf("open storage: backend %s is not known; use %q", quoteShort(l.Backend), BackendFilesystem)
}
