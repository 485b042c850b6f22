package storage

import (
	"context"
	"io"
	"net/url"
	"strings"
)

// Sub shows the part of s whose keys lie below the folder prefix, as a store of
// its own; an empty prefix gives s itself. Keys, listings and Info are relative
// to prefix; errors name the whole key. A prefix that is not allowed makes
// every call fail.
func Sub(s Store, prefix string) Store {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return s
	}
	return &sub{s: s, prefix: prefix + "/"}
}

type sub struct {
	s      Store
	prefix string // ends in a slash
}

// key joins; a bad key is refused here, so that the message shows it as given.
func (v *sub) key(key string) (string, error) {
	if err := ValidateKey(key); err != nil {
		return "", err
	}
	return v.prefix + key, nil
}

func (v *sub) Put(ctx context.Context, key string, data []byte) error {
	key, err := v.key(key)
	if err != nil {
		return err
	}
	return v.s.Put(ctx, key, data)
}

func (v *sub) Create(ctx context.Context, key string) (Writer, error) {
	key, err := v.key(key)
	if err != nil {
		return nil, err
	}
	return v.s.Create(ctx, key)
}

func (v *sub) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	key, err := v.key(key)
	if err != nil {
		return nil, err
	}
	return v.s.Get(ctx, key)
}

func (v *sub) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	key, err := v.key(key)
	if err != nil {
		return nil, err
	}
	return v.s.GetRange(ctx, key, offset, length)
}

func (v *sub) List(ctx context.Context, prefix string, fn func(string, int64) error) error {
	if err := ValidatePrefix(prefix); err != nil {
		return err
	}
	return v.s.List(ctx, v.prefix+prefix, func(key string, size int64) error {
		return fn(strings.TrimPrefix(key, v.prefix), size)
	})
}

func (v *sub) ListDirs(ctx context.Context, prefix string) ([]string, error) {
	if err := validateDirPrefix(prefix); err != nil {
		return nil, err
	}
	return v.s.ListDirs(ctx, v.prefix+prefix)
}

func (v *sub) Stat(ctx context.Context, key string) (Info, error) {
	key, err := v.key(key)
	if err != nil {
		return Info{}, err
	}
	info, err := v.s.Stat(ctx, key)
	info.Key = strings.TrimPrefix(info.Key, v.prefix)
	return info, err
}

func (v *sub) Lock(ctx context.Context, key string, h Holder) (*Lock, error) {
	key, err := v.key(key)
	if err != nil {
		return nil, err
	}
	return v.s.Lock(ctx, key, h)
}

func (v *sub) Holder(ctx context.Context, key string) (Holder, bool, error) {
	key, err := v.key(key)
	if err != nil {
		return Holder{}, false, err
	}
	return v.s.Holder(ctx, key)
}

func (v *sub) URL() string {
	return strings.TrimSuffix(v.s.URL(), "/") + "/" + (&url.URL{Path: strings.TrimSuffix(v.prefix, "/")}).EscapedPath()
}
