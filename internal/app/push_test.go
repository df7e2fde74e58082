package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/push"
)

// unasked queues a notice that counts as unasked.
func (o *office) unasked(key string) {
	o.t.Helper()
	err := o.DB.InTx(o.t.Context(), func(ctx context.Context) error {
		return o.DB.Effects().Notify(ctx, crm.Notice{To: crm.ToUser(o.user), View: crm.View{Name: "lead.card", Ref: "L-1"}, Key: key})
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) wait(d time.Duration) {
	o.t.Helper()
	if err := o.clock.Set(o.clock.Now().Add(d)); err != nil {
		o.t.Fatal(err)
	}
}

// TestCH03ASecondNoticeIsSentWhereTheFirstCannotBeUpdated: some messages can
// never be changed, and the news must not be lost with them.
func TestCH03ASecondNoticeIsSentWhereTheFirstCannotBeUpdated(t *testing.T) {
	o := newOffice(t)
	o.phone.refuse = func(what string) error {
		if what == "update" {
			return bot.ErrPermanent
		}
		return nil
	}
	o.unasked("k1")
	o.settle()
	o.mu.Lock()
	o.state = "v2"
	o.mu.Unlock()
	o.wait(5 * time.Minute)
	o.unasked("k2")
	o.settle()
	o.shows("v1", "v2")
	if _, ok, err := o.DB.Delivered(t.Context(), "k2"); !ok || err != nil {
		t.Errorf("delivered: %v, %v", ok, err)
	}
}

// HO-01: a freeze was lifted by another process a moment ago, and this one's copy
// of the directory does not know it yet: what is for the person is not lost.
func TestHO01AMessageToSomebodyWhoIsBackIsNotLost(t *testing.T) {
	o := newOffice(t)
	u, err := o.Services.Directory.User(t.Context(), o.user)
	if err != nil {
		t.Fatal(err)
	}
	u.Frozen = true
	if err := o.Services.Directory.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	if a, err := o.Services.Directory.Actor(t.Context(), o.user); err != nil || !a.Frozen {
		t.Fatal(a, err)
	}
	u.Frozen = false
	if err := o.DB.SaveUser(t.Context(), &u); err != nil { // beside this process's copy
		t.Fatal(err)
	}
	o.unasked("back")
	o.settle()
	o.shows("v1")
}

// TestCH03NoticesWaitForTheEndOfQuietTime: what is unasked comes in the morning of
// the next working day, what somebody waits for comes at once, and what is about
// to be sent in the evening does not use up the tries of its delivery.
func TestCH03NoticesWaitForTheEndOfQuietTime(t *testing.T) {
	o := newOffice(t)
	var defs []bot.ViewDef
	for _, v := range []string{"report.card", "lead.taken", "lead.given", "approval.card"} {
		defs = append(defs, bot.ViewDef{Name: v, Render: func(_ context.Context, _ bot.Viewer, ref string) (card.Card, error) {
			return card.Card{Title: v + " " + ref, Blocks: []card.Block{card.Note{Text: ref}}}, nil
		}})
	}
	var err error
	if o.Runtime.Views, err = bot.NewViews(defs...); err != nil {
		t.Fatal(err)
	}
	notify := func(ns ...crm.Notice) {
		t.Helper()
		for i := range ns {
			ns[i].To = crm.ToUser(o.user)
		}
		if err := o.DB.InTx(t.Context(), func(ctx context.Context) error { return o.DB.Effects().Notify(ctx, ns...) }); err != nil {
			t.Fatal(err)
		}
	}
	friday := time.Date(2026, 3, 6, 13, 0, 0, 0, time.UTC) // 21:00 in China
	if err := o.clock.Set(friday); err != nil {
		t.Fatal(err)
	}
	notify(crm.Notice{View: crm.View{Name: "report.card", Ref: "B-1"}, Always: true}, crm.Notice{View: crm.View{Name: "lead.taken", Ref: "L-1"}},
		crm.Notice{View: crm.View{Name: "lead.given", Ref: "L-2"}}, crm.Notice{View: crm.View{Name: "lead.given", Ref: "L-3"}, Always: true},
		crm.Notice{View: crm.View{Name: "approval.card", Ref: "R-1"}, Always: true})
	o.settle()
	now := []string{"send lead.given L-3", "send approval.card R-1"}
	if !slices.Equal(o.phone.order, now) {
		t.Errorf("at night the phone got %v, want %v", o.phone.order, now)
	}
	for _, at := range []time.Time{friday.Add(14 * time.Hour), time.Date(2026, 3, 8, 23, 59, 0, 0, time.UTC)} { // Saturday, and Monday at 07:59
		if err := o.clock.Set(at); err != nil {
			t.Fatal(err)
		}
		o.settle()
		if !slices.Equal(o.phone.order, now) {
			t.Errorf("at %s the phone got %v, want %v", at, o.phone.order, now)
		}
	}
	o.wait(6 * time.Minute) // Monday at 08:05
	o.settle()
	got := slices.Clone(o.phone.order[len(now):])
	if slices.Sort(got); !slices.Equal(got, []string{"send lead.given L-2", "send lead.taken L-1", "send report.card B-1"}) {
		t.Errorf("in the morning the phone got %v", got)
	}
	db, err := o.DB.SQL()
	if err != nil {
		t.Fatal(err)
	}
	var tries int
	if err := db.QueryRowContext(t.Context(), "SELECT SUM(tries) FROM crm_outbox").Scan(&tries); err != nil || tries != 0 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// TestACardThatCameIsNotSentAgainBecauseItsUpdateFails.
func TestACardThatCameIsNotSentAgainBecauseItsUpdateFails(t *testing.T) {
	o := newOffice(t)
	other := newWorkerOf(t, o)
	o.unasked("a")
	o.phone.sending = func() { // the record changes while the card is on its way
		o.set("v2")
		if err := other(t.Context()); err != nil {
			t.Error(err)
		}
	}
	o.phone.refuse = func(what string) error {
		if what == "update" {
			return &bot.RetryAfter{Wait: time.Minute, Err: errors.New("no permission yet")}
		}
		return nil
	}
	for range 4 {
		o.settle()
		o.wait(2 * time.Hour) // longer than platforms remember a key
	}
	if want := []string{"send v1"}; !slices.Equal(o.phone.order, want) {
		t.Errorf("the phone got %v, want %v", o.phone.order, want)
	}
	o.phone.refuse = nil
	o.wait(2 * time.Hour)
	o.settle()
	o.shows("v2")
}

// TestCH03WhatIsWithheldBeforeAHolidayIsToldAfterIt.
func TestCH03WhatIsWithheldBeforeAHolidayIsToldAfterIt(t *testing.T) {
	o := newOffice(t)
	var err error
	if o.Runtime.Views, err = bot.NewViews(o.Module.Views...); err != nil {
		t.Fatal(err)
	}
	boss := o.hire("boss", org.User{Name: "王总", Roles: []crm.Role{crm.Boss, crm.Manager}})
	admin, err := o.Services.Directory.Actor(t.Context(), boss.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Services.Rules.Set(t.Context(), crm.Actor{ID: boss.ID, Roles: []crm.Role{crm.Admin}}, "CH-03.budget", "", "0", "test", monday); err != nil {
		t.Fatal(err)
	}
	eve := time.Date(2026, 4, 30, 10, 0, 0, 0, time.UTC) // 18:00, then labour day to 5 May
	if err := o.clock.Set(eve); err != nil {
		t.Fatal(err)
	}
	l, err := o.Services.Leads.Create(t.Context(), admin, lead.NewLead{Info: lead.Info{Company: "明月贸易"}, Grade: "C"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Services.Leads.Assign(t.Context(), admin, l.ID, o.user); err != nil {
		t.Fatal(err)
	}
	o.settle()
	if len(o.phone.order) != 0 {
		t.Fatalf("not withheld: %v", o.phone.order)
	}
	at := push.Digest(o.Services.Calendar, eve, 8*60+45, 17*60+30)
	if at.Sub(eve) < 5*24*time.Hour {
		t.Fatalf("the next digest is at %s, before the holiday is over", at)
	}
	if err := o.clock.Set(at.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	o.settle()
	if len(o.phone.order) != 1 || !strings.Contains(o.phone.order[0], "1 条消息") {
		t.Errorf("after the holiday the phone got %v", o.phone.order)
	}
}

// TestCH03SameThingUpdatesItsCardAndALeadsAlwaysCome: within half an hour the
// card about the same thing is brought up to date instead of a new one, and an
// A lead is offered whatever the day's budget says.
func TestCH03SameThingUpdatesItsCardAndALeadsAlwaysCome(t *testing.T) {
	o := newOffice(t)
	var err error
	if o.Runtime.Views, err = bot.NewViews(o.Module.Views...); err != nil {
		t.Fatal(err)
	}
	boss := o.hire("boss", org.User{Name: "王总", Roles: []crm.Role{crm.Boss, crm.Manager}})
	other := o.hire("p2", org.User{Name: "张伟", Roles: []crm.Role{crm.Rep}})
	admin, err := o.Services.Directory.Actor(t.Context(), boss.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Services.Rules.Set(t.Context(), crm.Actor{ID: boss.ID, Roles: []crm.Role{crm.Admin}}, "CH-03.budget", "", "1", "test", monday); err != nil {
		t.Fatal(err)
	}
	assign := func(id crm.LeadID, to crm.UserID) {
		t.Helper()
		if _, err := o.Services.Leads.Assign(t.Context(), admin, id, to); err != nil {
			t.Fatal(err)
		}
		o.settle()
	}
	give := func(company string, grade lead.Grade) crm.LeadID {
		t.Helper()
		l, err := o.Services.Leads.Create(t.Context(), admin, lead.NewLead{Info: lead.Info{Company: company}, Grade: grade}, true)
		if err != nil {
			t.Fatal(err)
		}
		assign(l.ID, o.user)
		return l.ID
	}
	sent := func() (n int) {
		o.phone.mu.Lock()
		defer o.phone.mu.Unlock()
		return len(slices.DeleteFunc(slices.Clone(o.phone.order), func(s string) bool { return !strings.HasPrefix(s, "send") }))
	}
	first := give("明月贸易", "C")
	if n := sent(); n != 1 {
		t.Fatalf("%d cards for the first lead", n)
	}
	assign(first, other.ID) // 李娜 is over the budget, 张伟 gets the first card
	if n := sent(); n != 2 {
		t.Fatalf("%d cards after passing it on, want 2: %v", n, o.phone.order)
	}
	assign(first, o.user)
	if n := sent(); n != 2 {
		t.Errorf("the same lead within half an hour made a new card: %v", o.phone.order)
	}
	give("清风物流", "B")
	if n := sent(); n != 2 {
		t.Errorf("a card over the budget was sent: %v", o.phone.order)
	}
	give("远山重工", "A")
	if n := sent(); n != 3 {
		t.Errorf("an A lead waits for the digest: %v", o.phone.order)
	}
	held, err := o.Services.Pushes.Held(t.Context(), crm.Actor{ID: o.user, Roles: []crm.Role{crm.Rep}}, "")
	if err != nil || len(held) != 2 {
		t.Fatalf("withheld: %+v, %v", held, err)
	}
	for i, want := range []string{lead.ViewTaken, lead.ViewGiven} {
		if held[i].View.Name != want {
			t.Errorf("withheld %d is %s, want %s", i, held[i].View.Name, want)
		}
	}
	// One card that fails keeps nothing else back, and the digest follows what its
	// parts are about.
	show := o.Services.Show
	o.Services.Show = func(ctx context.Context, v bot.Viewer, w crm.View) (card.Card, error) {
		if w.Name == lead.ViewTaken {
			return card.Card{}, errors.New("broken")
		}
		return show(ctx, v, w)
	}
	digest := func() (card.Card, error) {
		reader, err := o.Services.Directory.Actor(t.Context(), o.user)
		if err != nil {
			t.Fatal(err)
		}
		return o.Runtime.Views.Render(t.Context(), bot.Viewer{Actor: reader, Lang: crm.Chinese}, bot.View{Name: push.View})
	}
	if c, err := digest(); err != nil || c.Title != "汇总：1 条消息" || len(c.About) != 1 || c.About[0].Kind != crm.KindLead {
		t.Errorf("with one part broken the digest is %q about %v, %v", c.Title, c.About, err)
	}
	o.Services.Show = func(context.Context, bot.Viewer, crm.View) (card.Card, error) {
		return card.Card{}, &crm.Error{Code: crm.CodeUnavailable}
	}
	if _, err := digest(); crm.CodeOf(err) != crm.CodeUnavailable {
		t.Errorf("without storage the digest is tried again later: %v", err)
	}
	o.Services.Show = show
	// After the half hour it is news again; the budget of the next day is fresh.
	if err := o.clock.Set(monday.Add(24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	assign(first, other.ID)
	if !slices.ContainsFunc(o.phone.order[3:], func(s string) bool { return s == "send L-1 明月贸易" }) {
		t.Errorf("the next day brought no new card about the lead: %v", o.phone.order)
	}
}
