package rule_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// TestStructuresAreWrittenInLines: what a form shows, and the one word of a
// command, are read back as the same value in both languages; changed numbers are
// kept, and what is not of this form stays as it was typed.
func TestStructuresAreWrittenInLines(t *testing.T) {
	same := func(d rule.Def, a, b string) {
		t.Helper()
		var x, y any
		if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %s is not %s", d.Key, a, b)
		}
	}
	for _, d := range []rule.Def{lead.Periods.Def(), recycle.AccountPeriods.Def(), assign.Timers.Def()} {
		for _, l := range []crm.Lang{crm.Chinese, crm.English} {
			if d.Lines(l, d.Default) == "" {
				t.Errorf("%s has no lines", d.Key)
			}
			same(d, d.Long(d.Lines(l, d.Default)), d.Default)
			same(d, d.Long(d.Word(l, d.Default)), d.Default)
		}
	}
	leads := lead.Periods.Def()
	if got := leads.Word(crm.Chinese, leads.Default); got != "A4/3,B9/5,C18/10,D27/15" {
		t.Errorf("the word is %q", got)
	}
	want := `{"A":{"contact_hours":2,"idle_days":3},"B":{"contact_hours":9,"idle_days":7},"C":{"contact_hours":18,"idle_days":10},"D":{"contact_hours":27,"idle_days":15}}`
	for _, text := range []string{"a2/3，b9/7，c18/10，d27/15", "A：2 小时 / 3 天\nB: 9/7\nC 18/10\n D=27/15", want} {
		same(leads, leads.Long(text), want)
	}
	for _, text := range []string{"二十", "A4", "A4/3/2", "X4/3", "40", `{"A":`, "A99999999999999999999/3"} {
		if got := leads.Long(text); got != text {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	accounts := recycle.AccountPeriods.Def()
	same(accounts, accounts.Long("KA：21/0 复核\nA：30/120\nB：45/90\nC：60/90"), accounts.Default)
	same(accounts, accounts.Long("KA21/0review,A30/120,B45/90,C60/90"), accounts.Default)
}
