package lead_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

// house is a small company on a fresh database: two teams below a director,
// each with a manager and reps.
type house struct {
	t      testing.TB
	ctx    context.Context
	db     *store.DB
	clock  *crm.MovableClock
	dir    *org.Directory
	book   *rule.Book
	gate   *pool.Gate
	dups   *lead.Duplicates
	leads  *lead.Service
	people map[string]crm.UserID
	teams  map[string]crm.TeamID
}

// monday is Monday, 2 March 2026, 9:00 in Shanghai: a working day.
var monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, dsn string) *house {
	t.Helper()
	h := &house{t: t, ctx: t.Context(), clock: crm.NewMovableClock(monday, true), people: map[string]crm.UserID{}, teams: map[string]crm.TeamID{}}
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	var err error
	h.db, err = store.Open(h.ctx, dsn, h.clock)
	h.must(err)
	t.Cleanup(func() { _ = h.db.Close() })
	_, err = h.db.Migrate(h.ctx)
	h.must(err)
	h.dir = org.NewDirectory(h.db, h.db)
	h.book, err = rule.NewBook(h.db, h.clock, lead.Settings()...)
	h.must(err)
	cal, err := calendar.Standard(time.FixedZone("CST", 8*3600))
	h.must(err)
	h.gate = pool.NewGate(pool.Deps{Store: h.db, Tx: h.db, Effects: h.db.Effects(), Clock: h.clock, Calendar: cal, People: h.dir, Rules: h.book})
	h.dups = lead.NewDuplicates(h.db, h.book)
	h.leads = lead.NewService(lead.Deps{Store: h.db, Tx: h.db, Effects: h.db.Effects(), Gate: h.gate, Duplicates: h.dups, Index: h.db,
		Clock: h.clock, Calendar: cal, People: h.dir, Rules: h.book, Told: &told{}})
	h.team("总部", "")
	h.team("华东", "总部")
	h.team("华南", "总部")
	h.person("王总监", "总部", true, crm.Director)
	h.person("王磊", "华东", true, crm.Manager)
	h.person("李娜", "华东", false, crm.Rep)
	h.person("张伟", "华东", false, crm.Rep)
	h.person("陈静", "华南", true, crm.Manager)
	h.person("赵敏", "华南", false, crm.Rep)
	h.person("周市场", "总部", false, crm.Marketing)
	h.person("管理员", "总部", false, crm.Admin)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) team(name, parent string) {
	h.t.Helper()
	x := org.Team{Name: name, Parent: h.teams[parent]}
	h.must(h.dir.SaveTeam(h.ctx, &x))
	h.teams[name] = x.ID
}

func (h *house) person(name, team string, leads bool, roles ...crm.Role) {
	h.t.Helper()
	u := org.User{Name: name, Team: h.teams[team], Roles: roles, Active: true}
	h.must(h.dir.SaveUser(h.ctx, &u))
	h.people[name] = u.ID
	if leads {
		x, err := h.dir.Team(h.ctx, u.Team)
		h.must(err)
		x.Leader = u.ID
		h.must(h.dir.SaveTeam(h.ctx, &x))
	}
}

func (h *house) as(name string) crm.Actor {
	h.t.Helper()
	a, err := h.dir.Actor(h.ctx, h.people[name])
	h.must(err)
	return a
}

func (h *house) set(key string, scope rule.Scope, value string) {
	h.t.Helper()
	_, err := h.book.Set(h.ctx, crm.Actor{ID: h.people["管理员"], Roles: []crm.Role{crm.Admin}}, key, scope, value, "test", h.clock.Now())
	h.must(err)
}

func (h *house) wait(d time.Duration) { h.must(h.clock.Set(h.clock.Now().Add(d))) }

// pooled puts a lead into the pool.
func (h *house) pooled(company string, more ...func(*lead.NewLead)) crm.LeadID {
	h.t.Helper()
	in := lead.NewLead{Info: lead.Info{Company: company}}
	for _, m := range more {
		m(&in)
	}
	v, err := h.leads.Create(h.ctx, h.as("管理员"), in, true)
	h.must(err)
	return v.ID
}

