package tui

import (
	"errors"
	"testing"
	"time"

	"kustody/engine"
)

// TestOverlayFrames: what lies over a screen or stands in its place.
func TestOverlayFrames(t *testing.T) {
	open := func(change func(d *driver)) func(w, h int, theme string) *driver {
		return func(w, h int, theme string) *driver {
			d := drive(t, yearDesk(t), w, h, theme)
			change(d)
			return d
		}
	}
	golden(t, "help", open(func(d *driver) { d.keys("?") }))
	golden(t, "command", open(func(d *driver) { d.keys(":", "re") }))
	golden(t, "command-unknown", open(func(d *driver) { d.keys(":", "nonsense", "enter") }))
	golden(t, "filter", open(func(d *driver) { d.keys("/", "202606") }))
	golden(t, "filter-nothing", open(func(d *driver) { d.keys("/", "nothing") }))
	golden(t, "sort", open(func(d *driver) { d.keys("s") }))
	golden(t, "confirm", open(func(d *driver) {
		d.c.dialog = confirm("Leave this?", "leave it", keys.Yes, nil, say("What was filled in is lost."))
	}))
	golden(t, "messages", open(func(d *driver) {
		d.c.note(goodNews, "copied the run's id: 20261120T113000Z-cd2272")
		d.c.note(badNews, "Cannot list the topics of demo-bank: broker kafka-0:9092 cannot be reached: connection refused. Start it, or correct source.bootstrap_servers.")
		d.keys("M")
	}))
	golden(t, "loading", open(func(d *driver) {
		d.c.data.backups = loader[*engine.BackupList]{loading: true, since: testNow.Add(-3 * time.Second), what: "the backups in file:///demo/archive"}
	}))
	golden(t, "loading-again", open(func(d *driver) {
		l := &d.c.data.backups
		l.loading, l.since, l.what, l.asOf = true, testNow.Add(-3*time.Second), "the backups in file:///demo/archive", testNow.Add(-2*time.Minute)
	}))
	golden(t, "error", open(func(d *driver) {
		d.c.data.backups = loader[*engine.BackupList]{what: "the backups in s3://kvault/prod-eu", err: &engine.Problem{Exit: engine.ExitFailed,
			Err: errors.New("list s3://kvault/prod-eu: access denied"), Hint: "the key may read objects but not list them: give it s3:ListBucket on the bucket"}}
	}))
}
