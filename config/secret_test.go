package config

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// secretPaths lists the keys of every secret of the schema.
func secretPaths() []string {
	var paths []string
	walkSchema(reflect.TypeFor[Config](), "", func(path string, f field) {
		if f.typ == secretType {
			paths = append(paths, path)
		}
	})
	return paths
}

// planted is a file with a marker in every secret, directly or through a variable or a file.
func planted(how string) string {
	text := "backup_id = 'x'\n"
	for i, path := range secretPaths() {
		marker := fmt.Sprintf("'MARKER-%d'", i)
		switch how {
		case "variable":
			marker = fmt.Sprintf("'${V%d}'", i)
		case "file":
			path, marker = path+"_file", fmt.Sprintf("'/f%d'", i)
		}
		text += path + " = " + marker + "\n"
	}
	return text
}

func plantedOptions() Options {
	return Options{
		LookupEnv: func(name string) (string, bool) { return "MARKER-" + strings.TrimPrefix(name, "V"), name != "DATE" },
		ReadFile:  func(path string) ([]byte, error) { return []byte("MARKER-" + path[2:] + "\n"), nil },
	}
}

type hiding struct{ inner Secret } // a printer cannot call methods of unexported fields

// TestE09_SecretsStayInside: a marker in every secret field shows in nothing that comes out of here.
func TestE09_SecretsStayInside(t *testing.T) {
	if n := len(secretPaths()); n != 11 {
		t.Fatalf("%d secrets in the schema: %v", n, secretPaths())
	}
	for _, how := range []string{"text", "variable", "file"} {
		c, err := Parse("a.toml", []byte(planted(how)), plantedOptions())
		if err != nil {
			t.Fatal(how, err)
		}
		if got := c.Target.Security.Password.Reveal() + c.Notifications.Slack.WebhookURL.Reveal(); strings.Count(got, "MARKER-") != 2 || strings.Contains(got, "\n") {
			t.Fatalf("%s: the secrets are %q", how, got)
		}
		var out bytes.Buffer
		print := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
		for _, v := range []any{c, *c, c.Source, c.Source.Security.Password, &c.Source.Security.Password, hiding{c.Source.Security.Password}, []Secret{c.Storage.AccessKeyID}} {
			print("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v)
			slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
			j, err := json.Marshal(v)
			print("%s %v", j, err)
			y, err := yaml.Marshal(v)
			print("%s %v", y, err)
			print("%v", gob.NewEncoder(&out).Encode(v))
		}
		print("%v", toml.NewEncoder(&out).Encode(map[string]any{"a": c.Source.Security.Password, "b": c.Storage}))
		c.Storage.Path, c.Target.BootstrapServers = "gs://x", []string{"x"}
		for _, verb := range []string{"backup", "restore", "validation", "drill", "check"} {
			print("%v", c.Validate(verb))
		}
		print("%s %q", c.Digest(), c.Warnings)
		if i := strings.Index(out.String(), "MARKER"); i >= 0 {
			t.Errorf("%s: a secret shows: …%s…", how, out.String()[max(0, i-200):i+20])
		}
		if !strings.Contains(out.String(), mask) {
			t.Error("nothing was printed")
		}
	}
}

// TestE09_ErrorsNameNoSecret: no way to get a secret wrong makes an error that holds it.
func TestE09_ErrorsNameNoSecret(t *testing.T) {
	for _, path := range secretPaths() {
		parts := strings.Split(path, ".")
		yamlText := ""
		for i, p := range parts {
			yamlText += strings.Repeat("  ", i) + p + ":"
			if i < len(parts)-1 {
				yamlText += "\n"
			}
		}
		for _, bad := range []string{" [MARKER]", " {MARKER: 1}", " *MARKER", " !MARKER x", " @MARKER", " %MARKER", " 'MARKER", " \"MARKER\\q\"", " `MARKER",
			"MARKER", "MARKER: x", " MARKER: x", " ${MARKER", " ${MARKER x}", " MARKER ${", " |MARKER", " &MARKER [x]", "\n\tMARKER", " {MARKER", " x\n'MARKER: y", " !!MARKER x", " !!int MARKER"} {
			noMarker(t, "a.yaml", yamlText+bad)
		}
		for _, bad := range []string{" = MARKER", " = [\"MARKER\"]", " = {MARKER = 1}", " = \"MARKER", " = 'MARKER", " = \"MARKER\\q\"", " MARKER", " = 'x' MARKER",
			" = \"\"\"MARKER", " = 'MARKER ${'", " = '${MARKER x}'", " = 2026-13-01MARKER", " = [MARKER", " = {MARKER", " = 0MARKER", " = \"\\uMARKER\"", " = +MARKER", " = 1MARKER"} {
			noMarker(t, "a.toml", path+bad)
		}
	}
}

func noMarker(t *testing.T, name, text string) {
	t.Helper()
	c, err := Parse(name, []byte(text), options())
	if err == nil {
		if shown := fmt.Sprintf("%+v", c); strings.Contains(shown, "MARKER") {
			t.Errorf("%q shows: %s", text, shown)
		}
		return
	}
	if strings.Contains(err.Error(), "MARKER") {
		t.Errorf("%q: %v", text, err)
	}
}

func TestSecretZero(t *testing.T) {
	var s Secret
	if s.IsSet() || s.Reveal() != "" || fmt.Sprintf("%v|%q|%#v", s, s, s) != "||" || NewSecret("").IsSet() {
		t.Error("an unset secret is not empty")
	}
}

func TestSecretFiles(t *testing.T) {
	for _, x := range []struct{ content, want, err string }{
		{"a b\n", "a b", ""},
		{"a\r\n", "a", ""},
		{"a\n\n", "a\n", ""},
		{" a ", " a ", ""},
		{"\n", "", `a.toml:1: source.security.sasl_password_file: the file "/run/s" is empty; write the secret into it`},
		{"a\x00b", "", `the file "/run/s" is binary`},
		{"gone", "", `a.toml:1: source.security.sasl_password_file: cannot read the file "/run/s": file does not exist; check the path and its permissions`},
	} {
		o := options()
		o.ReadFile = func(path string) ([]byte, error) {
			if x.content == "gone" {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return []byte(x.content), nil
		}
		c, err := Parse("a.toml", []byte("source.security.sasl_password_file = '/run/s'"), o)
		if x.err == "" && (err != nil || c.Source.Security.Password.Reveal() != x.want) {
			t.Errorf("%q: %v", x.content, err)
		}
		if x.err != "" && (err == nil || !strings.Contains(err.Error(), x.err)) {
			t.Errorf("%q: %v", x.content, err)
		}
	}
	o := options()
	o.ReadFile = nil
	_, err := Parse("a.toml", []byte("source.security.sasl_password_file = '/does/not/exist'"), o)
	if err == nil || errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}
