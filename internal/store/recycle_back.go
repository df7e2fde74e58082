package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

// ReleasedWith implements recycle.Store.
func (d *DB) ReleasedWith(ctx context.Context, refs []crm.Ref, from, until time.Time) (map[crm.Ref]recycle.Lost, error) {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.String()
	}
	var rows []struct {
		AtMs   int64
		Ref    string
		Detail string
	}
	err := d.read(ctx).Table("crm_audit").Select("at_ms, ref, detail").Where("ref IN ? AND action = ? AND at_ms >= ? AND at_ms <= ?", names, recycle.ActionRelease, ms(from), ms(until)).Order("id").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	out := map[crm.Ref]recycle.Lost{}
	for _, r := range rows {
		ref, err := crm.ParseRef(r.Ref)
		if err != nil {
			continue
		}
		var x struct {
			Facts *recycle.Facts `json:"facts"`
		}
		if err := json.Unmarshal([]byte(r.Detail), &x); err != nil {
			return nil, fmt.Errorf("decode audit detail of the release of %s: %w", r.Ref, err)
		}
		if x.Facts != nil { // releases by an older program say less, and are not offered
			out[ref] = recycle.Lost{Facts: *x.Facts, At: at(r.AtMs)}
		}
	}
	return out, nil
}

// Embargo implements recycle.Store.
func (d *DB) Embargo(ctx context.Context, ref crm.Ref, until time.Time) error {
	table := "crm_leads"
	if ref.Kind == crm.KindAccount {
		table = "crm_accounts"
	}
	return d.write(ctx).Table(table).Where("id = ? AND owner_id = 0 AND claimable_ms < ?", ref.ID, ms(until)).
		Updates(map[string]any{"claimable_ms": ms(until), "version": gorm.Expr("version + 1")}).Error
}
