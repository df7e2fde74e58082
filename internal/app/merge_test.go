package app_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/testdb"
)

func (f *branch) lead(owner string, in lead.Info) crm.LeadID {
	f.t.Helper()
	a := f.as("管理员")
	x := lead.NewLead{Info: in}
	if owner != "" {
		a = f.as(owner)
		x.Owner = a.ID
	}
	v, err := f.a.Services.Leads.Create(f.ctx, a, x, true)
	f.must(err)
	return v.ID
}

// learns lets somebody name a company that is somebody else's (DU-02).
func (f *branch) learns(who, company string) {
	f.t.Helper()
	a := f.as(who)
	_, err := f.a.Services.Leads.Create(f.ctx, a, lead.NewLead{Info: lead.Info{Company: company}}, false)
	f.refused(err, "DU-02")
}

// visit logs a valid activity.
func (f *branch) visit(who string, ref crm.Ref) {
	f.t.Helper()
	a := f.as(who)
	d, err := f.a.Services.Activities.Start(f.ctx, a, activity.KindVisit, ref)
	f.must(err)
	_, err = f.a.Services.Activities.Submit(f.ctx, a, d.ID, activity.Entry{Kind: activity.KindVisit, Subject: ref, Met: "王总", At: f.clock.Now().Add(-20 * time.Minute), Duration: 30 * time.Minute,
		Result: activity.ResultProgress, Note: "见到采购经理，聊了检测设备的预算和时间安排", Companions: []crm.UserID{f.ids["王磊"]}, Next: activity.Due{Day: "2026-03-05"}, NextText: "送样"})
	f.must(err)
}

func TestDU01TwoLeadsBecomeOne(t *testing.T) {
	for name, dsn := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "mysql": func(t *testing.T) string { return testdb.MySQL(t) }} {
		t.Run(name, func(t *testing.T) {
			f := newBranch(t, dsn(t))
			leads, lei, na, wei := f.a.Services.Leads, f.as("王磊"), f.as("李娜"), f.as("张伟")
			keep := f.lead("李娜", lead.Info{Company: "华星科技", Contact: "王总", Phone: "13800138000"})
			other := f.lead("张伟", lead.Info{Company: "华兴工贸", Email: "li@huaxing-gm.com", City: "上海"})
			f.visit("李娜", keep.Ref())
			f.visit("张伟", other.Ref())
			f.learns("赵敏", "华兴工贸")
			_, err := leads.AskToJoin(f.ctx, f.as("赵敏"), other)
			f.must(err)
			facts := f.count("SELECT COUNT(*) FROM crm_facts")
			sums := f.count("SELECT SUM(qty) FROM crm_fact_daily")

			_, err = leads.Merge(f.ctx, na, keep, other, nil)
			if crm.CodeOf(err) != crm.CodeForbidden {
				t.Fatalf("a rep merged: %v", err)
			}
			_, err = leads.Merge(f.ctx, f.as("陈静"), keep, other, nil)
			if crm.CodeOf(err) != crm.CodeNotFound {
				t.Fatalf("another team's manager merged: %v", err)
			}
			m, err := leads.MergePreview(f.ctx, lei, keep, other)
			f.must(err)
			if m.Owner != "李娜" || m.Loses != "张伟" {
				t.Errorf("the preview says %q keeps it and %q loses it", m.Owner, m.Loses)
			}
			v, err := leads.Merge(f.ctx, lei, keep, other, nil)
			f.must(err)
			if v.ID != keep || v.Company != "华星科技" || v.Email != "li@huaxing-gm.com" || v.City != "上海" || v.Owner != na.ID {
				t.Errorf("the survivor: %+v", v.Lead)
			}
			if len(v.Story) != 2 || len(v.Past) != 4 {
				t.Errorf("%d activities and %d changes of owner are told, want 2 and 4", len(v.Story), len(v.Past))
			}
			if n := f.count("SELECT COUNT(*) FROM crm_facts"); n != facts || f.count("SELECT SUM(qty) FROM crm_fact_daily") != sums {
				t.Errorf("%d facts before, %d after", facts, n)
			}
			for what, q := range map[string]string{"duplicate keys": "SELECT COUNT(*) FROM crm_dup_keys WHERE ref = ?", "pairs": "SELECT COUNT(*) FROM crm_dup_grams WHERE ref = ?", "activities": "SELECT COUNT(*) FROM crm_activities WHERE customer = ?",
				"next steps": "SELECT COUNT(*) FROM crm_next_steps WHERE subject = ?", "collaborators": "SELECT COUNT(*) FROM crm_collaborators WHERE ref = ?"} {
				if n := f.count(q, other.String()); n != 0 {
					t.Errorf("%d %s are left behind", n, what)
				}
			}
			if n := f.count("SELECT COUNT(*) FROM crm_collaborators WHERE ref = ?", keep.String()); n != 1 {
				t.Errorf("%d collaborators", n)
			}
			// The other code opens it, for whoever may see the survivor.
			got, err := leads.Peek(f.ctx, na, other)
			f.must(err)
			if got.ID != keep || got.Code != other {
				t.Errorf("%s opens %s", other, got.ID)
			}
			if _, err := leads.Peek(f.ctx, wei, other); crm.CodeOf(err) != crm.CodeNotFound {
				t.Errorf("the former owner reads it: %v", err)
			}
			if ls, err := leads.Search(f.ctx, na, "华兴工贸", 9); err != nil || len(ls) != 1 || ls[0].ID != keep {
				t.Errorf("the old name finds %+v, %v", ls, err)
			}
			_, err = leads.Create(f.ctx, na, lead.NewLead{Info: lead.Info{Company: "华兴工贸"}, Owner: na.ID}, false)
			f.refused(err, "DU-02", keep.String())
			if st, err := leads.Status(f.ctx, wei.ID); err != nil || st.Held != 0 {
				t.Errorf("the former owner holds %d, %v", st.Held, err)
			}
			_, err = leads.Claim(f.ctx, wei, other)
			f.refused(err, "DU-01", keep.String())
			_, err = leads.Merge(f.ctx, lei, keep, other, nil)
			f.refused(err, "DU-01")
			// Who waits for its release day is told of the survivor.
			if d, err := leads.Watched(f.ctx, f.as("赵敏"), other); err != nil || d.Match.Ref != keep.Ref() || d.Owner != na.ID {
				t.Errorf("a reminder tells of %+v, %v", d.Existing, err)
			}
			// No cool-down came of it.
			_, err = leads.Release(f.ctx, na, keep, "no_need", "")
			f.must(err)
			_, err = leads.Claim(f.ctx, wei, keep)
			f.must(err)
		})
	}
}

