package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/activity"
	"crmbot/internal/crm"
)

type activityDraftRow struct {
	ID         int64
	UserID     int64
	State      string
	Entry      string
	Customer   string
	Choices    string
	Confidence int // hundredths
	Warnings   string
	ActivityID int64
	CreatedMs  int64
}

func (activityDraftRow) TableName() string { return "crm_activity_drafts" }

type activityPhotoRow struct {
	ID         int64
	UserID     int64
	ActivityID int64
	Name       string
	Hash       string
	Size       int
	Data       []byte
	CreatedMs  int64
}

func (activityPhotoRow) TableName() string { return "crm_activity_photos" }

// draftChoices is the stored form of what a draft offers.
type draftChoices struct {
	Fit  []activity.Choice `json:"fit,omitempty"`
	Pool []activity.Choice `json:"pool,omitempty"`
}

func activityDraftRowOf(f activity.Draft) (activityDraftRow, error) {
	r := activityDraftRow{ID: int64(f.ID), UserID: int64(f.User), State: string(f.State), Customer: cut(f.Customer, 200), Confidence: int(f.Confidence*100 + 0.5), ActivityID: int64(f.Activity), CreatedMs: ms(f.CreatedAt)}
	for to, v := range map[*string]any{&r.Entry: f.Entry, &r.Choices: draftChoices{f.Choices, f.Pooled}, &r.Warnings: f.Warnings} {
		raw, err := json.Marshal(v)
		if err != nil {
			return r, fmt.Errorf("encode draft: %w", err)
		}
		*to = string(raw)
	}
	return r, nil
}

func (r activityDraftRow) entity() (activity.Draft, error) {
	f := activity.Draft{ID: activity.DraftID(r.ID), User: crm.UserID(r.UserID), State: activity.DraftState(r.State), Customer: r.Customer, Confidence: float64(r.Confidence) / 100,
		Activity: crm.ActivityID(r.ActivityID), CreatedAt: at(r.CreatedMs)}
	var c draftChoices
	for _, x := range []struct {
		raw string
		to  any
	}{{r.Entry, &f.Entry}, {r.Choices, &c}, {r.Warnings, &f.Warnings}} {
		if err := json.Unmarshal([]byte(x.raw), x.to); err != nil {
			return f, fmt.Errorf("decode draft %d: %w", r.ID, err)
		}
	}
	f.Choices, f.Pooled = c.Fit, c.Pool
	return f, nil
}

// AddDraft implements activity.Store.
func (d *DB) AddDraft(ctx context.Context, f *activity.Draft) error {
	r, err := activityDraftRowOf(*f)
	if err != nil {
		return err
	}
	if err := d.write(ctx).Create(&r).Error; err != nil {
		return err
	}
	f.ID = activity.DraftID(r.ID)
	return nil
}

// Draft implements activity.Store.
func (d *DB) Draft(ctx context.Context, id activity.DraftID) (activity.Draft, error) {
	return oneDraft(d.read(ctx).Where("id = ?", int64(id)))
}

func oneDraft(db *gorm.DB) (activity.Draft, error) {
	var rows []activityDraftRow
	if err := db.Find(&rows).Error; err != nil {
		return activity.Draft{}, err
	}
	if len(rows) == 0 {
		return activity.Draft{}, crm.NotFound("没有这条待确认的记录", "there is no such draft")
	}
	return rows[0].entity()
}

