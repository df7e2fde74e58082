package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
)

type assignBatchRow struct {
	ID, ByUser, AtMs int64
	Items            string
}

func (assignBatchRow) TableName() string { return "crm_assign_batches" }

// AddBatch implements assign.Store.
func (d *DB) AddBatch(ctx context.Context, b assign.Batch) (int64, error) {
	raw, err := json.Marshal(b.Items)
	if err != nil {
		return 0, fmt.Errorf("encode a batch: %w", err)
	}
	r := assignBatchRow{ByUser: int64(b.By), AtMs: ms(b.At), Items: string(raw)}
	err = d.write(ctx).Create(&r).Error
	return r.ID, err
}

// Batch implements assign.Store.
func (d *DB) Batch(ctx context.Context, id int64) (assign.Batch, error) {
	var rows []assignBatchRow
	if err := d.read(ctx).Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return assign.Batch{}, err
	}
	if len(rows) == 0 {
		return assign.Batch{}, crm.NotFound("没有这次分配", "there is no such batch")
	}
	out := assign.Batch{ID: id, By: crm.UserID(rows[0].ByUser), At: at(rows[0].AtMs)}
	if err := json.Unmarshal([]byte(rows[0].Items), &out.Items); err != nil {
		return out, fmt.Errorf("decode batch %d: %w", id, err)
	}
	return out, nil
}

// KeepBatch implements assign.Store.
func (d *DB) KeepBatch(ctx context.Context, b assign.Batch) error {
	raw, err := json.Marshal(b.Items)
	if err != nil {
		return fmt.Errorf("encode a batch: %w", err)
	}
	return d.write(ctx).Model(&assignBatchRow{}).Where("id = ?", b.ID).Update("items", string(raw)).Error
}

// LateStages implements assign.Store.
func (d *DB) LateStages(ctx context.Context, ids []crm.LeadID) (map[assign.Late]assign.Stage, error) {
	out := map[assign.Late]assign.Stage{}
	for chunk := range slices.Chunk(ids, 500) {
		var rows []struct {
			LeadID, OwnedMs int64
			Stage           int
		}
		if err := d.read(ctx).Table("crm_assign_late").Where("lead_id IN ?", chunk).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[assign.Late{Lead: crm.LeadID(r.LeadID), OwnedAt: at(r.OwnedMs)}] = assign.Stage(r.Stage)
		}
	}
	return out, nil
}

// SaveLate implements assign.Store.
func (d *DB) SaveLate(ctx context.Context, l assign.Late, s assign.Stage, when time.Time) error {
	return d.upsert(ctx, "crm_assign_late", []string{"lead_id", "owned_ms"}, []string{"stage", "at_ms"}, int64(l.Lead), ms(l.OwnedAt), int(s), ms(when))
}
