package lead_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/rule"
)

func TestP11Deadlines(t *testing.T) {
	cal, err := calendar.Standard(time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	limits := lead.Limits{Grades: lead.Periods.Default, Handed: 5}
	l := lead.Lead{Owner: 5, Status: lead.Open, Grade: "A", OwnedAt: monday}
	d := lead.DueOf(l, limits, cal, monday)
	if !d.Contact.Equal(monday.Add(4*time.Hour)) || d.Release != "2026-03-05" || d.Left != 3 {
		t.Errorf("grade A: %+v", d)
	}
	l.LastValidAt = monday.Add(24 * time.Hour)
	if d = lead.DueOf(l, limits, cal, monday.AddDate(0, 0, 6)); !d.Contact.IsZero() || d.Release != "2026-03-06" || d.Left != -1 {
		t.Errorf("after a contact, on Sunday: %+v", d)
	}
	l.Owner = 0
	if d = lead.DueOf(l, limits, cal, monday); d.Release != "" || !d.Contact.IsZero() || d.Left != 0 {
		t.Errorf("a pool lead has a deadline: %+v", d)
	}
}

func TestHO03TheFirstContactAfterAHandOver(t *testing.T) {
	cal, err := calendar.Standard(time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	limits := lead.Limits{Grades: lead.Periods.Default, Handed: 5}
	due := func(l lead.Lead) lead.Due {
		l.Owner, l.Status, l.Grade, l.OwnedAt = 5, lead.Open, "A", monday
		return lead.DueOf(l, limits, cal, monday)
	}
	evening := cal.At("2026-03-09", calendar.Clock(18, 0))
	if d := due(lead.Lead{HandedAt: monday}); !d.Contact.Equal(evening) || d.Handed != 5 {
		t.Errorf("handed over: %+v, want until %v", d, evening)
	}
	if d := due(lead.Lead{HandedAt: monday.AddDate(0, 0, -7)}); !d.Contact.Equal(monday.Add(4*time.Hour)) || d.Handed != 0 {
		t.Errorf("handed over to an owner before: %+v", d)
	}
	limits.Grades = map[lead.Grade]lead.Period{"A": {ContactHours: 90, IdleDays: 3}}
	if d := due(lead.Lead{HandedAt: monday}); !d.Contact.After(evening) || d.Handed != 0 {
		t.Errorf("the longer time of the grade: %+v", d)
	}
	if d := due(lead.Lead{HandedAt: monday, LastValidAt: monday}); !d.Contact.IsZero() || d.Handed != 0 {
		t.Errorf("contacted: %+v", d)
	}
}

func TestP17ParseReason(t *testing.T) {
	list := lead.ReleaseReasons.Default
	for in, want := range map[string]string{"无需求": "no_need|", "其他 已搬迁": "other|已搬迁", "其他:已搬迁": "other|已搬迁", "Wrong Number": "wrong_number|", "no need now": "no_need|now", "联系不上": "unreachable|", "other moved away": "other|moved away"} {
		r, note, err := lead.ParseReason(list, in)
		if err != nil || r.Code+"|"+note != want {
			t.Errorf("%q: %s|%s %v, want %s", in, r.Code, note, err, want)
		}
	}
	for _, in := range []string{"", "心情不好", "其他", "其他 x", strings.Repeat("无", 5000)} {
		if _, _, err := lead.ParseReason(list, in); crm.RuleOf(err) != "P-17" {
			t.Errorf("%.20q: %v", in, err)
		}
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Zh)
	}
	if strings.Join(names, "、") != "联系不上、号码错误、无需求、预算不足、竞品已签、重复、非目标客户、其他" {
		t.Errorf("the list is %v", names)
	}
}

func TestParseFilter(t *testing.T) {
	sources := lead.Sources.Default
	for in, want := range map[string]lead.Filter{
		"展会 上海市 a": {Source: "展会洽谈", City: "上海", Grade: "A"}, "B级": {Grade: "B"}, "trade fair talk Shanghai": {Source: "展会洽谈", City: "Shanghai"}, "": {}, "New York": {City: "New York"},
	} {
		got := lead.ParseFilter(strings.Fields(in), sources)
		if got != want {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
		if back := lead.ParseFilter(strings.Fields(got.Words()), sources); back != got {
			t.Errorf("%q: its words %q read back as %+v", in, got.Words(), back)
		}
	}
	if s, n := lead.SplitSource("trade fair talk needs machines", sources); s != "展会洽谈" || n != "needs machines" {
		t.Errorf("source %q, need %q", s, n)
	}
	if s, n := lead.SplitSource("抖音", sources); s != "抖音" || n != "" {
		t.Errorf("an unknown source became %q, %q", s, n)
	}
}

// pairs is an index of names in memory.
type pairs struct {
	lead.Index
	grams []lead.Gram
}

func (p *pairs) AddKeys(context.Context, ...lead.Key) error { return nil }

func (p *pairs) AddGrams(_ context.Context, grams ...lead.Gram) error {
	p.grams = append(p.grams, grams...)
	return nil
}

func (p *pairs) FindGrams(_ context.Context, grams []string, minSize, maxSize, _ int) ([]lead.Gram, error) {
	return slices.DeleteFunc(slices.Clone(p.grams), func(g lead.Gram) bool {
		return g.Size < minSize || g.Size > maxSize || !slices.Contains(grams, g.Gram)
	}), nil
}

// defaults is a store of settings that nobody changed.
type defaults struct{ rule.Store }

func (defaults) RuleVersions(context.Context) ([]rule.Version, error) { return nil, nil }

// TestDU01IndexFindsEverySimilarName: the pairs that are stored and looked up
// are enough to meet every name above the threshold.
func TestDU01IndexFindsEverySimilarName(t *testing.T) {
	book, err := rule.NewBook(defaults{}, crm.WallClock{}) // 88 %
	if err != nil {
		t.Fatal(err)
	}
	letters := []rune("东方红星辰宇宙航空精密仪器制造")
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringOfN(rapid.SampledFrom(letters), 3, 40, -1).Draw(t, "a")
		b := a
		for range rapid.IntRange(0, 3).Draw(t, "edits") {
			r := []rune(b)
			at := rapid.IntRange(0, len(r)-1).Draw(t, "at")
			b = string(slices.Replace(r, at, at+1, rapid.SampledFrom(letters).Draw(t, "rune")))
		}
		names := lead.NewDuplicates(&pairs{}, book)
		if err := names.Add(context.Background(), crm.LeadID(1).Ref(), lead.Identity{Company: a}); err != nil {
			t.Fatal(err)
		}
		found, err := names.Similar(context.Background(), b, 1)
		if err != nil {
			t.Fatal(err)
		}
		s := crm.NameSimilarity(a, b)
		if met := len(found) == 1; met != (s >= 0.88 && crm.CompanyKey(a) != crm.CompanyKey(b) && len([]rune(crm.CompanyKey(a))) >= 3 && len([]rune(crm.CompanyKey(b))) >= 3) {
			t.Fatalf("%q and %q are %.3f alike, found %v", a, b, s, met)
		}
	})
}

