package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kustody/engine"
)

// someOffers are what a console without a configuration offers.
func someOffers(take func(context.Context, string) (Desk, error)) []Offer {
	return []Offer{
		{Key: "d", Title: "Make a demo", Text: "A year of weekly drills on made-up records, in the folder kustody-demo. Nothing else is touched.", Take: take,
			Progress: func() string { return "making the demo: week 12 of 52" }},
		{Key: "e", Title: "Open an evidence folder", Text: "Reports and a ledger that somebody gave you. Nothing in it is changed.", Ask: "folder", Take: take},
		{Key: "c", Title: "Write a configuration", Text: "kustody.toml in this folder, with every key and what it means.", Take: take},
	}
}

func TestOffersLeadToADesk(t *testing.T) {
	var asked []string
	offers := someOffers(func(_ context.Context, typed string) (Desk, error) {
		asked = append(asked, typed)
		if typed == "/nowhere" {
			return Desk{}, &engine.Problem{Err: errors.New("there is no folder /nowhere"), Hint: "name one that is there"}
		}
		return Desk{Cluster: "found", Location: "file:///there", Warnings: []string{"a warning"}, Now: func() time.Time { return testNow }}, nil
	})
	d := drive(t, Desk{Offers: offers}, 80, 24, ThemeDark)
	d.c.data.reports = loader[*engine.ReportList]{has: true}
	d.has("Make a demo", "Open an evidence folder", "Write a configuration")
	d.keys("e")
	d.keys("enter") // nothing typed: nothing happens
	d.text("/nowhere")
	d.has("folder: /nowhere")
	d.keys("enter")
	d.has("Open an evidence folder: that did not work.", "there is no folder /nowhere", "name one that is there")
	d.keys("down up e")
	d.text("/here is it")
	d.keys("esc")
	d.has("1 Backups") // esc leaves the input only
	d.keys("e")
	d.text("/here")
	d.keys("enter")
	d.has("found ●", "[1 Backups]", "no archive was named")
	if strings.Join(asked, " ") != "/nowhere /here" {
		t.Errorf("taken with %q", asked)
	}
	if d.c.data.reports.has {
		t.Error("reports of the desk before are there still")
	}
	d.keys("esc M")
	d.has("a warning")
}

func TestOfferIsGivenUp(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	gone := make(chan struct{})
	d.c.desk.Offers = someOffers(func(ctx context.Context, _ string) (Desk, error) {
		<-ctx.Done()
		close(gone)
		return Desk{Cluster: "late"}, nil
	})
	d.c.startScreens()
	d.c.toast = nil
	cmd := d.c.take(namedOr("d")) // not carried out yet: it is under way
	d.has("making the demo: week 12 of 52", "esc gives it up")
	d.keys("d")
	d.has("it is being done")
	d.keys("esc esc")
	d.lacks("week 12")
	d.run(cmd)
	<-gone
	d.lacks("late")
}
