package batch

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// wantStats is what Scan must say of recs, counted here.
func wantStats(recs []Record) Stats {
	s := Stats{Records: len(recs)}
	for i, r := range recs {
		if i == 0 {
			s.MinTimestamp, s.MaxTimestamp = r.Timestamp, r.Timestamp
		}
		s.MinTimestamp, s.MaxTimestamp = min(s.MinTimestamp, r.Timestamp), max(s.MaxTimestamp, r.Timestamp)
	}
	return s
}

func TestC11_AllCodecsOfAllProducers(t *testing.T) {
	want := goldenRecords()
	d := NewDecoder(Limits{})
	for _, producer := range []string{"java", "kgo", "librdkafka"} {
		for c := None; c <= Zstd; c++ {
			name := producer + "-" + c.String()
			raw := golden(t, name)
			h, err := ParseHeader(raw)
			if err != nil || h.Codec() != c || CheckCRC(raw) != nil || h.Size() != len(raw) {
				t.Fatalf("%s: %v, codec %v, crc %v", name, err, h.Codec(), CheckCRC(raw))
			}
			got, err := tryWalk(d, raw)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wantRecords(t, got, want)
			st, err := d.Scan(raw)
			exp := wantStats(want)
			exp.RawBytes = int64(len(golden(t, producer+"-none")) - HeaderSize)
			if err != nil || st != exp {
				t.Errorf("%s: %+v, want %+v (%v)", name, st, exp, err)
			}
		}
	}
}

func TestC09_C10_OddRecordsToTheBit(t *testing.T) {
	recs := oddRecords()
	wantRecords(t, walkAll(t, witness(recs, Template())), recs)
	st, err := NewDecoder(Limits{}).Scan(witness(recs, Template()))
	if err != nil || st.MinTimestamp != math.MinInt64 || st.MaxTimestamp != math.MaxInt64 || st.Records != len(recs) {
		t.Errorf("%+v %v", st, err)
	}
}

func TestC10_LogAppendTimeIsTheHeaders(t *testing.T) {
	raw := golden(t, "java-logappendtime")
	want := goldenRecords()
	for i := range want {
		want[i].Timestamp = 1800000000000
	}
	wantRecords(t, walkAll(t, raw), want)
	st, err := NewDecoder(Limits{}).Scan(raw)
	if err != nil || st.MinTimestamp != 1800000000000 || st.MaxTimestamp != 1800000000000 {
		t.Errorf("%+v %v", st, err)
	}
}

// Kafka's own cleaner wrote java-cleaned: holes inside and at the end, a delete horizon in the base
// timestamp, then a batch without records.
func TestC08_CleanedBatches(t *testing.T) {
	raw, h, rest, err := Next(golden(t, "java-cleaned"))
	if err != nil {
		t.Fatal(err)
	}
	if !h.DeleteHorizon() || h.BaseTimestamp != 1700000960000 || h.Contiguous() || h.LastOffset() != 1019 || h.NumRecords != 9 {
		t.Fatalf("%+v", h)
	}
	got := walkAll(t, raw)
	for i, r := range got {
		if r.Offset != 1000+2*int64(i) || r.Timestamp != 1700000000000+2*int64(i) {
			t.Errorf("record %d: offset %d, timestamp %d", i, r.Offset, r.Timestamp)
		}
		if (r.Value == nil) != (i%2 == 0) {
			t.Errorf("offset %d: value %q", r.Offset, r.Value)
		}
	}
	re := Retarget(nil, raw, 0, 7, 0, 0)
	if g, err := ParseHeader(re); err != nil || g.DeleteHorizon() || g.BaseTimestamp != h.BaseTimestamp {
		t.Errorf("retargeted: %+v %v", g, err)
	}
	after := walkAll(t, re)
	for i := range after {
		after[i].Offset += 1000
	}
	wantRecords(t, after, got)
	raw, h, _, err = Next(rest)
	if err != nil || h.NumRecords != 0 || h.LastOffset() != 1024 {
		t.Fatalf("%+v %v", h, err)
	}
	st, err := NewDecoder(Limits{}).Scan(raw)
	if err != nil || st != (Stats{}) || len(walkAll(t, raw)) != 0 {
		t.Errorf("%+v %v", st, err)
	}
}

