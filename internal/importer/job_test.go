package importer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/importer"
	"crmbot/internal/testdb"
)

const people = "姓名,角色,团队,上级\n王磊,销售经理,华东,\n李娜,销售,华东,王磊\n"

func (e *env) upload(name, text string) importer.Job {
	e.t.Helper()
	j, err := e.Upload(e.t.Context(), e.admin, name, []byte(text))
	must(e.t, err)
	return j
}

func (e *env) try(id crm.ImportID) (importer.Job, string) {
	e.t.Helper()
	j, f, err := e.Try(e.t.Context(), e.admin, id)
	must(e.t, err)
	return j, string(f.Data)
}

func (e *env) commit(id crm.ImportID) (importer.Job, string) {
	e.t.Helper()
	j, f, err := e.Commit(e.t.Context(), e.admin, id)
	must(e.t, err)
	return j, string(f.Data)
}

func wantCounts(t testing.TB, j importer.Job, n, update, same, bad int) {
	t.Helper()
	if want := (importer.Counts{New: n, Update: update, Same: same, Bad: bad}); j.Counts != want {
		t.Errorf("%s: %+v, want %+v", j.State, j.Counts, want)
	}
}

// TestDealsThroughTheChat_CH05 takes deals from the file to the facts and back.
func TestDealsThroughTheChat_CH05(t *testing.T) {
	e := newEnv(t, "")
	e.run(importer.Org, people, "")
	e.run(importer.Accounts, "客户名称\n长风电机\n", "")
	const file = "商机名称,客户,金额,阶段,负责人,开始日期,成交日期,编号\n首批,长风电机,52万,赢单,李娜,2026-01-05,2026-02-10,X1\n二期,长风电机,30万,方案报价,李娜,2026-02-11,,X2\n三期,没有这家,1万,,李娜,,,X3\n二期,长风电机,30万,方案报价,李娜,2026-02-11,,X2\n"
	j := e.upload("deals.csv", file)
	if j.Mapping.Kind != importer.Deals || j.Rows != 4 {
		t.Fatalf("%+v", j)
	}
	_, _, err := e.Commit(t.Context(), e.admin, j.ID)
	if crm.CodeOf(err) != crm.CodeRefused {
		t.Errorf("commit before a dry run: %v", err)
	}
	j, marked := e.try(j.ID)
	wantCounts(t, j, 2, 0, 1, 1)
	if !strings.Contains(marked, "三期,没有这家,1万,,李娜,,,X3,有误,没有客户“没有这家”") {
		t.Errorf("the result file is\n%s", marked)
	}
	if n := e.count("crm_deals") + e.count("crm_facts WHERE metric_key LIKE 'deal.%'"); n != 0 {
		t.Errorf("the dry run wrote %d rows", n)
	}
	j, marked = e.commit(j.ID)
	wantCounts(t, j, 2, 0, 1, 1)
	if !strings.Contains(marked, "首批,长风电机,52万,赢单,李娜,2026-01-05,2026-02-10,X1,新增,,D-1") {
		t.Errorf("the result file is\n%s", marked)
	}
	if got := e.total(deal.FactWon); got != (sum{1, 52_0000_00}) {
		t.Errorf("won %+v", got)
	}
	_, _, err = e.Commit(t.Context(), e.admin, j.ID)
	if crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("second commit: %v", err)
	}

	// The next state of the same file closes a deal; that is an update.
	won := e.upload("deals.csv", strings.Replace(file, "30万,方案报价,李娜,2026-02-11,,X2", "28万,赢单,李娜,2026-02-11,2026-03-01,X2", 1))
	won, _ = e.try(won.ID)
	wantCounts(t, won, 0, 1, 2, 1)
	won, _ = e.commit(won.ID)
	wantCounts(t, won, 0, 1, 2, 1)
	if got := e.total(deal.FactWon); got != (sum{2, 80_0000_00}) {
		t.Errorf("won after the update %+v", got)
	}

	// Both are taken back: the update first, then the first import. Every fact is
	// balanced by a negative one on its own day (none is deleted).
	facts := e.count("crm_facts")
	for _, id := range []crm.ImportID{won.ID, j.ID} {
		u, err := e.Undo(t.Context(), e.admin, id)
		must(t, err)
		if u.State != importer.Undone {
			t.Errorf("%+v", u)
		}
	}
	if n := e.count("crm_deals"); n != 1 {
		t.Errorf("%d deals are left, want the one that was changed since its import", n)
	}
	if got := e.total(deal.FactWon); got != (sum{}) {
		t.Errorf("won after the undo %+v", got)
	}
	if n := e.count("crm_facts"); n <= facts {
		t.Error("facts were removed instead of balanced")
	}
	if _, err := e.Undo(t.Context(), e.admin, j.ID); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("second undo: %v", err)
	}
}

