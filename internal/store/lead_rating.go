package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// count adds activities of a kind to a lead's key actions. A message over a chat
// is one that the customer answers to; visits and meetings are one sort.
func count(did *lead.Actions, kind string, n int) {
	switch activity.Kind(kind) {
	case activity.KindWeChat:
		did.Messages += n
	case activity.KindCall:
		did.Calls += n
	case activity.KindVisit, activity.KindMeeting:
		did.Meetings += n
	}
}

// actionsOf reads the valid activities of customers since the moment.
func actionsOf(add func(customer, kind string, n int), since time.Time, customers ...any) reading {
	q := "SELECT customer, kind, COUNT(*) FROM crm_activities WHERE customer IN (?" + strings.Repeat(",?", len(customers)-1) + ") AND at_ms > ? AND valid = 1 AND undone_ms = 0 GROUP BY customer, kind"
	return reading{statement{q, append(slices.Clip(customers), ms(since))}, func(rows *sql.Rows) error {
		var customer, kind string
		var n int
		if err := rows.Scan(&customer, &kind, &n); err != nil {
			return err
		}
		add(customer, kind, n)
		return nil
	}, nil}
}

// Scoring implements lead.Ratings.
func (d *DB) Scoring(ctx context.Context, id crm.LeadID, since time.Time) (lead.Lead, lead.Actions, error) {
	where := "id = ?"
	if d.Dialect == MySQL { // a transaction of SQLite is alone
		where += " FOR UPDATE"
	}
	var found []lead.Lead
	var did lead.Actions
	err := d.readTogether(ctx, leadsWhere(&found, where, int64(id)), actionsOf(func(_, kind string, n int) { count(&did, kind, n) }, since, id.String()))
	if err != nil {
		return lead.Lead{}, did, err
	}
	if len(found) == 0 {
		return lead.Lead{}, did, crm.NotFound("没有线索 "+id.String(), "there is no lead "+id.String())
	}
	return found[0], did, nil
}

// rating is the statement that stores a lead's rating where the condition holds.
func rating(l lead.Lead, where string, args ...any) statement {
	r := leadRowOf(&l)
	return statement{"UPDATE crm_leads SET grade = ?, grade_given = ?, score_source = ?, score_complete = ?, score_actions = ?, score_fit = ?, score_decay = ?, rank_no = ?, " +
		"base_grade = ?, low_runs = ?, low_day = ?, given_grade = ?, given_by = ?, given_ms = ?, given_until_ms = ?, given_why = ? WHERE id = ?" + where,
		append([]any{r.Grade, r.GradeGiven, r.ScoreSource, r.ScoreComplete, r.ScoreActions, r.ScoreFit, r.ScoreDecay, r.RankNo,
			r.BaseGrade, r.LowRuns, r.LowDay, r.GivenGrade, r.GivenBy, r.GivenMs, r.GivenUntilMs, r.GivenWhy, r.ID}, args...)}
}

// SaveRating implements lead.Ratings.
func (d *DB) SaveRating(ctx context.Context, l lead.Lead) error { return d.later(ctx, rating(l, "")) }

// EditLead implements lead.Ratings.
func (d *DB) EditLead(ctx context.Context, l lead.Lead, now time.Time) error {
	r := leadRowOf(&l)
	return d.write(ctx).Table("crm_leads").Where("id = ?", r.ID).Updates(map[string]any{"title": r.Title, "phone": r.Phone, "email": r.Email, "uscc": r.Uscc, "city": r.City, "region": r.Region,
		"industry": r.Industry, "company_size": r.CompanySize, "budget": r.Budget, "need": r.Need, "need_ms": r.NeedMs, "updated_ms": ms(now), "version": gorm.Expr("version + 1")}).Error
}

// SetBecame implements lead.Store.
func (d *DB) SetBecame(ctx context.Context, id crm.LeadID, to crm.AccountID, now time.Time) error {
	return d.later(ctx, statement{"UPDATE crm_leads SET account_id = ?, need_ms = CASE WHEN need_ms = 0 THEN ? ELSE need_ms END WHERE id = ?", []any{int64(to), ms(now), int64(id)}})
}