func TestEmptiedBatchThatKeptItsCodec(t *testing.T) {
	for c := None; c <= Zstd; c++ {
		if st, err := NewDecoder(Limits{}).Scan(rawBatch(c, 0, nil)); err != nil || st.Records != 0 {
			t.Errorf("%v: %+v %v", c, st, err)
		}
		if _, err := NewDecoder(Limits{}).Scan(rawBatch(c, 1, nil)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v: one record in no bytes: %v", c, err)
		}
	}
}

// recBytes makes one record's bytes from its body.
func recBytes(body ...byte) []byte { return append(appendVarint(nil, int32(len(body))), body...) }

func TestWalkRefuses(t *testing.T) {
	plain := []byte{0, 0, 0, 1, 1, 0} // attributes, timestamp, offset, null key, null value, no headers
	at := func(offset byte) []byte { return recBytes(0, 0, offset<<1, 1, 1, 0) }
	join := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	overlong32 := []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0}
	for _, c := range []struct {
		name    string
		count   int32
		payload []byte
		part    string // of the message; "" means accepted
	}{
		{"one", 1, recBytes(plain...), ""},
		{"two", 2, join(at(0), at(1)), ""},
		{"attribute bits are ignored", 1, recBytes(0xff, 0, 0, 1, 1, 0), ""},
		{"zero in two bytes", 1, recBytes(0, 0x80, 0, 0, 1, 1, 0), ""},
		{"fewer than said", 2, at(0), "record 1 of 2"},
		{"more than said", 1, join(at(0), at(1)), "7 bytes behind"},
		{"a byte behind", 1, append(at(0), 0), "1 bytes behind"},
		{"none said, one there", 0, at(0), "7 bytes behind"},
		{"offset twice", 2, join(at(0), at(0)), "offset delta 0 after 0"},
		{"offset falls", 2, join(at(1), at(0)), "offset delta 0 after 1"},
		{"offset beyond the last", 2, join(at(0), at(2)), "offset delta 2"},
		{"offset negative", 1, recBytes(0, 0, 1, 1, 1, 0), "offset delta -1"},
		{"record of length 0", 1, []byte{0}, "do not fit"},
		{"record of length -1", 1, []byte{1}, "reaches beyond"},
		{"record longer than the batch", 1, at(0)[:6], "reaches beyond"},
		{"length of six bytes", 1, append(bytes.Clone(overlong32), plain...), "reaches beyond"},
		{"length beyond 32 bits", 1, append([]byte{0x8c, 0x80, 0x80, 0x80, 0x10}, plain...), "reaches beyond"},
		{"length 2^31-1", 1, append([]byte{0xfe, 0xff, 0xff, 0xff, 0x0f}, plain...), "reaches beyond"},
		{"record too short for its parts", 1, recBytes(plain[:5]...), "header count"},
		{"record too long for its parts", 1, recBytes(append(bytes.Clone(plain), 0)...), "not that of its parts"},
		{"parts reach into the next record", 2, join([]byte{10}, plain, at(1)), "header count"},
		{"key of length -2", 1, recBytes(0, 0, 0, 3, 1, 0), "key"},
		{"key too long", 1, recBytes(0, 0, 0, 20, 1, 0), "key"},
		{"key 2^31-1", 1, recBytes(0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1, 0), "key"},
		{"value of length -2", 1, recBytes(0, 0, 0, 1, 3, 0), "value"},
		{"value too long", 1, recBytes(0, 0, 0, 1, 4, 0), "value"},
		{"timestamp of eleven bytes", 1, recBytes(0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1, 0), "timestamp"},
		{"timestamp beyond 64 bits", 1, recBytes(0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2, 0, 1, 1, 0), "timestamp"},
		{"header count -1", 1, recBytes(0, 0, 0, 1, 1, 1), "header count"},
		{"header count 2^31-1", 1, recBytes(0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f), "header count"},
		{"header count beyond the bytes", 1, recBytes(0, 0, 0, 1, 1, 4, 0, 1, 0), "header count"},
		{"header with null name", 1, recBytes(0, 0, 0, 1, 1, 2, 1, 1), "null name"},
		{"header name too long", 1, recBytes(0, 0, 0, 1, 1, 2, 8, 'a', 1), "a header"},
		{"header value -2", 1, recBytes(0, 0, 0, 1, 1, 2, 0, 3), "a header"},
		{"header value too long", 1, recBytes(0, 0, 0, 1, 1, 2, 0, 4, 'a'), "a header"},
	} {
		raw := rawBatch(None, c.count, c.payload)
		_, scanErr := NewDecoder(Limits{}).Scan(raw)
		_, err := tryWalk(NewDecoder(Limits{}), raw)
		if c.part == "" {
			if err != nil || scanErr != nil {
				t.Errorf("%s: %v, %v", c.name, err, scanErr)
			}
			continue
		}
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v, want %q", c.name, err, c.part)
		}
		if scanErr == nil || scanErr.Error() != err.Error() {
			t.Errorf("%s: scan says %v, walk %v", c.name, scanErr, err)
		}
	}
}

