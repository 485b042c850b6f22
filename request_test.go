package main

import "testing"

// TestMapped lays --map over what is configured.
func TestMapped(t *testing.T) {
	configured := map[string]string{"orders": "orders-2", "audit-log": "audit"}
	got, err := mapped(configured, []string{"orders=orders-3", "audit-log=", "payments-eu=pay.v2_x-y"})
	if err != nil || len(got) != 2 || got["orders"] != "orders-3" || got["payments-eu"] != "pay.v2_x-y" || configured["orders"] != "orders-2" {
		t.Errorf("%v, %v; configured is now %v", got, err, configured)
	}
	if got, err := mapped(configured, []string{"orders=", "audit-log="}); err != nil || got != nil {
		t.Errorf("nothing is mapped, and it is %v, %v", got, err)
	}
	for _, tc := range [][]string{{"orders"}, {"=x"}, {"or*=x"}, {"orders=a/b"}, {"orders=x", "orders=y"}} {
		if _, err := mapped(nil, tc); err == nil {
			t.Errorf("%q is taken", tc)
		}
	}
}
