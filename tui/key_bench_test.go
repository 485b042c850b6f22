package tui

import (
	"fmt"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

// manyRuns is an archive of n runs with a report on each.
func manyRuns(n int) (*engine.BackupList, *engine.ReportList) {
	b, r := &engine.BackupList{}, &engine.ReportList{}
	previous := ""
	for i := range n {
		at := testNow.Add(-time.Duration(n-i) * time.Hour)
		id := fmt.Sprintf("%s-%06x", at.Format("20060102T150405Z"), i)
		b.Backups = append(b.Backups, engine.BackupItem{BackupID: "prod-eu", RunID: id, CreatedAt: at.Add(time.Minute), StartedAt: at, SourceCluster: "prod-eu", Previous: previous,
			Statistics: archive.Statistics{Topics: 14, Partitions: 212, Segments: 1204, Records: 48_120_331, Bytes: 9_771_050_598}, Checksum: "sha256:9f3c1b7a5502de9177c0a17e", Signature: evidence.SignatureValid})
		r.Reports = append(r.Reports, engine.ReportItem{ReportID: fmt.Sprintf("validation-%08x", i), BackupID: "prod-eu", RunID: id, Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Signature: evidence.SignatureValid})
		previous = id
	}
	return b, r
}

func manyTopics(n int) *engine.Coverage {
	v := aCoverage()
	v.Topics, v.Gone = nil, nil
	for i := range n {
		v.Topics = append(v.Topics, engine.TopicCoverage{Name: fmt.Sprintf("team-%02d.topic.with.a.usual.name-%05d", i%40, i), ID: "ab", Partitions: 12, InScope: i%7 != 0, Captured: i%11 != 0, Offsets: int64(i) * 1000, Lag: int64(i % 3)})
	}
	return v
}

// keyTime is how long a key press takes: Update, the picture, and what a terminal is sent.
func keyTime(d *driver, n int) time.Duration {
	words := []string{"j", "j", "pgdown", "k", "G", "g"}
	d.Content()
	start := time.Now()
	for i := range n {
		d.keys(words[i%len(words)])
		d.Content()
	}
	return time.Since(start) / time.Duration(n)
}

// benchmarkKey measures key presses on a full list, and on one with a single row in the same run.
func benchmarkKey(b *testing.B, full, empty *driver) {
	b.ReportAllocs()
	keyTime(full, 20)
	keyTime(empty, 20)
	b.ResetTimer()
	var f, e time.Duration
	for b.Loop() {
		f += keyTime(full, 6)
		e += keyTime(empty, 6)
	}
	n := float64(b.N)
	b.ReportMetric(f.Seconds()*1000/n, "ms/key")
	b.ReportMetric(float64(f)/float64(e), "ratio")
}

func BenchmarkKey10000Runs(b *testing.B) {
	runs, reports := manyRuns(10_000)
	one, report := manyRuns(1)
	for _, size := range goldenSizes {
		b.Run(fmt.Sprintf("%dx%d", size.x, size.y), func(b *testing.B) {
			benchmarkKey(b, atBackups(b, runs, reports, size.x, size.y), atBackups(b, one, report, size.x, size.y))
		})
	}
}

func BenchmarkKey5000Topics(b *testing.B) {
	for _, size := range goldenSizes {
		b.Run(fmt.Sprintf("%dx%d", size.x, size.y), func(b *testing.B) {
			benchmarkKey(b, atTopics(b, manyTopics(5000), size.x, size.y), atTopics(b, manyTopics(1), size.x, size.y))
		})
	}
}

// BenchmarkKeyFilter measures a letter typed into the filter of the full lists, which looks at every row.
func BenchmarkKeyFilter(b *testing.B) {
	runs, reports := manyRuns(10_000)
	for name, d := range map[string]*driver{"10000Runs": atBackups(b, runs, reports, 120, 36), "5000Topics": atTopics(b, manyTopics(5000), 120, 36)} {
		b.Run(name, func(b *testing.B) {
			d.keys("/")
			for b.Loop() {
				d.keys("a")
				d.Content()
				d.keys("backspace")
				d.Content()
			}
			d.keys("esc", "esc")
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(2*b.N), "ms/key")
		})
	}
}

// BenchmarkKeyTopicsOfARun measures keys on a run of 5,000 topics of which half are marked.
func BenchmarkKeyTopicsOfARun(b *testing.B) {
	at := func(n int) *driver {
		view, d := &archive.View{}, &engine.Description{BackupID: "prod-eu", RunID: "20261120T000000Z-aa0002"}
		for i := range n {
			name := fmt.Sprintf("topic-%05d", i)
			view.Topics = append(view.Topics, archive.ViewTopic{ManifestTopic: archive.ManifestTopic{Name: name}, Current: true})
			d.Topics = append(d.Topics, engine.DescribedTopic{Name: name, ID: fmt.Sprint(i), Current: true, Partitions: 12, Segments: 40, Records: 1000})
		}
		src := &runSource{backup: d.BackupID, run: d.RunID}
		src.opened = loader[*openedRun]{value: lookInto(&engine.RunView{Description: d, View: view}, nil), has: true}
		dr := drive(b, Desk{Cluster: "prod-eu"}, 120, 36, ThemeDark)
		s := newRunScreen(dr.c, src)
		dr.run(dr.c.push(s))
		s.fill()
		dr.keys("ctrl+a")
		return dr
	}
	benchmarkKey(b, at(5000), at(1))
}
