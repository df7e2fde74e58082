package lead_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

// company is a name that is unlike every other one.
func company(i int) string {
	return fmt.Sprintf("%c%c%c%c科技有限公司", rune('一'+i%97*31), rune('丁'+i/97*53), rune('东'+i%1009*7), rune('华'+i%389*11))
}

func TestCH05ImportReportsEveryRow(t *testing.T) {
	h := newHouse(t, "")
	old := h.pooled("上海华星科技有限公司", func(n *lead.NewLead) { n.Phone = "13800138000" })
	long := "东方红星辰宇宙航空航天精密仪器研究制造安装维修一体化服务"
	near := h.pooled(long)
	h.set("P-03.leads", "", "2")
	na := h.people["李娜"]
	row := func(i int, c string, f func(*lead.NewLead)) lead.NewLead {
		n := lead.NewLead{Row: i, Info: lead.Info{Company: c}}
		if f != nil {
			f(&n)
		}
		return n
	}
	rows := []lead.NewLead{
		row(2, "明月贸易", nil),
		row(3, "华星科技(上海)有限公司", nil),
		row(4, "别家", func(n *lead.NewLead) { n.Phone = "+86 138 0013 8000" }),
		row(5, "清风", func(n *lead.NewLead) { n.Phone = "12" }),
		row(6, "", nil),
		row(7, "明月贸易有限公司", nil),
		row(8, "甲乙丙", func(n *lead.NewLead) { n.Owner = na }),
		row(9, "丁戊己", func(n *lead.NewLead) { n.Owner, n.Grade = na, "A" }),
		row(10, "庚辛壬", func(n *lead.NewLead) { n.Owner = na }),
		row(11, long+"部", nil),
	}
	want := []lead.RowStatus{lead.RowNew, lead.RowDuplicate, lead.RowDuplicate, lead.RowBad, lead.RowBad, lead.RowDuplicate, lead.RowNew, lead.RowNew, lead.RowRefused, lead.RowNew}
	check := func(dry bool) []lead.RowResult {
		t.Helper()
		res, err := h.leads.Import(h.ctx, h.as("王磊"), rows, lead.ImportOptions{ID: 7, DryRun: dry})
		h.must(err)
		if len(res) != len(rows) {
			t.Fatalf("%d results for %d rows", len(res), len(rows))
		}
		for i, r := range res {
			if r.Row != rows[i].Row || r.Status != want[i] {
				t.Errorf("dry %v, row %d: %s, want %s (%s)", dry, r.Row, r.Status, want[i], r.Reason.Zh)
			}
			if r.Status != lead.RowNew && (r.Reason.Zh == "" || r.Reason.En == "") {
				t.Errorf("row %d has no reason", r.Row)
			}
			if (r.ID != 0) != (r.Status == lead.RowNew && !dry) {
				t.Errorf("dry %v, row %d has id %d", dry, r.Row, r.ID)
			}
		}
		if res[1].Existing != old.Ref() || res[2].Existing != old.Ref() || res[5].SameRow != 2 || res[9].Similar != near.Ref() {
			t.Errorf("what rows repeat: %+v", res)
		}
		return res
	}
	before := h.count("SELECT COUNT(*) FROM crm_leads")
	check(true)
	if n := h.count("SELECT COUNT(*) FROM crm_leads"); n != before {
		t.Fatalf("the dry run made %d leads", n-before)
	}
	res := check(false)
	own, err := h.leads.Mine(h.ctx, h.as("李娜"))
	h.must(err)
	if len(own) != 2 || own[0].Grade != "A" {
		t.Errorf("李娜 owns %d leads after the import", len(own))
	}
	if n := h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.new' AND user_id = ?", h.people["王磊"]); n != 4 {
		t.Errorf("%d new leads counted for the importer", n)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'import'"); n != 4 {
		t.Errorf("%d ledger rows", n)
	}
	_, err = h.leads.Import(h.ctx, h.as("李娜"), rows, lead.ImportOptions{ID: 8})
	refused(t, err, crm.CodeForbidden, "")

	// Undo removes what nobody touched and keeps the rest.
	claimed := res[0].ID
	_, err = h.leads.Claim(h.ctx, h.as("张伟"), claimed)
	h.must(err)
	h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
		_, err := h.leads.Touch(ctx, res[6].ID.Ref(), h.clock.Now(), false)
		return err
	}))
	removed, kept, err := h.leads.UndoImport(h.ctx, h.as("王磊"), 7)
	h.must(err)
	if removed != 2 || kept != 2 {
		t.Errorf("undo removed %d and kept %d", removed, kept)
	}
	if n := h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.new' AND user_id = ?", h.people["王磊"]); n != 2 {
		t.Errorf("%d new leads counted after the undo", n)
	}
	found, err := h.leads.Search(h.ctx, h.as("管理员"), "丁戊己", 5)
	h.must(err)
	if len(found) != 0 {
		t.Error("a removed lead is found")
	}
	again, err := h.leads.Import(h.ctx, h.as("王磊"), rows[7:8], lead.ImportOptions{ID: 9})
	h.must(err)
	if again[0].Status != lead.RowNew {
		t.Errorf("a removed lead blocks its key: %+v", again[0])
	}
}

