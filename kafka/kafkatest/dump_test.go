package kafkatest

import (
	"os"
	"strings"
	"testing"
)

func TestParseDump(t *testing.T) {
	text, err := os.ReadFile("testdata/dump.txt")
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseDump(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Records(); got != 4 {
		t.Errorf("%d records, want 4: the marker is none", got)
	}
	if first, last := d.Offsets(); first != 0 || last != 5 {
		t.Errorf("offsets %d to %d, want 0 to 5", first, last)
	}
	b := d.Batches[0]
	if b.Codec != "zstd" || b.CRC != 2346584956 || !b.Valid || b.Size != 113 || b.TimestampType != "LogAppendTime" || b.ProducerID != -1 {
		t.Errorf("first batch %+v", b)
	}
	if r := b.Records[1]; r.Offset != 1 || r.Timestamp != -1000 || r.KeySize != -1 || r.ValueSize != 1 || r.Rest != "headerKeys: [] payload: 1" {
		t.Errorf("second record %+v", r)
	}
	if b := d.Batches[2]; !b.Control || !b.Transactional || len(b.Records) != 1 || b.ProducerID != 7 {
		t.Errorf("marker batch %+v", b)
	}
	want := []string{"batch at offset 2: wrong CRC", "batch at offset 2: 2 records, its header says 3", "9 bytes at the end are no batch"}
	if got := d.Problems(); strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("problems %q, want %q", got, want)
	}
}

func TestParseDumpRefusesOtherFiles(t *testing.T) {
	if _, err := parseDump("Dumping x.bin\nIgnoring unknown file x.bin\n"); err == nil {
		t.Error("no error")
	}
}

func FuzzParseDump(f *testing.F) {
	text, err := os.ReadFile("testdata/dump.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("Log starting offset: 0\n| offset: 1 CreateTime: 1 keySize: 1 valueSize: 1 sequence: 1 x\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDump(text)
		if err == nil && strings.Count(text, "\n")+1 < len(d.Batches) {
			t.Errorf("%d batches from fewer lines", len(d.Batches))
		}
	})
}
