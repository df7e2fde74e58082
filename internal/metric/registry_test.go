package metric

import (
	"strings"
	"testing"

	"crmbot/internal/crm"
)

func standard(t *testing.T) *Registry {
	t.Helper()
	r, err := NewRegistry(Standard()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestR05StandardMetricsAreComplete(t *testing.T) {
	r := standard(t)
	for _, key := range []string{"lead.claim", "lead.new", "lead.first_contact", "visit.planned", "visit.done", "visit.valid", "visit.attempt", "visit.plan_rate", "call.done", "call.valid", "next_step.set",
		"contract.submitted", "contract.approved", "contract.signed", "contract.signed_amount", "approval.decided", "approval.median", "deal.won", "deal.won_amount", "deal.lost", "deal.win_rate"} {
		d, ok := r.Get(key)
		if !ok {
			t.Errorf("%s is missing", key)
			continue
		}
		for _, x := range []string{d.Name.Zh, d.Unit.Zh, d.Definition.Zh, d.TimeField.Zh} {
			if strings.ContainsAny(x, "abcdefghijklmnopqrstuvwxyz") {
				t.Errorf("%s: Chinese text %q has Latin letters", key, x)
			}
		}
	}
	if n := len(r.All()); n < 12 {
		t.Errorf("%d metrics, at least 12 are needed", n)
	}
}

func TestR05StartRefusesBadDefinitions(t *testing.T) {
	good := Standard()[0]
	change := func(f func(*Def)) Def {
		d := good
		d.Key, d.Name = "other.key", crm.Text{Zh: "别的", En: "other"}
		f(&d)
		return d
	}
	cases := map[string][]Def{
		"registered twice":                    {good, good},
		"same name":                           {good, change(func(d *Def) { d.Name.Zh = good.Name.Zh })},
		"unknown fact key":                    {change(func(d *Def) { d.Facts = []string{"lead.claimed"} })},
		"name in both":                        {change(func(d *Def) { d.Name.En = "" })},
		"needs an owner":                      {change(func(d *Def) { d.Owner = "" })},
		"unknown kind":                        {change(func(d *Def) { d.Kind = "daily" })},
		"carries no amount":                   {change(func(d *Def) { d.Aggregate = SumAmount })},
		"does not fit fact":                   {change(func(d *Def) { d.Aggregate = MedianQty })},
		"does not fit 1 facts":                {change(func(d *Def) { d.Aggregate = Ratio })},
		"does not fit fact \"visit.attempt\"": {change(func(d *Def) { d.Facts = []string{"visit.attempt"} })},
		"does not fit fact \"lead.claim\"":    {change(func(d *Def) { d.Aggregate, d.Facts = SumHundredths, []string{"lead.claim"} })},
		"key without spaces":                  {change(func(d *Def) { d.Key = "a/b" })},
	}
	for want, defs := range cases {
		if _, err := NewRegistry(defs...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestFindNamesNearMetrics(t *testing.T) {
	r := standard(t)
	rep, boss := crm.Actor{ID: 1, Roles: []crm.Role{crm.Rep}}, crm.Actor{ID: 2, Roles: []crm.Role{crm.Boss}, All: true}
	for _, text := range []string{"deal.won_amount", "赢单金额", " WON  amount ", "won amount"} {
		if d, err := r.Find(rep, text); err != nil || d.Key != "deal.won_amount" {
			t.Errorf("%q: %s %v", text, d.Key, err)
		}
	}
	if d, err := r.Find(rep, "计划完成"); err != nil || d.Key != "visit.plan_rate" {
		t.Errorf("part of a name: %s %v", d.Key, err)
	}
	if _, err := r.Find(rep, "赢单"); crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(crm.MessageOf(err, crm.Chinese), "赢单数、赢单金额") {
		t.Errorf("an ambiguous name: %v", err)
	}
	if _, err := r.Find(rep, "没有的"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := r.Find(rep, "审批处理数"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a metric for deciders was found by a rep: %v", err)
	}
	if _, err := r.Find(boss, "审批处理数"); err != nil {
		t.Errorf("the boss does not find it: %v", err)
	}
}

// TestAnUnknownMetricIsToldThatTheListGoesOn: a list that is cut must say so, or
// people believe that it is all there is.
func TestAnUnknownMetricIsToldThatTheListGoesOn(t *testing.T) {
	r := standard(t)
	_, err := r.Find(crm.Actor{Roles: []crm.Role{crm.Boss}, All: true}, "没有的")
	if got := crm.MessageOf(err, crm.English); !strings.HasSuffix(got, " more; send /metrics for all") {
		t.Errorf("in English: %q", got)
	}
	if got := crm.MessageOf(err, crm.Chinese); !strings.HasSuffix(got, " 个，发送 /指标 查看全部") {
		t.Errorf("in Chinese: %q", got)
	}
}
