package kafka_test

import (
	"context"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

// broker starts an embedded cluster that ends with the test.
func broker(t testing.TB, o embedded.Options) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// within is a context that ends before the test binary's patience does.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func admin(t testing.TB, c kafka.Cluster) *kafka.Admin {
	t.Helper()
	a, err := kafka.OpenAdmin(within(t, 20*time.Second), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func readBack(t testing.TB, c kafka.Cluster, o kafka.ReadBackOptions) *kafka.ReadBack {
	t.Helper()
	r, err := kafka.OpenReadBack(c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
