package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

type stepRow struct {
	ActivityID int64 `gorm:"primaryKey;autoIncrement:false"`
	UserID     int64
	TeamID     int64
	Subject    string
	What       string
	Day        string
	MinuteOf   int // minutes after midnight; −1: no time
	State      string
	Rev        int
	ClosedBy   int64
	RemindMs   int64
	DoneMs     int64
}

func (stepRow) TableName() string { return "crm_next_steps" }

type planRow struct {
	ID         int64
	UserID     int64
	TeamID     int64
	Subject    string
	Customer   string
	Day        string
	MinuteOf   int // minutes after midnight; −1: no time
	State      string
	Counted    bool
	ActivityID int64
	ByCustomer bool
	Note       string
	Slot       *string // NULL unless open or done: one plan per person, customer and day
	CreatedMs  int64
	Version    int64
}

func (planRow) TableName() string { return "crm_visit_plans" }

func minuteOf(d activity.Due) int {
	if !d.HasTime {
		return -1
	}
	return int(d.Time)
}

func due(day string, minute int) activity.Due {
	if minute < 0 {
		return activity.Due{Day: crm.Day(day)}
	}
	return activity.Due{Day: crm.Day(day), Time: calendar.TimeOfDay(minute), HasTime: true}
}

func stepRowOf(s activity.Step) stepRow {
	return stepRow{ActivityID: int64(s.Activity), UserID: int64(s.User), TeamID: int64(s.Team), Subject: s.Subject.String(), What: s.Text, Day: string(s.Due.Day), MinuteOf: minuteOf(s.Due),
		State: string(s.State), Rev: s.Rev, ClosedBy: int64(s.ClosedBy), RemindMs: ms(s.RemindAt), DoneMs: ms(s.DoneAt)}
}

func (r stepRow) entity() activity.Step {
	return activity.Step{Activity: crm.ActivityID(r.ActivityID), User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), Subject: storedRef(r.Subject), Text: r.What,
		Due: due(r.Day, r.MinuteOf), State: activity.StepState(r.State), Rev: r.Rev, ClosedBy: crm.ActivityID(r.ClosedBy), RemindAt: at(r.RemindMs), DoneAt: at(r.DoneMs)}
}

// AddStep implements activity.Store.
func (d *DB) AddStep(ctx context.Context, s activity.Step) error {
	r := stepRowOf(s)
	rows := insert{table: "crm_next_steps", columns: "activity_id, user_id, team_id, subject, what, day, minute_of, state, rev, closed_by, remind_ms, done_ms", always: []string{"what"}}
	rows.add(r.ActivityID, r.UserID, r.TeamID, r.Subject, r.What, r.Day, r.MinuteOf, r.State, r.Rev, r.ClosedBy, r.RemindMs, r.DoneMs)
	return d.later(ctx, rows.statements("")...)
}

// Step implements activity.Store.
func (d *DB) Step(ctx context.Context, id crm.ActivityID) (activity.Step, error) {
	list, err := steps(d.read(ctx).Where("activity_id = ?", int64(id)))
	if err != nil {
		return activity.Step{}, err
	}
	if len(list) == 0 {
		return activity.Step{}, crm.NotFound(id.String()+" 没有约定下一步", id.String()+" has no next step")
	}
	return list[0], nil
}

func steps(db *gorm.DB) ([]activity.Step, error) {
	var rows []stepRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]activity.Step, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// SaveStep implements activity.Store.
func (d *DB) SaveStep(ctx context.Context, s activity.Step, was activity.StepState, rev int) (bool, error) {
	r := stepRowOf(s)
	res := d.write(ctx).Model(&stepRow{}).Where("activity_id = ? AND state = ? AND rev = ?", r.ActivityID, string(was), rev).
		Updates(map[string]any{"day": r.Day, "minute_of": r.MinuteOf, "state": r.State, "rev": r.Rev, "closed_by": r.ClosedBy, "remind_ms": r.RemindMs, "done_ms": r.DoneMs})
	return res.RowsAffected == 1, res.Error
}