// TestP02AMergeAndAClaimAtOneMoment: whichever of the two comes first, the other
// one sees it, and the lead has the owner that the first one gave it.
func TestP02AMergeAndAClaimAtOneMoment(t *testing.T) {
	f := newBranch(t, testdb.MySQL(t))
	leads := f.a.Services.Leads
	for i := range 6 {
		keep := f.lead("", lead.Info{Company: newcomer(i)})
		other := f.lead("李娜", lead.Info{Company: newcomer(50 + i)})
		var merged, claimed error
		var wg sync.WaitGroup
		wg.Go(func() { _, merged = leads.Merge(f.ctx, f.as("王磊"), keep, other, nil) })
		wg.Go(func() { _, claimed = leads.Claim(f.ctx, f.as("张伟"), keep) })
		wg.Wait()
		l, err := f.a.DB.Lead(f.ctx, keep)
		f.must(err)
		switch {
		case merged == nil && claimed == nil && l.Owner != f.ids["张伟"]: // the claim was over before the merge looked
			t.Errorf("both happened: owner %d", l.Owner)
		case merged == nil && claimed != nil && l.Owner != f.ids["李娜"], claimed == nil && l.Owner != f.ids["张伟"]:
			t.Errorf("merge %v, claim %v: owner %d", merged, claimed, l.Owner)
		case merged != nil && claimed != nil:
			t.Errorf("neither happened: %v; %v", merged, claimed)
		}
	}
}

