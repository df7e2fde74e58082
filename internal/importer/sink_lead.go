package importer

import (
	"context"
	"fmt"
	"strings"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

type leadSink struct {
	s      *Service
	job    int64
	people people
	pool   crm.PoolID
	// seen are the duplicate keys of earlier rows of the file with their line:
	// rows that nothing stores in a dry run.
	seen map[string]int
}

func (k *leadSink) joins() bool { return false }

func (k *leadSink) put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error) {
	out := make([]bulk.Result, len(rows))
	good, at := split(rows, out, k.row)
	res, err := k.s.Nouns.Leads.Import(ctx, a, good, lead.ImportOptions{ID: k.job, DryRun: !commit})
	if err != nil {
		return nil, err
	}
	for j, r := range res {
		out[at[j]] = k.result(r, good[j])
	}
	return out, nil
}

func (k *leadSink) result(r lead.RowResult, in lead.NewLead) bulk.Result {
	b := bulk.Result{Reason: r.Reason, Like: r.Similar}
	switch r.Status {
	case lead.RowDuplicate:
		b.Outcome, b.Ref = bulk.Same, r.Existing
		return b
	case lead.RowBad, lead.RowRefused:
		b.Outcome = bulk.Bad
		return b
	}
	b.Outcome = bulk.New
	if r.ID != 0 {
		b.Ref, b.Version = r.ID.Ref(), 1
	}
	id := lead.Identity{Company: in.Company, Phone: in.Phone, Email: in.Email, USCC: in.USCC}
	for _, key := range id.Keys() {
		if line, ok := k.seen[string(key.Kind)+key.Value]; ok && line != in.Row {
			b = bulk.Result{Outcome: bulk.Same, Reason: crm.Text{Zh: fmt.Sprintf("与文件第 %d 行重复：%s", line, key.Kind.Name(crm.Chinese)), En: fmt.Sprintf("same as row %d of the file: %s", line, key.Kind.Name(crm.English))}}
			return b
		}
	}
	for _, key := range id.Keys() {
		k.seen[string(key.Kind)+key.Value] = in.Row
	}
	return b
}

func (k *leadSink) undo(context.Context, crm.Actor, bulk.Result) (bool, error) {
	return false, fmt.Errorf("leads are taken back as a whole")
}

func (k *leadSink) row(r row) (lead.NewLead, error) {
	v := r.values
	x := lead.NewLead{Row: r.line, Pool: k.pool, Info: lead.Info{Company: v["company"], Contact: v["contact"], Title: v["title"], Phone: v["phone"], Email: v["email"], Address: v["address"],
		City: v["city"], Region: v["region"], Industry: v["industry"], Source: v["source"], Need: v["need"], Budget: v["budget"], Note: v["note"], USCC: v["uscc"], Size: v["size"], Campaign: v["campaign"]}}
	var err error
	if x.Converted, err = yesOrNo(v["converted"]); err != nil {
		return x, err
	}
	if g := strings.ToUpper(v["grade"]); g != "" {
		if x.Grade = lead.Grade(g); !x.Grade.Valid() {
			return x, crm.Invalid("没有等级“"+cutRunes(g, 10)+"”，应为 A 到 D", "there is no grade “"+cutRunes(g, 10)+"”; it is A to D")
		}
	}
	u, err := k.people.find(v["owner"])
	x.Owner = u.ID
	return x, err
}

// yesOrNo reads a column of answers; nothing means no.
func yesOrNo(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "", "0", "no", "n", "false", "否":
		return false, nil
	case "1", "yes", "y", "true", "是":
		return true, nil
	}
	return false, crm.Invalid("“"+cutRunes(v, 10)+"”应写是或否", "“"+cutRunes(v, 10)+"” should be yes or no")
}
