package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"crmbot/internal/crm"
	"crmbot/internal/deal"
)

type dealRow struct {
	ID            int64
	Title         string
	AccountID     int64
	ProductID     int64
	OwnerID       int64
	TeamID        int64
	Stage         string
	Status        string
	Amount        int64
	ExpectedClose string
	OpenedOn      string
	ClosedOn      string
	Reason        string
	Note          string
	ExtNo         *string // NULL when there is none: the unique index allows many
	StageMs       int64
	Slips         int
	CreatedMs     int64
	UpdatedMs     int64
	Version       int64
}

func (dealRow) TableName() string { return "crm_deals" }

type dealMoveRow struct {
	ID        int64
	DealID    int64
	FromStage string
	ToStage   string
	AtMs      int64
	UserID    int64
}

func (dealMoveRow) TableName() string { return "crm_deal_moves" }

func dealRowOf(d deal.Deal) dealRow {
	return dealRow{ID: int64(d.ID), Title: d.Title, AccountID: int64(d.Account), ProductID: int64(d.Product), OwnerID: int64(d.Owner), TeamID: int64(d.Team), Stage: d.Stage,
		Status: string(d.Status), Amount: int64(d.Amount), ExpectedClose: string(d.ExpectedClose), OpenedOn: string(d.OpenedOn), ClosedOn: string(d.ClosedOn), Reason: string(d.Reason),
		Note: d.Note, ExtNo: nullable(d.No), StageMs: ms(d.StageAt), Slips: d.Slips, CreatedMs: ms(d.CreatedAt), UpdatedMs: ms(d.UpdatedAt), Version: d.Version}
}

func (r dealRow) entity() deal.Deal {
	return deal.Deal{ID: crm.DealID(r.ID), Title: r.Title, Account: crm.AccountID(r.AccountID), Product: deal.ProductID(r.ProductID), Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID),
		Stage: r.Stage, Status: deal.Status(r.Status), Amount: crm.Money(r.Amount), ExpectedClose: crm.Day(r.ExpectedClose), OpenedOn: crm.Day(r.OpenedOn), ClosedOn: crm.Day(r.ClosedOn),
		Reason: deal.Reason(r.Reason), Note: r.Note, No: deref(r.ExtNo), StageAt: at(r.StageMs), Slips: r.Slips, CreatedAt: at(r.CreatedMs), UpdatedAt: at(r.UpdatedMs), Version: r.Version}
}

// Deal implements deal.Store.
func (d *DB) Deal(ctx context.Context, id crm.DealID) (deal.Deal, error) {
	var r dealRow
	err := d.read(ctx).Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return deal.Deal{}, crm.NotFound("没有商机 "+id.String(), "there is no deal "+id.String())
	}
	return r.entity(), err
}

// DealsByNo implements deal.Store.
func (d *DB) DealsByNo(ctx context.Context, nos []string) (map[string]deal.Deal, error) {
	out := make(map[string]deal.Deal, len(nos))
	for part := range slices.Chunk(nos, 500) {
		var rows []dealRow
		if err := d.read(ctx).Where("ext_no IN ?", part).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[deref(r.ExtNo)] = r.entity()
		}
	}
	return out, nil
}

// FindDeals implements deal.Store.
func (d *DB) FindDeals(ctx context.Context, q deal.Query) ([]deal.Deal, deal.Totals, error) {
	where := func(db *gorm.DB) *gorm.DB {
		if !q.Scope.All {
			db = db.Where("owner_id = ? OR team_id IN ?", int64(q.Scope.User), append([]crm.TeamID{-1}, q.Scope.Teams...))
		}
		if q.Owner != 0 {
			db = db.Where("owner_id = ?", int64(q.Owner))
		}
		if q.Account != 0 {
			db = db.Where("account_id = ?", int64(q.Account))
		}
		if q.Status != "" {
			db = db.Where("status = ?", string(q.Status))
		}
		if q.Text != "" {
			db = db.Where("title LIKE ? ESCAPE '!'", "%"+likeText(q.Text)+"%")
		}
		return db
	}
	var sum struct{ N, Total int64 }
	if err := where(d.read(ctx).Model(&dealRow{})).Select("COUNT(*) AS n, COALESCE(SUM(amount), 0) AS total").Scan(&sum).Error; err != nil {
		return nil, deal.Totals{}, err
	}
	if q.Limit <= 0 {
		q.Limit = 10
	}
	var rows []dealRow
	db := where(d.read(ctx)).Offset(q.Offset).Limit(q.Limit)
	if err := orderBy(db, "CASE WHEN status = 'open' THEN 0 ELSE 1 END, CASE WHEN status = 'open' AND expected_close = '' THEN 1 ELSE 0 END, expected_close, closed_on DESC, id DESC").Find(&rows).Error; err != nil {
		return nil, deal.Totals{}, err
	}
	out := make([]deal.Deal, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, deal.Totals{Count: sum.N, Amount: crm.Money(sum.Total)}, nil
}

// AddDeals implements deal.Store.
func (d *DB) AddDeals(ctx context.Context, ds []*deal.Deal) error {
	if len(ds) == 0 {
		return nil
	}
	rows := make([]dealRow, len(ds))
	for i, x := range ds {
		x.Version = 1
		rows[i] = dealRowOf(*x)
	}
	err := d.write(ctx).CreateInBatches(rows, 100).Error
	if duplicate(err) {
		return crm.Conflict("CH-05", "商机编号已存在", "a deal with this number exists")
	}
	if err != nil {
		return err
	}
	for i, x := range ds {
		x.ID = crm.DealID(rows[i].ID)
	}
	return nil
}

// UpdateDeal implements deal.Store.
func (d *DB) UpdateDeal(ctx context.Context, x *deal.Deal) error {
	r := dealRowOf(*x)
	r.Version++
	res := d.write(ctx).Model(&dealRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", r.ID, x.Version).Updates(&r)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("", "商机 "+x.ID.String()+" 已被别人修改", "deal "+x.ID.String()+" was changed by somebody else").WithNext("请重新打开再改", "please open it again")
	}
	x.Version = r.Version
	return nil
}

// RemoveDeal implements deal.Store.
func (d *DB) RemoveDeal(ctx context.Context, id crm.DealID, version int64) (bool, error) {
	res := d.write(ctx).Where("id = ? AND version = ?", int64(id), version).Delete(&dealRow{})
	if res.Error != nil || res.RowsAffected == 0 {
		return false, res.Error
	}
	return true, d.write(ctx).Where("deal_id = ?", int64(id)).Delete(&dealMoveRow{}).Error
}

// AddMoves implements deal.Store.
func (d *DB) AddMoves(ctx context.Context, list []deal.Move) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]dealMoveRow, len(list))
	for i, m := range list {
		rows[i] = dealMoveRow{DealID: int64(m.Deal), FromStage: m.From, ToStage: m.To, AtMs: ms(m.At), UserID: int64(m.By)}
	}
	return d.write(ctx).CreateInBatches(rows, 200).Error
}

// Moves implements deal.Store.
func (d *DB) Moves(ctx context.Context, id crm.DealID) ([]deal.Move, error) {
	var rows []dealMoveRow
	if err := d.read(ctx).Where("deal_id = ?", int64(id)).Order("id").Limit(200).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]deal.Move, len(rows))
	for i, r := range rows {
		out[i] = deal.Move{Deal: crm.DealID(r.DealID), From: r.FromStage, To: r.ToStage, At: at(r.AtMs), By: crm.UserID(r.UserID)}
	}
	return out, nil
}
