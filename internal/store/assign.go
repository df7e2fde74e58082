package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

type assignRunRow struct {
	ID, LeadID             int64
	ActiveLead             *int64 // NULL once it ended: a lead has one unfinished run
	State                  string
	DueMs                  int64
	StepNo, Bounces        int
	Plan                   string
	RuleNo                 int64
	RuleName               string
	RuleVersion            int64
	Cause                  string
	ByUser, FromUser       int64
	Result                 string
	ToUser                 int64
	Why                    string
	CreatedMs, DoneMs, Rev int64
}

func (assignRunRow) TableName() string { return "crm_assign_runs" }

func assignRunRowOf(r assign.Run) (assignRunRow, error) {
	plan, err := json.Marshal(r.Plan)
	if err != nil {
		return assignRunRow{}, fmt.Errorf("encode the plan of %s: %w", r.Lead, err)
	}
	why, err := json.Marshal(r.Why)
	if err != nil {
		return assignRunRow{}, fmt.Errorf("encode the reason of %s: %w", r.Lead, err)
	}
	row := assignRunRow{ID: r.ID, LeadID: int64(r.Lead), State: string(r.State), DueMs: ms(r.Due), StepNo: r.Step, Bounces: r.Bounces, Plan: string(plan), RuleNo: r.Rule.ID, RuleName: r.Rule.Name,
		RuleVersion: r.Rule.Version, Cause: string(r.Cause), ByUser: int64(r.By), FromUser: int64(r.From), Result: string(r.Result), ToUser: int64(r.To), Why: string(why),
		CreatedMs: ms(r.CreatedAt), DoneMs: ms(r.DoneAt), Rev: r.Rev}
	if r.State != assign.Done {
		row.ActiveLead = &row.LeadID
	}
	return row, nil
}

