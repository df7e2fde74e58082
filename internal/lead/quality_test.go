package lead_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// did notes a valid activity on a lead and scores it as the service of
// activities does.
func (h *house) did(kind string, id crm.LeadID) {
	h.t.Helper()
	raw, err := h.db.SQL()
	h.must(err)
	now := h.clock.Now()
	_, err = raw.ExecContext(h.ctx, "INSERT INTO crm_activities (kind, subject, customer, note, at_ms, valid) VALUES (?, ?, ?, '', ?, 1)", kind, id.String(), id.String(), now.UnixMilli())
	h.must(err)
	h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
		if _, err := h.leads.Touch(ctx, id.Ref(), now, true); err != nil {
			return err
		}
		return h.leads.Rescore(ctx, id.Ref())
	}))
}

func (h *house) lead(id crm.LeadID) lead.Lead {
	h.t.Helper()
	l, err := h.db.Lead(h.ctx, id)
	h.must(err)
	return l
}

func (h *house) night(day crm.Day) {
	h.t.Helper()
	h.must(h.clock.Set(day.At(2, 10, time.FixedZone("CST", 8*3600))))
	h.must(h.leads.Nightly(h.ctx, day))
}

// owned is a lead of 李娜 with the data.
func (h *house) owned(company string, in lead.Info) crm.LeadID {
	h.t.Helper()
	in.Company = company
	v, err := h.leads.Create(h.ctx, h.as("李娜"), lead.NewLead{Info: in, Owner: h.people["李娜"]}, true)
	h.must(err)
	return v.ID
}

var rich = lead.Info{Contact: "王总", Title: "采购经理", Phone: "13800138000", Need: "需要二十台检测设备年内上线", Budget: "80万", Source: "转介绍"}

func TestL03RiseToAIsToldAndAuditedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id := h.owned("华星科技", rich) // 30 + 19
		if l := h.lead(id); l.Grade != "C" || l.Score.Total() != 49 {
			t.Fatalf("at first: %s", l.Score.Explain(l.Grade, false, crm.Chinese))
		}
		h.did("visit", id)
		h.did("meeting", id)
		if l := h.lead(id); l.Grade != "B" || l.Score.Actions != 24 {
			t.Errorf("after two meetings: %+v %s", l.Score, l.Grade)
		}
		rose := func() int {
			return h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'lead.rose' AND user_id = ?", h.people["李娜"])
		}
		if rose() != 0 {
			t.Error("B was told as A")
		}
		h.did("call", id)
		h.did("call", id)
		h.did("visit", id)
		if l := h.lead(id); l.Grade != "A" || l.Score.Actions != 30 || rose() != 1 {
			t.Errorf("risen: %+v %s, told %d times", l.Score, l.Grade, rose())
		}
		if n := h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'lead.grade' AND rule_id = 'L-03' AND ref = ?", id.String()); n != 2 {
			t.Errorf("%d audit rows for two new grades", n)
		}
		if h.lead(id).Version != 1 {
			t.Error("a score counted as a change of the data")
		}
	})
}

func TestL01L03NightlyDecayAndSlack(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id := h.owned("华星科技", rich)
		h.did("meeting", id) // 61 B
		h.night("2026-03-10")
		if l := h.lead(id); l.Score.Decay != 0 || l.Grade != "B" {
			t.Errorf("after a week: %+v %s", l.Score, l.Grade)
		}
		h.night("2026-03-17") // 56
		h.night("2026-03-24") // 51: four below the line
		if l := h.lead(id); l.Score.Decay != 10 || l.Grade != "B" || l.Standing.Low != 1 {
			t.Errorf("first run below the line: %+v %s %+v", l.Score, l.Grade, l.Standing)
		}
		h.must(h.leads.Nightly(h.ctx, "2026-03-24"))
		if l := h.lead(id); l.Grade != "B" || l.Standing.Low != 1 {
			t.Errorf("the same day again: %s %+v", l.Grade, l.Standing)
		}
		h.night("2026-03-25")
		if l := h.lead(id); l.Grade != "C" {
			t.Errorf("after the second run: %s %+v", l.Grade, l.Standing)
		}
		if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE kind = 'send'"); n != 0 {
			t.Errorf("a fall sent %d messages", n)
		}
		h.did("call", id)
		if l := h.lead(id); l.Score.Decay != 0 || l.Grade != "B" {
			t.Errorf("a call ends the silence: %+v %s", l.Score, l.Grade)
		}
	})
}