func (e *env) total(key string) sum {
	var s sum
	e.facts(e.t.Context(), key, func(_ crm.Day, _ crm.UserID, _ crm.TeamID, x sum) { s = sum{s.Qty + x.Qty, s.Amount + x.Amount} })
	return s
}

// TestUndoLeavesWhatPeopleTouched_CH05 keeps accounts that somebody worked with.
func TestUndoLeavesWhatPeopleTouched_CH05(t *testing.T) {
	e := newEnv(t, "")
	e.run(importer.Org, people, "")
	j := e.upload("a.csv", "客户名称,联系人,电话\n甲公司,王一,13800000001\n乙公司,王二,13800000002\n丙公司,,\n")
	if j.Mapping.Kind != importer.Accounts {
		t.Fatalf("guessed %s", j.Mapping.Kind)
	}
	e.try(j.ID)
	j, _ = e.commit(j.ID)
	wantCounts(t, j, 3, 0, 0, 0)
	must(t, e.clock.Set(e.clock.Now().Add(time.Hour)))
	b, err := e.accounts.One(t.Context(), e.admin, "乙公司")
	must(t, err)
	_, _, err = e.accounts.AddContact(t.Context(), e.admin, b.ID, account.ContactDraft{Name: "新人"})
	must(t, err)
	c, err := e.accounts.One(t.Context(), e.admin, "丙公司")
	must(t, err)
	_, err = e.deals.Create(t.Context(), e.admin, deal.Draft{Account: c.ID, Amount: 100})
	must(t, err)
	j, err = e.Undo(t.Context(), e.admin, j.ID)
	must(t, err)
	if j.Taken != 1 || j.Kept != 2 {
		t.Errorf("taken %d, kept %d", j.Taken, j.Kept)
	}
	if _, err := e.accounts.One(t.Context(), e.admin, "甲公司"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an untouched account is still there: %v", err)
	}
	if n := e.count("crm_contacts WHERE name = '王一'"); n != 0 {
		t.Error("its contact is still there")
	}
}

// TestOwnershipOfImports_P02_P03 sends imported accounts through the one gate: a
// ledger entry for each, and the owner's hold limit counts.
func TestOwnershipOfImports_P02_P03(t *testing.T) {
	e := newEnv(t, "")
	e.run(importer.Org, people, "")
	_, err := e.Rules.Set(t.Context(), e.admin, "P-03.accounts", "", "2", "test", time.Time{})
	must(t, err)
	j := e.upload("a.csv", "客户名称,级别,负责人\n甲,A,李娜\n乙,A,李娜\n丙,A,李娜\n丁,B,\n")
	dry, _ := e.try(j.ID)
	wantCounts(t, dry, 3, 0, 0, 1)
	j, marked := e.commit(j.ID)
	wantCounts(t, j, 3, 0, 0, 1)
	if !strings.Contains(marked, "丙,A,李娜,有误,负责人的持有上限已满（P-03）") {
		t.Errorf("the result file is\n%s", marked)
	}
	if n := e.count("crm_ownership_ledger WHERE kind = 'A' AND reason = 'import'"); n != 3 {
		t.Errorf("%d ledger entries, want 3", n)
	}
	// An account of nobody gets its owner from the next file, and gives it back.
	_, err = e.Rules.Set(t.Context(), e.admin, "P-03.accounts", "", "3", "test", time.Time{})
	must(t, err)
	own := e.upload("b.csv", "客户名称,级别,负责人\n丁,B,李娜\n")
	e.try(own.ID)
	own, _ = e.commit(own.ID)
	wantCounts(t, own, 0, 1, 0, 0)
	x, err := e.accounts.One(t.Context(), e.admin, "丁")
	must(t, err)
	if e.dir.Name(t.Context(), x.Owner) != "李娜" || x.Team == 0 || e.count("crm_ownership_ledger WHERE ref = '"+x.ID.String()+"'") != 2 {
		t.Errorf("%+v", x)
	}
	_, err = e.Undo(t.Context(), e.admin, own.ID)
	must(t, err)
	if x, err = e.accounts.One(t.Context(), e.admin, "丁"); err != nil || x.Owner != 0 || e.count("crm_ownership_ledger WHERE ref = '"+x.ID.String()+"'") != 3 {
		t.Errorf("%+v %v", x, err)
	}
}

