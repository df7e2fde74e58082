package store

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

type bindRow struct {
	ID        int64
	Platform  string
	Tenant    string
	External  string
	Name      string
	State     string
	UserID    int64
	ByID      int64
	AtMs      int64
	DecidedMs int64
}

func (bindRow) TableName() string { return "crm_bind_requests" }

func (r bindRow) entity() org.BindRequest {
	return org.BindRequest{ID: r.ID, Platform: r.Platform, Tenant: r.Tenant, External: r.External, Name: r.Name, State: org.BindState(r.State),
		User: crm.UserID(r.UserID), By: crm.UserID(r.ByID), At: at(r.AtMs), DecidedAt: at(r.DecidedMs)}
}

// AddBindRequest implements org.BindStore.
func (d *DB) AddBindRequest(ctx context.Context, r *org.BindRequest) (bool, error) {
	var rows []bindRow
	if err := d.write(ctx).Where("platform = ? AND tenant = ? AND external = ?", r.Platform, r.Tenant, r.External).Limit(1).Find(&rows).Error; err != nil {
		return false, err
	}
	if len(rows) == 1 {
		*r = rows[0].entity()
		return false, nil
	}
	row := bindRow{Platform: r.Platform, Tenant: r.Tenant, External: r.External, Name: r.Name, State: string(r.State), AtMs: ms(r.At)}
	if err := d.write(ctx).Create(&row).Error; err != nil {
		if duplicate(err) {
			return false, crm.Conflict("", "正在处理同一个申请", "the same request is being made at this moment")
		}
		return false, err
	}
	r.ID = row.ID
	return true, nil
}

// BindRequest implements org.BindStore.
func (d *DB) BindRequest(ctx context.Context, id int64) (org.BindRequest, error) {
	var rows []bindRow
	if err := d.read(ctx).Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return org.BindRequest{}, err
	}
	if len(rows) == 0 {
		return org.BindRequest{}, crm.NotFound("没有这个绑定申请", "there is no such request")
	}
	return rows[0].entity(), nil
}

// DecideBind implements org.BindStore.
func (d *DB) DecideBind(ctx context.Context, r org.BindRequest) (bool, error) {
	res := d.write(ctx).Model(&bindRow{}).Where("id = ? AND state = ?", r.ID, string(org.BindWaiting)).
		Updates(map[string]any{"state": string(r.State), "user_id": int64(r.User), "by_id": int64(r.By), "decided_ms": ms(r.DecidedAt)})
	return res.RowsAffected == 1, res.Error
}

// WaitBindRequest implements org.BindStore.
func (d *DB) WaitBindRequest(ctx context.Context, id int64, when time.Time) (bool, error) {
	res := d.write(ctx).Model(&bindRow{}).Where("id = ? AND state <> ?", id, string(org.BindWaiting)).
		Updates(map[string]any{"state": string(org.BindWaiting), "at_ms": ms(when), "user_id": 0, "by_id": 0, "decided_ms": 0})
	return res.RowsAffected == 1, res.Error
}

// BindRequests implements org.BindStore.
func (d *DB) BindRequests(ctx context.Context, n int) ([]org.BindRequest, error) {
	var rows []bindRow
	if err := d.read(ctx).Where("state = ?", string(org.BindWaiting)).Order("at_ms, id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]org.BindRequest, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}
