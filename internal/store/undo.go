package store

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/undo"
)

type undoRow struct {
	ID      int64
	UserID  int64
	Kind    string
	Ref     string
	TitleZh string
	TitleEn string
	AtMs    int64
	UntilMs int64
	State   string
	DoneMs  int64
	Data    *string
}

func (undoRow) TableName() string { return "crm_undo_log" }

func (r undoRow) entity() undo.Entry {
	return undo.Entry{ID: r.ID, User: crm.UserID(r.UserID), Kind: r.Kind, Ref: r.Ref, Title: crm.Text{Zh: r.TitleZh, En: r.TitleEn}, At: at(r.AtMs), Until: at(r.UntilMs),
		State: undo.State(r.State), DoneAt: at(r.DoneMs), Data: deref(r.Data)}
}

// AddUndo implements undo.Store.
func (d *DB) AddUndo(ctx context.Context, e undo.Entry) error {
	rows := insert{table: "crm_undo_log", columns: "user_id, kind, ref, title_zh, title_en, at_ms, until_ms, state, done_ms, data", always: []string{"title_zh", "title_en", "data"}}
	rows.add(int64(e.User), e.Kind, e.Ref, e.Title.Zh, e.Title.En, ms(e.At), ms(e.Until), string(e.State), ms(e.DoneAt), e.Data)
	return d.later(ctx, rows.statements("")...)
}

// LastUndo implements undo.Store.
func (d *DB) LastUndo(ctx context.Context, user crm.UserID, ref string, now time.Time) (undo.Entry, error) {
	db := d.read(ctx).Where("user_id = ? AND state = ? AND until_ms >= ?", int64(user), string(undo.Open), ms(now))
	if ref != "" {
		db = db.Where("ref = ?", ref)
	}
	var rows []undoRow
	if err := db.Order("id DESC").Limit(1).Find(&rows).Error; err != nil {
		return undo.Entry{}, err
	}
	return oneUndo(rows)
}

// UndoOf implements undo.Store.
func (d *DB) UndoOf(ctx context.Context, kind, ref string) (undo.Entry, error) {
	var rows []undoRow
	if err := d.read(ctx).Where("kind = ? AND ref = ?", kind, ref).Order("id DESC").Limit(1).Find(&rows).Error; err != nil {
		return undo.Entry{}, err
	}
	return oneUndo(rows)
}

func oneUndo(rows []undoRow) (undo.Entry, error) {
	if len(rows) == 0 {
		return undo.Entry{}, crm.NotFound("没有可以撤销的操作", "there is nothing to take back")
	}
	return rows[0].entity(), nil
}

// CloseUndo implements undo.Store.
func (d *DB) CloseUndo(ctx context.Context, id int64, when time.Time) (bool, error) {
	res := d.write(ctx).Model(&undoRow{}).Where("id = ? AND state = ?", id, string(undo.Open)).Updates(map[string]any{"state": string(undo.Undone), "done_ms": ms(when)})
	return res.RowsAffected == 1, res.Error
}
