package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/storage"
)

// quick retries without waiting.
func quick() storage.RetryOptions {
	return storage.RetryOptions{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// flaky is a memory store with faults, and what Retry makes of it.
func flaky(f storage.Faults) (*storage.Memory, storage.Store) {
	m := storage.NewMemory()
	m.SetFaults(f)
	return m, storage.Retry(m, quick())
}

// errUnavailable is what a server says that has too much to do.
var errUnavailable = fmt.Errorf("503 slow down: %w", storage.ErrTemporary)

// TestH06_EveryThirdCallFails, and nobody notices.
func TestH06_EveryThirdCallFails(t *testing.T) {
	for every := 2; every <= 4; every++ {
		_, s := flaky(storage.Faults{FailEvery: every, ReadLimit: 7})
		for i := range 20 {
			key := fmt.Sprintf("k/%02d", i)
			if err := s.Put(ctx, key, []byte("the data of "+key)); err != nil {
				t.Fatalf("every %d: put: %v", every, err)
			}
			if data, err := storage.ReadAll(ctx, s, key, 100); err != nil || string(data) != "the data of "+key {
				t.Fatalf("every %d: read: %q, %v", every, data, err)
			}
			if info, err := s.Stat(ctx, key); err != nil || info.Size != 16 {
				t.Fatalf("every %d: stat: %+v, %v", every, info, err)
			}
		}
		n := 0
		err := s.List(ctx, "", func(string, int64) error { n++; return nil })
		dirs, dirsErr := s.ListDirs(ctx, "")
		if err != nil || n != 20 || dirsErr != nil || len(dirs) != 1 {
			t.Errorf("every %d: list: %d, %v; dirs: %q, %v", every, n, err, dirs, dirsErr)
		}
	}
}

// TestH06_PutThatLanded: the object was stored and the answer lost.
func TestH06_PutThatLanded(t *testing.T) {
	for _, data := range []string{"mine", ""} {
		m, s := flaky(storage.Faults{FailAfter: storage.FailTimes(1, storage.OpPut, "", errUnavailable)})
		if err := s.Put(ctx, "k", []byte(data)); err != nil {
			t.Errorf("%q: the put that landed: %v", data, err)
		}
		if m.Calls() != 3 { // put, put again, look
			t.Errorf("%q: %d calls", data, m.Calls())
		}
		if err := s.Put(ctx, "k", []byte(data)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%q: a second put, of the same bytes: %v, want fs.ErrExist", data, err)
		}
	}
}

// TestH06_PutOvertaken: the first attempt did not land, another's put did.
func TestH06_PutOvertaken(t *testing.T) {
	for _, theirs := range []string{"longer than mine", "thei", "", "min", "mine!"} {
		m := storage.NewMemory()
		first := true
		m.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
			if op != storage.OpPut || !first {
				return nil
			}
			first = false
			m.Replace(key, []byte(theirs))
			return errUnavailable
		}})
		s := storage.Retry(m, quick())
		if err := s.Put(ctx, "k", []byte("mine")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("theirs %q: %v, want fs.ErrExist", theirs, err)
		}
		if data, err := storage.ReadAll(ctx, s, "k", 100); string(data) != theirs || err != nil {
			t.Errorf("theirs %q: there is %q, %v", theirs, data, err)
		}
	}
}

// TestH06_PutCannotBeTold: it may have landed, and may not be read.
func TestH06_PutCannotBeTold(t *testing.T) {
	denied := errors.New("access denied")
	_, s := flaky(storage.Faults{
		FailAfter: storage.FailTimes(1, storage.OpPut, "", errUnavailable),
		Fail:      storage.FailTimes(100, storage.OpGet, "", denied),
	})
	err := s.Put(ctx, "k", []byte("mine"))
	if !errors.Is(err, denied) || errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "cannot be told") {
		t.Errorf("got %v", err)
	}
}