func TestInfoClean(t *testing.T) {
	for name, c := range map[string]struct {
		in lead.Info
		ok bool
	}{
		"company only":    {lead.Info{Company: "华星"}, true},
		"contact, phone":  {lead.Info{Contact: "王总", Phone: "021-58881234"}, true},
		"nothing":         {lead.Info{Phone: "13800138000"}, false},
		"contact only":    {lead.Info{Contact: "王总"}, false},
		"punctuation":     {lead.Info{Company: "!!!"}, false},
		"wrong number":    {lead.Info{Company: "华星", Phone: "138"}, false},
		"wrong mail":      {lead.Info{Company: "华星", Email: "abc"}, false},
		"too long":        {lead.Info{Company: strings.Repeat("华", 101)}, false},
		"emoji in a name": {lead.Info{Company: "华星😀"}, true},
		"full width":      {lead.Info{Company: "华星", Phone: "１３８００１３８０００"}, true},
	} {
		err := c.in.Clean()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPM01CollaborationsAfterAChangeOfHands(t *testing.T) {
	now := time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)
	const colleague, heir crm.UserID = 8, 9
	asked := lead.Collaboration{User: colleague, State: lead.CollabAsked, AskedAt: now.AddDate(0, 0, -2)}
	accepted := lead.Collaboration{User: colleague, State: lead.CollabAccepted, By: 5, AskedAt: now.AddDate(0, 0, -2), ExpiresAt: now.AddDate(0, 0, 88)}
	expired, declined := accepted, asked
	expired.ExpiresAt, declined.State = now, lead.CollabDeclined
	for name, c := range map[string]struct {
		was   lead.Collaboration
		to    crm.UserID
		state string
	}{
		"the pool ends it":                    {accepted, 0, lead.CollabEnded},
		"the pool ends a request":             {asked, 0, lead.CollabEnded},
		"the collaborator becomes the owner":  {accepted, colleague, lead.CollabEnded},
		"a new owner is asked again":          {accepted, heir, lead.CollabAsked},
		"a request passes to the new owner":   {asked, heir, lead.CollabAsked},
		"what expired is not asked again":     {expired, heir, lead.CollabAccepted},
		"what expired does not end once more": {expired, 0, lead.CollabAccepted},
		"what was declined stays declined":    {declined, heir, lead.CollabDeclined},
	} {
		got := c.was.AfterMove(c.to, now)
		if got.State != c.state {
			t.Errorf("%s: %s, want %s", name, got.State, c.state)
		}
		if got.Active(now) {
			t.Errorf("%s: the right goes on", name)
		}
	}
	if got := asked.AfterMove(heir, now); got != asked {
		t.Errorf("a request that passes on changed: %+v", got)
	}
}

// TestP11AFirstContactThatIsDueComesFirst orders by what is due next: a first
// contact may be due long before the release of the same lead, and of others.
func TestP11AFirstContactThatIsDueComesFirst(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	talked, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "华星科技"}, Owner: na.ID}, true)
	h.must(err)
	h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
		_, err := h.leads.Touch(ctx, talked.ID.Ref(), h.clock.Now(), true)
		return err
	}))
	h.wait(24 * time.Hour)
	fresh, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "明月餐饮"}, Owner: na.ID}, true)
	h.must(err)
	own, err := h.leads.Mine(h.ctx, na)
	h.must(err)
	if len(own) != 2 || own[0].ID != fresh.ID || own[1].ID != talked.ID {
		t.Fatalf("the list begins with %s, want %s", own[0].ID, fresh.ID)
	}
	if own[0].Due.Release <= own[1].Due.Release {
		t.Errorf("released on %s and %s: the order proves nothing", own[0].Due.Release, own[1].Due.Release)
	}
}