// ScorePage implements lead.Ratings.
func (d *DB) ScorePage(ctx context.Context, after crm.LeadID, since time.Time, n int) ([]lead.Lead, map[crm.LeadID]lead.Actions, error) {
	var list []lead.Lead
	if err := d.readTogether(ctx, leadsWhere(&list, "id > ? AND status IN (?, ?) ORDER BY id LIMIT ?", int64(after), string(lead.Open), string(lead.Review), n)); err != nil {
		return nil, nil, err
	}
	did := map[crm.LeadID]lead.Actions{}
	var busy []any // what nobody worked on has no actions
	for _, l := range list {
		if l.LastValidAt.After(since) {
			busy = append(busy, l.ID.String())
		}
	}
	for part := range slices.Chunk(busy, 500) {
		err := d.readTogether(ctx, actionsOf(func(customer, kind string, n int) {
			if ref, err := crm.ParseRef(customer); err == nil {
				x := did[crm.LeadID(ref.ID)]
				count(&x, kind, n)
				did[crm.LeadID(ref.ID)] = x
			}
		}, since, part...))
		if err != nil {
			return nil, nil, err
		}
	}
	return list, did, nil
}

// SaveRatings implements lead.Ratings. An activity moves the times or the
// points for actions, everything else counts the version.
func (d *DB) SaveRatings(ctx context.Context, ls []lead.Lead) error {
	list := make([]statement, len(ls))
	for i, l := range ls {
		list[i] = rating(l, " AND version = ? AND last_activity_ms = ? AND last_valid_ms = ? AND grade = ?", l.Version, ms(l.LastActivityAt), ms(l.LastValidAt), string(l.Grade))
	}
	return d.later(ctx, list...)
}

const scoreRun = "score"

type leadRunRow struct {
	Name     string `gorm:"primaryKey"`
	Day      string
	AfterID  int64
	Finished bool
}

func (leadRunRow) TableName() string { return "crm_lead_runs" }

// ScoreRun implements lead.Ratings.
func (d *DB) ScoreRun(ctx context.Context) (lead.Run, error) {
	var rows []leadRunRow
	if err := d.read(ctx).Where("name = ?", scoreRun).Find(&rows).Error; err != nil || len(rows) == 0 {
		return lead.Run{}, err
	}
	return lead.Run{Day: crm.Day(rows[0].Day), After: crm.LeadID(rows[0].AfterID), Done: rows[0].Finished}, nil
}

// SaveScoreRun implements lead.Ratings.
func (d *DB) SaveScoreRun(ctx context.Context, r lead.Run) error {
	row := leadRunRow{Name: scoreRun, Day: string(r.Day), AfterID: int64(r.After), Finished: r.Done}
	return d.later(ctx, statement{"UPDATE crm_lead_runs SET day = ?, after_id = ?, finished = ? WHERE name = ?", []any{row.Day, row.AfterID, row.Finished, scoreRun}})
}

// ToJudge implements lead.Ratings.
func (d *DB) ToJudge(ctx context.Context, stage int, before time.Time, n int) ([]lead.Judged, error) {
	// The lock is on a row of its own: a range of leads would keep new ones waiting.
	if d.Dialect == MySQL {
		var names []string
		if err := d.read(ctx).Raw("SELECT name FROM crm_lead_runs WHERE name = ? FOR UPDATE", "judge").Scan(&names).Error; err != nil {
			return nil, err
		}
	}
	q := "SELECT * FROM crm_leads WHERE judged = ? AND created_ms < ? ORDER BY created_ms, id LIMIT ?"
	var out []lead.Judged
	var order []int
	err := d.readTogether(ctx, reading{statement{q, []any{stage, ms(before), n}}, func(rows *sql.Rows) error {
		var r leadRow
		if err := scanStar(rows, &order, leadColumns, r.fields()); err != nil {
			return err
		}
		out = append(out, lead.Judged{Lead: r.entity(), First: lead.Grade(r.FirstGrade)})
		return nil
	}, nil})
	return out, err
}