// LockDraft implements activity.Store.
func (d *DB) LockDraft(ctx context.Context, id activity.DraftID) (activity.Draft, error) {
	db := d.read(ctx).Where("id = ?", int64(id))
	if d.Dialect == MySQL { // a transaction of SQLite is alone
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	f, err := oneDraft(db)
	if err == nil {
		d.hold(ctx, draftName(f.ID), f.State)
	}
	return f, err
}

func draftName(id activity.DraftID) string { return "draft " + strconv.FormatInt(int64(id), 10) }

// SaveDraft implements activity.Store.
func (d *DB) SaveDraft(ctx context.Context, f activity.Draft, was activity.DraftState) (bool, error) {
	r, err := activityDraftRowOf(f)
	if err != nil {
		return false, err
	}
	save := statement{"UPDATE crm_activity_drafts SET state = ?, entry = ?, activity_id = ? WHERE id = ? AND state = ?", []any{r.State, r.Entry, r.ActivityID, r.ID, string(was)}}
	if d.holds(ctx, draftName(f.ID), was) {
		d.hold(ctx, draftName(f.ID), f.State)
		return true, d.later(ctx, save)
	}
	res := d.write(ctx).Exec(save.query, save.args...)
	return res.RowsAffected == 1, res.Error
}

// AddPhoto implements activity.Store.
func (d *DB) AddPhoto(ctx context.Context, p *activity.Photo, data []byte) error {
	r := activityPhotoRow{UserID: int64(p.User), ActivityID: int64(p.Activity), Name: cut(p.Name, 200), Hash: p.Hash, Size: p.Size, Data: data, CreatedMs: ms(p.At)}
	if err := d.write(ctx).Create(&r).Error; err != nil {
		return err
	}
	p.ID = r.ID
	return nil
}

func (r activityPhotoRow) entity() activity.Photo {
	return activity.Photo{ID: r.ID, User: crm.UserID(r.UserID), Activity: crm.ActivityID(r.ActivityID), Name: r.Name, Hash: r.Hash, Size: r.Size, At: at(r.CreatedMs)}
}

var photoColumns = []string{"id", "user_id", "activity_id", "name", "hash", "size", "created_ms"}

// Photo implements activity.Store.
func (d *DB) Photo(ctx context.Context, id int64) (activity.Photo, error) {
	var rows []activityPhotoRow
	if err := d.read(ctx).Select(photoColumns).Where("id = ?", id).Find(&rows).Error; err != nil {
		return activity.Photo{}, err
	}
	if len(rows) == 0 {
		return activity.Photo{}, crm.NotFound("这张照片已不在，请重新发送", "this photo is gone; please send it again")
	}
	return rows[0].entity(), nil
}

// AttachPhoto implements activity.Store.
func (d *DB) AttachPhoto(ctx context.Context, id int64, to crm.ActivityID) (bool, error) {
	res := d.write(ctx).Model(&activityPhotoRow{}).Where("id = ? AND activity_id = 0", id).Update("activity_id", int64(to))
	return res.RowsAffected == 1, res.Error
}

// PhotosOf implements activity.Store.
func (d *DB) PhotosOf(ctx context.Context, id crm.ActivityID) ([]activity.Photo, error) {
	var rows []activityPhotoRow
	if err := d.read(ctx).Select(photoColumns).Where("activity_id = ?", int64(id)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]activity.Photo, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// PhotoData implements activity.Store.
func (d *DB) PhotoData(ctx context.Context, id int64) ([]byte, error) {
	var rows []activityPhotoRow
	if err := d.read(ctx).Select("data").Where("id = ?", id).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Data, nil
}

// SamePhoto implements activity.Store.
func (d *DB) SamePhoto(ctx context.Context, hash string, not crm.ActivityID) (crm.ActivityID, error) {
	var rows []activityPhotoRow
	err := d.read(ctx).Select("activity_id").Where("hash = ? AND activity_id <> 0 AND activity_id <> ?", hash, int64(not)).Order("id").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return crm.ActivityID(rows[0].ActivityID), nil
}

// PruneActivity implements activity.Store.
func (d *DB) PruneActivity(ctx context.Context, before time.Time) error {
	if err := d.write(ctx).Where("created_ms < ?", ms(before)).Delete(&activityDraftRow{}).Error; err != nil {
		return err
	}
	return d.write(ctx).Where("activity_id = 0 AND created_ms < ?", ms(before)).Delete(&activityPhotoRow{}).Error
}
