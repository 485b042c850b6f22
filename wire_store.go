package main

import (
	"context"
	"strings"

	"kustody/config"
	"kustody/engine"
	"kustody/storage"
)

// location is how the storage room names a place of the configuration.
func location(s config.Storage) (storage.Location, error) {
	if s.Backend == config.S3 {
		return storage.Location{}, noS3()
	}
	return storage.Location{Backend: storage.BackendFilesystem, Path: s.Path, Prefix: strings.Trim(s.Prefix, "/")}, nil
}

func noS3() error {
	return usage(`name one with storage.path or --path`, "this version runs on a local directory only, not on S3")
}

// openPath opens the store that --path names, for reading only.
func openPath(ctx context.Context, path string) (storage.Store, error) {
	loc, err := pathLocation(path)
	if err != nil {
		return nil, err
	}
	return openReadOnly(ctx, loc)
}

// pathLocation is the place that a path or URL names.
func pathLocation(path string) (storage.Location, error) {
	loc, err := storage.ParseURL(path)
	if err != nil {
		return loc, usage("", "--path: %w", err)
	}
	if loc.Backend != storage.BackendFilesystem {
		return loc, noS3()
	}
	return loc, nil
}

func openReadOnly(ctx context.Context, loc storage.Location) (storage.Store, error) {
	loc.ReadOnly = true
	store, err := storage.Open(ctx, loc)
	if err != nil {
		return nil, notThere("open "+loc.String(), err)
	}
	return store, nil
}

// archives opens the store of archives.
func (s *session) archives(ctx context.Context, readOnly bool) (storage.Store, error) {
	loc, err := location(s.cfg.Storage.Located())
	if err != nil {
		return nil, err
	}
	if readOnly {
		return openReadOnly(ctx, loc)
	}
	return storage.Open(ctx, loc)
}

// evidencePlace is the root that evidence keys count from, and the prefix of evidence below it.
func evidencePlace(cfg *config.Config) (root storage.Location, prefix string, err error) {
	place := cfg.EvidencePlace()
	prefix = strings.Trim(place.Prefix, "/") + "/"
	place.Prefix = ""
	root, err = location(place)
	return root, strings.TrimPrefix(prefix, "/"), err
}

// asked opens what a query is about: --path alone, or the storage of a configuration. With --path a
// configuration is read only if it is named: whoever looks into a folder decides himself what to trust.
func (a *app) asked(ctx context.Context, p places) (storage.Store, *session, error) {
	if p.path != "" && p.config == "" {
		store, err := openPath(ctx, p.path)
		if err != nil {
			return nil, nil, err
		}
		s := &session{app: a, cfg: config.Default(), now: a.start, warn: a.warn, env: engine.Env{Clock: a.clock, Tool: tool()}}
		return store, s, s.loadKeys(p.publicKey, false)
	}
	s, err := a.load("query", p)
	if err != nil {
		return nil, nil, err
	}
	if !s.cfg.Storage.Named() {
		return nil, nil, usage("write [storage] path, or give --path", "no storage is named")
	}
	store, err := s.archives(ctx, true)
	return store, s, err
}
