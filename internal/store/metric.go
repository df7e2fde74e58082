package store

import (
	"context"

	"gorm.io/gorm"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

type factDailyRow struct {
	MetricKey string
	Day       string
	UserID    int64
	TeamID    int64
	Qty       int64
	Amount    int64
}

func (factDailyRow) TableName() string { return "crm_fact_daily" }

// factSum is what FactSums reads.
type factSum struct {
	MetricKey      string
	UserID, TeamID int64
	Qty, Amount    int64
	FirstDay       string
}

// filterFacts adds the conditions of a filter; both fact tables share the
// column names.
func filterFacts(q *gorm.DB, f metric.Filter) *gorm.DB {
	q = q.Where("metric_key IN ? AND day >= ? AND day < ?", f.Keys, string(f.Period.From), string(f.Period.To))
	if len(f.Users) > 0 {
		q = q.Where("user_id IN ?", f.Users)
	}
	if len(f.Teams) > 0 {
		q = q.Where("team_id IN ?", f.Teams)
	}
	return q
}

// FactSums implements metric.Store.
func (d *DB) FactSums(ctx context.Context, f metric.Filter) ([]metric.Sum, error) {
	if len(f.Keys) == 0 {
		return nil, nil
	}
	var rows []factSum
	err := filterFacts(d.read(ctx).Model(&factDailyRow{}), f).
		Select("metric_key, user_id, team_id, SUM(qty) AS qty, SUM(amount) AS amount, MIN(day) AS first_day").
		Group("metric_key, user_id, team_id").Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]metric.Sum, len(rows))
	for i, r := range rows {
		out[i] = metric.Sum{User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), Key: r.MetricKey, Qty: r.Qty, Amount: r.Amount, First: crm.Day(r.FirstDay)}
	}
	return out, nil
}

// FactPoints implements metric.Store.
func (d *DB) FactPoints(ctx context.Context, f metric.Filter) ([]metric.Record, error) {
	if len(f.Keys) == 0 {
		return nil, nil
	}
	var rows []factRow
	if err := filterFacts(d.read(ctx).Model(&factRow{}), f).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return factRecords(rows), nil
}

// FactRecords implements metric.Store.
func (d *DB) FactRecords(ctx context.Context, f metric.Filter, offset, limit int) ([]metric.Record, int, error) {
	if len(f.Keys) == 0 {
		return nil, 0, nil
	}
	q := filterFacts(d.read(ctx).Model(&factRow{}), f)
	if f.AtLeast > 0 {
		q = q.Where("(amount >= ? OR amount <= ?)", int64(f.AtLeast), -int64(f.AtLeast))
	}
	var total int64
	if err := q.Session(&gorm.Session{}).Count(&total).Error; err != nil {
		return nil, 0, err
	}
	var rows []factRow
	if err := q.Session(&gorm.Session{}).Order("day DESC, id DESC").Offset(max(offset, 0)).Limit(limit).Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	return factRecords(rows), int(total), nil
}

func factRecords(rows []factRow) []metric.Record {
	out := make([]metric.Record, len(rows))
	for i, r := range rows {
		ref, err := crm.ParseRef(r.Ref)
		if err != nil {
			ref = crm.Ref{} // a fact about no record
		}
		out[i] = metric.Record{At: at(r.AtMs), Day: crm.Day(r.Day), User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), Key: r.MetricKey,
			Qty: r.Qty, Amount: crm.Money(r.Amount), Ref: ref}
	}
	return out
}