func TestImportGivesIDsOnMySQL(t *testing.T) {
	h := newHouse(t, testdb.MySQL(t))
	rows := make([]lead.NewLead, 1200)
	for i := range rows {
		rows[i] = lead.NewLead{Row: i + 2, Info: lead.Info{Company: company(i)}}
	}
	res, err := h.leads.Import(h.ctx, h.as("王磊"), rows, lead.ImportOptions{ID: 1})
	h.must(err)
	for i, r := range res {
		if r.Status != lead.RowNew {
			t.Fatalf("row %d: %+v", r.Row, r)
		}
		if i%100 != 0 {
			continue
		}
		l, err := h.db.Lead(h.ctx, r.ID)
		h.must(err)
		if l.Company != rows[i].Company || l.ImportRow != r.Row {
			t.Fatalf("row %d got the id of row %d", r.Row, l.ImportRow)
		}
	}
	removed, kept, err := h.leads.UndoImport(h.ctx, h.as("王磊"), 1)
	h.must(err)
	if removed != len(rows) || kept != 0 {
		t.Errorf("undo removed %d and kept %d", removed, kept)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_dup_keys") + h.count("SELECT COUNT(*) FROM crm_dup_grams") + h.count("SELECT COUNT(*) FROM crm_search_terms"); n != 0 {
		t.Errorf("%d keys, pairs and terms are left", n)
	}
}

func TestSearchFindsByPartPinyinAndContactWithinRights(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	hx := h.pooled("上海华星科技有限公司", func(n *lead.NewLead) { n.Contact, n.Phone = "王建国", "13800138000" })
	cq := h.pooled("重庆明月贸易有限公司")
	own, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "深圳华星贸易"}, Owner: na.ID}, true)
	h.must(err)
	other, err := h.leads.Create(h.ctx, h.as("赵敏"), lead.NewLead{Info: lead.Info{Company: "广州华星物流"}, Owner: h.people["赵敏"]}, true)
	h.must(err)
	acme, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "Acme Rocket Works Ltd."}, Owner: na.ID}, true)
	h.must(err)
	for text, want := range map[string][]crm.LeadID{
		"华星": {own.ID, hx}, "上海华星": {hx}, "星科": {hx}, "hxkj": {hx}, "huaxing": {own.ID, hx}, "SHHXKJ": {hx}, "王建国": {hx}, "wjg": {hx}, "cqmy": {cq}, "明月": {cq},
		"acme": {acme.ID}, "rocket works": {acme.ID}, "ROCKET": {acme.ID}, "有限公司": nil, "ocket": nil, "物流": nil, hx.String(): {hx}, other.ID.String(): nil, "C-1": nil, "'; DROP TABLE": nil, "%": nil, "": nil, "公司": nil,
	} {
		got, err := h.leads.Search(h.ctx, na, text, 10)
		h.must(err)
		ids := []string{}
		for _, l := range got {
			ids = append(ids, l.ID.String())
			if l.ID == hx && strings.Contains(l.Phone, "0013") {
				t.Errorf("%q shows a phone number of the pool", text)
			}
		}
		wanted := []string{}
		for _, id := range want {
			wanted = append(wanted, id.String())
		}
		if strings.Join(ids, " ") != strings.Join(wanted, " ") {
			t.Errorf("search %q: %v, want %v", text, ids, wanted)
		}
	}
	all, err := h.leads.Search(h.ctx, h.as("管理员"), "华星", 10)
	h.must(err)
	if len(all) != 3 {
		t.Errorf("the administrator finds %d of 3", len(all))
	}
}

