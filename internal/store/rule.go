package store

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

type ruleRow struct {
	ID           int64
	RuleKey      string
	Scope        string
	Value        string
	AuthorID     int64
	Reason       string
	CreatedMs    int64
	EffectiveMs  int64
	RolledBackMs int64
}

func (ruleRow) TableName() string { return "crm_rule_versions" }

// RuleVersions implements rule.Store.
func (d *DB) RuleVersions(ctx context.Context) ([]rule.Version, error) {
	var rows []ruleRow
	if err := d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]rule.Version, len(rows))
	for i, r := range rows {
		out[i] = rule.Version{ID: r.ID, Key: r.RuleKey, Scope: rule.Scope(r.Scope), Value: r.Value, Author: crm.UserID(r.AuthorID), Reason: r.Reason,
			CreatedAt: at(r.CreatedMs), EffectiveAt: at(r.EffectiveMs), RolledBackAt: at(r.RolledBackMs)}
	}
	return out, nil
}

// AddRuleVersion implements rule.Store.
func (d *DB) AddRuleVersion(ctx context.Context, v rule.Version) (int64, error) {
	r := ruleRow{RuleKey: v.Key, Scope: string(v.Scope), Value: v.Value, AuthorID: int64(v.Author), Reason: v.Reason, CreatedMs: ms(v.CreatedAt), EffectiveMs: ms(v.EffectiveAt)}
	err := d.write(ctx).Create(&r).Error
	return r.ID, err
}

// RollBackRule implements rule.Store.
func (d *DB) RollBackRule(ctx context.Context, id int64, when time.Time) (bool, error) {
	res := d.write(ctx).Model(&ruleRow{}).Where("id = ? AND rolled_back_ms = 0", id).Update("rolled_back_ms", ms(when))
	return res.RowsAffected > 0, res.Error
}
