package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/store"
)

// Contract is the contract of contract.Store: a contract is kept whole, changed
// only from the version that was read, found within a scope, and due by state
// and date.
func Contract(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	c := contract.Contract{Number: "BUY-202603-0001", Owner: 1, Team: 2, State: contract.Active, Cause: contract.Changed, Round: 3, Hash: strings.Repeat("a", 64),
		Content: contract.Content{Type: "BUY", Account: 4, AccountName: "星河 100%_科技'; --", Deal: 5, Amount: crm.MaxMoney, Terms: "月结30天", StartsOn: "2026-03-01", EndsOn: "2026-03-31",
			Channel: contract.Online, Contact: "王总", Remark: "第一行\n第二行 😀"},
		SubmittedAmount: 7, ApprovedAt: now, ApprovedAmount: 8, SignedOn: "2026-03-02", SignedAt: now, SignedVia: contract.Online, CreditUser: 9, CreditTeam: 10, ArchivedAt: now,
		TerminatedReason: "无", SupersededBy: 11, CreatedAt: now, UpdatedAt: now}
	mustDo(t, db.AddContract(ctx, &c))
	got, err := db.Contract(ctx, c.ID, false)
	mustDo(t, err)
	if d := cmp.Diff(c, got); d != "" {
		t.Errorf("kept differently (-want +got):\n%s", d)
	}
	second := c
	second.Number = c.Number
	if err := db.AddContract(ctx, &second); err == nil {
		t.Error("two contracts share a number")
	}
	stale := c
	c.Amount = 100
	mustDo(t, db.SaveContract(ctx, &c))
	if err := db.SaveContract(ctx, &stale); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("a change of an old version gave %v", err)
	}
	if got, _ := db.Contract(ctx, c.ID, false); got.Amount != 100 || got.Version != 2 {
		t.Errorf("amount %d, version %d after the changes", got.Amount, got.Version)
	}
	if _, err := db.Contract(ctx, 999, false); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an unknown contract gave %v", err)
	}
	contractSearch(t, db, c)
	contractDue(t, db, c)
	contractParts(t, db, c, now)
}

func contractSearch(t *testing.T, db *store.DB, c contract.Contract) {
	t.Helper()
	for name, x := range map[string]struct {
		q    contract.Query
		want int64
	}{
		"all":                 {contract.Query{Scope: contract.Scope{All: true}}, 1},
		"owner":               {contract.Query{Scope: contract.Scope{User: 1}}, 1},
		"team":                {contract.Query{Scope: contract.Scope{User: 77, Teams: []crm.TeamID{2}}}, 1},
		"stranger":            {contract.Query{Scope: contract.Scope{User: 77, Teams: []crm.TeamID{3}}}, 0},
		"nobody":              {contract.Query{}, 0},
		"part of the name":    {contract.Query{Scope: contract.Scope{All: true}, Text: "100%_科"}, 1},
		"percent is no wild":  {contract.Query{Scope: contract.Scope{All: true}, Text: "星河%科技"}, 0},
		"stranger by name":    {contract.Query{Scope: contract.Scope{User: 77}, Text: "星河"}, 0},
		"number":              {contract.Query{Scope: contract.Scope{All: true}, Text: "BUY-202603"}, 1},
		"account":             {contract.Query{Scope: contract.Scope{All: true}, Account: 4}, 1},
		"other account":       {contract.Query{Scope: contract.Scope{All: true}, Account: 5}, 0},
		"state":               {contract.Query{Scope: contract.Scope{All: true}, States: []contract.State{contract.Active}}, 1},
		"other states":        {contract.Query{Scope: contract.Scope{All: true}, States: []contract.State{contract.Draft, contract.ToSign}}, 0},
		"beyond the last one": {contract.Query{Scope: contract.Scope{All: true}, Offset: 5}, 1},
	} {
		list, n, err := db.FindContracts(t.Context(), x.q)
		mustDo(t, err)
		if n != x.want || (x.q.Offset == 0 && int64(len(list)) != x.want) {
			t.Errorf("%s: %d found, %d listed; want %d", name, n, len(list), x.want)
		}
	}
	h, err := db.ContractHistory(t.Context(), 4, 0)
	mustDo(t, err)
	if h.Signed != 1 || h.Amount != 100 || h.LastOn != "2026-03-02" || h.Open != 0 {
		t.Errorf("history %+v", h)
	}
	if h, err = db.ContractHistory(t.Context(), 4, c.ID); err != nil || h != (contract.History{}) {
		t.Errorf("history without the contract itself: %+v, %v", h, err)
	}
}

