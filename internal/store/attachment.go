package store

import (
	"context"
	"time"

	"crmbot/internal/attachment"
	"crmbot/internal/crm"
)

type recordFileRow struct {
	ID        int64
	Ref       string
	Name      string
	Mime      string
	Size      int64
	Hash      string
	UserID    int64
	CreatedMs int64
	Data      []byte
}

func (recordFileRow) TableName() string { return "crm_record_files" }

const recordFileColumns = "id, ref, name, mime, size, hash, user_id, created_ms"

func (r recordFileRow) entity() attachment.File {
	ref, err := crm.ParseRef(r.Ref)
	if err != nil {
		ref = crm.Ref{} // it belongs to no record yet
	}
	return attachment.File{ID: r.ID, Ref: ref, Name: r.Name, Mime: r.Mime, Size: r.Size, Hash: r.Hash, User: crm.UserID(r.UserID), At: at(r.CreatedMs)}
}

// AddRecordFile implements attachment.Store.
func (d *DB) AddRecordFile(ctx context.Context, f *attachment.File, data []byte) error {
	r := recordFileRow{Name: f.Name, Mime: f.Mime, Size: f.Size, Hash: f.Hash, UserID: int64(f.User), CreatedMs: ms(f.At), Data: data}
	if f.Ref.ID != 0 {
		r.Ref = f.Ref.String()
	}
	err := d.write(ctx).Create(&r).Error
	f.ID = r.ID
	return err
}

// RecordFile implements attachment.Store.
func (d *DB) RecordFile(ctx context.Context, id int64) (attachment.File, error) {
	var r recordFileRow
	err := d.read(ctx).Select(recordFileColumns).Take(&r, "id = ?", id).Error
	if missing(err) {
		return attachment.File{}, crm.NotFound("没有这个附件，可能已过期", "there is no such attachment; it may have expired")
	}
	return r.entity(), err
}

// RecordFileData implements attachment.Store.
func (d *DB) RecordFileData(ctx context.Context, id int64) ([]byte, error) {
	var r recordFileRow
	err := d.read(ctx).Select("data").Take(&r, "id = ?", id).Error
	if missing(err) {
		return nil, nil
	}
	return r.Data, err
}

// RecordFiles implements attachment.Store.
func (d *DB) RecordFiles(ctx context.Context, ref crm.Ref, n int) ([]attachment.File, error) {
	var rows []recordFileRow
	if err := d.read(ctx).Select(recordFileColumns).Where("ref = ?", ref.String()).Order("id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]attachment.File, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// CountRecordFiles implements attachment.Store.
func (d *DB) CountRecordFiles(ctx context.Context, ref crm.Ref) (int, error) {
	var n int64
	err := d.read(ctx).Model(&recordFileRow{}).Where("ref = ?", ref.String()).Count(&n).Error
	return int(n), err
}

// TieRecordFile implements attachment.Store.
func (d *DB) TieRecordFile(ctx context.Context, id int64, ref crm.Ref) (bool, error) {
	res := d.write(ctx).Model(&recordFileRow{}).Where("id = ? AND ref = ''", id).Update("ref", ref.String())
	return res.RowsAffected == 1, res.Error
}

// PruneRecordFiles implements attachment.Store.
func (d *DB) PruneRecordFiles(ctx context.Context, before time.Time, n int) (int, error) {
	var ids []int64
	if err := d.read(ctx).Model(&recordFileRow{}).Where("ref = '' AND created_ms < ?", ms(before)).Order("id").Limit(n).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), again(ctx, func() error {
		return d.write(plumbing(ctx)).Where("id IN ? AND ref = ''", ids).Delete(&recordFileRow{}).Error
	})
}

// MoveFiles implements lead.Merges: the files of a record belong to the one that
// it became.
func (d *DB) MoveFiles(ctx context.Context, from, to crm.Ref) error {
	return d.write(ctx).Exec("UPDATE crm_record_files SET ref = ? WHERE ref = ?", to.String(), from.String()).Error
}
