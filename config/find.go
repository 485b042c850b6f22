package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// EnvFile is the variable that names the configuration file when no flag does.
const EnvFile = "KUSTODY_CONFIG"

// Find says which file to load: the explicit one, the one that $KUSTODY_CONFIG names, kustody.toml
// (.yaml, .yml) here, or the same in the user's configuration directory. When there is none it is
// fs.ErrNotExist; a file that was named and is not there is an error that says so. Two candidates in
// one directory are an error, because it cannot be told which is meant.
func Find(explicit string) (string, error) {
	for _, named := range []struct{ by, path string }{{"--config", explicit}, {"$" + EnvFile, os.Getenv(EnvFile)}} {
		if named.path == "" {
			continue
		}
		if _, err := os.Stat(named.path); err != nil {
			return "", fmt.Errorf("configuration that %s names: %w", named.by, err)
		}
		return named.path, nil
	}
	dirs := []string{"."}
	if dir, err := os.UserConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "kustody"))
	}
	for _, dir := range dirs {
		path, err := findIn(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("find a configuration: %w; name one with --config, or write kustody.toml", fs.ErrNotExist)
}

func findIn(dir string) (string, error) {
	var found []string
	for _, ext := range []string{".toml", ".yaml", ".yml"} {
		path := filepath.Join(dir, "kustody"+ext)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			found = append(found, path)
		}
	}
	switch len(found) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there are %s and %s: name one with --config, or remove the other", found[0], found[1])
}