func TestDU01TwoAccountsBecomeOne(t *testing.T) {
	f := newBranch(t, "")
	acc, lei, na := f.a.Services.Accounts, f.as("王磊"), f.as("李娜")
	out, err := acc.Import(f.ctx, f.as("管理员"), []account.Row{
		{Draft: account.Draft{Name: "星河科技", No: "N1"}, Contact: account.ContactDraft{Name: "王敏", Mobile: "13800001111"}},
		{Draft: account.Draft{Name: "银河软件", Region: "杭州", No: "N2", USCC: "91350100M000100Y43"}, Owner: na.ID, Team: na.Team, Contact: account.ContactDraft{Name: "王敏", Mobile: "13800001111", Email: "wm@galaxy.com"}}}, true)
	f.must(err)
	if out[1].Ref.ID == 0 {
		t.Fatal(out[1].Reason.Zh)
	}
	keep, other := crm.AccountID(out[0].Ref.ID), crm.AccountID(out[1].Ref.ID)
	_, _, err = acc.AddContact(f.ctx, na, other, account.ContactDraft{Name: "赵强"})
	f.must(err)
	d, err := f.a.Services.Deals.Create(f.ctx, na, deal.Draft{Account: other, Amount: 8_000_000})
	f.must(err)
	c, err := f.a.Services.Contracts.Create(f.ctx, na, contract.Input{Account: other, Amount: 5_000_000, Terms: "月结30天", StartsOn: "2026-03-10"})
	f.must(err)
	f.visit("李娜", other.Ref())
	facts := f.count("SELECT COUNT(*) FROM crm_facts")

	v, err := acc.Merge(f.ctx, f.as("管理员"), keep, other, map[string]bool{"no": true})
	f.must(err)
	if v.ID != keep || v.Name != "星河科技" || v.Region != "杭州" || v.No != "N2" || v.USCC == "" || v.Owner != na.ID || v.ActiveAt.IsZero() {
		t.Errorf("the survivor: %+v", v.Account)
	}
	cs, err := acc.Contacts(f.ctx, na, keep)
	f.must(err)
	if len(cs) != 2 || cs[0].Email != "wm@galaxy.com" {
		t.Errorf("contacts: %+v", cs)
	}
	if x, err := f.a.DB.Deal(f.ctx, d.ID); err != nil || x.Account != keep || x.Owner != na.ID {
		t.Errorf("the deal: %+v %v", x, err)
	}
	parts, err := acc.Parts(f.ctx, keep)
	f.must(err)
	if x, err := f.a.DB.Contract(f.ctx, c.ID, false); err != nil || x.Account != other || len(parts) != 2 || parts[1] != other {
		t.Errorf("the contract is with %d; parts %v, %v", x.Account, parts, err)
	}
	if n := f.count("SELECT COUNT(*) FROM crm_facts"); n != facts {
		t.Errorf("%d facts before, %d after", facts, n)
	}
	if story, err := f.a.Services.Activities.Story(f.ctx, keep.Ref(), 5); err != nil || len(story) != 1 {
		t.Errorf("story: %+v %v", story, err)
	}
	if x, err := acc.Get(f.ctx, na, other); err != nil || x.ID != keep {
		t.Errorf("%s opens %+v, %v", other, x.ID, err)
	}
	_, err = acc.Create(f.ctx, na, account.Draft{Name: "银河软件"})
	f.refused(err, "DU-01", keep.String())
	// An import by the number or the name of either changes nothing.
	again, err := acc.Import(f.ctx, lei, []account.Row{{Draft: account.Draft{Name: "银河软件"}}, {Draft: account.Draft{Name: "别的名字", No: "N2"}}}, true)
	f.must(err)
	if again[0].Ref != keep.Ref() || again[1].Ref != keep.Ref() || f.count("SELECT COUNT(*) FROM crm_accounts") != 2 {
		t.Errorf("imported again: %+v", again)
	}
	if st, err := acc.Status(f.ctx, na.ID); err != nil || st.Held != 1 {
		t.Errorf("the owner holds %d, %v", st.Held, err)
	}
	// A lead becomes part of it.
	id := f.lead("李娜", lead.Info{Company: "银河网络", Contact: "孙立", Phone: "13700003333"})
	_, err = acc.ConvertInto(f.ctx, na, id, other)
	f.must(err)
	if cs, err = acc.Contacts(f.ctx, na, keep); err != nil || len(cs) != 3 {
		t.Errorf("contacts: %+v %v", cs, err)
	}
	_, err = f.a.Services.Leads.Create(f.ctx, na, lead.NewLead{Info: lead.Info{Company: "银河网络"}, Owner: na.ID}, false)
	var dup *lead.DuplicateOf
	if !errors.As(err, &dup) || dup.Match.Ref != keep.Ref() {
		t.Errorf("the lead's name leads to %+v, %v", dup, err)
	}
}

// TestDU01AnActivityDuringAMergeIsTheSurvivors: whoever read the record before it
// was merged away, and saves afterwards, logs on the record that took it in.
func TestDU01AnActivityDuringAMergeIsTheSurvivors(t *testing.T) {
	for name, kind := range map[string]crm.Kind{"leads": crm.KindLead, "accounts": crm.KindAccount} {
		for _, valid := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, valid=%t", name, valid), func(t *testing.T) {
				f := newBranch(t, testdb.MySQL(t))
				keep, other := f.pair(kind, 0)
				d, e := f.draft("李娜", other, valid)
				tries := 0
				f.must(f.a.DB.InTx(f.ctx, func(ctx context.Context) error {
					if _, err := f.a.Services.Activities.Record(ctx, f.as("李娜"), other); err != nil {
						return err
					}
					if tries++; tries == 1 {
						f.must(f.merge(keep, other))
					}
					_, err := f.a.Services.Activities.Submit(ctx, f.as("李娜"), d, e)
					return err
				}))
				f.logged(keep, other, e, valid)
			})
		}
	}
}

