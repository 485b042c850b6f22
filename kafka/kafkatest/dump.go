package kafkatest

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Dump is what kafka-dump-log reads in one log segment.
type Dump struct {
	Batches      []DumpBatch
	InvalidBytes int    // at the end of the file, no batch
	Text         string // all that the tool wrote
}

// DumpBatch is one record batch.
type DumpBatch struct {
	BaseOffset, LastOffset int64
	Count                  int // as the batch's header says
	BaseSequence           int32
	ProducerID             int64
	ProducerEpoch          int16
	LeaderEpoch            int32
	Transactional, Control bool
	DeleteHorizon          string // "OptionalLong.empty" or "OptionalLong[ms]"
	Position, Size         int64
	TimestampType          string // CreateTime, LogAppendTime
	Timestamp              int64  // of the batch: its maximum
	Magic                  int
	Codec                  string
	CRC                    uint32
	Valid                  bool // the CRC is right
	Records                []DumpRecord
}

// DumpRecord is one record.
type DumpRecord struct {
	Offset             int64
	TimestampType      string
	Timestamp          int64
	KeySize, ValueSize int // -1: null
	Sequence           int32
	Rest               string // header names, key, payload or end marker: not delimited, so not taken apart
}

// DumpLog runs kafka-dump-log --deep-iteration --print-data-log on a segment. The file's name must
// begin with its base offset in 20 digits and a dot, and end in .log. A file that the tool cannot read fails the test.
func (c *Cluster) DumpLog(file string) *Dump {
	c.tb.Helper()
	text := c.Tool(DumpLogSegments, "--deep-iteration", "--print-data-log", "--files", file)
	d, err := parseDump(text)
	if err != nil {
		c.tb.Fatalf("dump %s: %v", file, err)
	}
	return d
}

// Records is the number of records in batches that are no control batches.
func (d *Dump) Records() int {
	var n int
	for _, b := range d.Batches {
		if !b.Control {
			n += len(b.Records)
		}
	}
	return n
}

// Offsets are the first and the last offset that the batches cover; 0 and -1 when there is none.
func (d *Dump) Offsets() (first, last int64) {
	if len(d.Batches) == 0 {
		return 0, -1
	}
	return d.Batches[0].BaseOffset, d.Batches[len(d.Batches)-1].LastOffset
}

// Problems are what the tool found wrong: batches that are not valid, batches whose records differ in
// number from their header, bytes at the end that are no batch.
func (d *Dump) Problems() []string {
	var found []string
	for _, b := range d.Batches {
		if !b.Valid {
			found = append(found, fmt.Sprintf("batch at offset %d: wrong CRC", b.BaseOffset))
		}
		if len(b.Records) != b.Count {
			found = append(found, fmt.Sprintf("batch at offset %d: %d records, its header says %d", b.BaseOffset, len(b.Records), b.Count))
		}
	}
	if d.InvalidBytes > 0 {
		found = append(found, fmt.Sprintf("%d bytes at the end are no batch", d.InvalidBytes))
	}
	return found
}

var (
	batchLine = regexp.MustCompile(`^baseOffset: (-?\d+) lastOffset: (-?\d+) count: (-?\d+) baseSequence: (-?\d+) lastSequence: -?\d+ producerId: (-?\d+) ` +
		`producerEpoch: (-?\d+) partitionLeaderEpoch: (-?\d+) isTransactional: (\w+) isControl: (\w+) deleteHorizonMs: (\S+) position: (\d+) ` +
		`(\w+): (-?\d+) size: (\d+) magic: (\d+) compresscodec: (\w+) crc: (\d+) isvalid: (\w+)$`)
	recordLine  = regexp.MustCompile(`^\| offset: (-?\d+) (\w+): (-?\d+) keySize: (-?\d+) valueSize: (-?\d+) sequence: (-?\d+) (.*)$`)
	invalidLine = regexp.MustCompile(`^Found (\d+) invalid bytes at the end of `)
)

// parseDump takes the tool's text apart. Lines that it does not know are the rest of a payload with
// newlines, or the tool's headings.
func parseDump(text string) (*Dump, error) {
	d := &Dump{Text: text}
	if !strings.Contains(text, "Log starting offset: ") {
		return nil, fmt.Errorf("kafka-dump-log took it for no log segment:\n%s", lastLines([]byte(text), 5))
	}
	sc := bufio.NewScanner(strings.NewReader(text))
	sc.Buffer(nil, len(text)+1)
	for sc.Scan() {
		line := sc.Text()
		var f fields
		if m := batchLine.FindStringSubmatch(line); m != nil {
			f.s = m[1:]
			d.Batches = append(d.Batches, f.batch())
		} else if m := recordLine.FindStringSubmatch(line); m != nil && len(d.Batches) > 0 {
			f.s = m[1:]
			last := &d.Batches[len(d.Batches)-1]
			last.Records = append(last.Records, f.record())
		} else if m := invalidLine.FindStringSubmatch(line); m != nil {
			f.s = m[1:]
			d.InvalidBytes = int(f.int(63))
		}
		if f.err != nil {
			return nil, fmt.Errorf("read kafka-dump-log's line %q: %w", line, f.err)
		}
	}
	return d, sc.Err()
}

// fields hands out the words of a line in order and keeps the first error.
type fields struct {
	s   []string
	err error
}

func (f *fields) str() string {
	s := f.s[0]
	f.s = f.s[1:]
	return s
}

func (f *fields) int(bits int) int64 {
	n, err := strconv.ParseInt(f.str(), 10, bits+1)
	if err != nil && f.err == nil {
		f.err = err
	}
	return n
}

func (f *fields) bool() bool { return f.str() == "true" }

// batch relies on Go's order of evaluation: calls in a composite literal run from left to right.
func (f *fields) batch() DumpBatch {
	return DumpBatch{
		BaseOffset: f.int(63), LastOffset: f.int(63), Count: int(f.int(31)), BaseSequence: int32(f.int(31)),
		ProducerID: f.int(63), ProducerEpoch: int16(f.int(15)), LeaderEpoch: int32(f.int(31)),
		Transactional: f.bool(), Control: f.bool(), DeleteHorizon: f.str(), Position: f.int(63),
		TimestampType: f.str(), Timestamp: f.int(63), Size: f.int(63), Magic: int(f.int(7)),
		Codec: f.str(), CRC: uint32(f.int(32)), Valid: f.bool(),
	}
}

func (f *fields) record() DumpRecord {
	return DumpRecord{
		Offset: f.int(63), TimestampType: f.str(), Timestamp: f.int(63),
		KeySize: int(f.int(31)), ValueSize: int(f.int(31)), Sequence: int32(f.int(31)), Rest: f.str(),
	}
}
