package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/evidence"
)

func (a *app) verbKeygen() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "make a key pair that signs evidence",
		Long: "Makes an ECDSA P-256 key pair: the private key as PKCS#8 with mode 0600, the public key beside it as\n" +
			".pub.pem. Nothing that is there is overwritten. Give the public key to the auditor by another road\n" +
			"than the evidence.",
		Example: "  kustody keygen --out keys/signing.pem",
		Args:    a.noVerb,
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usage("write --out keys/signing.pem", "--out is missing: the file of the private key")
			}
			return a.keygen(out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file of the private key; the public key is written beside it")
	_ = cmd.MarkFlagFilename("out", "pem")
	return cmd
}

// keygen writes both keys, and says how to look at them with openssl.
func (a *app) keygen(private string) error {
	public := strings.TrimSuffix(private, ".pem") + ".pub.pem"
	if err := os.MkdirAll(filepath.Dir(private), 0o700); err != nil {
		return fmt.Errorf("make the folder of the keys: %w", err)
	}
	key, err := evidence.WriteKeyPair(private, public)
	if errors.Is(err, fs.ErrExist) {
		return &engine.Problem{Exit: engine.ExitFailed, Hint: "a key is never overwritten: choose another name", Err: err}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, `private key: %[1]s (keep it secret)
public key:  %[2]s (give it to the auditor by another road than the evidence)
key id:      %[3]s
fingerprint: %[4]s

Look at them:
  openssl pkey -in %[1]s -noout -text
  openssl pkey -pubin -in %[2]s -outform DER | sha256sum

In kustody.toml:
  [evidence.signing]
  private_key_path = %[5]q
`, engine.Sanitize(private), engine.Sanitize(public), key.KeyID(), key.Fingerprint(), private)
	return nil
}
