package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
func (d *DB) UncontactedLeads(ctx context.Context, teams []crm.TeamID, from, to time.Time, after assign.Position, n int) ([]lead.Lead, error) {
	since := max(ms(from), ms(after.At))
	where := "owned_ms >= ? AND owned_ms <= ? AND (owned_ms > ? OR owned_ms = ? AND id > ?) AND last_valid_ms < owned_ms AND owner_id <> 0 AND status = ?"
	args := []any{since, ms(to), ms(after.At), ms(after.At), int64(after.Lead), string(lead.Open)}
	var out []lead.Lead
	if teams != nil {
		if len(teams) == 0 {
			return nil, nil
		}
		where += " AND team_id IN (?" + strings.Repeat(",?", len(teams)-1) + ")"
		for _, t := range teams {
			args = append(args, int64(t))
		}
	}
	err := d.readTogether(ctx, leadsWhere(&out, where+" ORDER BY owned_ms, id LIMIT ?", append(args, n)...))
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
