package kafka

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
)

// encryptedTestKey is a P-256 key that OpenSSL 3.0 encrypted with the password "secret" (16 rounds).
const encryptedTestKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAj2HXYgAk42cgIBEDAM
BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQmi4Cral2dltyx5Sev4sVEQSBkGEp
IfYu3WPmXDehLigV54Yrr1E5R2QDfH4garLZGvV4B8GLWkQppvlAG8W6Rv3+B+Rd
RpuUBz4GWXc+MYts5r31qGtGOKXlh3dEVG8j/MVrCqyrxDiYJTKs9ZwdO+/TNRdN
vklQ3Usxr57yAheMs1RK17twukflDd399X7mY0B//9SqIoBF29DYfriVWZeKsQ==
-----END ENCRYPTED PRIVATE KEY-----
`

func TestDecryptPKCS8(t *testing.T) {
	block, _ := pem.Decode([]byte(encryptedTestKey))
	der, err := decryptPKCS8(block.Bytes, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err != nil {
		t.Error(err)
	}
	if _, err := decryptPKCS8(block.Bytes, []byte("wrong")); err != errWrongKeyPassword {
		t.Errorf("wrong password: %v", err)
	}
	for n := range len(block.Bytes) {
		if _, err := decryptPKCS8(block.Bytes[:n], []byte("secret")); err == nil {
			t.Fatalf("the first %d bytes were enough", n)
		}
	}
}

// FuzzDecryptKey: whatever a key file holds, it is a key or an error, soon.
func FuzzDecryptKey(f *testing.F) {
	block, _ := pem.Decode([]byte(encryptedTestKey))
	f.Add(block.Bytes)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		plain, err := decryptPKCS8(der, []byte("secret"))
		if err != nil {
			return
		}
		if _, err := x509.ParsePKCS8PrivateKey(plain); err != nil {
			t.Errorf("taken for a key: %v", err)
		}
	})
}
