package store

import (
	"context"
	"strconv"

	"gorm.io/gorm/clause"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

type recycleRunRow struct {
	Day       string `gorm:"primaryKey"`
	State     string
	AfterDay  string
	AfterRef  string
	Total     int
	Owned     int
	Alarm     string
	AskedMs   int64
	DecidedBy int64
	DecidedMs int64
}

func (recycleRunRow) TableName() string { return "crm_recycle_runs" }

func (r recycleRunRow) entity() recycle.Run {
	ref, _ := crm.ParseRef(r.AfterRef) // none: from the start
	return recycle.Run{Day: crm.Day(r.Day), State: recycle.RunState(r.State), After: recycle.Cursor{Check: crm.Day(r.AfterDay), Ref: ref}, Total: r.Total, Owned: r.Owned,
		Alarm: recycle.Alarm(r.Alarm), AskedAt: at(r.AskedMs), DecidedBy: crm.UserID(r.DecidedBy), DecidedAt: at(r.DecidedMs)}
}

// Run implements recycle.Store.
func (d *DB) Run(ctx context.Context, day crm.Day) (recycle.Run, error) {
	var rows []recycleRunRow
	if err := d.read(ctx).Where("day = ?", string(day)).Find(&rows).Error; err != nil || len(rows) == 0 {
		return recycle.Run{}, err
	}
	return rows[0].entity(), nil
}

// RunsIn implements recycle.Store.
func (d *DB) RunsIn(ctx context.Context, state recycle.RunState, n int) ([]recycle.Run, error) {
	var rows []recycleRunRow
	err := d.read(ctx).Where("state = ?", string(state)).Order("day DESC").Limit(n).Find(&rows).Error
	out := make([]recycle.Run, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, err
}

// SaveRun implements recycle.Store.
func (d *DB) SaveRun(ctx context.Context, r recycle.Run, was recycle.RunState) (bool, error) {
	row := recycleRunRow{Day: string(r.Day), State: string(r.State), AfterDay: string(r.After.Check), AfterRef: r.After.Ref.String(), Total: r.Total, Owned: r.Owned, Alarm: string(r.Alarm),
		AskedMs: ms(r.AskedAt), DecidedBy: int64(r.DecidedBy), DecidedMs: ms(r.DecidedAt)}
	if was == "" {
		res := d.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		return res.Error == nil, res.Error // one that another replica has just made serves as well
	}
	if was == r.State { // still locked by the transaction, and perhaps nothing changes
		var n int64
		db := d.read(ctx)
		if d.Dialect == MySQL {
			db = db.Clauses(clause.Locking{Strength: "UPDATE"})
		}
		var rows []recycleRunRow
		err := db.Where("day = ? AND state = ?", row.Day, string(was)).Find(&rows).Error
		if n = int64(len(rows)); err != nil || n == 0 {
			return false, err
		}
	}
	res := d.write(ctx).Model(&recycleRunRow{}).Where("day = ? AND state = ?", row.Day, string(was)).Updates(map[string]any{"state": row.State, "after_day": row.AfterDay, "after_ref": row.AfterRef,
		"total": row.Total, "owned": row.Owned, "alarm": row.Alarm, "asked_ms": row.AskedMs, "decided_by": row.DecidedBy, "decided_ms": row.DecidedMs})
	return was == r.State || res.RowsAffected == 1, res.Error
}

type recycleItemRow struct {
	Day        string
	Kind       string
	RecordID   int64
	OwnerID    int64
	ReleaseDay string
	State      int
}

func (recycleItemRow) TableName() string { return "crm_recycle_items" }

func itemEntities(rows []recycleItemRow) []recycle.Item {
	out := make([]recycle.Item, len(rows))
	for i, r := range rows {
		out[i] = recycle.Item{Ref: crm.Ref{Kind: crm.Kind(r.Kind), ID: r.RecordID}, Owner: crm.UserID(r.OwnerID), Release: crm.Day(r.ReleaseDay), State: recycle.ItemState(r.State)}
	}
	return out
}

// AddItems implements recycle.Store.
func (d *DB) AddItems(ctx context.Context, day crm.Day, items []recycle.Item) error {
	rows := insert{table: "crm_recycle_items", columns: "day, kind, record_id, owner_id, release_day"}
	for _, it := range items {
		rows.add(string(day), string(it.Ref.Kind), it.Ref.ID, int64(it.Owner), string(it.Release))
	}
	known := " ON CONFLICT (day, kind, record_id) DO NOTHING"
	if d.Dialect == MySQL {
		known = " ON DUPLICATE KEY UPDATE day = VALUES(day)"
	}
	return d.later(ctx, rows.statements(known)...)
}

// Items implements recycle.Store.
func (d *DB) Items(ctx context.Context, day crm.Day, state recycle.ItemState, after crm.Ref, n int) ([]recycle.Item, error) {
	var rows []recycleItemRow
	q := runItems(day, state, after, n)
	err := d.read(ctx).Raw("SELECT * FROM crm_recycle_items WHERE "+q.query, q.args...).Scan(&rows).Error
	return itemEntities(rows), err
}

// ItemsOf implements recycle.Store.
func (d *DB) ItemsOf(ctx context.Context, day crm.Day, owner crm.UserID, state recycle.ItemState, n int) ([]recycle.Item, error) {
	var rows []recycleItemRow
	err := d.read(ctx).Where("day = ? AND owner_id = ? AND state = ?", string(day), int64(owner), int(state)).Order("kind, record_id").Limit(n).Find(&rows).Error
	return itemEntities(rows), err
}

// ItemCounts implements recycle.Store.
func (d *DB) ItemCounts(ctx context.Context, day crm.Day) (map[crm.UserID]map[recycle.ItemState]int, error) {
	var rows []struct {
		OwnerID int64
		State   int
		N       int
	}
	err := d.read(ctx).Model(&recycleItemRow{}).Select("owner_id, state, COUNT(*) AS n").Where("day = ?", string(day)).Group("owner_id, state").Scan(&rows).Error
	out := map[crm.UserID]map[recycle.ItemState]int{}
	for _, r := range rows {
		u := crm.UserID(r.OwnerID)
		if out[u] == nil {
			out[u] = map[recycle.ItemState]int{}
		}
		out[u][recycle.ItemState(r.State)] = r.N
	}
	return out, err
}

// TakeItem implements recycle.Store.
func (d *DB) TakeItem(ctx context.Context, day crm.Day, ref crm.Ref, s recycle.ItemState) (bool, error) {
	res := d.write(ctx).Model(&recycleItemRow{}).Where("day = ? AND kind = ? AND record_id = ? AND state = ?", string(day), string(ref.Kind), ref.ID, int(recycle.ItemWaits)).Update("state", int(s))
	return res.RowsAffected == 1, res.Error
}

// SetItem implements recycle.Store.
func (d *DB) SetItem(ctx context.Context, day crm.Day, ref crm.Ref, s recycle.ItemState) error {
	return d.later(ctx, statement{"UPDATE crm_recycle_items SET state = ? WHERE day = ? AND kind = ? AND record_id = ?", []any{int(s), string(day), string(ref.Kind), ref.ID}})
}

type keepRequestRow struct {
	ID         int64
	Kind       string
	RecordID   int64
	OwnerID    int64
	Reason     string
	State      string
	ReleaseDay string
	Days       int
	AskedMs    int64
	DecidedBy  int64
	DecidedMs  int64
}

func (keepRequestRow) TableName() string { return "crm_keeping_requests" }

func (r keepRequestRow) entity() recycle.Request {
	return recycle.Request{ID: r.ID, Ref: crm.Ref{Kind: crm.Kind(r.Kind), ID: r.RecordID}, Owner: crm.UserID(r.OwnerID), Reason: r.Reason, State: recycle.RequestState(r.State),
		Release: crm.Day(r.ReleaseDay), Days: r.Days, AskedAt: at(r.AskedMs), By: crm.UserID(r.DecidedBy), DecidedAt: at(r.DecidedMs)}
}

// AddRequest implements recycle.Store.
func (d *DB) AddRequest(ctx context.Context, r *recycle.Request) error {
	row := keepRequestRow{Kind: string(r.Ref.Kind), RecordID: r.Ref.ID, OwnerID: int64(r.Owner), Reason: r.Reason, State: string(r.State), ReleaseDay: string(r.Release), Days: r.Days,
		AskedMs: ms(r.AskedAt), DecidedBy: int64(r.By), DecidedMs: ms(r.DecidedAt)}
	err := d.write(ctx).Create(&row).Error
	r.ID = row.ID
	return err
}

// Request implements recycle.Store.
func (d *DB) Request(ctx context.Context, id int64) (recycle.Request, error) {
	var rows []keepRequestRow
	if err := d.read(ctx).Where("id = ?", id).Find(&rows).Error; err != nil {
		return recycle.Request{}, err
	}
	if len(rows) == 0 {
		return recycle.Request{}, crm.NotFound("没有延期申请 "+strconv.FormatInt(id, 10), "there is no request "+strconv.FormatInt(id, 10))
	}
	return rows[0].entity(), nil
}

// LastRequest implements recycle.Store.
func (d *DB) LastRequest(ctx context.Context, ref crm.Ref) (recycle.Request, bool, error) {
	var rows []keepRequestRow
	err := d.read(ctx).Where("kind = ? AND record_id = ?", string(ref.Kind), ref.ID).Order("id DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return recycle.Request{}, false, err
	}
	return rows[0].entity(), true, nil
}

// OpenRequests implements recycle.Store.
func (d *DB) OpenRequests(ctx context.Context, n int) ([]recycle.Request, error) {
	var rows []keepRequestRow
	err := d.read(ctx).Where("state = ?", string(recycle.Asked)).Order("id").Limit(n).Find(&rows).Error
	out := make([]recycle.Request, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, err
}

// DecideRequest implements recycle.Store.
func (d *DB) DecideRequest(ctx context.Context, r recycle.Request) (bool, error) {
	res := d.write(ctx).Model(&keepRequestRow{}).Where("id = ? AND state = ?", r.ID, string(recycle.Asked)).
		Updates(map[string]any{"state": string(r.State), "decided_by": int64(r.By), "decided_ms": ms(r.DecidedAt)})
	return res.RowsAffected == 1, res.Error
}

type keepMarkRow struct {
	Name string `gorm:"primaryKey"`
	Mark string
}

func (keepMarkRow) TableName() string { return "crm_keeping_marks" }

// Mark implements recycle.Store.
func (d *DB) Mark(ctx context.Context, name string) (string, error) {
	var rows []keepMarkRow
	if err := d.read(ctx).Where("name = ?", name).Find(&rows).Error; err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Mark, nil
}

// SetMark implements recycle.Store.
func (d *DB) SetMark(ctx context.Context, name, value string) error {
	q := "INSERT INTO crm_keeping_marks (name, mark) VALUES (?, ?)"
	if d.Dialect == MySQL {
		q += " ON DUPLICATE KEY UPDATE mark = VALUES(mark)"
	} else {
		q += " ON CONFLICT (name) DO UPDATE SET mark = excluded.mark"
	}
	return d.later(ctx, statement{q, []any{name, value}})
}
