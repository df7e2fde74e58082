package store

import (
	"context"

	"gorm.io/gorm/clause"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

type ruleRequestRow struct {
	ID        int64
	RuleKey   string
	Scope     string
	Value     string
	AuthorID  int64
	Reason    string
	Seen      string
	State     string
	AskedMs   int64
	ExpiresMs int64
	ByID      int64
	DecidedMs int64
	VersionID int64
}

func (ruleRequestRow) TableName() string { return "crm_rule_requests" }

func (r ruleRequestRow) entity() rule.Request {
	return rule.Request{ID: r.ID, Key: r.RuleKey, Scope: rule.Scope(r.Scope), Value: r.Value, Author: crm.UserID(r.AuthorID), Reason: r.Reason, Seen: r.Seen, State: rule.RequestState(r.State),
		AskedAt: at(r.AskedMs), ExpiresAt: at(r.ExpiresMs), By: crm.UserID(r.ByID), DecidedAt: at(r.DecidedMs), Version: r.VersionID}
}

// AddRuleRequest implements rule.RequestStore.
func (d *DB) AddRuleRequest(ctx context.Context, r *rule.Request) error {
	row := ruleRequestRow{RuleKey: r.Key, Scope: string(r.Scope), Value: r.Value, AuthorID: int64(r.Author), Reason: r.Reason, Seen: r.Seen, State: string(r.State), AskedMs: ms(r.AskedAt), ExpiresMs: ms(r.ExpiresAt)}
	err := d.write(ctx).Create(&row).Error
	r.ID = row.ID
	return err
}

// RuleRequest implements rule.RequestStore.
func (d *DB) RuleRequest(ctx context.Context, id int64) (rule.Request, error) {
	var rows []ruleRequestRow
	if err := d.read(ctx).Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return rule.Request{}, err
	}
	if len(rows) == 0 {
		return rule.Request{}, crm.NotFound("没有这个加急修改", "there is no such urgent change").WithNext("发送 /规则 加编号查看", "send /rules with the setting's key")
	}
	return rows[0].entity(), nil
}

// DecideRuleRequest implements rule.RequestStore.
func (d *DB) DecideRuleRequest(ctx context.Context, r rule.Request) (bool, error) {
	res := d.write(ctx).Model(&ruleRequestRow{}).Where("id = ? AND state = ?", r.ID, string(rule.Waiting)).
		Updates(map[string]any{"state": string(r.State), "by_id": int64(r.By), "decided_ms": ms(r.DecidedAt)})
	return res.RowsAffected == 1, res.Error
}

// SetRuleRequestVersion implements rule.RequestStore.
func (d *DB) SetRuleRequestVersion(ctx context.Context, id, version int64) error {
	return d.write(ctx).Model(&ruleRequestRow{}).Where("id = ?", id).Update("version_id", version).Error
}

// RuleRequests implements rule.RequestStore.
func (d *DB) RuleRequests(ctx context.Context, n int, lock bool) ([]rule.Request, error) {
	var rows []ruleRequestRow
	db := d.read(ctx)
	if lock {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	if err := db.Where("state = ?", string(rule.Waiting)).Order("expires_ms, id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]rule.Request, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}