func TestL01NightlyRunGoesOnWhereItStopped(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		rows := make([]lead.NewLead, 2300)
		for i := range rows {
			rows[i] = lead.NewLead{Row: i + 1, Info: lead.Info{Contact: fmt.Sprintf("联系人%d", i), Email: fmt.Sprintf("p%d@c%d.example", i, i), Source: "转介绍"}}
		}
		_, err := h.leads.Import(h.ctx, h.as("管理员"), rows, lead.ImportOptions{ID: 1})
		h.must(err)
		h.must(h.clock.Set(h.clock.Now().AddDate(0, 0, 15)))
		decayed := func() int { return h.count("SELECT COUNT(*) FROM crm_leads WHERE score_decay = 5") }
		ctx, stop := context.WithCancel(h.ctx)
		h.db.OnQueued(func() { stop() }) // the first page with a new grade sends an update of a card
		h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
			return h.db.SaveScoreRun(ctx, lead.Run{Day: "2026-03-17", After: 1000})
		}))
		h.must(h.leads.Nightly(h.ctx, "2026-03-17"))
		stop()
		if n := decayed(); n != 1300 {
			t.Errorf("%d leads after the point where it stopped, want 1300", n)
		}
		if err := h.leads.Nightly(ctx, "2026-03-18"); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped run gave %v", err)
		}
		h.must(h.leads.Nightly(h.ctx, "2026-03-18"))
		if n := decayed(); n != 2300 {
			t.Errorf("%d leads after the next run, want 2300", n)
		}
	})
}

func TestL02QualityMarksCapTheGrade(t *testing.T) {
	h := newHouse(t, "")
	wrong, double := h.owned("华星科技", rich), h.owned("明月贸易", lead.Info{Contact: "赵总", Phone: "13900139000", Source: "转介绍"})
	_, err := h.leads.Release(h.ctx, h.as("李娜"), wrong, lead.QualityWrongNumber, "")
	h.must(err)
	_, err = h.leads.Release(h.ctx, h.as("李娜"), double, lead.QualityDuplicate, "")
	h.must(err)
	if g := h.lead(wrong).Grade; g != "D" {
		t.Errorf("a wrong number is %q", g)
	}
	if g := h.lead(double).Grade; g != "" {
		t.Errorf("a duplicate is %q", g)
	}
	_, err = h.leads.Override(h.ctx, h.as("王磊"), wrong, "C", "我认识他们")
	refused(t, err, crm.CodeRefused, "L-02", "核对")
	_, err = h.leads.Cleared(h.ctx, h.as("王磊"), wrong, true)
	h.must(err)
	_, err = h.leads.Cleared(h.ctx, h.as("王磊"), double, false)
	h.must(err)
	if l := h.lead(wrong); l.Grade != "C" {
		t.Errorf("after the review: %q", l.Grade)
	}
	if l := h.lead(double); l.Status != lead.Invalid || l.Quality != lead.QualityDuplicate {
		t.Errorf("a confirmed duplicate lost its mark: %+v", l)
	}
}