func TestP10TouchTellsTheFirstContactOnce(t *testing.T) {
	h := newHouse(t, "")
	na := h.as("李娜")
	id := h.pooled("华星")
	_, err := h.leads.Claim(h.ctx, na, id)
	h.must(err)
	touch := func(at time.Time, valid bool) bool {
		t.Helper()
		var first bool
		h.must(h.db.InTx(h.ctx, func(ctx context.Context) (err error) { first, err = h.leads.Touch(ctx, id.Ref(), at, valid); return }))
		return first
	}
	t1 := monday.Add(time.Hour)
	if touch(t1, false) {
		t.Error("an activity that is not valid was a first contact")
	}
	if !touch(t1.Add(time.Hour), true) || touch(t1.Add(2*time.Hour), true) {
		t.Error("the first valid contact is not told exactly once")
	}
	touch(t1, true) // written later, happened earlier
	l, err := h.db.Lead(h.ctx, id)
	h.must(err)
	if !l.LastValidAt.Equal(t1.Add(2*time.Hour)) || !l.FirstContactAt.Equal(t1.Add(time.Hour)) || l.Version != 2 || !l.Contacted() {
		t.Errorf("times %v %v, version %d", l.LastValidAt, l.FirstContactAt, l.Version)
	}
	h.must(h.db.InTx(h.ctx, func(ctx context.Context) error {
		return h.leads.Untouch(ctx, id.Ref(), time.Time{}, t1, time.Time{})
	}))
	if !touch(t1.Add(3*time.Hour), true) {
		t.Error("after taking it back the next one is not the first")
	}
	if _, err := h.leads.Working(h.ctx, h.as("张伟"), id); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a stranger may log: %v", err)
	}
}

func TestDU02CollaborationIsAskedAndAnswered(t *testing.T) {
	h := newHouse(t, "")
	na, min := h.as("李娜"), h.as("赵敏")
	v, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: "华星", Phone: "13800138000"}, Owner: na.ID}, false)
	h.must(err)
	_, err = h.leads.AskToJoin(h.ctx, na, v.ID)
	refused(t, err, crm.CodeConflict, "DU-02")
	_, err = h.leads.AnswerCollab(h.ctx, na, v.ID, min.ID, true)
	refused(t, err, crm.CodeConflict, "PM-01")
	_, err = h.leads.AskToJoin(h.ctx, min, v.ID)
	refused(t, err, crm.CodeNotFound, "") // nobody named the company to them yet (PM-03)
	h.learns(min, "华星")
	_, err = h.leads.AskToJoin(h.ctx, min, v.ID)
	h.must(err)
	if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'lead.collab' AND user_id = ?", na.ID); n != 1 {
		t.Errorf("%d requests to the owner", n)
	}
	if _, err := h.leads.Peek(h.ctx, min, v.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("asking alone opens the lead: %v", err)
	}
	_, err = h.leads.AnswerCollab(h.ctx, h.as("张伟"), v.ID, min.ID, true)
	refused(t, err, crm.CodeNotFound, "")
	_, err = h.leads.AnswerCollab(h.ctx, na, v.ID, min.ID, true)
	h.must(err)
	seen, err := h.leads.Open(h.ctx, min, v.ID)
	h.must(err)
	if seen.Phone != "13800138000" || seen.Mine {
		t.Errorf("the collaborator sees %+v", seen)
	}
	if _, err := h.leads.Release(h.ctx, min, v.ID, "no_need", ""); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a collaborator may release: %v", err)
	}
	h.wait(91 * 24 * time.Hour)
	if _, err := h.leads.Open(h.ctx, min, v.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an expired collaboration opens the lead: %v", err)
	}
	at, err := h.leads.Watch(h.ctx, min, v.ID)
	h.must(err)
	if at.Before(h.clock.Now()) {
		t.Errorf("reminder at %v, in the past", at)
	}
}

