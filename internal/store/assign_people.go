package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// Loads implements assign.Store.
func (d *DB) Loads(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID]assign.Load, error) {
	out := make(map[crm.UserID]assign.Load, len(users))
	type count struct {
		UserID int64
		N      int
	}
	for chunk := range slices.Chunk(users, 500) {
		var held, received, offered []count
		db := d.read(ctx)
		if err := db.Table("crm_leads").Select("owner_id AS user_id, COUNT(*) AS n").Where("owner_id IN ? AND status = ?", chunk, string(lead.Open)).Group("owner_id").Scan(&held).Error; err != nil {
			return nil, err
		}
		if err := db.Table("crm_fact_daily").Select("user_id, SUM(qty) AS n").Where("metric_key = ? AND day = ? AND user_id IN ?", lead.FactAssigned, string(day), chunk).
			Group("user_id").Scan(&received).Error; err != nil {
			return nil, err
		}
		if err := db.Table("crm_assign_offers").Select("user_id, COUNT(*) AS n").Where("user_id IN ? AND state = ?", chunk, string(assign.OfferOpen)).Group("user_id").Scan(&offered).Error; err != nil {
			return nil, err
		}
		from := lead.Rank("A", 100)
		var hot []leadRow
		if err := db.Where("owner_id IN ? AND status = ? AND rank_no BETWEEN ? AND ?", chunk, string(lead.Open), from, from+100).Find(&hot).Error; err != nil {
			return nil, err
		}
		change := func(id int64, fn func(*assign.Load)) {
			l := out[crm.UserID(id)]
			fn(&l)
			out[crm.UserID(id)] = l
		}
		for _, c := range held {
			change(c.UserID, func(l *assign.Load) { l.Held = c.N })
		}
		for _, c := range append(received, offered...) {
			change(c.UserID, func(l *assign.Load) { l.Received += c.N })
		}
		for _, r := range hot {
			change(r.OwnerID, func(l *assign.Load) { l.Hot = append(l.Hot, r.entity()) })
		}
	}
	return out, nil
}

// Recount implements assign.Store.
func (d *DB) Recount(ctx context.Context, user crm.UserID, day crm.Day) (assign.Load, error) {
	var l assign.Load
	err := d.readTogether(ctx, reading{statement{"SELECT (SELECT COUNT(*) FROM crm_leads WHERE owner_id = ? AND status = ?), " +
		"(SELECT COALESCE(SUM(qty), 0) FROM crm_fact_daily WHERE metric_key = ? AND day = ? AND user_id = ?) + (SELECT COUNT(*) FROM crm_assign_offers WHERE user_id = ? AND state = ?)",
		[]any{int64(user), string(lead.Open), lead.FactAssigned, string(day), int64(user), int64(user), string(assign.OfferOpen)}},
		func(rows *sql.Rows) error { return rows.Scan(&l.Held, &l.Received) }, nil})
	return l, err
}

type assignPersonRow struct {
	UserID                    int64 `gorm:"primaryKey;autoIncrement:false"`
	Weight, MonthlyCap        int
	Off                       bool
	Note, Weekdays            string
	LastMs, ByUser, UpdatedMs int64
}

func (assignPersonRow) TableName() string { return "crm_assign_people" }

// Profiles implements assign.Store.
func (d *DB) Profiles(ctx context.Context, users []crm.UserID) (map[crm.UserID]assign.Profile, error) {
	out := map[crm.UserID]assign.Profile{}
	for chunk := range slices.Chunk(users, 500) {
		var rows []assignPersonRow
		if err := d.read(ctx).Where("user_id IN ?", chunk).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			p := assign.Profile{User: crm.UserID(r.UserID), Weight: r.Weight, Cap: r.MonthlyCap, Off: r.Off, Note: r.Note, Last: at(r.LastMs), By: crm.UserID(r.ByUser), UpdatedAt: at(r.UpdatedMs)}
			for _, w := range strings.Split(r.Weekdays, ",") {
				if n, err := strconv.Atoi(w); err == nil {
					p.Days = append(p.Days, n)
				}
			}
			out[p.User] = p
		}
	}
	return out, nil
}

