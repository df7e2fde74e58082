package deal

import (
	"testing"

	"crmbot/internal/crm"
)

func TestParseReason_LO02(t *testing.T) {
	for in, want := range map[string]struct {
		r    Reason
		note string
		ok   bool
	}{
		"价格 对手低 8%": {"price", "对手低 8%", true}, "竞品": {"competitor", "", true}, "竞品:华星": {"competitor", "华星", true}, "预算取消": {"budget", "", true}, "预算": {"budget", "", true},
		"关系/决策链": {"relation", "", true}, "决策链变了": {"relation", "变了", true}, "其他 客户改为自研": {"other", "客户改为自研", true}, "price too high": {"price", "too high", true},
		"Competitor": {"competitor", "", true}, "": {"", "", false}, "不知道": {"", "", false},
	} {
		r, note, ok := ParseReason(in)
		if r != want.r || note != want.note || ok != want.ok {
			t.Errorf("%q: %q %q %v, want %+v", in, r, note, ok, want)
		}
	}
	for _, x := range Reasons {
		if r, _, ok := ParseReason(x.Zh); !ok || r != x.Key {
			t.Errorf("%s reads as %q", x.Zh, r)
		}
		if r, _, ok := ParseReason(x.En); !ok || r != x.Key {
			t.Errorf("%s reads as %q", x.En, r)
		}
	}
}

func TestStages_F07(t *testing.T) {
	list := stages.Default
	if len(list) != 5 || list[0].Probability != 10 || list[4].Probability != 85 || list[3].RotDays != 14 {
		t.Errorf("%+v", list)
	}
	for in, want := range map[string]string{"方案报价": "offer", "方案": "offer", "OFFER": "offer", "bidding": "bid", "签约": "signing", "报价": "offer", "": "", "赢单": "", "n": ""} {
		if s, _ := ParseStage(list, in); s.Key != want {
			t.Errorf("%q is %q, want %q", in, s.Key, want)
		}
	}
	if _, i := StageAt(list, "bid"); i != 3 {
		t.Errorf("bid is at %d", i)
	}
	if s, i := StageAt(list, "retired"); i != -1 || s.Name(crm.Chinese) != "retired" {
		t.Errorf("a retired stage is %v at %d", s, i)
	}
	for name, bad := range map[string][]Stage{"none": nil, "twice": {{Key: "a", Zh: "甲", En: "a"}, {Key: "a", Zh: "乙", En: "b"}}, "an end": {{Key: "won", Zh: "赢", En: "won"}},
		"no English": {{Key: "a", Zh: "甲"}}, "more than certain": {{Key: "a", Zh: "甲", En: "a", Probability: 101}}} {
		if validStages(bad) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestRights_PM01(t *testing.T) {
	d := Deal{Owner: 7, Team: 2}
	rep, other, boss := crm.Actor{ID: 7, Team: 2}, crm.Actor{ID: 8, Team: 2}, crm.Actor{ID: 9, Reach: []crm.TeamID{2}}
	leaver := rep
	leaver.Frozen = true
	for _, c := range []struct {
		name         string
		a            crm.Actor
		accountOwner crm.UserID
		see, change  bool
	}{
		{"owner", rep, 0, true, true}, {"colleague", other, 0, false, false}, {"leader", boss, 0, true, true}, {"owner of the customer", other, 8, true, false},
		{"leaver", leaver, 0, true, false}, {"nobody", crm.Actor{}, 0, false, false}, {"administrator", crm.Actor{ID: 1, All: true}, 0, true, true},
	} {
		if CanSee(c.a, d, c.accountOwner) != c.see || CanChange(c.a, d) != c.change {
			t.Errorf("%s: see %v, change %v", c.name, CanSee(c.a, d, c.accountOwner), CanChange(c.a, d))
		}
	}
}

func TestFingerprintOfRowsWithoutNumber_CH05(t *testing.T) {
	a := Row{Title: "一期", Account: "华星", Owner: 7, OpenedOn: "2026-01-05", Amount: 100}
	same, other := a, a
	same.Stage, same.Status, same.ClosedOn = "offer", Won, "2026-02-01" // what changes in the life of a deal
	other.Title = "二期"
	if a.fingerprint() != same.fingerprint() || a.fingerprint() == other.fingerprint() {
		t.Error("a deal is not named by what stays the same about it")
	}
}