func contractDue(t *testing.T, db *store.DB, c contract.Contract) {
	t.Helper()
	due := func(s contract.State, day crm.Day, after crm.ContractID) int {
		list, err := db.ContractsDue(t.Context(), s, day, after, 10)
		mustDo(t, err)
		return len(list)
	}
	if due(contract.Active, "2026-03-30", 0) != 0 || due(contract.Active, "2026-03-31", 0) != 1 || due(contract.Active, "2026-12-31", c.ID) != 0 || due(contract.NotStarted, "2026-12-31", 0) != 0 {
		t.Error("the wrong contracts are due to end")
	}
	open := c
	open.Number, open.EndsOn = "BUY-202603-0002", ""
	mustDo(t, db.AddContract(t.Context(), &open))
	ended := c
	ended.Number, ended.TerminatedAt = "BUY-202603-0003", c.CreatedAt
	mustDo(t, db.AddContract(t.Context(), &ended))
	if n := due(contract.Active, "2026-12-31", 0); n != 1 {
		t.Errorf("%d contracts are due, want only the one with an end that is not terminated", n)
	}
	if h, err := db.ContractHistory(t.Context(), 4, c.ID); err != nil || h.Signed != 1 {
		t.Errorf("a terminated contract counts in the history: %+v, %v", h, err)
	}
}

func contractParts(t *testing.T, db *store.DB, c contract.Contract, now time.Time) {
	t.Helper()
	ctx := t.Context()
	for _, e := range []contract.Entry{{Contract: c.ID, At: now, User: 1, Event: contract.Create, From: contract.Draft, To: contract.Draft},
		{Contract: c.ID, At: now, Event: contract.Edit, From: contract.Draft, To: contract.Draft, Diff: []contract.Diff{{Field: contract.FieldTerms, Before: "甲\"", After: "乙"}}, Note: "说明"}} {
		mustDo(t, db.AddContractEntry(ctx, &e))
	}
	log, err := db.ContractEntries(ctx, c.ID, 10)
	mustDo(t, err)
	if len(log) != 2 || log[0].Event != contract.Edit || len(log[0].Diff) != 1 || log[0].Diff[0].Before != "甲\"" || len(log[1].Diff) != 0 {
		t.Errorf("log %+v", log)
	}
	mustDo(t, db.AddContractContent(ctx, c.ID, 1, "h", c.Content, now))
	content, ok, err := db.ContractContent(ctx, c.ID, 1)
	mustDo(t, err)
	if !ok || content != c.Content {
		t.Errorf("content of round 1: %v %+v", ok, content)
	}
	if _, ok, err := db.ContractContent(ctx, c.ID, 2); ok || err != nil {
		t.Errorf("content of a round that was not: %v, %v", ok, err)
	}
	if err := db.AddContractContent(ctx, c.ID, 1, "h", c.Content, now); err == nil {
		t.Error("a round's content is kept twice")
	}
	body := []byte("%PDF\x00\xff'\\")
	f := contract.File{Contract: c.ID, Name: "扫描.pdf", Hash: "x", Size: int64(len(body)), User: 1, At: now}
	mustDo(t, db.AddContractFile(ctx, &f, body))
	files, err := db.ContractFiles(ctx, c.ID)
	mustDo(t, err)
	got, raw, err := db.ContractFile(ctx, f.ID)
	mustDo(t, err)
	if len(files) != 1 || files[0] != f || got != f || string(raw) != string(body) {
		t.Errorf("files %+v, body %q", files, raw)
	}
}

// mustDo ends the test when a step that the checks build on fails.
func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