func TestWalkEndsWithTheCallersError(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := NewDecoder(Limits{}).Walk(golden(t, "kgo-lz4"), func(*Record) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("%v after %d", err, n)
	}
}

func TestLimitHoldsWithoutCompressionToo(t *testing.T) {
	raw := golden(t, "kgo-none")
	if _, err := NewDecoder(Limits{MaxBatchBytes: len(raw) - HeaderSize}).Scan(raw); err != nil {
		t.Error(err)
	}
	if _, err := NewDecoder(Limits{MaxBatchBytes: len(raw) - HeaderSize - 1}).Scan(raw); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestNoObjectPerRecord(t *testing.T) {
	for _, name := range []string{"kgo-none", "java-zstd", "librdkafka-snappy", "java-snappy", "kgo-lz4", "java-gzip"} {
		raw, d, n := golden(t, name), NewDecoder(Limits{}), 0
		count := func(*Record) error { n++; return nil }
		run := func() {
			if err := d.Walk(raw, count); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Scan(raw); err != nil {
				t.Fatal(err)
			}
		}
		run()
		// 206 records a walk; what is left is a codec's own, per batch.
		if got := testing.AllocsPerRun(10, run); got > 40 {
			t.Errorf("%s: %v allocations for a walk and a scan", name, got)
		}
	}
}

func TestStatsAdd(t *testing.T) {
	var s Stats
	s.Add(Stats{})
	s.Add(Stats{Records: 2, MinTimestamp: 5, MaxTimestamp: 9, RawBytes: 10})
	s.Add(Stats{RawBytes: 1})
	s.Add(Stats{Records: 1, MinTimestamp: -3, MaxTimestamp: -3, RawBytes: 4})
	if s != (Stats{Records: 3, MinTimestamp: -3, MaxTimestamp: 9, RawBytes: 15}) {
		t.Errorf("%+v", s)
	}
}

func TestControlType(t *testing.T) {
	for name, want := range map[string]int16{"java-abort": ControlAbort, "java-commit": ControlCommit} {
		if got, err := ControlType(golden(t, name)); err != nil || got != want {
			t.Errorf("%s: %d %v", name, got, err)
		}
	}
	if _, err := ControlType(golden(t, "kgo-none")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("data batch: %v", err)
	}
	control := Template()
	control.Attributes = attrControl | attrTransactional
	for _, c := range []struct {
		key  []byte
		want int16
		ok   bool
	}{
		{[]byte{0, 0, 0, 1}, ControlCommit, true},
		{[]byte{0, 9, 0, 0, 1, 2}, ControlAbort, true}, // a later version appends to its key
		{[]byte{0, 0, 0, 2}, 2, true},
		{[]byte{0, 0, 0}, ControlNone, false},
		{nil, ControlNone, false},
		{[]byte{0xff, 0xff, 0, 0}, ControlNone, false},
	} {
		got, err := ControlType(witness([]Record{{Key: c.key, Value: []byte{}}}, control))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("key %x: %d %v", c.key, got, err)
		}
	}
	two := []Record{{Key: []byte{0, 0, 0, 0}}, {Offset: 1, Key: []byte{0, 0, 0, 1}}}
	if _, err := ControlType(witness(two, control)); err == nil {
		t.Error("two markers in one batch")
	}
	emptied := rawBatch(None, 0, nil)
	emptied[posAttributes+1] |= attrControl
	if got, err := ControlType(emptied); got != ControlNone || err != nil {
		t.Errorf("emptied: %d %v", got, err)
	}
}