func BenchmarkImport(b *testing.B) {
	h := newHouse(b, "")
	rows := make([]lead.NewLead, 5000)
	n := 0
	for b.Loop() {
		for i := range rows {
			rows[i] = lead.NewLead{Row: i + 2, Info: lead.Info{Company: company(n), Contact: "王建国", Phone: fmt.Sprintf("138%08d", n), City: "上海", Source: "展会"}}
			n++
		}
		res, err := h.leads.Import(h.ctx, h.as("王磊"), rows, lead.ImportOptions{ID: int64(n)})
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range res {
			if r.Status != lead.RowNew {
				b.Fatalf("%+v", r)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// TestPM01ManagersImportForTheirOwnTeams: a manager's file gives leads to the
// own teams only; those who work for the company may name anybody.
func TestPM01ManagersImportForTheirOwnTeams(t *testing.T) {
	h := newHouse(t, "")
	rows := []lead.NewLead{{Row: 2, Info: lead.Info{Company: "明月贸易"}, Owner: h.people["李娜"]}, {Row: 3, Info: lead.Info{Company: "清风物流"}, Owner: h.people["赵敏"]}}
	for name, want := range map[string]lead.RowStatus{"王磊": lead.RowBad, "周市场": lead.RowNew, "管理员": lead.RowNew} {
		res, err := h.leads.Import(h.ctx, h.as(name), rows, lead.ImportOptions{ID: 7, DryRun: true})
		h.must(err)
		if res[0].Status != lead.RowNew || res[1].Status != want || want == lead.RowBad && res[1].Reason.En == "" {
			t.Errorf("%s: %+v", name, res)
		}
	}
	res, err := h.leads.Import(h.ctx, h.as("王磊"), rows, lead.ImportOptions{ID: 7})
	h.must(err)
	own, err := h.db.OwnLeads(h.ctx, h.people["赵敏"], 10)
	h.must(err)
	if res[1].ID != 0 || len(own) != 0 {
		t.Errorf("a rep of another team got %+v", own)
	}
}

// TestP08SearchFindsNothingByWhatThePoolHides: a name that is masked cannot be
// guessed by searching for it.
func TestP08SearchFindsNothingByWhatThePoolHides(t *testing.T) {
	h := newHouse(t, "")
	shy := pool.Pool{Name: "隐名公海", Kind: crm.KindLead, Sort: 9, Hidden: []string{"company", "contact"}}
	h.must(h.gate.SavePool(h.ctx, h.as("管理员"), &shy))
	id := h.pooled("上海华星科技有限公司", func(n *lead.NewLead) { n.Contact, n.Pool = "王建国", shy.ID })
	open := h.pooled("华星贸易", func(n *lead.NewLead) { n.Pool = pool.DefaultPool })
	for text, want := range map[string][]crm.LeadID{"华星": {open}, "上海华星": nil, "hxkj": nil, "王建国": nil, "wjg": nil, id.String(): {id}} {
		got, err := h.leads.Search(h.ctx, h.as("李娜"), text, 10)
		h.must(err)
		var ids []crm.LeadID
		for _, l := range got {
			ids = append(ids, l.ID)
			if l.ID == id && (l.Company != "****" || l.Contact == "王建国") {
				t.Errorf("%q shows %q %q", text, l.Company, l.Contact)
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("search %q: %v, want %v", text, ids, want)
		}
	}
	all, err := h.leads.Search(h.ctx, h.as("管理员"), "王建国", 10)
	h.must(err)
	if len(all) != 1 {
		t.Errorf("the administrator finds %d", len(all))
	}
}

// TestDU01WhoMayMergeIsAskedAboutSimilarNames: whatever way a second record with a
// similar name came in, by a form, a file or an inquiry, who may merge the two is
// shown the other one, and nobody else is.
func TestDU01WhoMayMergeIsAskedAboutSimilarNames(t *testing.T) {
	h := newHouse(t, "")
	na, lei := h.as("李娜"), h.as("王磊")
	const name = "东方红星辰宇宙航空航天精密仪器研究制造安装维修一体化服务"
	v, err := h.leads.Create(h.ctx, na, lead.NewLead{Info: lead.Info{Company: name}, Owner: na.ID}, false)
	h.must(err)
	second, err := h.leads.Create(h.ctx, crm.SystemActor(), lead.NewLead{Info: lead.Info{Company: name + "部"}}, true)
	h.must(err)
	twins := func(a crm.Actor, id crm.LeadID) []lead.DuplicateOf {
		t.Helper()
		seen, err := h.leads.Open(h.ctx, a, id)
		h.must(err)
		return seen.Twins
	}
	for id, want := range map[crm.LeadID]crm.LeadID{v.ID: second.ID, second.ID: v.ID} {
		if got := twins(lei, id); len(got) != 1 || got[0].Match.Ref != want.Ref() {
			t.Errorf("%s is like %+v, want %s", id, got, want)
		}
	}
	if got := twins(na, v.ID); len(got) != 0 {
		t.Errorf("a rep, who cannot merge, is shown %+v", got)
	}
	south, err := h.leads.Create(h.ctx, h.as("赵敏"), lead.NewLead{Info: lead.Info{Company: name + "处"}, Owner: h.as("赵敏").ID}, true)
	h.must(err)
	for _, d := range twins(lei, v.ID) {
		if d.Match.Ref == south.Ref() {
			t.Errorf("another team's lead is shown: %+v", d)
		}
	}
}
