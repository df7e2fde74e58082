package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/account"
	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
)

// Facts implements recycle.Store.
func (d *DB) Facts(ctx context.Context, refs []crm.Ref, w recycle.Words) (map[crm.Ref]recycle.Facts, error) {
	out := map[crm.Ref]recycle.Facts{}
	return out, eachKind(refs, func(kind string, ids []int64) error {
		if crm.Kind(kind) == crm.KindLead {
			return d.leadFacts(d.read(ctx), ids, out)
		}
		return d.accountFacts(ctx, d.read(ctx), ids, w, out)
	})
}

// LockFacts implements recycle.Store.
func (d *DB) LockFacts(ctx context.Context, ref crm.Ref, w recycle.Words) (recycle.Facts, error) {
	db := d.read(ctx)
	if d.Dialect == MySQL { // a transaction of SQLite is alone
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	out := map[crm.Ref]recycle.Facts{}
	var err error
	if ref.Kind == crm.KindLead {
		err = d.leadFacts(db, []int64{ref.ID}, out)
	} else {
		err = d.accountFacts(ctx, db, []int64{ref.ID}, w, out)
	}
	return out[ref], err
}

func (d *DB) leadFacts(db *gorm.DB, ids []int64, out map[crm.Ref]recycle.Facts) error {
	var rows []leadRow
	err := db.Select("id, company, contact, budget, grade, status, owner_id, team_id, owned_ms, last_valid_ms, version").Where("id IN ? AND status = ?", ids, string(lead.Open)).Find(&rows).Error
	for _, r := range rows {
		l := r.entity()
		f := l.Facts()
		out[f.Ref] = f
	}
	return err
}

// accountFacts reads the accounts and what happened with their deals and
// contracts: a few statements for all of them.
func (d *DB) accountFacts(ctx context.Context, db *gorm.DB, ids []int64, w recycle.Words, out map[crm.Ref]recycle.Facts) error {
	var rows []accountRow
	if err := db.Select("id, name, level, owner_id, team_id, lead_id, dealt_ms, owned_ms, active_ms, version").Where("id IN ? AND state = ?", ids, string(account.Live)).Find(&rows).Error; err != nil {
		return err
	}
	facts := map[int64]*recycle.Facts{}
	var leads []int64
	for _, r := range rows {
		facts[r.ID] = &recycle.Facts{Ref: crm.AccountID(r.ID).Ref(), Name: r.Name, Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID), Version: r.Version, Grade: r.Level,
			OwnedAt: at(r.OwnedMs), ValidAt: at(r.ActiveMs), Dealt: r.DealtMs != 0}
		if r.LeadID != 0 {
			leads = append(leads, r.LeadID)
		}
	}
	if err := d.dealFacts(ctx, ids, facts, w.Stages); err != nil {
		return err
	}
	if err := d.contractFacts(ctx, ids, facts, w.Zone); err != nil {
		return err
	}
	if len(leads) > 0 && len(w.Enquiries) > 0 {
		var enquired []int64
		if err := d.read(ctx).Table("crm_leads").Where("id IN ? AND source IN ?", leads, w.Enquiries).Pluck("id", &enquired).Error; err != nil {
			return err
		}
		for _, r := range rows {
			f := facts[r.ID]
			f.Enquiry = slices.Contains(enquired, r.LeadID) && f.LastOpened == "" && !f.Dealt
		}
	}
	for _, f := range facts {
		out[f.Ref] = *f
	}
	return nil
}

func (d *DB) dealFacts(ctx context.Context, ids []int64, facts map[int64]*recycle.Facts, stages []string) error {
	var rows []dealRow
	if err := d.read(ctx).Select("id, account_id, status, amount, opened_on, closed_on, stage, stage_ms, created_ms").Where("account_id IN ?", ids).Find(&rows).Error; err != nil {
		return err
	}
	open := map[int64]int64{}
	for _, r := range rows {
		f := facts[r.AccountID]
		if f == nil {
			continue
		}
		f.LastOpened, f.LastClosed = max(f.LastOpened, crm.Day(r.OpenedOn)), max(f.LastClosed, crm.Day(r.ClosedOn))
		if r.Status == string(deal.Open) {
			f.OpenDeals++
			f.Amount += crm.Money(r.Amount)
			open[r.ID] = r.AccountID
		}
	}
	for part := range slices.Chunk(sortedKeys(open), 500) {
		var moves []dealMoveRow
		if err := d.read(ctx).Where("deal_id IN ? AND from_stage <> ''", part).Find(&moves).Error; err != nil {
			return err
		}
		for _, m := range moves {
			// Moving back is no step forward.
			if f := facts[open[m.DealID]]; slices.Index(stages, m.ToStage) > slices.Index(stages, m.FromStage) && at(m.AtMs).After(f.Forward) {
				f.Forward = at(m.AtMs)
			}
		}
	}
	return nil
}

func (d *DB) contractFacts(ctx context.Context, ids []int64, facts map[int64]*recycle.Facts, zone *time.Location) error {
	var rows []struct {
		AccountID    int64
		EndsOn       string
		TerminatedMs int64
	}
	err := d.read(ctx).Table("crm_contracts").Select("account_id, ends_on, terminated_ms").Where("account_id IN ? AND approved_ms > 0 AND signed_ms > 0", ids).Scan(&rows).Error
	for _, r := range rows {
		f := facts[r.AccountID]
		if f == nil {
			continue
		}
		end := crm.Day(r.EndsOn)
		if stopped := at(r.TerminatedMs); !stopped.IsZero() {
			end = crm.DayOf(stopped, zone)
		}
		f.ContractEnd = max(f.ContractEnd, end)
	}
	return err
}

// ContractHolds are the contracts that keep accounts (P-12).
func (d *DB) ContractHolds(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]recycle.Hold, error) {
	out := map[crm.Ref][]recycle.Hold{}
	ids := byKind(refs)[string(crm.KindAccount)]
	for part := range slices.Chunk(ids, 500) {
		var rows []struct {
			ID        int64
			AccountID int64
			State     string
			EndsOn    string
		}
		err := d.read(ctx).Table("crm_contracts").Select("id, account_id, state, ends_on").Where("account_id IN ? AND state IN ? AND terminated_ms = 0", part,
			[]string{string(contract.Pending), string(contract.ToSign), string(contract.NotStarted), string(contract.Active)}).Order("id").Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			ref := crm.AccountID(r.AccountID).Ref()
			h := recycle.Hold{What: recycle.HoldContract, Ref: crm.ContractID(r.ID).Ref()}
			if r.State == string(contract.Active) {
				h.Until = crm.Day(r.EndsOn)
			}
			out[ref] = append(out[ref], h)
		}
	}
	return out, nil
}

// ApprovalHolds are the open approvals about the records themselves (P-12).
func (d *DB) ApprovalHolds(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]recycle.Hold, error) {
	out := map[crm.Ref][]recycle.Hold{}
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.String()
	}
	for part := range slices.Chunk(names, 500) {
		var rows []struct {
			ID  int64
			Ref string
		}
		if err := d.read(ctx).Table("crm_approval_requests").Select("id, ref").Where("ref IN ? AND state = ?", part, string(approval.Open)).Order("id").Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			if ref, err := crm.ParseRef(r.Ref); err == nil {
				out[ref] = append(out[ref], recycle.Hold{What: recycle.HoldApproval, Ref: crm.RequestID(r.ID).Ref()})
			}
		}
	}
	return out, nil
}