func (h *house) ledger(id crm.LeadID) []pool.Entry {
	h.t.Helper()
	es, err := h.gate.History(h.ctx, id.Ref(), 100)
	h.must(err)
	return es
}

func (h *house) standing(name string) pool.Status {
	h.t.Helper()
	p, err := h.gate.Pool(h.ctx, pool.DefaultPool)
	h.must(err)
	st, err := h.gate.Status(h.ctx, h.people[name], crm.KindLead, p)
	h.must(err)
	return st
}

func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	raw, err := h.db.SQL()
	h.must(err)
	n := 0
	h.must(raw.QueryRowContext(h.ctx, query, args...).Scan(&n))
	return n
}

// refused checks code and rule of an error and that it says every word.
func refused(t testing.TB, err error, code crm.Code, ruleID string, words ...string) {
	t.Helper()
	if crm.CodeOf(err) != code || crm.RuleOf(err) != ruleID {
		t.Fatalf("error %v, want %s %s", err, code, ruleID)
	}
	for _, w := range words {
		if !strings.Contains(crm.MessageOf(err, crm.Chinese), w) {
			t.Errorf("%q does not say %q", crm.MessageOf(err, crm.Chinese), w)
		}
	}
	for _, r := range crm.MessageOf(err, crm.English) {
		if strings.ContainsRune("已在的您请认领", r) {
			t.Errorf("the English message is not English: %q", crm.MessageOf(err, crm.English))
			break
		}
	}
}

