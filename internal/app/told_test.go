package app_test

import (
	"errors"
	"strings"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

// TestPM03WhoHasAPartInARecordMayAskAboutIt: the owner of a deal that stayed when
// its account went to another team, whoever brought a record in, and the former
// owner of one that was merged know of it; others get the answer of a code that
// nothing has. A reminder arrives whatever was forgotten meanwhile (DU-02).
func TestPM03WhoHasAPartInARecordMayAskAboutIt(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { partsKnow(t, "") })
	t.Run("mysql", func(t *testing.T) { partsKnow(t, testdb.MySQL(t)) })
}

func partsKnow(t *testing.T, dsn string) {
	f := newBranch(t, dsn)
	s := f.a.Services
	x, err := s.Accounts.Create(f.ctx, f.as("赵敏"), account.Draft{Name: "星河科技"})
	f.must(err)
	d, err := s.Deals.Create(f.ctx, f.as("赵敏"), deal.Draft{Account: x.ID, Amount: 100_00, ExpectedClose: "2027-01-01"})
	f.must(err)
	if _, err := s.Accounts.Peek(f.ctx, f.as("张伟"), x.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("somebody who has no part in it: %v", err)
	}
	sql, err := f.a.DB.SQL()
	f.must(err)
	for _, q := range []string{"UPDATE crm_accounts SET owner_id = ?, team_id = ? WHERE id = ?"} {
		_, err = sql.ExecContext(f.ctx, q, int64(f.ids["李娜"]), int64(f.teams["华东"]), int64(x.ID))
		f.must(err)
	}
	_, err = sql.ExecContext(f.ctx, "DELETE FROM crm_ownership_ledger")
	f.must(err)
	var taken *account.TakenBy
	if _, err := s.Accounts.Peek(f.ctx, f.as("赵敏"), x.ID); !errors.As(err, &taken) {
		t.Errorf("the owner of %s: %v", d.ID, err)
	}
	if w, err := s.Accounts.Watched(f.ctx, f.as("陈静"), x.ID); err != nil || w.InPool || w.OwnerName == "" || w.OwnerName == "李娜" {
		t.Errorf("a reminder that was promised: %+v, %v", w, err)
	}
	if _, err := s.Accounts.Peek(f.ctx, f.as("陈静"), x.ID); !errors.As(err, &taken) {
		t.Errorf("what its reader may ask then: %v", err)
	}

	// Whoever brought it in may ask about it when somebody claimed it.
	l, err := s.Leads.Create(f.ctx, f.as("李娜"), lead.NewLead{Info: lead.Info{Company: "远山机械", Contact: "王总", Phone: "13900001234"}}, true)
	f.must(err)
	_, err = s.Leads.Claim(f.ctx, f.as("赵敏"), l.ID)
	f.must(err)
	if _, err := s.Leads.Learned(f.ctx, f.as("李娜"), l.ID); err != nil {
		t.Errorf("who brought it in: %v", err)
	}
	if _, err := s.Leads.Learned(f.ctx, f.as("张伟"), l.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("somebody else: %v", err)
	}
}

// TestPM03ClaimingWalksNoCodes: to claim by a code tells nothing of a record that
// the person could not have seen: owned by another team from the beginning, or in a
// pool that is not open to them. Who could have seen it in its pool is told who was
// faster (P-05).
func TestPM03ClaimingWalksNoCodes(t *testing.T) {
	f := newBranch(t, "")
	s := f.a.Services
	east := pool.Pool{Name: "华东公海", Kind: crm.KindLead, Teams: []crm.TeamID{f.teams["华东"]}}
	f.must(s.Pools.SavePool(f.ctx, f.as("管理员"), &east))
	create := func(company string, owner string, in crm.PoolID) crm.LeadID {
		t.Helper()
		l, err := s.Leads.Create(f.ctx, f.as("李娜"), lead.NewLead{Info: lead.Info{Company: company, Contact: "王总", Phone: "1390000" + company[len(company)-4:]}, Owner: f.ids[owner], Pool: in}, true)
		f.must(err)
		return l.ID
	}
	owned, scoped, open := create("远山机械1001", "李娜", 0), create("近水电子1002", "", east.ID), create("平原物流1003", "", 1)
	x, err := s.Accounts.Create(f.ctx, f.as("李娜"), account.Draft{Name: "星河科技"})
	f.must(err)
	stranger := f.as("赵敏")
	for _, id := range []crm.LeadID{owned, scoped, 999} {
		if _, err := s.Leads.Claim(f.ctx, stranger, id); crm.CodeOf(err) != crm.CodeNotFound || strings.Contains(crm.MessageOf(err, crm.Chinese), "李") {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.Accounts.Claim(f.ctx, stranger, x.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("%s: %v", x.ID, err)
	}
	_, err = s.Leads.Claim(f.ctx, f.as("李娜"), open)
	f.must(err)
	if _, err := s.Leads.Claim(f.ctx, stranger, open); crm.RuleOf(err) != "P-05" || !strings.Contains(crm.MessageOf(err, crm.Chinese), "李娜") {
		t.Errorf("who was slower: %v", err)
	}
}