// StepsClosedBy implements activity.Store.
func (d *DB) StepsClosedBy(ctx context.Context, by crm.ActivityID) ([]activity.Step, error) {
	return steps(d.read(ctx).Where("closed_by = ?", int64(by)).Order("activity_id"))
}

// OpenSteps implements activity.Store.
func (d *DB) OpenSteps(ctx context.Context, user crm.UserID, until crm.Day, n int) ([]activity.Step, error) {
	return steps(d.read(ctx).Where("user_id = ? AND state = ? AND day <= ?", int64(user), string(activity.StepOpen), string(until)).Order("day, minute_of, activity_id").Limit(n))
}

// StepsDue implements activity.Store.
func (d *DB) StepsDue(ctx context.Context, users []crm.UserID, day crm.Day) ([]activity.Step, error) {
	var out []activity.Step
	for part := range slices.Chunk(users, 500) {
		list, err := steps(d.read(ctx).Where("user_id IN ? AND state = ? AND day = ?", part, string(activity.StepOpen), string(day)).Order("minute_of, activity_id"))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// OpenStepsOn implements activity.Store.
func (d *DB) OpenStepsOn(ctx context.Context, subject crm.Ref, n int) ([]activity.Step, error) {
	return steps(d.read(ctx).Where("subject = ? AND state = ?", subject.String(), string(activity.StepOpen)).Order("day, minute_of, activity_id").Limit(n))
}

func planRowOf(p activity.Plan) planRow {
	r := planRow{ID: int64(p.ID), UserID: int64(p.User), TeamID: int64(p.Team), Subject: p.Subject.String(), Customer: p.Customer.String(), Day: string(p.Due.Day), MinuteOf: minuteOf(p.Due),
		State: string(p.State), Counted: p.Counted, ActivityID: int64(p.Activity), ByCustomer: p.ByCustomer, Note: p.Note, CreatedMs: ms(p.CreatedAt), Version: p.Version}
	if p.State == activity.PlanOpen || p.State == activity.PlanDone {
		r.Slot = nullable(planSlot(p.User, p.Customer, p.Due.Day))
	}
	return r
}

func (r planRow) entity() activity.Plan {
	return activity.Plan{ID: activity.PlanID(r.ID), User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), Subject: storedRef(r.Subject), Customer: storedRef(r.Customer), Due: due(r.Day, r.MinuteOf),
		State: activity.PlanState(r.State), Counted: r.Counted, Activity: crm.ActivityID(r.ActivityID), ByCustomer: r.ByCustomer, Note: r.Note, CreatedAt: at(r.CreatedMs), Version: r.Version}
}

// AddPlan implements activity.Store.
func (d *DB) AddPlan(ctx context.Context, p *activity.Plan) error {
	p.Version = 1
	r := planRowOf(*p)
	err := d.write(ctx).Create(&r).Error
	if duplicate(err) {
		return crm.Conflict("V-04", "当天已有这个客户的计划", "this customer is planned for that day already")
	}
	p.ID = activity.PlanID(r.ID)
	return err
}

// Plan implements activity.Store.
func (d *DB) Plan(ctx context.Context, id activity.PlanID) (activity.Plan, error) {
	list, err := plans(d.read(ctx).Where("id = ?", int64(id)))
	if err != nil {
		return activity.Plan{}, err
	}
	if len(list) == 0 {
		return activity.Plan{}, crm.NotFound("没有这个计划", "there is no such plan")
	}
	return list[0], nil
}

func plans(db *gorm.DB) ([]activity.Plan, error) {
	var rows []planRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]activity.Plan, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// SavePlan implements activity.Store.
func (d *DB) SavePlan(ctx context.Context, p *activity.Plan) error {
	r := planRowOf(*p)
	res := d.write(ctx).Model(&planRow{}).Where("id = ? AND version = ?", r.ID, p.Version).Updates(map[string]any{"day": r.Day, "minute_of": r.MinuteOf, "state": r.State, "counted": r.Counted,
		"activity_id": r.ActivityID, "by_customer": r.ByCustomer, "note": r.Note, "slot": r.Slot, "version": p.Version + 1})
	if duplicate(res.Error) {
		return crm.Conflict("V-04", "当天已有这个客户的计划", "this customer is planned for that day already")
	}
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("V-04", "这个计划刚被改动", "this plan was changed a moment ago").WithNext("请再试一次", "please try again")
	}
	p.Version++
	return nil
}

