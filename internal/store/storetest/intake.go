package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/intake"
	"crmbot/internal/store"
)

// Intake is the contract of intake.Store.
func Intake(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.Now()
	form := intake.Source{Draft: intake.Draft{Name: "官网", Channel: "官网留言", Campaign: "春季", Mode: intake.Form, Origins: []string{"https://a.example", "https://b.example"}, PerMinute: 20},
		Enabled: true, KeyHash: "aa", KeyVersion: 1, CreatedBy: 5, CreatedAt: now, UpdatedAt: now, Version: 1}
	ads := intake.Source{Draft: intake.Draft{Name: "广告", Channel: "广告", Mode: intake.Bearer, PerMinute: 60}, KeyVersion: 1, CreatedAt: now, UpdatedAt: now, Version: 1}
	for _, s := range []*intake.Source{&form, &ads} {
		must(db.AddSource(ctx, s))
	}
	got, err := db.Source(ctx, form.ID)
	must(err)
	if d := cmp.Diff(form, got); d != "" {
		t.Errorf("a source (-stored +read):\n%s", d)
	}
	if _, err := db.Source(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a source that does not exist: %v", err)
	}

	// A change is stored once: the second one saw what is gone.
	form.Campaign, form.KeyHash, form.KeyVersion, form.Enabled, form.Version = "夏季", "bb", 2, false, 2
	for i, want := range []bool{true, false} {
		ok, err := db.SaveSource(ctx, form)
		must(err)
		if ok != want {
			t.Errorf("save %d: %v", i, ok)
		}
	}
	got, err = db.Source(ctx, form.ID)
	must(err)
	if d := cmp.Diff(form, got); d != "" {
		t.Errorf("a changed source (-stored +read):\n%s", d)
	}
	ads.Revoked, ads.Version = true, 2
	if ok, err := db.SaveSource(ctx, ads); err != nil || !ok {
		t.Fatal(ok, err)
	}
	list, err := db.Sources(ctx)
	must(err)
	if len(list) != 1 || list[0].ID != form.ID {
		t.Errorf("sources that are not revoked: %+v", list)
	}

	// Of ten that bring one token at once, one stores it.
	tok := intake.Token{Source: form.ID, Hash: "h", Body: "b", Receipt: "r", At: now}
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			ok, err := db.AddToken(ctx, tok)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d stored the token", won.Load())
	}
	back, ok, err := db.Token(ctx, form.ID, "h")
	must(err)
	if d := cmp.Diff(tok, back); d != "" || !ok {
		t.Errorf("a token (-stored +read), %v:\n%s", ok, d)
	}
	if _, ok, err := db.Token(ctx, ads.ID, "h"); ok || err != nil {
		t.Errorf("another source has the token: %v %v", ok, err)
	}
	must(db.DropToken(ctx, form.ID, "h"))
	if _, ok, err := db.Token(ctx, form.ID, "h"); ok || err != nil {
		t.Errorf("a dropped token is there: %v %v", ok, err)
	}

	q := intake.Inquiry{Receipt: "01J", Source: form.ID, Channel: "官网留言", Campaign: "夏季", Record: crm.LeadID(7).Ref(), Fresh: true,
		Company: "华星", Contact: "王总", Phone: "138", Email: "a@b.cn", City: "上海", Need: "第一行\n第二行 😀", Note: "x", At: now}
	must(db.AddInquiry(ctx, &q))
	again := q
	again.ID, again.Receipt, again.Fresh = 0, "01K", false
	must(db.AddInquiry(ctx, &again))
	read, err := db.Inquiry(ctx, "01J")
	must(err)
	if d := cmp.Diff(q, read); d != "" {
		t.Errorf("an inquiry (-stored +read):\n%s", d)
	}
	if _, err := db.Inquiry(ctx, "01X"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an inquiry that does not exist: %v", err)
	}
	n, err := db.CountInquiries(ctx, now)
	must(err)
	if d := cmp.Diff(map[intake.SourceID]intake.Count{form.ID: {Taken: 2, Fresh: 1}}, n); d != "" {
		t.Errorf("counted (-want +got):\n%s", d)
	}
	if n, err = db.CountInquiries(ctx, now.Add(time.Second)); err != nil || len(n) != 0 {
		t.Errorf("later: %v %v", n, err)
	}

	// Tokens are forgotten when they answer no more; what was sent stays.
	if ok, err := db.AddToken(ctx, tok); err != nil || !ok {
		t.Fatal(ok, err)
	}
	must(db.Prune(ctx, now.Add(23*time.Hour)))
	if _, ok, err := db.Token(ctx, form.ID, "h"); !ok || err != nil {
		t.Errorf("after 23 hours the token is gone: %v", err)
	}
	must(db.Prune(ctx, now.Add(49*time.Hour)))
	if _, ok, err := db.Token(ctx, form.ID, "h"); ok || err != nil {
		t.Errorf("after two days the token is there: %v", err)
	}
	if _, err := db.Inquiry(ctx, "01J"); err != nil {
		t.Error(err)
	}
}