func TestP05ClaimTakesTheLeadAndWritesEverything(t *testing.T) {
	h := newHouse(t, "")
	id := h.pooled("上海华星科技有限公司", func(n *lead.NewLead) { n.Contact, n.Phone = "王总", "13800138000" })
	c, err := h.leads.Claim(h.ctx, h.as("李娜"), id)
	h.must(err)
	if !c.Mine || c.Masked || c.Phone != "13800138000" || c.Used != 1 || c.Limit != 20 || c.Held != 1 || c.Hold != 50 {
		t.Errorf("claimed: %+v", c)
	}
	if len(c.Past) != 2 || c.Past[0].Reason != pool.Claim || c.Past[0].To != "李娜" || c.Past[1].Reason != pool.Create {
		t.Errorf("P-18: the story is %+v", c.Past)
	}
	es := h.ledger(id)
	if len(es) != 2 || es[0].To != h.people["李娜"] || es[0].ToTeam != h.teams["华东"] || es[0].QuotaDay != "2026-03-02" {
		t.Errorf("ledger %+v", es)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.claim' AND user_id = ? AND day = '2026-03-02'", h.people["李娜"]); n != 1 {
		t.Errorf("%d claim facts", n)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'ownership.claim' AND ref = ? AND rule_id = 'P-05'", id.String()); n != 1 {
		t.Errorf("%d audit rows", n)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE kind = 'refresh' AND ref = ?", id.String()); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	again, err := h.leads.Claim(h.ctx, h.as("李娜"), id)
	h.must(err)
	if !again.Already || h.standing("李娜").Claims != 1 || len(h.ledger(id)) != 2 {
		t.Error("a second tap changed something")
	}
}

func TestP05LoserLearnsTheWinnerAndPaysNothing(t *testing.T) {
	h := newHouse(t, "")
	id := h.pooled("华星")
	next := h.pooled("明月")
	_, err := h.leads.Claim(h.ctx, h.as("李娜"), id)
	h.must(err)
	_, err = h.leads.Claim(h.ctx, h.as("张伟"), id)
	refused(t, err, crm.CodeConflict, "P-05", id.String(), "李娜", "额度没有扣除")
	if st := h.standing("张伟"); st.Claims != 0 || st.Held != 0 || st.Burst != 0 {
		t.Errorf("the loser paid: %+v", st)
	}
	v, ok, err := h.leads.Next(h.ctx, h.as("张伟"), id)
	h.must(err)
	if !ok || v.ID != next {
		t.Errorf("next best is %v %v", v.ID, ok)
	}
	_, err = h.leads.Claim(h.ctx, h.as("张伟"), 999)
	refused(t, err, crm.CodeNotFound, "")
	// Numbers are no list of who has what: a day later it is no race any more.
	h.must(h.clock.Set(h.clock.Now().Add(25 * time.Hour)))
	_, err = h.leads.Claim(h.ctx, h.as("张伟"), id)
	refused(t, err, crm.CodeConflict, "DU-02", "李*", "03-")
	if strings.Contains(crm.MessageOf(err, crm.Chinese), "李娜") {
		t.Errorf("the owner's name is not masked: %v", err)
	}
	lost, err := h.leads.LostTo(h.ctx, h.as("张伟"), id)
	h.must(err)
	if lost.Winner != "李*" || lost.Since == "" || lost.Ask == nil {
		t.Errorf("the refreshed card says %+v", lost)
	}
	_, err = h.leads.Claim(h.ctx, h.as("王磊"), next)
	refused(t, err, crm.CodeForbidden, "")
}

func TestP04QuotaBurstRefundAndDayOff(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	var ids []crm.LeadID
	for i := range 40 {
		ids = append(ids, h.pooled(fmt.Sprintf("公司甲%c%c", rune('一'+i*7), rune('丁'+i*11))))
	}
	for i := range 5 {
		_, err := h.leads.Claim(h.ctx, na, ids[i])
		h.must(err)
	}
	_, err := h.leads.Claim(h.ctx, na, ids[5])
	refused(t, err, crm.CodeRefused, "P-04", "10 分钟内已领 5/5", "今日还可领 15 条")
	h.wait(10 * time.Minute)
	_, err = h.leads.Claim(h.ctx, na, ids[5])
	h.must(err)

	// A release within ten minutes refunds, three times a day.
	for i := range 4 {
		h.wait(11 * time.Minute)
		_, err := h.leads.Claim(h.ctx, na, ids[10+i])
		h.must(err)
		before := pool.Used(h.standing("李娜").Standing)
		h.wait(time.Minute)
		r, err := h.leads.Release(h.ctx, na, ids[10+i], "no_need", "")
		h.must(err)
		after := pool.Used(h.standing("李娜").Standing)
		if want := i < 3; r.Refunded != want || (before-after == 1) != want {
			t.Errorf("release %d: refunded %v, used %d then %d", i, r.Refunded, before, after)
		}
	}
	// Too late: no refund.
	h.wait(11 * time.Minute)
	_, err = h.leads.Claim(h.ctx, na, ids[20])
	h.must(err)
	h.wait(11 * time.Minute)
	r, err := h.leads.Release(h.ctx, na, ids[20], "no_need", "")
	h.must(err)
	if r.Refunded {
		t.Error("a late release was refunded")
	}

	h.set("P-04.daily", "", "9")
	_, err = h.leads.Claim(h.ctx, na, ids[21])
	h.must(err)
	h.wait(11 * time.Minute)
	_, err = h.leads.Claim(h.ctx, na, ids[22])
	refused(t, err, crm.CodeRefused, "P-04", "今日已领 9/9", "明天 00:00 重置", "经理分配")
	h.set("P-04.daily", rule.Scope(fmt.Sprintf("user:%d", na.ID)), "10")
	_, err = h.leads.Claim(h.ctx, na, ids[22])
	h.must(err)

	// Saturday: nothing, unless the pool opens; and a new day has a new quota.
	h.must(h.clock.Set(time.Date(2026, 3, 7, 2, 0, 0, 0, time.UTC)))
	_, err = h.leads.Claim(h.ctx, na, ids[23])
	refused(t, err, crm.CodeRefused, "P-04", "非工作日", "2026-03-09 00:00")
	p, err := h.gate.Pool(h.ctx, pool.DefaultPool)
	h.must(err)
	p.Offday = true
	h.must(h.gate.SavePool(h.ctx, h.as("管理员"), &p))
	for i := range 5 {
		_, err = h.leads.Claim(h.ctx, na, ids[23+i])
		h.must(err)
		h.wait(11 * time.Minute)
	}
	_, err = h.leads.Claim(h.ctx, na, ids[30])
	refused(t, err, crm.CodeRefused, "P-04", "今日已领 5/5")
}

func TestP03HoldLimitNamesCandidatesAndTheMostSpecificSettingWins(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	h.set("P-03.leads", "", "2")
	a, b, c, d := h.pooled("甲公司东"), h.pooled("乙公司西"), h.pooled("丙公司南"), h.pooled("丁公司北")
	for _, id := range []crm.LeadID{a, b} {
		_, err := h.leads.Claim(h.ctx, na, id)
		h.must(err)
	}
	_, err := h.leads.Claim(h.ctx, na, c)
	refused(t, err, crm.CodeRefused, "P-03", "2/2", a.String(), b.String(), "乙公司西")
	var full *pool.HoldFull
	if !errors.As(err, &full) || len(full.Candidates) != 2 {
		t.Fatalf("no candidates in %v", err)
	}
	if h.standing("李娜").Claims != 2 {
		t.Error("the refused claim cost quota")
	}
	// Assignment and transfer obey it too; the refusal names the person.
	_, err = h.leads.Assign(h.ctx, h.as("王磊"), c, na.ID)
	refused(t, err, crm.CodeRefused, "P-03", "李娜持有的线索已达上限：2/2")
	_, err = h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "戊公司"}, Owner: na.ID}, false)
	refused(t, err, crm.CodeRefused, "P-03", "2/2")

	h.set("P-03.leads", rule.Scope(fmt.Sprintf("team:%d", h.teams["总部"])), "3")
	_, err = h.leads.Claim(h.ctx, na, c)
	h.must(err)
	h.set("P-03.leads", "role:rep", "2")
	_, err = h.leads.Claim(h.ctx, na, d)
	refused(t, err, crm.CodeRefused, "P-03", "3/2")
	h.set("P-03.leads", rule.Scope(fmt.Sprintf("user:%d", na.ID)), "4")
	_, err = h.leads.Claim(h.ctx, na, d)
	h.must(err)
}