func (r assignRunRow) entity() (assign.Run, error) {
	out := assign.Run{ID: r.ID, Lead: crm.LeadID(r.LeadID), State: assign.State(r.State), Due: at(r.DueMs), Step: r.StepNo, Bounces: r.Bounces, Rule: assign.RuleName{ID: r.RuleNo, Name: r.RuleName, Version: r.RuleVersion},
		Cause: assign.Cause(r.Cause), By: crm.UserID(r.ByUser), From: crm.UserID(r.FromUser), Result: assign.Result(r.Result), To: crm.UserID(r.ToUser), CreatedAt: at(r.CreatedMs), DoneAt: at(r.DoneMs), Rev: r.Rev}
	if err := json.Unmarshal([]byte(r.Plan), &out.Plan); err != nil {
		return out, fmt.Errorf("decode the plan of run %d: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Why), &out.Why); err != nil {
		return out, fmt.Errorf("decode the reason of run %d: %w", r.ID, err)
	}
	return out, nil
}

func assignRuns(rows []assignRunRow) ([]assign.Run, error) {
	out := make([]assign.Run, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.entity(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unfinished are the states of runs with something left to do.
var unfinished = []string{string(assign.Waiting), string(assign.Offered)}

// LastLeads implements assign.Store.
func (d *DB) LastLeads(ctx context.Context, n int) ([]lead.Lead, error) {
	var out []lead.Lead
	err := d.readTogether(ctx, leadsWhere(&out, "1 = 1 ORDER BY id DESC LIMIT ?", n))
	return out, err
}

// HoldBack implements assign.Store.
func (d *DB) HoldBack(ctx context.Context, until time.Time, ids ...crm.LeadID) error {
	for chunk := range slices.Chunk(ids, 500) {
		if err := d.write(ctx).Table("crm_leads").Where("id IN ? AND owner_id = 0", chunk).Update("claimable_ms", ms(until)).Error; err != nil {
			return err
		}
	}
	return nil
}

// UncontactedLeads implements assign.Store.
func (d *DB) UncontactedLeads(ctx context.Context, from, to time.Time, after assign.Position, n int) ([]lead.Lead, error) {
	since := max(ms(from), ms(after.At))
	var out []lead.Lead
	err := d.readTogether(ctx, leadsWhere(&out, "owned_ms >= ? AND owned_ms <= ? AND (owned_ms > ? OR id > ?) AND last_valid_ms < owned_ms AND owner_id <> 0 AND status = ? ORDER BY owned_ms, id LIMIT ?",
		since, ms(to), ms(after.At), int64(after.Lead), string(lead.Open), n))
	return out, err
}

// AddRuns implements assign.Store.
func (d *DB) AddRuns(ctx context.Context, rs []assign.Run) error {
	rows := insert{table: "crm_assign_runs", columns: "lead_id, active_lead, state, due_ms, step_no, bounces, plan, rule_no, rule_name, rule_version, cause, by_user, from_user, result, to_user, why, created_ms, done_ms, rev",
		always: []string{"plan", "why"}}
	for _, x := range rs {
		r, err := assignRunRowOf(x)
		if err != nil {
			return err
		}
		var active any
		if r.ActiveLead != nil {
			active = *r.ActiveLead
		}
		rows.add(r.LeadID, active, r.State, r.DueMs, r.StepNo, r.Bounces, r.Plan, r.RuleNo, r.RuleName, r.RuleVersion, r.Cause, r.ByUser, r.FromUser, r.Result, r.ToUser, r.Why, r.CreatedMs, r.DoneMs, r.Rev)
	}
	tail := " ON CONFLICT (active_lead) DO NOTHING"
	if d.Dialect == MySQL {
		tail = " ON DUPLICATE KEY UPDATE rev = rev"
	}
	for _, s := range rows.statements(tail) {
		if err := d.write(ctx).Exec(s.query, s.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// DueRuns implements assign.Store.
func (d *DB) DueRuns(ctx context.Context, now time.Time, n int) ([]assign.Run, error) {
	var rows []assignRunRow
	if err := d.read(ctx).Where("state IN ? AND due_ms <= ?", unfinished, ms(now)).Order("due_ms, id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	return assignRuns(rows)
}

// NextRun implements assign.Store.
func (d *DB) NextRun(ctx context.Context) (time.Time, error) {
	var rows []assignRunRow
	if err := d.read(ctx).Select("due_ms").Where("state IN ?", unfinished).Order("due_ms").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return time.Time{}, err
	}
	return at(rows[0].DueMs), nil
}

func (d *DB) assignRun(ctx context.Context, where string, args ...any) (assign.Run, error) {
	var rows []assignRunRow
	if err := d.read(ctx).Where(where, args...).Order("id DESC").Limit(1).Find(&rows).Error; err != nil {
		return assign.Run{}, err
	}
	if len(rows) == 0 {
		return assign.Run{}, crm.NotFound("这条线索没有分配记录", "the lead was not distributed")
	}
	return rows[0].entity()
}

// OpenRun implements assign.Store.
func (d *DB) OpenRun(ctx context.Context, id crm.LeadID) (assign.Run, error) {
	return d.assignRun(ctx, "active_lead = ?", int64(id))
}

// LastRun implements assign.Store.
func (d *DB) LastRun(ctx context.Context, id crm.LeadID) (assign.Run, error) {
	return d.assignRun(ctx, "lead_id = ?", int64(id))
}

// KeepRun implements assign.Store.
func (d *DB) KeepRun(ctx context.Context, x assign.Run) (bool, error) {
	r, err := assignRunRowOf(x)
	if err != nil {
		return false, err
	}
	res := d.write(ctx).Model(&assignRunRow{}).Where("id = ? AND rev = ? AND state <> ?", r.ID, r.Rev, string(assign.Done)).Updates(map[string]any{"active_lead": r.ActiveLead, "state": r.State, "due_ms": r.DueMs,
		"step_no": r.StepNo, "bounces": r.Bounces, "result": r.Result, "to_user": r.ToUser, "why": r.Why, "done_ms": r.DoneMs, "rev": gormInc("rev")})
	return res.RowsAffected == 1, res.Error
}

// EndRuns implements assign.Store.
func (d *DB) EndRuns(ctx context.Context, rs []assign.Run, result assign.Result, now time.Time) error {
	ids := make([]int64, len(rs))
	for i, r := range rs {
		ids[i] = r.ID
	}
	for chunk := range slices.Chunk(ids, 500) {
		err := d.write(ctx).Model(&assignRunRow{}).Where("id IN ? AND state = ?", chunk, string(assign.Waiting)).
			Updates(map[string]any{"active_lead": nil, "state": string(assign.Done), "result": string(result), "done_ms": ms(now), "rev": gormInc("rev")}).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// Unplaced implements assign.Store.
func (d *DB) Unplaced(ctx context.Context, since time.Time) (map[crm.PoolID]int, error) {
	var rows []struct {
		PoolID int64
		N      int
	}
	err := d.read(ctx).Table("crm_assign_runs AS r").Joins("JOIN crm_leads AS l ON l.id = r.lead_id").Where("r.result = ? AND r.done_ms >= ? AND l.owner_id = 0 AND l.status = ?", string(assign.Nobody), ms(since), string(lead.Open)).
		Select("l.pool_id AS pool_id, COUNT(DISTINCT l.id) AS n").Group("l.pool_id").Scan(&rows).Error
	out := make(map[crm.PoolID]int, len(rows))
	for _, r := range rows {
		out[crm.PoolID(r.PoolID)] = r.N
	}
	return out, err
}

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
