package store

import (
	"context"
	"encoding/json"
	"fmt"

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
	ApproverID   int64
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
			CreatedAt: at(r.CreatedMs), EffectiveAt: at(r.EffectiveMs), RolledBackAt: at(r.RolledBackMs), Approver: crm.UserID(r.ApproverID)}
	}
	return out, nil
}

// AddRuleVersion implements rule.Store.
func (d *DB) AddRuleVersion(ctx context.Context, v rule.Version, c rule.Change) (int64, error) {
	r := ruleRow{RuleKey: v.Key, Scope: string(v.Scope), Value: v.Value, AuthorID: int64(v.Author), Reason: v.Reason, CreatedMs: ms(v.CreatedAt), EffectiveMs: ms(v.EffectiveAt), ApproverID: int64(v.Approver)}
	err := d.InTx(ctx, func(ctx context.Context) error {
		r.ID = 0
		if err := d.write(ctx).Create(&r).Error; err != nil {
			return err
		}
		c.Version = r.ID
		return d.Effects().Audit(ctx, c.Audit())
	})
	return r.ID, err
}

// RollBackRule implements rule.Store.
func (d *DB) RollBackRule(ctx context.Context, c rule.Change) (bool, error) {
	done := false
	err := d.InTx(ctx, func(ctx context.Context) error {
		res := d.write(ctx).Model(&ruleRow{}).Where("id = ? AND rolled_back_ms = 0", c.Version).Update("rolled_back_ms", ms(c.At))
		if done = res.RowsAffected > 0; !done {
			return res.Error
		}
		return d.Effects().Audit(ctx, c.Audit())
	})
	return done, err
}

// RuleChanges implements rule.Store.
func (d *DB) RuleChanges(ctx context.Context, versions []int64, n int) ([]rule.Change, error) {
	refs := make([]string, len(versions))
	for i, id := range versions {
		refs[i] = rule.AuditRef(id).String()
	}
	var rows []struct {
		AtMs, ActorID, RuleVersion int64
		Action, Detail             string
	}
	if err := d.read(ctx).Table("crm_audit").Where("ref IN ?", refs).Order("id DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]rule.Change, 0, len(rows))
	for _, r := range rows {
		a := crm.Audit{At: at(r.AtMs), Actor: crm.UserID(r.ActorID), Action: r.Action, RuleVersion: r.RuleVersion}
		if err := json.Unmarshal([]byte(r.Detail), &a.Detail); err != nil {
			return nil, fmt.Errorf("decode audit detail of rule version %d: %w", r.RuleVersion, err)
		}
		if c, ok := rule.ChangeOf(a); ok {
			out = append(out, c)
		}
	}
	return out, nil
}