func TestP06CoolDownLooksAtAllFormerOwners(t *testing.T) {
	h := newHouse(t, "")
	id := h.pooled("华星")
	na, wei, min := h.as("李娜"), h.as("张伟"), h.as("赵敏")
	take := func(a crm.Actor) error { _, err := h.leads.Claim(h.ctx, a, id); return err }
	give := func(a crm.Actor) { _, err := h.leads.Release(h.ctx, a, id, "no_need", ""); h.must(err) }
	h.must(take(na))
	give(na)
	refused(t, take(na), crm.CodeRefused, "P-06", "2026-03-09")
	h.must(take(wei))
	give(wei)
	// She is not the last owner any more, and still may not.
	refused(t, take(na), crm.CodeRefused, "P-06", "2026-03-09")
	h.must(take(min))
	// A manager's release lasts thirty days.
	_, err := h.leads.Release(h.ctx, h.as("陈静"), id, "not_target", "")
	h.must(err)
	h.wait(8 * 24 * time.Hour)
	refused(t, take(min), crm.CodeRefused, "P-06", "2026-04-01")
	// A manager may assign it all the same, and the ledger says so.
	_, err = h.leads.Assign(h.ctx, h.as("陈静"), id, min.ID)
	h.must(err)
	if e := h.ledger(id)[0]; e.Override != "P-06" || e.Reason != pool.Assign || e.By != h.people["陈静"] {
		t.Errorf("ledger %+v", e)
	}
	if h.standing("赵敏").Claims != 0 {
		t.Error("an assignment used quota")
	}
	h.must(func() error { _, err := h.leads.Release(h.ctx, min, id, "no_need", ""); return err }())
	h.must(take(na))
}

