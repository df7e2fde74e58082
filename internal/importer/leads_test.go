package importer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"crmbot/internal/crm"
	"crmbot/internal/importer"
	"crmbot/internal/lead"
)

// TestEducationLeads_DU01 imports real leads into the pool and compares with the
// file itself; importing again finds every one of them.
func TestEducationLeads_DU01(t *testing.T) {
	e := newEnv(t, "")
	s := e.file(importer.Leads, "leads/education_leads.csv", "education-leads.yaml")
	t.Logf("%s", s)
	if s.New != 9240 || s.Total() != 9240 {
		t.Fatalf("%s", s)
	}
	want := map[string]int{}
	for _, r := range table(t, "leads/education_leads.csv") {
		src := map[string]string{"": "未知", "google": "Google", "Pay per Click Ads": "Google", "welearnblog_Home": "Welingak Website", "Reference": "转介绍"}[r["Lead Source"]]
		if src == "" {
			src = r["Lead Source"]
		}
		want[src]++
	}
	got := map[string]int{}
	pool, err := e.db.SQL()
	must(t, err)
	rows, err := pool.QueryContext(t.Context(), "SELECT source, COUNT(*) FROM crm_leads WHERE owner_id = 0 GROUP BY source")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var src string
		var n int
		must(t, rows.Scan(&src, &n))
		got[src] = n
	}
	must(t, rows.Err())
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("leads by source (-file +pool):\n%s", d)
	}
	if n := e.count("crm_leads WHERE city = 'Select' OR need = 'Select' OR region = 'Select'"); n != 0 {
		t.Errorf("%d leads say Select", n)
	}
	if got := e.total(lead.FactNew); got.Qty != 9240 {
		t.Errorf("%d facts", got.Qty)
	}
	again := e.file(importer.Leads, "leads/education_leads.csv", "education-leads.yaml")
	if again.Same != 9240 || again.Total() != 9240 || e.count("crm_leads") != 9240 {
		t.Errorf("again: %s; %d leads", again, e.count("crm_leads"))
	}
}

// TestLeadFile_CH05 reads a GB18030 file with dirt in it.
func TestLeadFile_CH05(t *testing.T) {
	e := newEnv(t, "")
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("公司名称;联系人;手机;来源\n重庆啤酒;王䶮;１３８００００１１１１;展会\n\"Robert'); DROP TABLE crm_leads;--\";Bobby;13800002222;\n重庆啤酒;李四;13800003333;\n某公司;王五;不知道;\n")
	must(t, err)
	j := e.upload("线索.csv", gb)
	if j.Format != "CSV · GB18030 · ;" || j.Mapping.Kind != importer.Leads {
		t.Fatalf("%s %s", j.Format, j.Mapping.Kind)
	}
	j, _ = e.try(j.ID)
	wantCounts(t, j, 2, 0, 1, 1)
	j, marked := e.commit(j.ID)
	wantCounts(t, j, 2, 0, 1, 1)
	if got := e.total(lead.FactNew); got.Qty != 2 {
		t.Errorf("%d facts", got.Qty)
	}
	if !strings.Contains(marked, "重庆啤酒,李四,13800003333,,重复,与文件第 2 行重复：公司名称相同") || !strings.Contains(marked, "某公司,王五,不知道,,有误,电话号码不对") {
		t.Errorf("the result file is\n%s", marked)
	}
	if n := e.count("crm_leads WHERE company = 'Robert''); DROP TABLE crm_leads;--'"); n != 1 {
		t.Errorf("%d leads of Robert", n)
	}
	ls, err := e.leads.Search(t.Context(), e.admin, "重庆啤酒", 5)
	must(t, err)
	if len(ls) != 1 || ls[0].Contact != "王䶮" || crm.PhoneKey(ls[0].Phone) != "+8613800001111" {
		t.Errorf("%+v", ls)
	}
	u, err := e.Undo(t.Context(), e.admin, j.ID)
	must(t, err)
	if u.Taken != 2 || u.Kept != 0 || e.count("crm_leads") != 0 || e.total(lead.FactNew).Qty != 0 {
		t.Errorf("undone: %d taken, %d kept, %d left, facts %+v", u.Taken, u.Kept, e.count("crm_leads"), e.total(lead.FactNew))
	}
}

// TestInterruptedLeadImport_CH05 stops an import between storing the leads of a
// batch and remembering that: taken up again, they count as new and can be
// taken back.
func TestInterruptedLeadImport_CH05(t *testing.T) {
	for done, name := range []string{"in the first batch", "in the second batch"} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, "")
			var b strings.Builder
			b.WriteString("公司,联系人,备注\n")
			for i := range 700 {
				fmt.Fprintf(&b, "公司%d,联系人,\n", i)
			}
			b.WriteString("公司650,别人,\n公司3,别人,\n")
			j := e.upload("x.csv", b.String())
			e.try(j.ID)
			ctx, cancel := context.WithCancel(t.Context())
			svc := importer.NewService(importer.Deps{Store: &stopAfter{Store: e.db, n: done, cancel: cancel}, Tx: e.db, Effects: e.db.Effects(), Clock: e.clock, Calendar: e.Calendar, Rules: e.Rules, Nouns: e.Nouns})
			if _, _, err := svc.Commit(ctx, e.admin, j.ID); err == nil {
				t.Fatal("the import was not stopped")
			}
			if n := e.count("crm_leads"); n == 0 {
				t.Fatal("nothing was stored before the stop")
			}
			j, marked := e.commit(j.ID)
			wantCounts(t, j, 700, 0, 2, 0)
			if n, got := e.count("crm_leads"), e.total(lead.FactNew); n != 700 || got.Qty != 700 {
				t.Errorf("%d leads, %d facts", n, got.Qty)
			}
			if strings.Count(marked, ",重复,") != 2 {
				t.Errorf("the result file calls %d rows repeated", strings.Count(marked, ",重复,"))
			}
			j, err := e.Undo(t.Context(), e.admin, j.ID)
			must(t, err)
			if j.Taken != 700 || e.count("crm_leads") != 0 || e.total(lead.FactNew).Qty != 0 {
				t.Errorf("undone: %d taken, %d left", j.Taken, e.count("crm_leads"))
			}
		})
	}
}

// TestRepeatedRowsAcrossBatches_DU01 notices in a dry run that a row far below
// repeats one above.
func TestRepeatedRowsAcrossBatches_DU01(t *testing.T) {
	e := newEnv(t, "")
	for kind, head := range map[importer.Kind]string{importer.Leads: "公司,备注", importer.Accounts: "客户名称,级别"} {
		var b strings.Builder
		b.WriteString(head + "\n")
		for range 3 {
			for i := range 400 {
				b.WriteString("公司" + strings.Repeat("甲", 1+i/100) + string(rune('一'+i)) + ",A\n")
			}
		}
		j := e.upload("x.csv", b.String())
		j, err := e.Remap(t.Context(), e.admin, j.ID, kind, nil)
		must(t, err)
		dry, _ := e.try(j.ID)
		done, _ := e.commit(j.ID)
		if dry.Counts != done.Counts || dry.Counts.New != 400 || dry.Counts.Same != 800 {
			t.Errorf("%s: dry run %+v, import %+v", kind, dry.Counts, done.Counts)
		}
		_, err = e.Undo(t.Context(), e.admin, j.ID)
		must(t, err)
	}
}