func TestL04OverrideByTheManagerOneGradeThirtyDays(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id := h.owned("华星科技", rich) // 49 C
		for who, why := range map[string]string{"李娜": "rep", "陈静": "another team"} {
			if _, err := h.leads.Override(h.ctx, h.as(who), id, "B", "客户已立项"); err == nil {
				t.Errorf("%s graded it", why)
			}
		}
		_, err := h.leads.Override(h.ctx, h.as("王磊"), id, "A", "客户已立项")
		refused(t, err, crm.CodeRefused, "L-04", "49", "C", "B、C、D")
		_, err = h.leads.Override(h.ctx, h.as("王磊"), id, "B", " ")
		refused(t, err, crm.CodeInvalid, "L-04", "原因")
		_, err = h.leads.Override(h.ctx, h.as("王磊"), id, "S", "客户已立项")
		refused(t, err, crm.CodeInvalid, "")
		v, err := h.leads.Override(h.ctx, h.as("王磊"), id, "B", "客户已立项")
		h.must(err)
		if v.Grade != "B" || !v.GradeGiven || v.GivenBy != "王磊" || !v.Given.Until.Equal(h.clock.Now().AddDate(0, 0, 30)) {
			t.Errorf("given: %s %v %+v", v.Grade, v.GradeGiven, v.Given)
		}
		if n := h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'lead.override' AND rule_id = 'L-04' AND ref = ? AND actor_id = ?", id.String(), h.people["王磊"]); n != 1 {
			t.Errorf("%d audit rows", n)
		}
		h.did("call", id)
		h.night("2026-03-31")
		if l := h.lead(id); l.Grade != "B" || !l.GradeGiven {
			t.Errorf("it did not hold: %s", l.Grade)
		}
		h.night("2026-04-02")
		if l := h.lead(id); l.GradeGiven || l.Given.Grade != "" || l.Grade != l.Standing.Grade {
			t.Errorf("it did not end by itself: %s %+v", l.Grade, l.Given)
		}
	})
}

func TestL06EditScoresAtOnceAndKeepsKeysUnique(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id := h.owned("华星科技", lead.Info{Contact: "王总", Source: "转介绍"}) // 33 D
		h.owned("明月贸易", lead.Info{Phone: "13900139000"})
		v, err := h.leads.Complete(h.ctx, h.as("李娜"), id, map[string]string{"phone": "13800138000", "budget": "80万", "title": ""})
		h.must(err)
		if v.Score.Complete != 11 || v.Grade != "C" || v.Version != 2 {
			t.Errorf("completed: %+v %s", v.Score, v.Grade)
		}
		_, err = h.leads.Complete(h.ctx, h.as("李娜"), id, map[string]string{"phone": "13700137000"})
		refused(t, err, crm.CodeRefused, "DU-01", "电话")
		_, err = h.leads.Complete(h.ctx, h.as("李娜"), id, map[string]string{"email": "x"})
		refused(t, err, crm.CodeInvalid, "")
		_, err = h.leads.Complete(h.ctx, h.as("李娜"), id, nil)
		refused(t, err, crm.CodeInvalid, "")
		_, err = h.leads.Complete(h.ctx, h.as("张伟"), id, map[string]string{"budget": "1"})
		refused(t, err, crm.CodeNotFound, "")
		other := h.owned("清风设备", lead.Info{Contact: "钱总"})
		_, err = h.leads.Complete(h.ctx, h.as("李娜"), other, map[string]string{"phone": "13800138000"})
		refused(t, err, crm.CodeRefused, "DU-02", "电话相同")
		if l := h.lead(other); l.Phone != "" || l.Version != 1 {
			t.Errorf("a refused edit changed %+v", l)
		}
		_, err = h.leads.ConfirmNeed(h.ctx, h.as("李娜"), id, "设备")
		refused(t, err, crm.CodeRefused, "L-07", "10", "2")
		v, err = h.leads.ConfirmNeed(h.ctx, h.as("李娜"), id, rich.Need)
		h.must(err)
		if v.NeedAt.IsZero() || v.Score.Complete != 15 {
			t.Errorf("confirmed: %s %+v", v.NeedAt, v.Score)
		}
	})
}

