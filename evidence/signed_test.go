package evidence

import (
	"context"
	"errors"
	"io/fs"
	"testing"
)

// E23: a crash between signature and body, anywhere, leaves nothing unsigned, and a second attempt ends
// as if there had been no crash.
func TestE23_DieBetweenAnyTwoPuts(t *testing.T) {
	ctx, s := context.Background(), testSigner(t)
	body := []byte("{\"format\": 1}\n")
	for puts := range 3 {
		st := newMem()
		st.allowed = puts
		_, err := PutSigned(ctx, st, "runs/a/manifest.json", body, s)
		if (err == nil) != (puts == 2) {
			t.Fatalf("after %d puts: err = %v", puts, err)
		}
		if _, _, err := GetVerified(ctx, st, "runs/a/manifest.json", s.PublicKey(), 0); puts < 2 && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after %d puts there is a body: %v", puts, err)
		}
		st.allowed = -1
		f, err := PutSigned(ctx, st, "runs/a/manifest.json", body, s)
		must(t, err)
		if f != (File{Key: "runs/a/manifest.json", SHA256: Digest(body), Size: int64(len(body))}) {
			t.Errorf("file %+v", f)
		}
		got, state, err := GetVerified(ctx, st, "runs/a/manifest.json", s.PublicKey(), 0)
		must(t, err)
		if string(got) != string(body) || state != SignatureValid {
			t.Errorf("got %q, %s", got, state)
		}
		if want := "runs/a/manifest." + Digest(body)[:16] + ".sig"; st.order[0] != want {
			t.Errorf("first put is %s, want the signature %s", st.order[0], want)
		}
	}
}

func TestStraySignaturesAreIgnored(t *testing.T) {
	ctx, s, st := context.Background(), testSigner(t), newMem()
	// A job died after the signature of a body that was never put; another body came later.
	sig, err := s.Sign([]byte("first"))
	must(t, err)
	must(t, st.Put(ctx, SignatureKey("x.json", []byte("first")), sig))
	_, err = PutSigned(ctx, st, "x.json", []byte("second"), s)
	must(t, err)
	_, _, err = GetVerified(ctx, st, "x.json", s.PublicKey(), 0)
	must(t, err)
}

func TestPutSignedNeverReplaces(t *testing.T) {
	ctx, s, st := context.Background(), testSigner(t), newMem()
	_, err := PutSigned(ctx, st, "x.json", []byte("first"), s)
	must(t, err)
	_, err = PutSigned(ctx, st, "x.json", []byte("second"), s)
	var conflict *ConflictError
	if !errors.As(err, &conflict) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("err = %v", err)
	}
	_, err = PutSigned(ctx, st, "x.json", []byte("f"), s) // shorter than what is there
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("err = %v", err)
	}
	body, _, err := GetVerified(ctx, st, "x.json", s.PublicKey(), 0)
	must(t, err)
	if string(body) != "first" {
		t.Errorf("body %q", body)
	}
}

func TestGetVerifiedRefuses(t *testing.T) {
	ctx, s := context.Background(), testSigner(t)
	_, other, err := GenerateKey()
	must(t, err)
	stranger, err := ParsePublicKey(other)
	must(t, err)
	body := []byte("body")
	tests := []struct {
		name string
		pub  *PublicKey
		bend func(*memStore)
		err  string
	}{
		{"fine", s.PublicKey(), func(*memStore) {}, ""},
		{"another key", stranger, func(*memStore) {}, "is not one of key"},
		{"edited", s.PublicKey(), func(m *memStore) { m.objects["x.json"][0] ^= 1 }, "no signature"},
		{"edited, its old signature renamed", s.PublicKey(), func(m *memStore) {
			sig := m.objects[SignatureKey("x.json", body)]
			m.objects["x.json"] = []byte("BODY")
			m.objects[SignatureKey("x.json", []byte("BODY"))] = sig
		}, "is not one of key"},
		{"no signature", s.PublicKey(), func(m *memStore) { delete(m.objects, SignatureKey("x.json", body)) }, "no signature"},
		{"empty signature", s.PublicKey(), func(m *memStore) { m.objects[SignatureKey("x.json", body)] = nil }, "empty"},
		{"long signature", s.PublicKey(), func(m *memStore) { m.objects[SignatureKey("x.json", body)] = make([]byte, 1<<20) }, "too long"},
		{"no key", nil, func(m *memStore) { delete(m.objects, SignatureKey("x.json", body)) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := newMem()
			_, err := PutSigned(ctx, st, "x.json", body, s)
			must(t, err)
			tt.bend(st)
			got, state, err := GetVerified(ctx, st, "x.json", tt.pub, 0)
			if tt.err == "" {
				must(t, err)
				if (tt.pub == nil) != (state == SignatureNotChecked) {
					t.Errorf("state %s", state)
				}
				return
			}
			wantError(t, err, tt.err)
			var sig *SignatureError
			if !errors.As(err, &sig) || got != nil {
				t.Errorf("%T, body %q", err, got)
			}
		})
	}
}

func TestReadIsBounded(t *testing.T) {
	ctx, st := context.Background(), newMem()
	must(t, st.Put(ctx, "x.json", make([]byte, 101)))
	_, _, err := GetVerified(ctx, st, "x.json", nil, 100)
	var large *TooLargeError
	if !errors.As(err, &large) {
		t.Errorf("err = %v", err)
	}
}