func TestP07EmbargoShowsTheTimeLeft(t *testing.T) {
	h := newHouse(t, "")
	h.set("P-07.new_hours", "", "2")
	id := h.pooled("华星")
	_, err := h.leads.Claim(h.ctx, h.as("李娜"), id)
	refused(t, err, crm.CodeRefused, "P-07", "2 小时 0 分钟", "03-02 11:00")
	h.wait(2 * time.Hour)
	_, err = h.leads.Claim(h.ctx, h.as("李娜"), id)
	h.must(err)
}

func TestP08PoolIsMaskedAndDetailViewsAreCounted(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	h.set("P-08.views", "", "2")
	mk := func(n *lead.NewLead) {
		n.Phone, n.Email, n.Address, n.Contact, n.Note = "13800138000", "li@huaxing.com", "南京路 1 号", "王总", "暗号"
	}
	a := h.pooled("华星", mk)
	v, err := h.leads.Open(h.ctx, na, a)
	h.must(err)
	if !v.Masked || v.Phone != "138****8000" || v.Email != "l***@huaxing.com" || strings.Contains(v.Address, "南京") || v.Past != nil {
		t.Errorf("seen in the pool: %+v", v)
	}
	p, err := h.gate.Pool(h.ctx, pool.DefaultPool)
	h.must(err)
	p.Hidden = []string{"note", "contact"}
	h.must(h.gate.SavePool(h.ctx, h.as("管理员"), &p))
	v, err = h.leads.Open(h.ctx, na, a) // the same one counts once
	h.must(err)
	if v.Note == "暗号" || v.Contact != "王*" {
		t.Errorf("hidden fields: %+v", v.Info)
	}
	b, c := h.pooled("明月"), h.pooled("清风")
	_, err = h.leads.Open(h.ctx, na, b)
	h.must(err)
	_, err = h.leads.Open(h.ctx, na, c)
	refused(t, err, crm.CodeRefused, "P-08", "2/2")
	_, err = h.leads.Open(h.ctx, h.as("张伟"), c)
	h.must(err)
	_, err = h.leads.Claim(h.ctx, na, c)
	h.must(err)
	v, err = h.leads.Open(h.ctx, na, c)
	h.must(err)
	if v.Masked {
		t.Error("an own lead is masked")
	}
}

func TestP17ReleaseReasons(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	ids := []crm.LeadID{h.pooled("华星"), h.pooled("明月")}
	for _, id := range ids {
		_, err := h.leads.Claim(h.ctx, na, id)
		h.must(err)
	}
	_, err := h.leads.Release(h.ctx, na, ids[0], "", "")
	refused(t, err, crm.CodeRefused, "P-17", "联系不上", "其他")
	_, err = h.leads.Release(h.ctx, na, ids[0], "other", "")
	refused(t, err, crm.CodeRefused, "P-17", "其他")
	_, err = h.leads.Release(h.ctx, h.as("张伟"), ids[0], "no_need", "")
	refused(t, err, crm.CodeNotFound, "")
	_, err = h.leads.Release(h.ctx, na, ids[0], "other", "已经搬迁")
	h.must(err)
	r, err := h.leads.Release(h.ctx, na, ids[1], "wrong_number", "")
	h.must(err)
	if r.Status != lead.Review || r.Quality != "wrong_number" {
		t.Errorf("after a wrong number: %s %s", r.Status, r.Quality)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.release' AND user_id = ?", na.ID); n != 1 {
		t.Errorf("%d release facts: data faults must not count", n)
	}
	_, err = h.leads.Claim(h.ctx, h.as("张伟"), ids[1])
	refused(t, err, crm.CodeRefused, "P-17", "资料正在核对")
	list, err := h.leads.Pool(h.ctx, h.as("张伟"), lead.Filter{}, 0, 10)
	h.must(err)
	if len(list.Leads) != 1 || list.Leads[0].ID != ids[0] {
		t.Errorf("pool %+v", list.Leads)
	}
	_, err = h.leads.Cleared(h.ctx, na, ids[1], true)
	refused(t, err, crm.CodeForbidden, "")
	_, err = h.leads.Cleared(h.ctx, h.as("王磊"), ids[1], true)
	h.must(err)
	_, err = h.leads.Claim(h.ctx, na, ids[1]) // no cool-down for the data's fault
	h.must(err)
}