// TestDU01MergesAndActivitiesAtOneMoment: whichever comes first, nothing is left
// with the record that is gone.
func TestDU01MergesAndActivitiesAtOneMoment(t *testing.T) {
	for name, kind := range map[string]crm.Kind{"leads": crm.KindLead, "accounts": crm.KindAccount} {
		t.Run(name, func(t *testing.T) {
			f := newBranch(t, testdb.MySQL(t))
			for i := range 8 {
				keep, other := f.pair(kind, i)
				d, e := f.draft("李娜", other, true)
				var merged, saved error
				var wg sync.WaitGroup
				wg.Go(func() { merged = f.merge(keep, other) })
				wg.Go(func() { _, saved = f.a.Services.Activities.Submit(f.ctx, f.as("李娜"), d, e) })
				wg.Wait()
				f.must(saved)
				if merged != nil {
					if crm.CodeOf(merged) != crm.CodeConflict {
						t.Error(merged)
					}
					f.must(f.merge(keep, other))
				}
				f.logged(keep, other, e, true)
			}
		})
	}
}

// pair are two records of one rep.
func (f *branch) pair(kind crm.Kind, i int) (keep, other crm.Ref) {
	f.t.Helper()
	if kind == crm.KindLead {
		return f.lead("李娜", lead.Info{Company: newcomer(i)}).Ref(), f.lead("李娜", lead.Info{Company: newcomer(50 + i)}).Ref()
	}
	for j, ref := range []*crm.Ref{&keep, &other} {
		x, err := f.a.Services.Accounts.Create(f.ctx, f.as("李娜"), account.Draft{Name: newcomer(50*j + i)})
		f.must(err)
		*ref = x.ID.Ref()
	}
	return keep, other
}

func (f *branch) merge(keep, other crm.Ref) error {
	if keep.Kind == crm.KindLead {
		_, err := f.a.Services.Leads.Merge(f.ctx, f.as("王磊"), crm.LeadID(keep.ID), crm.LeadID(other.ID), nil)
		return err
	}
	_, err := f.a.Services.Accounts.Merge(f.ctx, f.as("王磊"), crm.AccountID(keep.ID), crm.AccountID(other.ID), nil)
	return err
}

// draft is a call that waits to be saved.
func (f *branch) draft(who string, ref crm.Ref, valid bool) (activity.DraftID, activity.Entry) {
	f.t.Helper()
	e := activity.Entry{Kind: activity.KindCall, Subject: ref, At: f.clock.Now().Add(-time.Minute), Duration: 5 * time.Minute, Result: activity.ResultProgress, Note: "聊了检测设备的预算和时间安排", Next: activity.Due{Day: "2026-03-05"}, NextText: "送样"}
	if !valid {
		e.Duration, e.Result, e.Note = 0, "", "打了"
	}
	d, err := f.a.Services.Activities.Start(f.ctx, f.as(who), e.Kind, ref)
	f.must(err)
	return d.ID, e
}

// logged fails unless the activity and what came of it are the survivor's.
func (f *branch) logged(keep, other crm.Ref, e activity.Entry, valid bool) {
	f.t.Helper()
	for _, q := range []string{"SELECT COUNT(*) FROM crm_activities WHERE customer = ?", "SELECT COUNT(*) FROM crm_activities WHERE subject = ?", "SELECT COUNT(*) FROM crm_next_steps WHERE subject = ?", "SELECT COUNT(*) FROM crm_activity_people WHERE customer = ?"} {
		if n, gone := f.count(q, keep.String()), f.count(q, other.String()); n != 1 || gone != 0 {
			f.t.Errorf("%s: %d of %s, %d of %s, which became part of it", q, n, keep, gone, other)
		}
	}
	table, col := "crm_leads", "last_activity_ms"
	if valid {
		col = "last_valid_ms"
	}
	if keep.Kind == crm.KindAccount {
		table, col = "crm_accounts", "active_ms"
		if !valid {
			return
		}
	}
	if n := f.count("SELECT "+col+" FROM "+table+" WHERE id = ?", keep.ID); int64(n) != e.At.UnixMilli() {
		f.t.Errorf("%s was active last at %d, want %d", keep, n, e.At.UnixMilli())
	}
}
