package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/importer"
	"crmbot/internal/store"
)

// Importer tests the store of imports with their files, rows and mappings.
func Importer(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j := importer.Job{Author: 7, File: "线索.csv", Size: 3, Format: "CSV", Header: []string{"公司", "电话"}, Sample: [][]string{{"甲", "1"}}, Rows: 2, State: importer.Tried, Remembered: true,
		Mapping: importer.Mapping{Kind: importer.Leads, Fields: map[string]importer.Column{"company": {Column: "公司", Values: map[string]string{"a": "b"}}}}, Counts: importer.Counts{New: 1, Update: 2, Same: 3, Bad: 4},
		Problems: []importer.Problem{{Line: 3, Reason: crm.Text{Zh: "坏", En: "bad"}}}, Alike: []importer.Twin{{Line: 4, Made: crm.LeadID(9).Ref(), Other: crm.LeadID(2).Ref()}}, Known: []importer.Twin{{Line: 5, Other: crm.AccountID(1).Ref()}}, Line: 9, Taken: 1, Kept: 2, CreatedAt: now, DoneAt: now, Until: now.Add(time.Hour), UpdatedAt: now}
	// Larger than one part, and no text.
	data := bytes.Repeat([]byte{0, 1, 2, 0xff, '\''}, 300_000)
	check(db.InTx(ctx, func(ctx context.Context) error { return db.AddImport(ctx, &j, data) }))
	got, err := db.Import(ctx, j.ID)
	check(err)
	if d := cmp.Diff(j, got); d != "" {
		t.Errorf("import read back (-want +got):\n%s", d)
	}
	file, err := db.ImportFile(ctx, j.ID)
	check(err)
	if !bytes.Equal(file, data) {
		t.Errorf("%d bytes of the file came back, want %d", len(file), len(data))
	}
	if _, err := db.Import(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing import: %v", err)
	}
	old := j
	j.State = importer.Running
	check(db.UpdateImport(ctx, &j))
	if err := db.UpdateImport(ctx, &old); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("an old version: %v", err)
	}

	rows := []importer.RowRecord{{Line: 2, Result: bulk.Result{Outcome: bulk.New, Ref: crm.DealID(5).Ref(), Version: 1}}, {Line: 3, Result: bulk.Result{Outcome: bulk.Update, Ref: crm.Ref{ID: 6}, Version: 4, Before: `{"a":1}`}}}
	check(db.AddImportRows(ctx, j.ID, rows))
	check(db.AddImportRows(ctx, j.ID, nil))
	back, err := db.ImportRows(ctx, j.ID, 10)
	check(err)
	if d := cmp.Diff([]importer.RowRecord{rows[1], rows[0]}, back); d != "" {
		t.Errorf("rows, last line first (-want +got):\n%s", d)
	}
	check(db.DropImportRows(ctx, j.ID, []int{3}))
	if back, err = db.ImportRows(ctx, j.ID, 10); err != nil || len(back) != 1 || back[0].Line != 2 {
		t.Errorf("%v %v", back, err)
	}

	if _, ok, err := db.RememberedMapping(ctx, "f"); err != nil || ok {
		t.Errorf("a mapping that nobody chose: %v %v", ok, err)
	}
	check(db.RememberMapping(ctx, "f", j.Mapping, 7))
	second := importer.Mapping{Kind: importer.Accounts, Empty: []string{"Select"}}
	check(db.RememberMapping(ctx, "f", second, 8))
	m, ok, err := db.RememberedMapping(ctx, "f")
	check(err)
	if d := cmp.Diff(second, m); !ok || d != "" {
		t.Errorf("remembered %v %s", ok, d)
	}

	if n, err := db.DropImportFiles(ctx, now); err != nil || n != 0 {
		t.Errorf("%d files of today dropped, %v", n, err)
	}
	if n, err := db.DropImportFiles(ctx, now.Add(time.Millisecond)); err != nil || n == 0 {
		t.Errorf("%d parts dropped, %v", n, err)
	}
	if _, err := db.ImportFile(ctx, j.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a dropped file: %v", err)
	}
}