func TestP02TransferAndAssign(t *testing.T) {
	h := newHouse(t, "")
	na, wei := h.as("李娜"), h.as("张伟")
	id := h.pooled("华星")
	_, err := h.leads.Assign(h.ctx, na, id, wei.ID)
	refused(t, err, crm.CodeForbidden, "")
	_, err = h.leads.Assign(h.ctx, h.as("王磊"), id, h.people["赵敏"])
	refused(t, err, crm.CodeForbidden, "")
	_, err = h.leads.Assign(h.ctx, h.as("王磊"), id, na.ID)
	h.must(err)
	if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'lead.given' AND user_id = ?", na.ID); n != 1 {
		t.Errorf("%d notices to the new owner", n)
	}
	_, err = h.leads.Transfer(h.ctx, wei, id, wei.ID)
	refused(t, err, crm.CodeNotFound, "")
	_, err = h.leads.Transfer(h.ctx, na, id, h.people["王磊"])
	refused(t, err, crm.CodeRefused, "P-02")
	_, err = h.leads.Transfer(h.ctx, na, id, wei.ID)
	h.must(err)
	if e := h.ledger(id)[0]; e.Reason != pool.Transfer || e.From != na.ID || e.To != wei.ID {
		t.Errorf("ledger %+v", e)
	}
	_, err = h.leads.Peek(h.ctx, na, id)
	refused(t, err, crm.CodeNotFound, "")
}

func TestP01RegionPoolsAndTheirScope(t *testing.T) {
	h := newHouse(t, "")
	south := pool.Pool{Name: "华南公海", Kind: crm.KindLead, Sort: 5, Regions: []string{"深圳", "广州"}}
	h.must(h.gate.SavePool(h.ctx, h.as("管理员"), &south))
	team := pool.Pool{Name: "华东专属", Kind: crm.KindLead, Sort: 50, Teams: []crm.TeamID{h.teams["华东"]}}
	h.must(h.gate.SavePool(h.ctx, h.as("管理员"), &team))
	city := func(c string) func(*lead.NewLead) { return func(n *lead.NewLead) { n.City = c } }
	sz, bj := h.pooled("深圳甲", city("深圳")), h.pooled("北京乙", city("北京"))
	named := h.pooled("丙", func(n *lead.NewLead) { n.Pool = team.ID })
	for id, want := range map[crm.LeadID]crm.PoolID{sz: south.ID, bj: pool.DefaultPool, named: team.ID} {
		l, err := h.db.Lead(h.ctx, id)
		h.must(err)
		if l.Pool != want {
			t.Errorf("%s is in pool %d, want %d", id, l.Pool, want)
		}
	}
	_, err := h.leads.Claim(h.ctx, h.as("赵敏"), named)
	refused(t, err, crm.CodeNotFound, "", named.String()) // for her there is no such lead (PM-03)
	list, err := h.leads.Pool(h.ctx, h.as("赵敏"), lead.Filter{}, 0, 10)
	h.must(err)
	if len(list.Leads) != 2 {
		t.Errorf("赵敏 sees %d leads of 2", len(list.Leads))
	}
	if _, err = h.leads.Peek(h.ctx, h.as("赵敏"), named); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a lead of a closed pool is visible: %v", err)
	}
	_, err = h.leads.Claim(h.ctx, h.as("李娜"), named)
	h.must(err)
	// A rep's own lead goes home to the narrowest department when released.
	v, err := h.leads.Create(h.ctx, h.as("李娜"), lead.NewLead{Info: lead.Info{Company: "丁"}, Owner: h.people["李娜"]}, false)
	h.must(err)
	if v.Pool != team.ID {
		t.Errorf("home pool %d", v.Pool)
	}
}

