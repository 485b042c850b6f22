package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"kustody/kafka/embedded"
)

var (
	merchants = []string{"Backhaus Lindner", "Alpenbahn AG", "Kiosk am Hafen", "Nordlicht Energie", "Buchhandlung Sperling", "Café Meridian", "Velo Studio", "Apotheke am Markt", "Hotel Drei Linden", "Möbelhaus Arends"}
	kinds     = []string{"card_payment", "card_payment", "card_payment", "transfer", "direct_debit", "refund"}
	schemes   = []string{"INSTANT", "SEPA-CT", "SEPA-DD", "CARD-A", "CARD-B"}
	actors    = []string{"svc-core-banking", "svc-settlement", "m.okafor", "j.brandt", "l.haugen", "svc-reporting"}
	actions   = []string{"login", "limit_changed", "payment_approved", "report_exported", "account_viewed", "key_rotated", "batch_released"}
)

// payment is one booking.
type payment struct {
	ID       string `json:"id"`
	Account  string `json:"account"`
	IBAN     string `json:"iban"`
	Kind     string `json:"kind"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Merchant string `json:"merchant"`
	BookedAt string `json:"booked_at"`

	at    time.Time
	trace []byte
}

func account(n int) string { return fmt.Sprintf("ACC-%05d", 10000+n) }

func (b *bank) payment(n int, at time.Time) payment {
	acc := b.rng.IntN(b.accounts)
	currency := "EUR"
	if b.rng.IntN(9) == 0 {
		currency = "CHF"
	}
	return payment{ID: fmt.Sprintf("tx-%08d", n), Account: account(acc), IBAN: fmt.Sprintf("DE%02d500105170%010d", 10+acc%88, 7_300_000+acc),
		Kind: kinds[b.rng.IntN(len(kinds))], Amount: fmt.Sprintf("%d.%02d", 1+b.rng.IntN(900), b.rng.IntN(100)), Currency: currency,
		Merchant: merchants[b.rng.IntN(len(merchants))], BookedAt: at.Format(time.RFC3339), at: at, trace: b.traceID()}
}

func (p payment) record() embedded.Record {
	r := embedded.Record{Timestamp: p.at.UnixMilli(), Key: []byte(p.Account), Value: jsonText(p),
		Headers: []embedded.Header{{Key: "schema", Value: []byte("transaction/v2")}, {Key: "trace-id", Value: p.trace}}}
	if p.Kind == "refund" { // twice the same name: the routes that a refund took
		r.Headers = append(r.Headers, embedded.Header{Key: "route", Value: []byte("branch")}, embedded.Header{Key: "route", Value: []byte("core")})
	}
	return r
}

// entry is one side of a booking.
type entry struct {
	Transaction string `json:"transaction"`
	Account     string `json:"account"`
	Side        string `json:"side"`
	Amount      string `json:"amount"`
	Currency    string `json:"currency"`
}

func (p payment) entries() []embedded.Record {
	var out []embedded.Record
	for _, e := range []entry{{p.ID, p.Account, "debit", p.Amount, p.Currency}, {p.ID, "CLEARING-" + p.Currency, "credit", p.Amount, p.Currency}} {
		out = append(out, embedded.Record{Timestamp: p.at.UnixMilli(), Key: []byte(e.Account), Value: jsonText(e),
			Headers: []embedded.Header{{Key: "schema", Value: []byte("ledger-entry/v1")}}})
	}
	return out
}

func (b *bank) settlement(scheme string, at time.Time, n int) embedded.Record {
	value := jsonText(map[string]any{"scheme": scheme, "value_date": at.Format(time.DateOnly), "payments": n/7 + b.rng.IntN(40),
		"net": fmt.Sprintf("%d.%02d", b.rng.IntN(400000), b.rng.IntN(100)), "currency": "EUR"})
	return embedded.Record{Timestamp: at.UnixMilli(), Key: []byte(scheme + "/" + at.Format("2006-01-02T15")), Value: value,
		Headers: []embedded.Header{{Key: "cutoff", Value: []byte("20:00")}, {Key: "operator-override", Value: nil}}}
}

func (b *bank) auditEvent(at time.Time) embedded.Record {
	value := jsonText(map[string]any{"actor": actors[b.rng.IntN(len(actors))], "action": actions[b.rng.IntN(len(actions))],
		"from": fmt.Sprintf("10.20.%d.%d", b.rng.IntN(32), 1+b.rng.IntN(250)), "at": at.Format(time.RFC3339Nano)})
	return embedded.Record{Timestamp: at.UnixMilli(), Value: value, Headers: []embedded.Header{{Key: "trace-id", Value: b.traceID()}}}
}

func (b *bank) balance(at time.Time) embedded.Record {
	acc := b.rng.IntN(b.accounts)
	r := embedded.Record{Timestamp: at.UnixMilli(), Key: []byte(account(acc))}
	if b.rng.IntN(40) == 0 {
		return r // closed: a tombstone
	}
	r.Value = jsonText(map[string]any{"account": account(acc), "balance": fmt.Sprintf("%d.%02d", b.rng.IntN(90000), b.rng.IntN(100)), "currency": "EUR"})
	return r
}

// jsonText never fails: what it is given are maps and structs of strings and numbers.
func jsonText(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // a mistake in this file
	}
	return out
}