// TestLimits_CH05 refuses what is too large before anything is stored.
func TestLimits_CH05(t *testing.T) {
	e := newEnv(t, "")
	rows := func(n int) []byte {
		var b bytes.Buffer
		b.WriteString("客户名称,城市\n")
		for i := range n {
			fmt.Fprintf(&b, "公司%d,上海\n", i)
		}
		return b.Bytes()
	}
	if _, err := e.Upload(t.Context(), e.admin, "x.csv", rows(5000)); err != nil {
		t.Errorf("5,000 rows: %v", err)
	}
	before := e.count("crm_imports")
	_, err := e.Upload(t.Context(), e.admin, "x.csv", rows(5001))
	if crm.CodeOf(err) != crm.CodeRefused || crm.RuleOf(err) != "CH-05" || !strings.Contains(crm.MessageOf(err, crm.Chinese), "最多 5000 行") {
		t.Errorf("5,001 rows: %v", err)
	}
	began := time.Now()
	_, err = e.Upload(t.Context(), e.admin, "x.csv", make([]byte, 100<<20))
	if crm.CodeOf(err) != crm.CodeRefused || !strings.Contains(crm.MessageOf(err, crm.Chinese), "100 MB，聊天中最多 20 MB") {
		t.Errorf("100 MB: %v", err)
	}
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("refusing 100 MB took %s", d)
	}
	if n := e.count("crm_imports"); n != before {
		t.Errorf("refused files left %d rows", n-before)
	}
	// The command line takes any number of rows.
	s := e.run(importer.Accounts, string(rows(5001)), "")
	if s.New != 5001 {
		t.Errorf("%s", s)
	}
}

// TestResultFileHasNoFormulas keeps what people typed from being executed by the
// program that opens the result.
func TestResultFileHasNoFormulas(t *testing.T) {
	e := newEnv(t, "")
	const evil = `=HYPERLINK("http://evil")`
	j := e.upload("客户 表.csv", "客户名称,城市,级别\n\""+strings.ReplaceAll(evil, `"`, `""`)+"\",+1,A\n@x,-2,A\n正常,上海,A\n＝甲,\" =1+1\",A\n")
	_, marked := e.try(j.ID)
	for _, want := range []string{`"'=HYPERLINK(""http://evil"")",'+1,A`, "'@x,'-2,A", "正常,上海,A", "'＝甲,' =1+1,A"} {
		if !strings.Contains(marked, "\n"+want) {
			t.Errorf("%q is not in\n%s", want, marked)
		}
	}
	if !strings.HasPrefix(marked, "\ufeff") {
		t.Error("no byte order mark: Excel would read it in the wrong encoding")
	}
	f := excelize.NewFile()
	must(t, f.SetSheetRow("Sheet1", "A1", &[]string{"客户名称", "城市", "级别"}))
	must(t, f.SetSheetRow("Sheet1", "A2", &[]string{evil, "上海", "Z"}))
	var b bytes.Buffer
	must(t, f.Write(&b))
	j = e.upload("客户.xlsx", b.String())
	_, marked = e.try(j.ID)
	out, err := excelize.OpenReader(strings.NewReader(marked))
	must(t, err)
	formula, err := out.GetCellFormula("Sheet1", "A2")
	must(t, err)
	got, err := out.GetRows("Sheet1")
	must(t, err)
	if formula != "" || len(got) != 2 || got[1][0] != evil || got[1][3] != "有误" || !strings.Contains(got[1][4], "没有级别") {
		t.Errorf("formula %q, rows %q", formula, got)
	}
}

