package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crmbot/internal/crm"
	"crmbot/internal/report"
)

type reportRow struct {
	ID          int64
	UserID      int64
	TeamID      int64
	Day         string
	Template    int64
	State       string
	Content     string
	Answers     string
	NextPlan    string
	Notes       string
	AsOfMs      int64
	CreatedMs   int64
	SubmittedMs int64
	UpdatedMs   int64
	Version     int64
}

func (reportRow) TableName() string { return "crm_reports" }

type digestRow struct {
	ID        int64
	TeamID    int64
	Day       string
	Content   string
	AsOfMs    int64
	CreatedMs int64
}

func (digestRow) TableName() string { return "crm_report_digests" }

type reportBindingRow struct {
	ID        int64
	Platform  string
	Chat      string
	TeamID    int64
	UserID    int64
	CreatedMs int64
}

func (reportBindingRow) TableName() string { return "crm_report_bindings" }

func newReportRow(r *report.Report) (reportRow, error) {
	row := reportRow{ID: int64(r.ID), UserID: int64(r.User), TeamID: int64(r.Team), Day: string(r.Day), Template: r.Template, State: string(r.State), NextPlan: r.Next,
		AsOfMs: ms(r.AsOf), CreatedMs: ms(r.CreatedAt), SubmittedMs: ms(r.SubmittedAt), UpdatedMs: ms(r.AsOf), Version: r.Version}
	for to, from := range map[*string]any{&row.Content: r.Content, &row.Answers: r.Answers, &row.Notes: r.Notes} {
		raw, err := json.Marshal(from)
		if err != nil {
			return row, fmt.Errorf("encode report: %w", err)
		}
		*to = string(raw)
	}
	return row, nil
}

func (r reportRow) entity() (report.Report, error) {
	out := report.Report{ID: crm.ReportID(r.ID), User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), Day: crm.Day(r.Day), Template: r.Template, State: report.State(r.State), Next: r.NextPlan,
		AsOf: at(r.AsOfMs), CreatedAt: at(r.CreatedMs), SubmittedAt: at(r.SubmittedMs), Version: r.Version}
	for _, part := range []struct {
		raw string
		to  any
	}{{r.Content, &out.Content}, {r.Answers, &out.Answers}, {r.Notes, &out.Notes}} {
		if part.raw == "" {
			continue // not asked for
		}
		if err := json.Unmarshal([]byte(part.raw), part.to); err != nil {
			return out, fmt.Errorf("decode report %d: %w", r.ID, err)
		}
	}
	return out, nil
}

// AddReports implements report.Store.
func (d *DB) AddReports(ctx context.Context, rs []*report.Report) error {
	rows := make([]reportRow, len(rs))
	for i, r := range rs {
		row, err := newReportRow(r)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	if len(rows) == 0 {
		return nil
	}
	err := d.write(ctx).CreateInBatches(rows, 100).Error
	if duplicate(err) {
		return crm.Conflict("R-01", "这一天的日报已经有了", "there is already a report of that day")
	}
	if err != nil {
		return err
	}
	// The ids are read back: databases promise no order for several rows at once.
	users := make([]int64, len(rs))
	for i, r := range rs {
		users[i] = int64(r.User)
	}
	var ids []reportRow
	if err := d.write(ctx).Select("id", "user_id", "day").Where("day = ? AND user_id IN ?", string(rs[0].Day), users).Find(&ids).Error; err != nil {
		return err
	}
	by := map[int64]int64{}
	for _, r := range ids {
		by[r.UserID] = r.ID
	}
	for _, r := range rs {
		r.ID = crm.ReportID(by[int64(r.User)])
	}
	return nil
}

// Report implements report.Store.
func (d *DB) Report(ctx context.Context, id crm.ReportID) (report.Report, error) {
	var rows []reportRow
	if err := d.read(ctx).Where("id = ?", int64(id)).Limit(1).Find(&rows).Error; err != nil {
		return report.Report{}, err
	}
	if len(rows) == 0 {
		return report.Report{}, crm.NotFound("没有日报 "+id.String(), "there is no report "+id.String())
	}
	return rows[0].entity()
}

// ReportOf implements report.Store.
func (d *DB) ReportOf(ctx context.Context, user crm.UserID, day crm.Day) (report.Report, bool, error) {
	var rows []reportRow
	if err := d.read(ctx).Where("user_id = ? AND day = ?", int64(user), string(day)).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return report.Report{}, false, err
	}
	r, err := rows[0].entity()
	return r, err == nil, err
}

