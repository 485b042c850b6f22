package kafka

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

var (
	errKeyPassword      = errors.New("the key is encrypted: give its password")
	errWrongKeyPassword = errors.New("the key cannot be decrypted: wrong password, or a damaged file")
)

// The shapes of an encrypted PKCS#8 key: RFC 5958 section 3 with PBES2 of RFC 8018.
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct {
	KeyDerivation pkix.AlgorithmIdentifier
	Encryption    pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// maxIterations bounds the work that a key file can ask for to about a second; OpenSSL writes 2,048 by default.
const maxIterations = 2_000_000

type keyCipher struct {
	size  int
	block func(key []byte) (cipher.Block, error)
}

var (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"

	keyCiphers = map[string]keyCipher{
		"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
		"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	}
	keyHashes = map[string]func() hash.Hash{
		"":                    sha1.New, // RFC 8018: the default PRF
		"1.2.840.113549.2.7":  sha1.New,
		"1.2.840.113549.2.9":  sha256.New,
		"1.2.840.113549.2.10": sha512.New384,
		"1.2.840.113549.2.11": sha512.New,
	}
)

// decryptPKCS8 gives the PKCS#8 key inside an encrypted one. PBES2 with PBKDF2 and AES-CBC or triple
// DES is understood, which is what OpenSSL and Java write.
func decryptPKCS8(der, password []byte) ([]byte, error) {
	var key encryptedKey
	var pbes pbes2Params
	var kdf pbkdf2Params
	if err := unmarshalAll(der, &key); err != nil {
		return nil, err
	}
	if oid := key.Algorithm.Algorithm.String(); oid != oidPBES2 {
		return nil, unsupportedKey("encryption scheme", oid)
	}
	if err := unmarshalAll(key.Algorithm.Parameters.FullBytes, &pbes); err != nil {
		return nil, err
	}
	if oid := pbes.KeyDerivation.Algorithm.String(); oid != oidPBKDF2 {
		return nil, unsupportedKey("key derivation", oid)
	}
	if err := unmarshalAll(pbes.KeyDerivation.Parameters.FullBytes, &kdf); err != nil {
		return nil, err
	}
	plain, err := decryptCBC(key.Data, password, kdf, pbes.Encryption)
	if err != nil {
		return nil, err
	}
	if _, err := x509.ParsePKCS8PrivateKey(plain); err != nil {
		return nil, errWrongKeyPassword
	}
	return plain, nil
}

func decryptCBC(data, password []byte, kdf pbkdf2Params, enc pkix.AlgorithmIdentifier) ([]byte, error) {
	kc, ok := keyCiphers[enc.Algorithm.String()]
	if !ok {
		return nil, unsupportedKey("cipher", enc.Algorithm.String())
	}
	prf, ok := keyHashes[kdf.PRF.Algorithm.String()]
	if !ok {
		return nil, unsupportedKey("hash", kdf.PRF.Algorithm.String())
	}
	if kdf.Iterations < 1 || kdf.Iterations > maxIterations {
		return nil, fmt.Errorf("the key asks for %d rounds of key derivation; at most %d are done", kdf.Iterations, maxIterations)
	}
	secret, err := pbkdf2.Key(prf, string(password), kdf.Salt, kdf.Iterations, kc.size)
	if err != nil {
		return nil, fmt.Errorf("derive the key's key: %w", err)
	}
	block, err := kc.block(secret)
	if err != nil {
		return nil, fmt.Errorf("decrypt the key: %w", err)
	}
	var iv []byte
	if err := unmarshalAll(enc.Parameters.FullBytes, &iv); err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, errors.New("the encrypted key is damaged")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > size {
		return nil, errWrongKeyPassword
	}
	return plain[:len(plain)-pad], nil
}

func unmarshalAll(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil || len(rest) > 0 {
		return errors.New("the encrypted key is damaged")
	}
	return nil
}

func unsupportedKey(what, oid string) error {
	return fmt.Errorf("the key's %s (%s) is not supported: encrypt it again with `openssl pkcs8 -topk8 -v2 aes-256-cbc`", what, oid)
}
