package lead_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

// onBoth runs a race on SQLite and on MySQL, whose row locks SQLite does not have.
func onBoth(t *testing.T, race func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { race(t, newHouse(t, "")) })
	t.Run("mysql", func(t *testing.T) { race(t, newHouse(t, testdb.MySQL(t))) })
}

func TestP05FiftyPeopleClaimOneLead(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id := h.pooled("华星科技")
		actors := make([]crm.Actor, 50)
		for i := range actors {
			u := org.User{Name: fmt.Sprintf("销售%02d", i), Team: h.teams["华东"], Roles: []crm.Role{crm.Rep}, Active: true}
			h.must(h.db.SaveUser(h.ctx, &u))
			actors[i] = crm.Actor{ID: u.ID, Name: u.Name, Team: u.Team, Roles: u.Roles}
		}
		h.must(h.dir.Reload(h.ctx))
		errs := make([]error, len(actors))
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, a := range actors {
			wg.Go(func() {
				<-start
				_, errs[i] = h.leads.Claim(h.ctx, a, id)
			})
		}
		close(start)
		wg.Wait()
		winner := -1
		for i, err := range errs {
			if err != nil {
				continue
			}
			if winner >= 0 {
				t.Fatalf("%s and %s both won", actors[winner].Name, actors[i].Name)
			}
			winner = i
		}
		if winner < 0 {
			t.Fatalf("nobody won; the first was told: %v", errs[0])
		}
		for i, err := range errs {
			if i == winner {
				continue
			}
			refused(t, err, crm.CodeConflict, "P-05", actors[winner].Name)
			if st := h.standingOf(actors[i].ID); st.Claims != 0 || st.Held != 0 {
				t.Errorf("%s paid for a lost race: %+v", actors[i].Name, st)
			}
		}
		es := h.ledger(id)
		if len(es) != 2 || es[0].To != actors[winner].ID {
			t.Errorf("ledger: %+v", es)
		}
		for what, n := range map[string]int{
			"claims in the ledger": h.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'claim'"),
			"claim facts":          h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.claim'"),
			"daily claims":         h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.claim'"),
			"audited claims":       h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'ownership.claim'"),
			"claims of the winner": h.standingOf(actors[winner].ID).Claims,
		} {
			if n != 1 {
				t.Errorf("%d %s, want 1", n, what)
			}
		}
	})
}

func TestP03P04TwentyClaimsAtOnceStayWithinTheLimits(t *testing.T) {
	for name, c := range map[string]struct {
		set  map[string]string
		want int
		rule string
	}{
		"burst":      {map[string]string{"P-04.burst": "5"}, 5, "P-04"},
		"quota":      {map[string]string{"P-04.burst": "100", "P-04.daily": "7"}, 7, "P-04"},
		"hold limit": {map[string]string{"P-04.burst": "100", "P-03.leads": "3"}, 3, "P-03"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *house) {
				for k, v := range c.set {
					h.set(k, "", v)
				}
				ids := make([]crm.LeadID, 20)
				for i := range ids {
					ids[i] = h.pooled(fmt.Sprintf("客户%c%c厂", rune('一'+i*3), rune('东'+i*5)))
				}
				na := h.as("李娜")
				errs := make([]error, len(ids))
				start := make(chan struct{})
				var wg sync.WaitGroup
				for i, id := range ids {
					wg.Go(func() {
						<-start
						_, errs[i] = h.leads.Claim(h.ctx, na, id)
					})
				}
				close(start)
				wg.Wait()
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
						continue
					}
					refused(t, err, crm.CodeRefused, c.rule)
				}
				st := h.standing("李娜")
				if won != c.want || st.Claims != c.want || st.Held != c.want {
					t.Errorf("%d claims succeeded, ledger %d, held %d; want %d", won, st.Claims, st.Held, c.want)
				}
				if n := h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.claim'"); n != c.want {
					t.Errorf("%d facts", n)
				}
			})
		})
	}
}

// TestDU02TapsAtOneMomentAskTheOwnerOnce: who taps twice, or whose tap is
// delivered twice under other ids, asks once.
func TestDU02TapsAtOneMomentAskTheOwnerOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		na, min := h.as("李娜"), h.as("赵敏")
		l, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "华星科技"}, Owner: na.ID}, true)
		h.must(err)
		h.learns(min, "华星科技")
		errs := make([]error, 8)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				<-start
				_, errs[i] = h.leads.AskToJoin(h.ctx, min, l.ID)
			})
		}
		close(start)
		wg.Wait()
		for _, err := range errs {
			h.must(err)
		}
		if n := h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'lead.collab_asked'"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = ? AND user_id = ?", lead.ViewCollab, int64(na.ID)); n != 1 {
			t.Errorf("the owner gets %d cards", n)
		}
	})
}

// TestPM01AnAnswerThatATransferWaitsForEndsWithTheOwnership: the transfer has
// read already when the owner accepts, and waits for the lead; the new owner is
// asked all the same.
func TestPM01AnAnswerThatATransferWaitsForEndsWithTheOwnership(t *testing.T) {
	h := newHouse(t, testdb.MySQL(t))
	na, min := h.as("李娜"), h.as("赵敏")
	for who, want := range map[string]string{"张伟": lead.CollabAsked, "赵敏": lead.CollabEnded} {
		l, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "华星科技" + who}, Owner: na.ID}, true)
		h.must(err)
		h.learns(min, "华星科技"+who)
		_, err = h.leads.AskToJoin(h.ctx, min, l.ID)
		h.must(err)
		moved := make(chan error, 1)
		h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
			if _, err := h.leads.AnswerCollab(ctx, na, l.ID, min.ID, true); err != nil {
				return err
			}
			go func() {
				_, err := h.leads.Transfer(h.ctx, na, l.ID, h.people[who])
				moved <- err
			}()
			h.waitsFor("UPDATE crm_leads SET owner_id")
			return nil
		}))
		h.must(<-moved)
		now, err := h.db.Lead(h.ctx, l.ID)
		h.must(err)
		c, err := h.db.Collaboration(h.ctx, l.ID.Ref(), min.ID)
		h.must(err)
		if now.Owner != h.people[who] || c.State != want || c.Active(monday) {
			t.Errorf("under %s: owner %d, the collaboration is %+v, want %s", who, now.Owner, c, want)
		}
		if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = ? AND user_id = ? AND ref = ?", lead.ViewCollab, int64(h.people[who]), lead.CollabRef(l.ID, min.ID)); (n == 1) != (want == lead.CollabAsked) {
			t.Errorf("%s was asked %d times", who, n)
		}
	}
}

// waitsFor returns when somebody waits inside a statement that begins so.
func (h *house) waitsFor(statement string) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for h.count("SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE ?", statement+"%") == 0 {
		select {
		case <-tick.C:
		case <-end:
			h.t.Fatalf("nobody waits for %s", statement)
		}
	}
}

// standingOf is the standing of a person by id.
func (h *house) standingOf(id crm.UserID) pool.Status {
	h.t.Helper()
	p, err := h.gate.Pool(h.ctx, pool.DefaultPool)
	h.must(err)
	st, err := h.gate.Status(h.ctx, id, crm.KindLead, p)
	h.must(err)
	return st
}