// ReportsOn implements report.Store.
func (d *DB) ReportsOn(ctx context.Context, day crm.Day, teams []crm.TeamID, full bool) ([]report.Report, error) {
	q := d.read(ctx).Where("day = ?", string(day))
	if len(teams) > 0 {
		q = q.Where("team_id IN ?", teams)
	}
	if !full {
		q = q.Select("id", "user_id", "team_id", "day", "template", "state", "as_of_ms", "created_ms", "submitted_ms", "version")
	}
	var rows []reportRow
	if err := q.Order("user_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]report.Report, len(rows))
	for i, r := range rows {
		e, err := r.entity()
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// SaveReport implements report.Store.
func (d *DB) SaveReport(ctx context.Context, r *report.Report) error {
	row, err := newReportRow(r)
	if err != nil {
		return err
	}
	res := d.write(ctx).Model(&reportRow{}).Where("id = ? AND version = ?", row.ID, row.Version).Updates(map[string]any{
		"state": row.State, "content": row.Content, "answers": row.Answers, "next_plan": row.NextPlan, "notes": row.Notes,
		"as_of_ms": row.AsOfMs, "submitted_ms": row.SubmittedMs, "updated_ms": ms(d.clock.Now()), "version": row.Version + 1})
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("R-02", "这份日报已在别处改过,您看到的是旧内容", "this report was changed elsewhere; what you see is old")
	}
	r.Version++
	return nil
}

// AddDigests implements report.Store.
func (d *DB) AddDigests(ctx context.Context, ds []report.Digest) error {
	if len(ds) == 0 {
		return nil
	}
	teams := make([]int64, len(ds))
	for i, x := range ds {
		teams[i] = int64(x.Team)
	}
	var have []digestRow
	if err := d.write(ctx).Select("team_id").Where("day = ? AND team_id IN ?", string(ds[0].Day), teams).Find(&have).Error; err != nil {
		return err
	}
	old := map[int64]bool{}
	for _, h := range have {
		old[h.TeamID] = true
	}
	var rows []digestRow
	for _, x := range ds {
		if old[int64(x.Team)] {
			continue
		}
		raw, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("encode digest: %w", err)
		}
		rows = append(rows, digestRow{TeamID: int64(x.Team), Day: string(x.Day), Content: string(raw), AsOfMs: ms(x.AsOf), CreatedMs: ms(d.clock.Now())})
	}
	if len(rows) == 0 {
		return nil
	}
	return d.write(ctx).CreateInBatches(rows, 100).Error
}

// Digest implements report.Store.
func (d *DB) Digest(ctx context.Context, team crm.TeamID, day crm.Day) (report.Digest, bool, error) {
	var rows []digestRow
	if err := d.read(ctx).Where("team_id = ? AND day = ?", int64(team), string(day)).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return report.Digest{}, false, err
	}
	var out report.Digest
	if err := json.Unmarshal([]byte(rows[0].Content), &out); err != nil {
		return out, false, fmt.Errorf("decode digest %d: %w", rows[0].ID, err)
	}
	return out, true, nil
}

func (r reportBindingRow) entity() report.Binding {
	return report.Binding{Platform: r.Platform, Chat: r.Chat, Team: crm.TeamID(r.TeamID), By: crm.UserID(r.UserID), At: at(r.CreatedMs)}
}

// Bindings implements report.Store.
func (d *DB) Bindings(ctx context.Context) ([]report.Binding, error) {
	var rows []reportBindingRow
	if err := d.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]report.Binding, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// BindingOf implements report.Store.
func (d *DB) BindingOf(ctx context.Context, platform, chat string) (report.Binding, bool, error) {
	var rows []reportBindingRow
	if err := d.read(ctx).Where("platform = ? AND chat = ?", platform, chat).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return report.Binding{}, false, err
	}
	return rows[0].entity(), true, nil
}

// Bind implements report.Store.
func (d *DB) Bind(ctx context.Context, b report.Binding) error {
	return d.InTx(ctx, func(ctx context.Context) error {
		set := map[string]any{"team_id": int64(b.Team), "user_id": int64(b.By), "created_ms": ms(b.At)}
		res := d.write(ctx).Model(&reportBindingRow{}).Where("platform = ? AND chat = ?", b.Platform, b.Chat).Updates(set)
		if res.Error != nil || res.RowsAffected > 0 {
			return res.Error
		}
		return d.write(ctx).Create(&reportBindingRow{Platform: b.Platform, Chat: b.Chat, TeamID: int64(b.Team), UserID: int64(b.By), CreatedMs: ms(b.At)}).Error
	})
}

// Unbind implements report.Store.
func (d *DB) Unbind(ctx context.Context, platform, chat string) (bool, error) {
	res := d.write(ctx).Where("platform = ? AND chat = ?", platform, chat).Delete(&reportBindingRow{})
	return res.RowsAffected > 0, res.Error
}