func TestL07VerdictsAreWrittenOnceForWhoEnteredTheLead(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		good, unmet, double := h.owned("华星科技", rich), h.owned("明月贸易", lead.Info{Contact: "赵总", Phone: "13900139000"}), h.owned("清风设备", lead.Info{Contact: "钱总"})
		h.did("call", good)
		_, err := h.leads.ConfirmNeed(h.ctx, h.as("李娜"), good, "")
		h.must(err)
		_, err = h.leads.Release(h.ctx, h.as("李娜"), double, lead.QualityDuplicate, "")
		h.must(err)
		h.did("visit", good)
		h.must(h.db.InTx(h.ctx, func(ctx context.Context) error { return h.db.SetBecame(ctx, good, 9, h.clock.Now()) }))
		raw, err := h.db.SQL()
		h.must(err)
		_, err = raw.ExecContext(h.ctx, "INSERT INTO crm_deals (account_id, opened_on, note) VALUES (9, '2026-04-01', '')")
		h.must(err)
		facts := func(key string) int {
			return h.count("SELECT COALESCE(SUM(qty), 0) FROM crm_facts WHERE metric_key = ? AND user_id = ? AND team_id = ?", key, h.people["李娜"], h.teams["华东"])
		}
		h.night("2026-03-11") // the seventh working day is not over
		if n := facts(lead.FactDue); n != 0 {
			t.Errorf("%d leads judged too early", n)
		}
		h.night("2026-03-12")
		h.night("2026-03-13")
		if facts(lead.FactDue) != 2 || facts(lead.FactValid) != 1 || facts(lead.FactGraded) != 0 {
			t.Errorf("due %d, valid %d", facts(lead.FactDue), facts(lead.FactValid))
		}
		if n := h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.valid' AND day = '2026-03-11' AND ref = ?", good.String()); n != 1 {
			t.Errorf("the valid lead counts %d times on its day", n)
		}
		h.night("2026-04-02")
		h.night("2026-04-03")
		// B became a deal, D did not: both right.
		if facts(lead.FactGraded) != 2 || facts(lead.FactGradeRight) != 2 {
			t.Errorf("graded %d, right %d; %s and %s", facts(lead.FactGraded), facts(lead.FactGradeRight), h.lead(good).Grade, h.lead(unmet).Grade)
		}
		list, err := h.db.Outcomes(h.ctx, "", "")
		h.must(err)
		by := lead.ByChannel(list)
		if by["转介绍"] != (lead.Tally{Leads: 1, Reached: 1}) || by[""] != (lead.Tally{Leads: 1}) || len(by) != 2 {
			t.Errorf("outcomes %+v", list)
		}
	})
}

func TestL05ChannelsAreLearnedAndAuditedAndL07Proposes(t *testing.T) {
	h := newHouse(t, "")
	h.must(h.db.AddOutcomes(h.ctx, []lead.Outcome{
		{Month: "2026-01", Source: "展会名片", Grade: "A", Tally: lead.Tally{Leads: 60, Reached: 10}}, {Month: "2026-01", Source: "转介绍", Grade: "B", Tally: lead.Tally{Leads: 40, Reached: 20}},
		{Month: "2026-02", Source: "转介绍", Grade: "C", Tally: lead.Tally{Leads: 30, Reached: 3}}, {Month: "2026-02", Source: "官网留言", Grade: "D", Tally: lead.Tally{Leads: 30, Reached: 30}}}))
	id := h.owned("华星科技", rich)
	if got := h.lead(id).Score.Source; got != 30 {
		t.Errorf("before the night: %d", got)
	}
	h.night("2026-03-03")
	learned, err := h.db.LearnedPoints(h.ctx)
	h.must(err)
	if len(learned) != 2 || learned["转介绍"] != 30 || learned["展会名片"] >= 30 {
		t.Errorf("learned %v", learned)
	}
	checks := func() int {
		return h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'lead.check' AND ref = '2026-03' AND user_id = ?", h.people["管理员"])
	}
	if checks() != 1 {
		t.Errorf("the administrator got %d proposals", checks())
	}
	h.night("2026-03-04")
	if n := h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'lead.learned' AND rule_id = 'L-05'"); n != 1 || checks() != 1 {
		t.Errorf("%d audit rows, %d proposals after a second night", n, checks())
	}
	if n := h.count("SELECT COUNT(*) FROM crm_rule_versions"); n != 0 {
		t.Errorf("the proposal changed %d settings by itself", n)
	}
	q, err := h.leads.QualityOf(h.ctx, h.as("周市场"), "")
	h.must(err)
	if !q.Check.Enough || q.Check.Fine {
		t.Errorf("the check: %+v", q.Check)
	}
	_, err = h.leads.QualityOf(h.ctx, h.as("李娜"), "")
	refused(t, err, crm.CodeForbidden, "")
}