// TestH06_ConnectionLostInMidObject, again and again.
func TestH06_ConnectionLostInMidObject(t *testing.T) {
	m := storage.NewMemory()
	want := selfProving(7, 100_000)
	m.Replace("k", want)
	m.SetFaults(storage.Faults{ReadLimit: 999, FailEvery: 5})
	s := storage.Retry(m, quick())
	if got, err := storage.ReadAll(ctx, s, "k", 1<<20); err != nil || !bytes.Equal(got, want) {
		t.Errorf("whole: %d bytes, %v", len(got), err)
	}
	r, err := s.GetRange(ctx, "k", 5000, 7777)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want[5000:12777]) {
		t.Errorf("range: %d bytes, %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	m.SetFaults(storage.Faults{ReadLimit: 999})
	if _, err := storage.ReadAll(ctx, m, "k", 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without Retry: %v, want io.ErrUnexpectedEOF", err)
	}
}

// TestH06_SizeLies: an object that is shorter than announced never reads as whole.
func TestH06_SizeLies(t *testing.T) {
	m, s := flaky(storage.Faults{SizeError: 3})
	m.Replace("k", []byte("0123456789"))
	data, err := storage.ReadAll(ctx, s, "k", 100)
	if err == nil || !strings.Contains(err.Error(), "announced 3 bytes more than it delivered") || !strings.Contains(err.Error(), "gave up after 6 attempts") {
		t.Errorf("read %q, %v", data, err)
	}
	if info, err := s.Stat(ctx, "k"); err != nil || info.Size != 13 {
		t.Errorf("stat: %+v, %v", info, err)
	}
}

// TestH06_GivesUp: clear end, growing waits, no more calls than said.
func TestH06_GivesUp(t *testing.T) {
	m := storage.NewMemory()
	m.SetFaults(storage.Faults{Fail: func(storage.Op, string) error { return errUnavailable }})
	var waits []time.Duration
	s := storage.Retry(m, storage.RetryOptions{Attempts: 5, First: 100 * time.Millisecond, Max: 300 * time.Millisecond,
		Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
	err := s.Put(ctx, "k", nil)
	for _, want := range []string{"put k in memory: gave up after 5 attempts", "503 slow down", "run the same command again"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if !errors.Is(err, storage.ErrTemporary) || m.Calls() != 5 || len(waits) != 4 {
		t.Errorf("%v after %d calls and %d waits", err, m.Calls(), len(waits))
	}
	for i, most := range []time.Duration{100, 200, 300, 300} {
		if most *= time.Millisecond; waits[i] < most/2 || waits[i] > most {
			t.Errorf("wait %d is %v, want %v to %v", i, waits[i], most/2, most)
		}
	}
	_, getErr := s.Get(ctx, "k")
	_, createErr := s.Create(ctx, "k")
	_, statErr := s.Stat(ctx, "k")
	_, dirsErr := s.ListDirs(ctx, "")
	_, lockErr := s.Lock(ctx, "k", storage.Holder{})
	_, _, holderErr := s.Holder(ctx, "k")
	listErr := s.List(ctx, "", func(string, int64) error { return nil })
	for i, err := range []error{getErr, createErr, statErr, dirsErr, lockErr, holderErr, listErr} {
		if !strings.Contains(fmt.Sprint(err), "gave up after 5 attempts") {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// TestH06_OtherErrorsAreNotRepeated.
func TestH06_OtherErrorsAreNotRepeated(t *testing.T) {
	denied := errors.New("access denied")
	m, s := flaky(storage.Faults{Fail: func(storage.Op, string) error { return denied }})
	if err := s.Put(ctx, "k", nil); !errors.Is(err, denied) || m.Calls() != 1 {
		t.Errorf("%v after %d calls", err, m.Calls())
	}
}

// TestH06_CancelledWhileWaiting ends at once, and says what it waited for.
func TestH06_CancelledWhileWaiting(t *testing.T) {
	m := storage.NewMemory()
	m.SetFaults(storage.Faults{Fail: func(storage.Op, string) error { return errUnavailable }})
	s := storage.Retry(m, storage.RetryOptions{First: time.Hour, Max: time.Hour})
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	err := s.Put(ctx, "k", nil)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, storage.ErrTemporary) {
		t.Errorf("got %v", err)
	}
}

// TestH06_ListGoesOn: each key once, in order, however often it breaks.
func TestH06_ListGoesOn(t *testing.T) {
	m := storage.NewMemory()
	var want []string
	for i := range 50 {
		key := fmt.Sprintf("k/%02d", i)
		m.Replace(key, []byte{})
		want = append(want, key)
	}
	breaks := map[string]int{"k/00": 2, "k/10": 5, "k/11": 5, "k/49": 1}
	m.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpListNext && breaks[key] > 0 {
			breaks[key]--
			return errUnavailable
		}
		return nil
	}})
	var got []string
	err := storage.Retry(m, quick()).List(ctx, "", func(key string, _ int64) error { got = append(got, key); return nil })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if breaks["k/00"]+breaks["k/10"]+breaks["k/11"]+breaks["k/49"] != 0 {
		t.Errorf("it did not break as often as it should: %v", breaks)
	}
}

// TestH06_WriterFailsInTheMiddle: an error, and nothing half-written counts.
func TestH06_WriterFailsInTheMiddle(t *testing.T) {
	_, s := flaky(storage.Faults{WriteLimit: 10})
	w, err := s.Create(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write([]byte("0123456")); n != 7 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := w.Write([]byte("789abc")); n != 3 || !errors.Is(err, storage.ErrTemporary) {
		t.Errorf("write: %d, %v", n, err)
	}
	if err := w.Commit(); err == nil {
		t.Error("commit after a failed write was accepted")
	}
	wantList(t, s)
}

// TestH06_SlowStore ends with the caller's deadline.
func TestH06_SlowStore(t *testing.T) {
	_, s := flaky(storage.Faults{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if err := s.Put(ctx, "k", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