// Plans implements activity.Store.
func (d *DB) Plans(ctx context.Context, users []crm.UserID, day crm.Day) ([]activity.Plan, error) {
	var out []activity.Plan
	for part := range slices.Chunk(users, 500) {
		// A plan that was moved away after it counted still counts for this day.
		list, err := plans(d.read(ctx).Where("user_id IN ? AND day = ? AND (state <> ? OR counted = ?)", part, string(day), string(activity.PlanMoved), true).
			Order("CASE WHEN minute_of < 0 THEN 1 ELSE 0 END, minute_of, id"))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// OpenPlan implements activity.Store.
func (d *DB) OpenPlan(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day) (activity.Plan, bool, error) {
	list, err := plans(d.read(ctx).Where("slot = ? AND state = ?", planSlot(user, customer, day), string(activity.PlanOpen)))
	if err != nil || len(list) == 0 {
		return activity.Plan{}, false, err
	}
	return list[0], true, nil
}

// OpenPlans implements activity.Store.
func (d *DB) OpenPlans(ctx context.Context, user crm.UserID, from crm.Day, n int) ([]activity.Plan, error) {
	return plans(d.read(ctx).Where("user_id = ? AND day >= ? AND state = ?", int64(user), string(from), string(activity.PlanOpen)).Order("day, minute_of, id").Limit(n))
}

// Expect implements activity.Store.
func (d *DB) Expect(ctx context.Context, e *activity.Expected) error {
	return d.readTogether(ctx, expected(e)...)
}

// ExpectAhead implements activity.Store.
func (d *DB) ExpectAhead(ctx context.Context, e *activity.Expected) {
	if u := d.unit(ctx); u != nil {
		u.ahead = append(u.ahead, expected(e)...)
	}
}

func expected(e *activity.Expected) []reading {
	e.Done, e.Plans, e.Steps = false, nil, nil
	slots := make([]any, 0, len(e.Users)+1)
	for _, u := range e.Users {
		slots = append(slots, planSlot(u, e.Customer, e.Day))
	}
	return []reading{
		{statement{"SELECT id, user_id, team_id, subject, customer, day, minute_of, state, counted, activity_id, by_customer, note, slot, created_ms, version FROM crm_visit_plans WHERE slot IN (?" +
			strings.Repeat(",?", len(slots)-1) + ") AND state = ?", append(slots, string(activity.PlanOpen))}, func(rows *sql.Rows) error {
			var r planRow
			if err := rows.Scan(&r.ID, &r.UserID, &r.TeamID, &r.Subject, &r.Customer, &r.Day, &r.MinuteOf, &r.State, &r.Counted, &r.ActivityID, &r.ByCustomer, &r.Note, &r.Slot, &r.CreatedMs, &r.Version); err != nil {
				return err
			}
			e.Plans = append(e.Plans, r.entity())
			return nil
		}, nil},
		{statement{"SELECT activity_id, user_id, team_id, subject, what, day, minute_of, state, rev, closed_by, remind_ms, done_ms FROM crm_next_steps WHERE subject = ? AND state = ?" +
			" ORDER BY day, minute_of, activity_id LIMIT ?", []any{e.Subject.String(), string(activity.StepOpen), e.Most}}, func(rows *sql.Rows) error {
			var r stepRow
			if err := rows.Scan(&r.ActivityID, &r.UserID, &r.TeamID, &r.Subject, &r.What, &r.Day, &r.MinuteOf, &r.State, &r.Rev, &r.ClosedBy, &r.RemindMs, &r.DoneMs); err != nil {
				return err
			}
			e.Steps = append(e.Steps, r.entity())
			return nil
		}, func() { e.Done = true }},
	}
}

func planSlot(user crm.UserID, customer crm.Ref, day crm.Day) string {
	return fmt.Sprintf("%d/%s/%s", user, customer, day)
}