func TestDU01ExactKeysBlockAndDU02SaysWhatMayBeKnown(t *testing.T) {
	h := newHouse(t, "")
	na, wei := h.as("李娜"), h.as("张伟")
	_, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "上海华星科技有限公司", Phone: "138 0013 8000", Email: "li@huaxing.com"}, Owner: na.ID}, false)
	h.must(err)
	for _, in := range []lead.Info{{Company: "华星科技(上海)股份有限公司"}, {Company: "别的公司", Phone: "+86-13800138000"}, {Company: "另一家", Email: "wang@HUAXING.com"}} {
		_, err := h.leads.Create(h.ctx, wei, lead.NewLead{Info: in, Owner: wei.ID}, true)
		refused(t, err, crm.CodeRefused, "DU-02", "已存在", "负责人 李*", "释放日 03-")
		if strings.Contains(crm.MessageOf(err, crm.Chinese), "李娜") || strings.Contains(crm.MessageOf(err, crm.Chinese), "L-") {
			t.Errorf("too much is told: %s", crm.MessageOf(err, crm.Chinese))
		}
	}
	_, err = h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "上海华星科技"}, Owner: na.ID}, false)
	refused(t, err, crm.CodeRefused, "DU-02", "就在您名下")
	id := h.pooled("深圳明月贸易")
	_, err = h.leads.Create(h.ctx, wei, lead.NewLead{Info: lead.Info{Company: "明月贸易有限公司"}, Owner: wei.ID}, false)
	refused(t, err, crm.CodeRefused, "DU-02", "/认领 "+id.String())
	if n := h.count("SELECT COUNT(*) FROM crm_leads"); n != 2 {
		t.Errorf("%d leads", n)
	}
}

func TestDU01SimilarNamesAsk(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	const long = "东方红星辰宇宙航空航天精密仪器研究制造安装维修一体化服务"
	first := h.pooled(long + "有限公司")
	_, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: long + "部"}, Owner: na.ID}, false)
	refused(t, err, crm.CodeRefused, "DU-01", "仍然新建")
	var s *lead.SimilarTo
	if !errors.As(err, &s) || len(s.Found) != 1 || s.Found[0].Match.Ref != first.Ref() || s.Found[0].Match.Similarity < 0.88 {
		t.Fatalf("similar: %+v", s)
	}
	_, err = h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: long + "部"}, Owner: na.ID}, true)
	h.must(err)
	_, err = h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "西方白云"}, Owner: na.ID}, false)
	h.must(err)
}

func TestDU01SameKeyAtTheSameTimeIsOneLead(t *testing.T) {
	h := newHouse(t, "")
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = h.leads.Create(h.ctx, h.as("管理员"), lead.NewLead{Info: lead.Info{Company: "华星科技", Phone: fmt.Sprintf("1380013800%d", i)}}, true)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, crm.CodeRefused, "DU-02")
	}
	if won != 1 || h.count("SELECT COUNT(*) FROM crm_leads") != 1 || h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.new'") != 1 {
		t.Errorf("%d winners, %d leads", won, h.count("SELECT COUNT(*) FROM crm_leads"))
	}
}

// told remembers whom it was told of which record.
type told struct{ known sync.Map }

func (t *told) Tell(_ context.Context, user crm.UserID, ref crm.Ref) {
	t.known.Store(fmt.Sprint(user, ref), true)
}

func (t *told) Told(_ context.Context, user crm.UserID, ref crm.Ref) (bool, error) {
	_, ok := t.known.Load(fmt.Sprint(user, ref))
	return ok, nil
}

// learns lets somebody name a company that is somebody else's.
func (h *house) learns(a crm.Actor, company string) {
	h.t.Helper()
	refused(h.t, h.leads.Check(h.ctx, a, lead.Info{Company: company}, false), crm.CodeRefused, "DU-02")
}