// upsert inserts a row by its key, or sets the columns that are given.
func (d *DB) upsert(ctx context.Context, table string, key []string, columns []string, args ...any) error {
	tail := " ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET "
	if d.Dialect == MySQL {
		tail = " ON DUPLICATE KEY UPDATE "
	}
	set := make([]string, len(columns))
	for i, c := range columns {
		set[i] = c + " = excluded." + c
		if d.Dialect == MySQL {
			set[i] = c + " = VALUES(" + c + ")"
		}
	}
	all := append(slices.Clone(key), columns...)
	q := "INSERT INTO " + table + " (" + strings.Join(all, ", ") + ") VALUES (?" + strings.Repeat(",?", len(all)-1) + ")"
	return d.write(ctx).Exec(q+tail+strings.Join(set, ", "), args...).Error
}

// SaveProfile implements assign.Store.
func (d *DB) SaveProfile(ctx context.Context, p assign.Profile) error {
	days := make([]string, len(p.Days))
	for i, n := range p.Days {
		days[i] = strconv.Itoa(n)
	}
	return d.upsert(ctx, "crm_assign_people", []string{"user_id"}, []string{"weight", "monthly_cap", "off", "note", "weekdays", "by_user", "updated_ms"},
		int64(p.User), p.Weight, p.Cap, p.Off, p.Note, strings.Join(days, ","), int64(p.By), ms(p.UpdatedAt))
}

// Served implements assign.Store.
func (d *DB) Served(ctx context.Context, user crm.UserID, when time.Time) error {
	return d.upsert(ctx, "crm_assign_people", []string{"user_id"}, []string{"last_ms"}, int64(user), ms(when))
}

// DutyDays implements assign.Store.
func (d *DB) DutyDays(ctx context.Context, users []crm.UserID, from, to crm.Day) (map[crm.UserID]map[crm.Day]bool, error) {
	out := map[crm.UserID]map[crm.Day]bool{}
	for chunk := range slices.Chunk(users, 500) {
		var rows []struct {
			UserID int64
			Day    string
			Duty   bool
		}
		if err := d.read(ctx).Table("crm_assign_days").Where("user_id IN ? AND day >= ? AND day <= ?", chunk, string(from), string(to)).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			u := crm.UserID(r.UserID)
			if out[u] == nil {
				out[u] = map[crm.Day]bool{}
			}
			out[u][crm.Day(r.Day)] = r.Duty
		}
	}
	return out, nil
}

// SaveDutyDay implements assign.Store.
func (d *DB) SaveDutyDay(ctx context.Context, user crm.UserID, day crm.Day, on *bool) error {
	if on == nil {
		return d.write(ctx).Exec("DELETE FROM crm_assign_days WHERE user_id = ? AND day = ?", int64(user), string(day)).Error
	}
	return d.upsert(ctx, "crm_assign_days", []string{"user_id", "day"}, []string{"duty"}, int64(user), string(day), *on)
}

// Groups implements assign.Store.
func (d *DB) Groups(ctx context.Context, p crm.PoolID) ([]crm.Target, error) {
	var rows []struct{ Platform, Chat string }
	if err := d.read(ctx).Table("crm_assign_groups").Where("pool_id = ?", int64(p)).Order("platform, chat").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]crm.Target, len(rows))
	for i, r := range rows {
		out[i] = crm.ToGroup(r.Platform, r.Chat)
	}
	return out, nil
}

// SaveGroup implements assign.Store.
func (d *DB) SaveGroup(ctx context.Context, p crm.PoolID, t crm.Target, on bool) error {
	if !on {
		return d.write(ctx).Exec("DELETE FROM crm_assign_groups WHERE pool_id = ? AND platform = ? AND chat = ?", int64(p), t.Platform, t.Chat).Error
	}
	tail := " ON CONFLICT (pool_id, platform, chat) DO NOTHING"
	if d.Dialect == MySQL {
		tail = " ON DUPLICATE KEY UPDATE chat = chat"
	}
	return d.write(ctx).Exec("INSERT INTO crm_assign_groups (pool_id, platform, chat) VALUES (?, ?, ?)"+tail, int64(p), t.Platform, t.Chat).Error
}