// TestMappingIsRemembered_CH05 uses what was chosen for the last file of the form.
func TestMappingIsRemembered_CH05(t *testing.T) {
	e := newEnv(t, "")
	const file = "甲,乙\n某公司,上海\n"
	j := e.upload("a.csv", file)
	_, err := e.Remap(t.Context(), e.admin, j.ID, importer.Accounts, []importer.Choice{{Field: "客户名称", Column: "甲"}, {Field: "region", Column: "乙"}})
	must(t, err)
	j = e.upload("b.csv", "乙 , 甲\n上海,某公司\n")
	if j.Remembered {
		t.Error("another order of columns is another form")
	}
	j = e.upload("c.csv", file)
	if !j.Remembered || j.Mapping.Kind != importer.Accounts || j.Mapping.Fields["region"].Column != "乙" {
		t.Errorf("%+v", j.Mapping)
	}
}

// TestRights_CH05: marketing, managers and administrators may import, managers
// only deals of their own teams; nobody touches somebody else's import.
func TestRights_CH05(t *testing.T) {
	e := newEnv(t, "")
	e.run(importer.Org, people+"赵一,销售,华南,陈静\n", "")
	ctx := t.Context()
	must(t, e.dir.Reload(ctx))
	actor := func(name string) crm.Actor {
		u, err := e.dir.One(ctx, name)
		must(t, err)
		a, err := e.dir.Actor(ctx, u.ID)
		must(t, err)
		return a
	}
	const file = "商机名称,金额,负责人,外部编号\n甲,1万,李娜,1\n乙,1万,赵一,2\n"
	if _, err := e.Upload(ctx, actor("李娜"), "x.csv", []byte(file)); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a rep: %v", err)
	}
	boss := actor("王磊")
	j, err := e.Upload(ctx, boss, "x.csv", []byte(file))
	must(t, err)
	j, _, err = e.Try(ctx, boss, j.ID)
	must(t, err)
	wantCounts(t, j, 1, 0, 0, 1)
	if _, err := e.Get(ctx, actor("陈静"), j.ID); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("another manager: %v", err)
	}
	frozen := boss
	frozen.Frozen = true
	if _, _, err := e.Commit(ctx, frozen, j.ID); crm.RuleOf(err) != "HO-01" {
		t.Errorf("a leaver: %v", err)
	}
	org, err := e.Upload(ctx, boss, "o.csv", []byte(people))
	must(t, err)
	if _, _, err := e.Try(ctx, boss, org.ID); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("people by a manager: %v", err)
	}
}

// TestInterruptedImportGoesOn_CH05 stops an import after its first batch and
// takes it up again: every row exactly once.
func TestInterruptedImportGoesOn_CH05(t *testing.T) {
	e := newEnv(t, "")
	var b strings.Builder
	b.WriteString("客户名称,级别\n")
	for i := range 700 {
		fmt.Fprintf(&b, "公司%d,A\n", i)
	}
	j := e.upload("x.csv", b.String())
	e.try(j.ID)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := errors.New("stopped")
	svc := importer.NewService(importer.Deps{Store: &stopAfter{Store: e.db, n: 1, cancel: func() { cancel() }}, Tx: e.db, Effects: e.db.Effects(), Clock: e.clock, Calendar: e.Calendar, Rules: e.Rules, Nouns: e.Nouns})
	_, _, err := svc.Commit(ctx, e.admin, j.ID)
	if err == nil {
		t.Fatalf("the import was not stopped: %v", stopped)
	}
	n := e.count("crm_accounts")
	if n == 0 || n == 700 {
		t.Fatalf("%d accounts after the stop, want a part", n)
	}
	j, _ = e.commit(j.ID)
	wantCounts(t, j, 700, 0, 0, 0)
	if n := e.count("crm_accounts"); n != 700 {
		t.Errorf("%d accounts", n)
	}
	if got := e.total(account.FactNew); got.Qty != 700 {
		t.Errorf("%d facts", got.Qty)
	}
	j, err = e.Undo(t.Context(), e.admin, j.ID)
	must(t, err)
	if j.Taken != 700 || e.count("crm_accounts") != 0 {
		t.Errorf("undone %+v", j)
	}
}

