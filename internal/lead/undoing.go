package lead

import (
	"context"
	"slices"

	"crmbot/internal/crm"
)

// UndoImport removes the leads of an import that nobody changed, claimed or
// worked on since, and returns how many were removed and how many were kept.
// Their facts are taken back; the ledger keeps its rows.
func (s *Service) UndoImport(ctx context.Context, a crm.Actor, importID int64) (removed, kept int, err error) {
	if err := mayAct(a); err != nil {
		return 0, 0, err
	}
	if !a.Is(crm.Manager, crm.Director, crm.Marketing, crm.Admin) {
		return 0, 0, crm.Forbid(a, crm.Manager, crm.Marketing, crm.Admin)
	}
	if importID == 0 {
		return 0, 0, crm.NotFound("没有这次导入", "there is no such import")
	}
	for after := -1; ; {
		page, err := s.d.Store.ImportedLeads(ctx, importID, true, after, importBatch)
		if err != nil {
			return removed, 0, err
		}
		if len(page) == 0 {
			break
		}
		ids := make([]crm.LeadID, len(page))
		for i, p := range page {
			ids[i], after = p.ID, p.Row
		}
		n := 0
		if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			n, err = s.removeUntouched(ctx, a, importID, ids)
			return err
		}); err != nil {
			return removed, 0, err
		}
		removed += n
	}
	for after := -1; ; {
		page, err := s.d.Store.ImportedLeads(ctx, importID, false, after, importBatch)
		if err != nil || len(page) == 0 {
			return removed, kept, err
		}
		kept, after = kept+len(page), page[len(page)-1].Row
	}
}

func (s *Service) removeUntouched(ctx context.Context, a crm.Actor, importID int64, ids []crm.LeadID) (int, error) {
	ls, err := s.d.Store.LeadsByID(ctx, ids...)
	if err != nil {
		return 0, err
	}
	gone, err := s.d.Store.DeleteUntouched(ctx, importID, ids)
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	refs := make([]crm.Ref, len(gone))
	for i, id := range gone {
		refs[i] = id.Ref()
	}
	if err := s.d.Index.DropKeys(ctx, refs...); err != nil {
		return 0, err
	}
	var facts []crm.Fact
	for _, l := range ls {
		if !slices.Contains(gone, l.ID) {
			continue
		}
		u, err := s.d.People.User(ctx, l.CreatedBy)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return 0, err
		}
		// On the day that the number was counted for: then that day is right again.
		facts = append(facts, crm.Fact{At: s.d.Clock.Now(), Day: s.d.Calendar.DayOf(l.CreatedAt), User: l.CreatedBy, Team: u.Team, Key: FactNew, Qty: -1, Ref: l.Ref()})
		if l.Status == Converted {
			taken := facts[len(facts)-1]
			taken.Key = FactConverted
			facts = append(facts, taken)
		}
	}
	if err := s.d.Effects.TakeBack(ctx, facts...); err != nil {
		return 0, err
	}
	return len(gone), s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Actor: a.ID, Action: "lead.import_undone", Rule: "CH-05", Detail: map[string]any{"import": importID, "removed": len(gone)}})
}
