package store

import (
	"context"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

type assignOfferRow struct {
	ID, RunID, LeadID int64
	OpenLead          *int64 // NULL once it ended: a lead has one open offer
	UserID            int64
	Grade, State      string
	ExpiresMs         int64
	Reason, Note      string
	CreatedMs, DoneMs int64
}

func (assignOfferRow) TableName() string { return "crm_assign_offers" }

func (r assignOfferRow) entity() assign.Offer {
	return assign.Offer{ID: r.ID, Run: r.RunID, Lead: crm.LeadID(r.LeadID), User: crm.UserID(r.UserID), Grade: lead.Grade(r.Grade), State: assign.OfferState(r.State), Expires: at(r.ExpiresMs),
		Reason: r.Reason, Note: r.Note, CreatedAt: at(r.CreatedMs), DoneAt: at(r.DoneMs)}
}

// AddOffer implements assign.Store.
func (d *DB) AddOffer(ctx context.Context, o *assign.Offer) (bool, error) {
	id := int64(o.Lead)
	r := assignOfferRow{RunID: o.Run, LeadID: id, OpenLead: &id, UserID: int64(o.User), Grade: string(o.Grade), State: string(o.State), ExpiresMs: ms(o.Expires), Reason: o.Reason, Note: o.Note, CreatedMs: ms(o.CreatedAt), DoneMs: ms(o.DoneAt)}
	err := d.write(ctx).Create(&r).Error
	if duplicate(err) {
		return false, nil
	}
	o.ID = r.ID
	return err == nil, err
}

// CloseOffer implements assign.Store.
func (d *DB) CloseOffer(ctx context.Context, o assign.Offer) (bool, error) {
	res := d.write(ctx).Model(&assignOfferRow{}).Where("id = ? AND state = ?", o.ID, string(assign.OfferOpen)).
		Updates(map[string]any{"open_lead": nil, "state": string(o.State), "reason": o.Reason, "note": o.Note, "done_ms": ms(o.DoneAt)})
	return res.RowsAffected == 1, res.Error
}

func (d *DB) assignOffers(ctx context.Context, order string, n int, where string, args ...any) ([]assign.Offer, error) {
	var rows []assignOfferRow
	if err := d.read(ctx).Where(where, args...).Order(order).Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]assign.Offer, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

func oneOffer(list []assign.Offer, err error) (assign.Offer, error) {
	if err != nil {
		return assign.Offer{}, err
	}
	if len(list) == 0 {
		return assign.Offer{}, crm.NotFound("没有这个派单", "there is no such offer")
	}
	return list[0], nil
}

// Offers implements assign.Store.
func (d *DB) Offers(ctx context.Context, run int64) ([]assign.Offer, error) {
	return d.assignOffers(ctx, "id", 200, "run_id = ?", run)
}

// Offer implements assign.Store.
func (d *DB) Offer(ctx context.Context, id int64) (assign.Offer, error) {
	return oneOffer(d.assignOffers(ctx, "id", 1, "id = ?", id))
}

// OfferOf implements assign.Store.
func (d *DB) OfferOf(ctx context.Context, id crm.LeadID, user crm.UserID) (assign.Offer, error) {
	return oneOffer(d.assignOffers(ctx, "id DESC", 1, "lead_id = ? AND user_id = ?", int64(id), int64(user)))
}

// OpenOffers implements assign.Store.
func (d *DB) OpenOffers(ctx context.Context, user crm.UserID) ([]assign.Offer, error) {
	return d.assignOffers(ctx, "expires_ms, id", 50, "user_id = ? AND state = ?", int64(user), string(assign.OfferOpen))
}