// stopAfter cancels the work when n batches were stored.
type stopAfter struct {
	importer.Store
	n      int
	cancel func()
}

func (s *stopAfter) AddImportRows(ctx context.Context, id crm.ImportID, rows []importer.RowRecord) error {
	if s.n == 0 {
		s.cancel()
		return context.Canceled
	}
	s.n--
	return s.Store.AddImportRows(ctx, id, rows)
}

// TestTwoTapsAtOnce_CH05 lets several taps race for one commit on MySQL: one
// wins, the rows come in once.
func TestTwoTapsAtOnce_CH05(t *testing.T) {
	e := newEnv(t, testdb.MySQL(t))
	j := e.upload("x.csv", "客户名称,级别\n甲,A\n乙,B\n")
	e.try(j.ID)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, _, errs[i] = e.Commit(t.Context(), e.admin, j.ID) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch crm.CodeOf(err) {
		case "":
			won++
		case crm.CodeConflict:
		default:
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 || e.count("crm_accounts") != 2 || e.total(account.FactNew).Qty != 2 {
		t.Errorf("%d won, %d accounts, %d facts", won, e.count("crm_accounts"), e.total(account.FactNew).Qty)
	}
}

// TestEnsureAtOnce_DU01 lets several people name the same new company at once:
// it is made once and all get it.
func TestEnsureAtOnce_DU01(t *testing.T) {
	e := newEnv(t, testdb.MySQL(t))
	ids := make([]crm.AccountID, 8)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			x, err := e.accounts.Ensure(t.Context(), e.admin, "华星科技有限公司")
			ids[i], errs[i] = x.ID, err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	if ids[0] == 0 || ids[0] != ids[len(ids)-1] || e.count("crm_accounts") != 1 || e.total(account.FactNew).Qty != 1 {
		t.Errorf("ids %v, %d accounts, %d facts", ids, e.count("crm_accounts"), e.total(account.FactNew).Qty)
	}
}

func TestMappingFile_CH05(t *testing.T) {
	for in, part := range map[string]string{
		"kind: accounts\nfields: {colour: x}": "no field", "fields: {name: x}": "kind", "kind: accounts\nfelds: {}": "felds", "kind: accounts\nfields: {name: {colum: x}}": "colum",
		"kind: accounts\nfields: {name: [1]}": "header or a mapping", "kind: planets": "kind",
	} {
		if _, err := importer.ParseMapping([]byte(in)); crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v", in, err)
		}
	}
	e := newEnv(t, "")
	_, err := e.Run(t.Context(), e.admin, importer.Accounts, "x.csv", strings.NewReader("a,b\n1,2\n"), []byte("kind: accounts\nfields: {name: c}"), importer.Options{})
	if crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(err.Error(), "no columns c") || !strings.Contains(err.Error(), "a, b") {
		t.Errorf("a column that is not there: %v", err)
	}
	s := e.run(importer.Accounts, "a,b,c\n甲, Select ,上海\n乙,technolgy,\n丙,其他,\n", "kind: accounts\nempty: [select]\nfields:\n  name: a\n  industry: {column: b, values: {TECHNOLGY: technology}, default: 未知}\n  region: {template: \"{c}市\"}\n")
	if s.New != 3 {
		t.Fatalf("%s", s)
	}
	for name, want := range map[string]string{"甲": "未知/上海市", "乙": "technology/", "丙": "其他/"} {
		x, err := e.accounts.One(t.Context(), e.admin, name)
		must(t, err)
		if got := x.Industry + "/" + x.Region; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