// SaveJudged implements lead.Ratings.
func (d *DB) SaveJudged(ctx context.Context, list []lead.Judged, stage int) error {
	byGrade := map[string][]any{}
	for _, j := range list {
		byGrade[string(j.First)] = append(byGrade[string(j.First)], int64(j.ID))
	}
	for _, g := range sortedKeys(byGrade) {
		ids := byGrade[g]
		args := append([]any{stage, g}, ids...)
		if err := d.later(ctx, statement{"UPDATE crm_leads SET judged = ?, first_grade = ? WHERE id IN (?" + strings.Repeat(",?", len(ids)-1) + ")", args}); err != nil {
			return err
		}
	}
	return nil
}

// DealDays implements lead.Ratings.
func (d *DB) DealDays(ctx context.Context, ids []crm.AccountID) (map[crm.AccountID][]crm.Day, error) {
	out := map[crm.AccountID][]crm.Day{}
	for part := range slices.Chunk(ids, 500) {
		var rows []struct {
			AccountID int64
			OpenedOn  string
		}
		if err := d.read(ctx).Table("crm_deals").Select("account_id, opened_on").Where("account_id IN ?", part).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[crm.AccountID(r.AccountID)] = append(out[crm.AccountID(r.AccountID)], crm.Day(r.OpenedOn))
		}
	}
	return out, nil
}

type leadOutcomeRow struct {
	MonthOf string `gorm:"primaryKey"`
	Source  string `gorm:"primaryKey"`
	Grade   string `gorm:"primaryKey"`
	Leads   int64
	Reached int64
}

func (leadOutcomeRow) TableName() string { return "crm_lead_outcomes" }

// AddOutcomes implements lead.Ratings.
func (d *DB) AddOutcomes(ctx context.Context, list []lead.Outcome) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b lead.Outcome) int { // one order of locking
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Grade, b.Grade))
	})
	for _, o := range list {
		row := leadOutcomeRow{MonthOf: o.Month, Source: o.Source, Grade: string(o.Grade), Leads: int64(o.Leads), Reached: int64(o.Reached)}
		res := d.write(ctx).Model(&leadOutcomeRow{}).Where("month_of = ? AND source = ? AND grade = ?", row.MonthOf, row.Source, row.Grade).
			Updates(map[string]any{"leads": gorm.Expr("leads + ?", row.Leads), "reached": gorm.Expr("reached + ?", row.Reached)})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			if err := d.write(ctx).Create(&row).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// Outcomes implements lead.Ratings.
func (d *DB) Outcomes(ctx context.Context, from, before string) ([]lead.Outcome, error) {
	db := d.read(ctx).Where("month_of >= ?", from)
	if before != "" {
		db = db.Where("month_of < ?", before)
	}
	var rows []leadOutcomeRow
	if err := db.Order("month_of, source, grade").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]lead.Outcome, len(rows))
	for i, r := range rows {
		out[i] = lead.Outcome{Month: r.MonthOf, Source: r.Source, Grade: lead.Grade(r.Grade), Tally: lead.Tally{Leads: int(r.Leads), Reached: int(r.Reached)}}
	}
	return out, nil
}

type leadChannelRow struct {
	Source string `gorm:"primaryKey"`
	Points int
}

func (leadChannelRow) TableName() string { return "crm_lead_channels" }

// LearnedPoints implements lead.Ratings.
func (d *DB) LearnedPoints(ctx context.Context) (map[string]int, error) {
	var rows []leadChannelRow
	if err := d.read(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.Source] = r.Points
	}
	return out, nil
}

// SaveLearned implements lead.Ratings.
func (d *DB) SaveLearned(ctx context.Context, points map[string]int) error {
	if err := d.write(ctx).Where("1 = 1").Delete(&leadChannelRow{}).Error; err != nil {
		return err
	}
	rows := make([]leadChannelRow, 0, len(points))
	for _, source := range sortedKeys(points) {
		rows = append(rows, leadChannelRow{source, points[source]})
	}
	if len(rows) == 0 {
		return nil
	}
	return d.write(ctx).CreateInBatches(rows, 500).Error
}
