package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
)

// failedWeek and missedWeek are the two that did not go well, by their place in the year.
func (d *demo) failedWeek() int { return d.Weeks / 3 }
func (d *demo) missedWeek() int { return d.Weeks * 3 / 5 }

// year lives through the weeks: records are written, and each Sunday a drill proves that they can be
// restored, but for the week in which nobody ran it, and the one in which the proof failed.
func (d *demo) year(ctx context.Context) error {
	d.say("a year of weekly proof, from %s to %s:", d.due(0).Format(time.DateOnly), d.due(d.Weeks-1).Format(time.DateOnly))
	for i := range d.Weeks {
		if err := d.week(ctx, i); err != nil {
			return fmt.Errorf("week of %s: %w", d.due(i).Format(time.DateOnly), err)
		}
	}
	return nil
}

func (d *demo) week(ctx context.Context, i int) error {
	due := d.due(i)
	if err := d.live(ctx, due, d.payments(i)); err != nil {
		return err
	}
	if i == d.missedWeek() {
		d.say("  %s  MISSED: nobody ran it", due.Format(time.DateOnly))
		return nil
	}
	d.clock.Set(due.Add(time.Duration(2+i%7) * time.Minute))
	if i == d.failedWeek() {
		return d.failingWeek(ctx, due)
	}
	s, err := d.drill(ctx, due)
	if err != nil {
		return err
	}
	if last := i == d.Weeks-1; i%8 == 0 || last || i == d.missedWeek()+1 {
		d.say("  %s  passed: %v records restored and compared", due.Format(time.DateOnly), s.Get("restore_records"))
	}
	return nil
}

// live writes records up to a time, and lets the consumer groups read them. Twice a year the compacted
// topic is cleaned.
func (d *demo) live(ctx context.Context, to time.Time, payments int) error {
	if err := d.bank.live(d.until, to, payments); err != nil {
		return err
	}
	d.until = to
	if d.result.Runs%26 == 20 {
		d.broker.Compact()
	}
	return d.bank.read(ctx, d.admin)
}

// drill proves the records since the last proof.
func (d *demo) drill(ctx context.Context, until time.Time) (engine.Summary, error) {
	s, err := expect(engine.Drill(ctx, d.drillOptions(span{d.proved, until}.window())), engine.ExitDone)
	d.result.Runs++
	d.proved = until
	return s, err
}

// failingWeek is the week in which somebody deleted records of a restored topic before it was compared:
// a job that cleans up test topics took it for one. Three days later the drill is run again.
func (d *demo) failingWeek(ctx context.Context, due time.Time) error {
	if _, err := expect(engine.Backup(ctx, d.backupOptions()), engine.ExitDone); err != nil {
		return err
	}
	d.result.Runs++
	s, err := expect(engine.Restore(ctx, d.restoreOptions(span{d.proved, due}.window())), engine.ExitDone)
	if err != nil {
		return err
	}
	r, err := d.receipt(ctx, text(s, "restore_id"))
	if err != nil {
		return err
	}
	if err := d.damage(r); err != nil {
		return err
	}
	d.clock.Set(due.Add(50 * time.Minute))
	o := d.validationOptions()
	o.RestoreID = r.RestoreID
	if s, err = expect(engine.Validation(ctx, o), engine.ExitFindings); err != nil {
		return err
	}
	d.say("  %s  FAILED: records of a restored topic were gone before they were compared (%s)", due.Format(time.DateOnly), text(s, "report_id"))
	if err := d.forget(ctx, r); err != nil {
		return err
	}
	d.clock.Set(due.Add(3*24*time.Hour + 7*time.Hour))
	s, err = d.drill(ctx, due)
	if err == nil {
		d.say("  %s  run again three days later, passed (%s); the week stays failed", due.Format(time.DateOnly), text(s, "report_id"))
	}
	return err
}

// damage deletes the first records of one restored partition: 25 of a year of the usual size.
func (d *demo) damage(r *archive.Receipt) error {
	lost := max(1, int64(25*d.Payments/perWeek))
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			if t.Source == "transactions" && int64(p.Records) > lost {
				return d.broker.DeleteRecords(t.Target, p.Partition, int64(p.Start)+lost)
			}
		}
	}
	return errors.New("there is no restored partition to damage")
}
