package pool_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

var zone = time.FixedZone("CST", 8*3600)

func TestP01ChooseTakesExactlyOnePool(t *testing.T) {
	p := func(id crm.PoolID, sort int, users []crm.UserID, teams []crm.TeamID, regions ...string) pool.Pool {
		return pool.Pool{ID: id, Kind: crm.KindLead, Sort: sort, Users: users, Teams: teams, Regions: regions}
	}
	everybody, low := p(1, 1000, nil, nil), p(2, 10, nil, nil)
	mine := p(3, 999, []crm.UserID{7}, nil)
	team, above := p(4, 500, nil, []crm.TeamID{20}), p(5, 1, nil, []crm.TeamID{10})
	south := p(6, 2000, nil, nil, "深圳")
	retired, accounts := p(8, 0, nil, nil), p(9, 0, nil, nil)
	retired.Retired, accounts.Kind = true, crm.KindAccount
	all := []pool.Pool{everybody, low, mine, team, above, south, retired, accounts}
	for name, c := range map[string]struct {
		place pool.Place
		want  crm.PoolID
	}{
		"explicit wins over all":       {pool.Place{Explicit: 1, User: 7}, 1},
		"a retired one takes nothing":  {pool.Place{Explicit: 8}, 0},
		"the named person":             {pool.Place{User: 7, Teams: []crm.TeamID{20, 10}}, 3},
		"the narrowest department":     {pool.Place{User: 8, Teams: []crm.TeamID{20, 10}}, 4},
		"the department above":         {pool.Place{User: 8, Teams: []crm.TeamID{30, 10}}, 5},
		"the region before everywhere": {pool.Place{User: 8, Regions: []string{"", "深圳"}}, 6},
		"the lowest sort":              {pool.Place{User: 8, Regions: []string{"北京"}}, 2},
	} {
		c.place.Kind = crm.KindLead
		got, ok := pool.Choose(all, c.place)
		if got.ID != c.want || ok != (c.want != 0) {
			t.Errorf("%s: pool %d, want %d", name, got.ID, c.want)
		}
	}
}

func TestP04UsedNeverExceedsTheQuota(t *testing.T) {
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	rapid.Check(t, func(t *rapid.T) {
		limit, burst := rapid.IntRange(0, 30).Draw(t, "limit"), rapid.IntRange(1, 10).Draw(t, "burst")
		s := pool.Standing{Claims: rapid.IntRange(0, 40).Draw(t, "claims"), Refunds: rapid.IntRange(0, 5).Draw(t, "refunds"), Burst: rapid.IntRange(0, 12).Draw(t, "recent")}
		q := pool.Quota{Limit: limit, Allowed: rapid.Bool().Draw(t, "allowed")}
		e := pool.CheckQuota(s, q, burst, 10*time.Minute, cal, now)
		may := q.Allowed && pool.Used(s) < limit && s.Burst < burst
		if (e == nil) != may {
			t.Fatalf("%+v of %d, burst %d: %v", s, limit, burst, e)
		}
		if e != nil && (e.Rule != "P-04" || e.Next.Zh == "" || e.Next.En == "") {
			t.Fatalf("the refusal says no next step: %v", e)
		}
		if left := q.Left(s); left < 0 || left > limit {
			t.Fatalf("%d left of %d", left, limit)
		}
	})
}

func TestP04RefundsOnlyTheOwnFreshClaim(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	claim := pool.Entry{Reason: pool.Claim, To: 5, At: now.Add(-10 * time.Minute)}
	for name, c := range map[string]struct {
		last    pool.Entry
		by      crm.UserID
		refunds int
		want    bool
	}{
		"within the time":       {claim, 5, 0, true},
		"a minute too late":     {pool.Entry{Reason: pool.Claim, To: 5, At: now.Add(-11 * time.Minute)}, 5, 0, false},
		"somebody else's claim": {claim, 6, 0, false},
		"an assignment":         {pool.Entry{Reason: pool.Assign, To: 5, At: now}, 5, 0, false},
		"the third that day":    {claim, 5, 2, true},
		"the fourth that day":   {claim, 5, 3, false},
		"the system":            {pool.Entry{Reason: pool.Claim, At: now}, 0, 0, false},
	} {
		if got := pool.Refunds(c.last, c.by, c.refunds, now, 10*time.Minute, 3); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestP06EveryWayOfLosingHasItsTime(t *testing.T) {
	now := time.Date(2026, 3, 10, 10, 0, 0, 0, zone)
	days := pool.CoolDays{Auto: 30, Voluntary: 7, Manager: 20}
	ago := func(d int) time.Time { return now.AddDate(0, 0, -d) }
	for name, c := range map[string]struct {
		losses []pool.Entry
		until  time.Time
	}{
		"nothing lost":              {nil, time.Time{}},
		"own release":               {[]pool.Entry{{Reason: pool.Release, From: 5, By: 5, At: ago(6)}}, ago(-1)},
		"own release, over":         {[]pool.Entry{{Reason: pool.Release, From: 5, By: 5, At: ago(7)}}, time.Time{}},
		"manager's release":         {[]pool.Entry{{Reason: pool.Release, From: 5, By: 9, At: ago(8)}}, ago(-12)},
		"recycled":                  {[]pool.Entry{{Reason: pool.Recycle, From: 5, At: ago(29)}}, ago(-1)},
		"passed on by oneself":      {[]pool.Entry{{Reason: pool.Transfer, From: 5, By: 5, At: ago(1)}}, ago(-6)},
		"the longest of several":    {[]pool.Entry{{Reason: pool.Release, From: 5, By: 5, At: ago(1)}, {Reason: pool.Recycle, From: 5, At: ago(10)}}, ago(-20)},
		"a fault of the data, P-17": {[]pool.Entry{{Reason: pool.Release, From: 5, By: 5, At: ago(1), Uncounted: true}}, time.Time{}},
	} {
		if until, _ := pool.Cooling(c.losses, days, now); !until.Equal(c.until) {
			t.Errorf("%s: until %v, want %v", name, until, c.until)
		}
	}
}

func TestP03HoldLimitCountsWhatWouldBeAdded(t *testing.T) {
	if e := pool.CheckHold(crm.KindLead, 49, 50, 1, ""); e != nil {
		t.Errorf("the fiftieth is refused: %v", e)
	}
	e := pool.CheckHold(crm.KindLead, 49, 50, 2, "李娜")
	if e == nil || e.Rule != "P-03" {
		t.Fatalf("two more than fit: %v", e)
	}
	if got := e.Message(crm.Chinese); got == "" || e.Text.Zh != "李娜持有的线索已达上限：49/50" {
		t.Errorf("%s", got)
	}
}
