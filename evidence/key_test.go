package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command line of reference/sox-compliance-evidence, and its relatives.
const (
	makeP256 = "openssl ecparam -genkey -name prime256v1 -noout"
	toPKCS8  = " | openssl pkcs8 -topk8 -nocrypt"
)

func TestKeysAsOpensslMakesThem(t *testing.T) {
	tests := []struct {
		name, script string
		note, err    string
	}{
		{name: "PKCS#8", script: makeP256 + toPKCS8},
		{name: "SEC1", script: makeP256, note: "SEC1"},
		{name: "SEC1 with parameters", script: "openssl ecparam -genkey -name prime256v1", note: "SEC1"},
		{name: "explicit curve parameters", script: makeP256 + " -param_enc explicit" + toPKCS8, err: "cannot be read"},
		{name: "P-384", script: "openssl ecparam -genkey -name secp384r1 -noout" + toPKCS8, err: "P-384"},
		{name: "RSA", script: "openssl genrsa 2048 2>/dev/null", err: "RSA (2048 bits)"},
		{name: "RSA PKCS#1", script: "openssl genrsa -traditional 2048 2>/dev/null", err: `"RSA PRIVATE KEY"`},
		{name: "Ed25519", script: "openssl genpkey -algorithm ed25519", err: "ed25519"},
		{name: "encrypted PKCS#8", script: makeP256 + " | openssl pkcs8 -topk8 -passout pass:x", err: "passphrase"},
		{name: "encrypted SEC1", script: makeP256 + " | openssl ec -aes128 -passout pass:x 2>/dev/null", err: "passphrase"},
		{name: "public key", script: makeP256 + " | openssl ec -pubout 2>/dev/null", err: "public key"},
		{name: "DER", script: makeP256 + " -outform DER", err: "no key in PEM"},
		{name: "nothing", script: "true", err: "empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := shell(t, t.TempDir(), tt.script)
			s, err := ParseSigner([]byte(out))
			if tt.err != "" {
				wantError(t, err, tt.err)
				return
			}
			must(t, err)
			if notes := strings.Join(s.Notes(), "\n"); !strings.Contains(notes, tt.note) || (tt.note == "" && notes != "") {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
			sig, err := s.Sign([]byte("text"))
			must(t, err)
			must(t, s.PublicKey().Verify([]byte("text"), sig))
		})
	}
}

func TestPublicKeySentences(t *testing.T) {
	tests := []struct{ name, script, err string }{
		{"of PKCS#8", makeP256 + toPKCS8 + " | openssl ec -pubout 2>/dev/null", ""},
		{"private", makeP256 + toPKCS8, "private key"},
		{"P-384", "openssl ecparam -genkey -name secp384r1 -noout | openssl ec -pubout 2>/dev/null", "P-384"},
		{"RSA", "openssl genrsa 2048 2>/dev/null | openssl rsa -pubout 2>/dev/null", "RSA (2048 bits)"},
		{"certificate", makeP256 + " > k; openssl req -x509 -key k -subj /CN=x", "certificate"},
		{"text", "echo hello", "no key in PEM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := shell(t, t.TempDir(), tt.script)
			_, err := ParsePublicKey([]byte(out))
			if tt.err == "" {
				must(t, err)
				return
			}
			wantError(t, err, tt.err)
		})
	}
}

func TestOpensslAndWeReadEachOther(t *testing.T) {
	dir := t.TempDir()
	pub, err := WriteKeyPair(filepath.Join(dir, "key.pem"), filepath.Join(dir, "pub.pem"))
	must(t, err)
	s, err := LoadSigner(filepath.Join(dir, "key.pem"))
	must(t, err)
	body := []byte("the exact bytes\n")
	sig, err := s.Sign(body)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "body"), body, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "sig"), sig, 0o600))
	if out, ok := shell(t, dir, "openssl dgst -sha256 -verify pub.pem -signature sig body"); !ok || out != "Verified OK\n" {
		t.Errorf("openssl says %q", out)
	}
	shell(t, dir, "openssl dgst -sha256 -sign key.pem -out theirs body")
	must(t, pub.Verify(body, readFile(t, filepath.Join(dir, "theirs"))))
	if err := pub.Verify([]byte("other bytes"), sig); err == nil {
		t.Error("a signature over other bytes verifies")
	}
	out, _ := shell(t, dir, "openssl pkey -pubin -in pub.pem -outform DER | sha256sum")
	if got := pub.Fingerprint(); !strings.HasPrefix(out, got) || pub.KeyID() != got[:16] {
		t.Errorf("fingerprint %s, openssl says %s", got, out)
	}
	out, _ = shell(t, dir, "openssl pkey -in key.pem -pubout")
	if out != string(pub.PEM()) {
		t.Errorf("PEM differs from openssl's:\n%s%s", pub.PEM(), out)
	}
}

func TestKeygenNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	key, pub := filepath.Join(dir, "key.pem"), filepath.Join(dir, "pub.pem")
	must(t, os.WriteFile(pub, []byte("mine"), 0o644))
	if _, err := WriteKeyPair(key, pub); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("err = %v, want fs.ErrExist", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a pair was left: %v", err)
	}
	must(t, os.Remove(pub))
	_, err := WriteKeyPair(key, pub)
	must(t, err)
	for path, mode := range map[string]os.FileMode{key: 0o600, pub: 0o644} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm()&^mode != 0 || info.Mode().Perm()&0o600 != 0o600 {
			t.Errorf("%s has mode %04o, want %04o", path, info.Mode().Perm(), mode)
		}
	}
	before := readFile(t, key)
	if _, err := WriteKeyPair(key, filepath.Join(dir, "other.pem")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("err = %v, want fs.ErrExist", err)
	}
	if string(readFile(t, key)) != string(before) {
		t.Error("the private key was overwritten")
	}
}

func TestReadableKeyIsANote(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key.pem")
	_, err := WriteKeyPair(key, filepath.Join(dir, "pub.pem"))
	must(t, err)
	must(t, os.Chmod(key, 0o644))
	s, err := LoadSigner(key)
	must(t, err)
	if notes := strings.Join(s.Notes(), "\n"); !strings.Contains(notes, "chmod 600") {
		t.Errorf("notes = %q", notes)
	}
}

func FuzzParseSigner(f *testing.F) {
	f.Add(readFile(f, "testdata/key.pem"))
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParseSigner(data); err == nil {
			sig, err := s.Sign(data)
			must(t, err)
			must(t, s.PublicKey().Verify(data, sig))
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(readFile(f, "testdata/pub.pem"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if pub, err := ParsePublicKey(data); err == nil {
			again, err := ParsePublicKey(pub.PEM())
			must(t, err)
			if !again.Equal(pub) {
				t.Error("another key after a round trip")
			}
		}
	})
}
