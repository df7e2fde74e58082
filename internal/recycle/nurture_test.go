package recycle_test

import (
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
)

func TestP19StrikesCountOwnersSinceTheLastNurturing(t *testing.T) {
	lost := func(from crm.UserID) pool.Entry { return pool.Entry{Reason: pool.Recycle, From: from} }
	for name, c := range map[string]struct {
		ledger []pool.Entry
		want   int
	}{
		"the first":            {nil, 1},
		"the same owner again": {[]pool.Entry{lost(5)}, 1},
		"two others before":    {[]pool.Entry{{Reason: pool.Claim, To: 5}, lost(6), lost(7)}, 3},
		"one gave it up":       {[]pool.Entry{{Reason: pool.Release, From: 6}, lost(7)}, 2},
		"nurtured in between":  {[]pool.Entry{lost(6), lost(0), lost(7), lost(8), lost(9)}, 2},
	} {
		if got := recycle.StrikesOf(c.ledger, 5); got != c.want {
			t.Errorf("%s: %d owners, want %d", name, got, c.want)
		}
	}
}

func TestP19AfterThreeOwnersALeadIsNurturedAndComesBackGraded(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	cal := h.app.Services.Calendar
	ref := h.lead("李娜")
	from := crm.Day("2026-03-02")
	for i, name := range []string{"李娜", "张伟", "赵敏"} {
		if i > 0 {
			h.at(string(from) + " 12:00") // the embargo of a day is over
			_, err := h.app.Services.Leads.Claim(h.ctx, h.as(name), crm.LeadID(ref.ID))
			h.must(err)
		}
		due := h.release(ref)
		h.days(cal.AddWorkdays(due, -4), due)
		if h.released(ref) != i+1 {
			t.Fatalf("%s: released %d times", name, h.released(ref))
		}
		from = cal.AddWorkdays(due, 2)
	}
	last := cal.AddWorkdays(from, -2)
	l, err := h.app.DB.Lead(h.ctx, crm.LeadID(ref.ID))
	h.must(err)
	if l.Pool == pool.DefaultPool || l.Owner != 0 || l.ClaimableAt.Sub(cal.At(last, 600)) != 60*24*time.Hour {
		t.Fatalf("after three owners it is in pool %d, claimable %s", l.Pool, l.ClaimableAt)
	}
	if _, err := h.app.Services.Leads.Peek(h.ctx, h.as("李娜"), l.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a rep sees the nurture pool: %v", err)
	}
	// Nothing new goes there by itself.
	n, err := h.app.DB.Lead(h.ctx, crm.LeadID(h.lead("李娜").ID))
	h.must(err)
	if n.Pool != pool.DefaultPool {
		t.Errorf("a new lead went to pool %d", n.Pool)
	}
	back := last.AddDays(60)
	h.at(string(back.AddDays(-1)) + " 02:40")
	h.must(h.keep.Nightly(h.ctx))
	if h.count("SELECT pool_id FROM crm_leads WHERE id = ?", ref.ID) == int(pool.DefaultPool) {
		t.Error("it came back early")
	}
	h.at(string(back) + " 02:40")
	h.must(h.keep.Nightly(h.ctx))
	if got := h.count("SELECT pool_id FROM crm_leads WHERE id = ?", ref.ID); got != int(pool.DefaultPool) {
		t.Errorf("after sixty days it is in pool %d", got)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_keepings WHERE record_id = ?", ref.ID); n != 0 {
		t.Error("its row stays")
	}
}
