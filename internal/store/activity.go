package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/activity"
	"crmbot/internal/crm"
)

type activityRow struct {
	ID           int64
	Kind         string
	Subject      string
	Customer     string
	ContactID    int64
	Met          string
	UserID       int64
	TeamID       int64
	AtMs         int64
	Day          string
	Seconds      int64
	Result       string
	Note         string
	Amount       int64
	Photos       int
	Valid        bool
	Qualified    bool
	Weight       int
	Missing      string
	FirstContact bool
	PrevActiveMs int64
	CreatedMs    int64
	UndoneMs     int64
	Version      int64
}

func (activityRow) TableName() string { return "crm_activities" }

type activityPersonRow struct {
	ActivityID int64 `gorm:"primaryKey"`
	UserID     int64 `gorm:"primaryKey"`
	TeamID     int64
	Seq        int
	Customer   string
	Day        string
	Credited   bool
	PlanID     int64
	Counted    bool
}

func (activityPersonRow) TableName() string { return "crm_activity_people" }

type visitCreditRow struct {
	UserID     int64  `gorm:"primaryKey"`
	Customer   string `gorm:"primaryKey"`
	Day        string `gorm:"primaryKey"`
	ActivityID int64
}

func (visitCreditRow) TableName() string { return "crm_visit_credits" }

func activityRowOf(a activity.Activity) activityRow {
	missing := make([]string, len(a.Missing))
	for i, m := range a.Missing {
		missing[i] = string(m)
	}
	return activityRow{ID: int64(a.ID), Kind: string(a.Kind), Subject: a.Subject.String(), Customer: a.Customer.String(), ContactID: int64(a.Contact), Met: a.Met,
		UserID: int64(a.User), TeamID: int64(a.Team), AtMs: ms(a.At), Day: string(a.Day), Seconds: int64(a.Duration.Seconds()), Result: string(a.Result), Note: a.Note,
		Amount: int64(a.Amount), Photos: a.Photos, Valid: a.Valid, Qualified: a.Qualified, Weight: a.Weight, Missing: strings.Join(missing, ","), FirstContact: a.First,
		PrevActiveMs: ms(a.PrevActive), CreatedMs: ms(a.CreatedAt), UndoneMs: ms(a.UndoneAt), Version: a.Version}
}

func (r activityRow) entity() activity.Activity {
	a := activity.Activity{ID: crm.ActivityID(r.ID), Kind: activity.Kind(r.Kind), Subject: storedRef(r.Subject), Customer: storedRef(r.Customer), Contact: crm.ContactID(r.ContactID),
		Met: r.Met, User: crm.UserID(r.UserID), Team: crm.TeamID(r.TeamID), At: at(r.AtMs), Day: crm.Day(r.Day), Duration: time.Duration(r.Seconds) * time.Second,
		Result: activity.Result(r.Result), Note: r.Note, Amount: crm.Money(r.Amount), Photos: r.Photos, Valid: r.Valid, Qualified: r.Qualified, Weight: r.Weight, First: r.FirstContact,
		PrevActive: at(r.PrevActiveMs), CreatedAt: at(r.CreatedMs), UndoneAt: at(r.UndoneMs), Version: r.Version}
	for _, m := range strings.Split(r.Missing, ",") {
		if m != "" {
			a.Missing = append(a.Missing, activity.Reason(m))
		}
	}
	return a
}

// storedRef reads a code that this program wrote.
func storedRef(s string) crm.Ref {
	r, err := crm.ParseRef(s)
	if err != nil {
		return crm.Ref{}
	}
	return r
}

// AddActivity implements activity.Store.
func (d *DB) AddActivity(ctx context.Context, a *activity.Activity) error {
	a.Version = 1
	r := activityRowOf(*a)
	if err := d.write(ctx).Create(&r).Error; err != nil {
		return err
	}
	a.ID = crm.ActivityID(r.ID)
	d.hold(ctx, a.ID.String(), a.Version)
	people := insert{table: "crm_activity_people", columns: "activity_id, user_id, team_id, seq, customer, day, credited, plan_id, counted"}
	for i := range a.People {
		p := activityPerson(*a, i)
		people.add(p.ActivityID, p.UserID, p.TeamID, p.Seq, p.Customer, p.Day, p.Credited, p.PlanID, p.Counted)
	}
	return d.later(ctx, people.statements("")...)
}

func activityPerson(a activity.Activity, i int) activityPersonRow {
	p := a.People[i]
	return activityPersonRow{ActivityID: int64(a.ID), UserID: int64(p.User), TeamID: int64(p.Team), Seq: i, Customer: a.Customer.String(), Day: string(a.Day),
		Credited: p.Credited, PlanID: int64(p.Plan), Counted: p.Counted}
}

// SaveActivity implements activity.Store.
func (d *DB) SaveActivity(ctx context.Context, a *activity.Activity) error {
	r := activityRowOf(*a)
	save := statement{"UPDATE crm_activities SET result = ?, photos = ?, valid = ?, qualified = ?, weight = ?, missing = ?, first_contact = ?, prev_active_ms = ?, undone_ms = ?, version = ? WHERE id = ? AND version = ?",
		[]any{r.Result, r.Photos, r.Valid, r.Qualified, r.Weight, r.Missing, r.FirstContact, r.PrevActiveMs, r.UndoneMs, a.Version + 1, r.ID, a.Version}}
	if d.holds(ctx, a.ID.String(), a.Version) {
		if err := d.later(ctx, save); err != nil {
			return err
		}
	} else {
		res := d.write(ctx).Exec(save.query, save.args...)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return crm.Stale("", "记录 "+a.ID.String()+" 刚被改动", "activity "+a.ID.String()+" was changed a moment ago").WithNext("请再试一次", "please try again")
		}
	}
	a.Version++
	d.hold(ctx, a.ID.String(), a.Version)
	people := make([]statement, len(a.People))
	for i := range a.People {
		p := activityPerson(*a, i)
		people[i] = statement{"UPDATE crm_activity_people SET credited = ?, plan_id = ?, counted = ? WHERE activity_id = ? AND user_id = ?", []any{p.Credited, p.PlanID, p.Counted, p.ActivityID, p.UserID}}
	}
	return d.later(ctx, people...)
}

// Activity implements activity.Store.
func (d *DB) Activity(ctx context.Context, id crm.ActivityID) (activity.Activity, error) {
	var rows []activityRow
	if err := d.read(ctx).Where("id = ?", int64(id)).Find(&rows).Error; err != nil {
		return activity.Activity{}, err
	}
	list, err := d.withPeople(ctx, rows)
	if err != nil {
		return activity.Activity{}, err
	}
	if len(list) == 0 {
		return activity.Activity{}, crm.NotFound("没有记录 "+id.String(), "there is no activity "+id.String())
	}
	return list[0], nil
}

// withPeople completes activities with who was there and their next steps, with
// one query each.
func (d *DB) withPeople(ctx context.Context, rows []activityRow) ([]activity.Activity, error) {
	out := make([]activity.Activity, len(rows))
	ids := make([]int64, len(rows))
	index := map[int64]int{}
	for i, r := range rows {
		out[i], ids[i], index[r.ID] = r.entity(), r.ID, i
	}
	for part := range slices.Chunk(ids, 500) {
		var people []activityPersonRow
		if err := d.read(ctx).Where("activity_id IN ?", part).Order("activity_id, seq").Find(&people).Error; err != nil {
			return nil, err
		}
		for _, p := range people {
			a := &out[index[p.ActivityID]]
			a.People = append(a.People, activity.Present{User: crm.UserID(p.UserID), Team: crm.TeamID(p.TeamID), Credited: p.Credited, Plan: activity.PlanID(p.PlanID), Counted: p.Counted})
		}
		var steps []stepRow
		if err := d.read(ctx).Where("activity_id IN ?", part).Find(&steps).Error; err != nil {
			return nil, err
		}
		for _, s := range steps {
			st := s.entity()
			out[index[s.ActivityID]].Step = &st
		}
	}
	return out, nil
}

func (d *DB) activitiesWhere(ctx context.Context, db *gorm.DB) ([]activity.Activity, error) {
	var rows []activityRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return d.withPeople(ctx, rows)
}

// ActivitiesOn implements activity.Store.
func (d *DB) ActivitiesOn(ctx context.Context, ref crm.Ref, n int) ([]activity.Activity, error) {
	return d.activitiesWhere(ctx, d.read(ctx).Where("(customer = ? OR subject = ?) AND undone_ms = 0", ref.String(), ref.String()).Order("at_ms DESC, id DESC").Limit(n))
}

// ActivitiesOf implements activity.Store.
func (d *DB) ActivitiesOf(ctx context.Context, users []crm.UserID, day crm.Day) ([]activity.Activity, error) {
	var out []activity.Activity
	seen := map[crm.ActivityID]bool{}
	for part := range slices.Chunk(users, 500) {
		list, err := d.activitiesWhere(ctx, d.read(ctx).Where("undone_ms = 0 AND id IN (SELECT activity_id FROM crm_activity_people WHERE user_id IN ? AND day = ?)", part, string(day)))
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if !seen[a.ID] {
				seen[a.ID] = true
				out = append(out, a)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y activity.Activity) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return int(x.ID - y.ID)
	})
	return out, nil
}

// RecentNotes implements activity.Store.
func (d *DB) RecentNotes(ctx context.Context, user crm.UserID, subject crm.Ref, before crm.ActivityID, n int) ([]string, error) {
	db := d.read(ctx).Model(&activityRow{}).Select("note").Where("subject = ? AND user_id = ? AND undone_ms = 0", subject.String(), int64(user))
	if before != 0 {
		db = db.Where("id < ?", int64(before))
	}
	var out []string
	return out, db.Order("at_ms DESC, id DESC").Limit(n).Find(&out).Error
}

// RecentCustomers implements activity.Store.
func (d *DB) RecentCustomers(ctx context.Context, user crm.UserID, n int) ([]crm.Ref, error) {
	var subjects []string
	// A few more rows than asked for, because most people log on the same records
	// again and again.
	if err := d.read(ctx).Model(&activityRow{}).Select("subject").Where("user_id = ? AND undone_ms = 0", int64(user)).Order("at_ms DESC").Limit(10 * n).Find(&subjects).Error; err != nil {
		return nil, err
	}
	var out []crm.Ref
	for _, s := range subjects {
		if r := storedRef(s); len(out) < n && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// VisitsAt implements activity.Store.
func (d *DB) VisitsAt(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day) ([]activity.Activity, error) {
	return d.activitiesWhere(ctx, d.read(ctx).Where("kind = ? AND undone_ms = 0 AND qualified = ? AND id IN (SELECT activity_id FROM crm_activity_people WHERE user_id = ? AND day = ? AND customer = ?)",
		string(activity.KindVisit), true, int64(user), string(day), customer.String()).Order("at_ms, id"))
}

// VisitsSince implements activity.Store.
func (d *DB) VisitsSince(ctx context.Context, user crm.UserID, since time.Time, n int) ([]activity.Activity, error) {
	return d.activitiesWhere(ctx, d.read(ctx).Where("user_id = ? AND kind = ? AND undone_ms = 0 AND created_ms >= ?", int64(user), string(activity.KindVisit), ms(since)).Order("id DESC").Limit(n))
}

// ClocksOf implements activity.Store.
func (d *DB) ClocksOf(ctx context.Context, customer crm.Ref) (activity.Clocks, error) {
	// Each is the end of an index range, which every database reads as one row.
	one := func(order string, valid bool) (activityRow, error) {
		db := d.read(ctx).Where("customer = ? AND undone_ms = 0", customer.String())
		if valid {
			db = db.Where("valid = ?", true)
		}
		var rows []activityRow
		if err := db.Order(order).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
			return activityRow{}, err
		}
		return rows[0], nil
	}
	first, err := one("at_ms, id", true)
	if err != nil {
		return activity.Clocks{}, err
	}
	last, err := one("at_ms DESC, id DESC", false)
	if err != nil {
		return activity.Clocks{}, err
	}
	valid, err := one("at_ms DESC, id DESC", true)
	return activity.Clocks{FirstValid: at(first.AtMs), Last: at(last.AtMs), LastValid: at(valid.AtMs), Before: at(valid.PrevActiveMs)}, err
}

// FirstValidOn implements activity.Store.
func (d *DB) FirstValidOn(ctx context.Context, customer crm.Ref) (activity.Activity, bool, error) {
	list, err := d.activitiesWhere(ctx, d.read(ctx).Where("customer = ? AND undone_ms = 0 AND valid = ?", customer.String(), true).Order("at_ms, id").Limit(1))
	if err != nil || len(list) == 0 {
		return activity.Activity{}, false, err
	}
	return list[0], true, nil
}

// TakeCredit implements activity.Store.
func (d *DB) TakeCredit(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day, id crm.ActivityID) (bool, error) {
	err := d.write(ctx).Exec("INSERT INTO crm_visit_credits (user_id, customer, day, activity_id) VALUES (?,?,?,?)", int64(user), customer.String(), string(day), int64(id)).Error
	if duplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// DropCredit implements activity.Store.
func (d *DB) DropCredit(ctx context.Context, user crm.UserID, customer crm.Ref, day crm.Day, id crm.ActivityID) error {
	return d.write(ctx).Where("user_id = ? AND customer = ? AND day = ? AND activity_id = ?", int64(user), customer.String(), string(day), int64(id)).Delete(&visitCreditRow{}).Error
}

// AccountActive implements activity.Store.
func (d *DB) AccountActive(ctx context.Context, id crm.AccountID) (time.Time, error) {
	var r []accountRow
	if err := d.read(ctx).Select("active_ms").Where("id = ?", int64(id)).Find(&r).Error; err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return at(r[0].ActiveMs), nil
}

// ContactLast implements activity.Store.
func (d *DB) ContactLast(ctx context.Context, id crm.ContactID) (time.Time, error) {
	var r []activityRow
	if err := d.read(ctx).Select("at_ms").Where("contact_id = ? AND undone_ms = 0 AND valid = ?", int64(id), true).Order("at_ms DESC").Limit(1).Find(&r).Error; err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return at(r[0].AtMs), nil
}

// ResetActive implements activity.Store.
func (d *DB) ResetActive(ctx context.Context, ref crm.Ref, from, to time.Time) error {
	db := d.write(ctx).Where("id = ? AND active_ms = ?", ref.ID, ms(from))
	switch ref.Kind {
	case crm.KindAccount:
		return db.Model(&accountRow{}).Update("active_ms", ms(to)).Error
	case crm.KindContact:
		return db.Model(&contactRow{}).Update("active_ms", ms(to)).Error
	}
	return nil
}

// RecordNames implements activity.Store.
func (d *DB) RecordNames(ctx context.Context, refs []crm.Ref) (map[crm.Ref]string, error) {
	out := map[crm.Ref]string{}
	byKind := map[crm.Kind][]int64{}
	for _, r := range refs {
		if !slices.Contains(byKind[r.Kind], r.ID) {
			byKind[r.Kind] = append(byKind[r.Kind], r.ID)
		}
	}
	for kind, q := range map[crm.Kind]string{
		crm.KindLead:    "SELECT id, company AS name, contact AS other FROM crm_leads WHERE id IN ?",
		crm.KindAccount: "SELECT id, name, '' AS other FROM crm_accounts WHERE id IN ?",
		crm.KindDeal:    "SELECT id, title AS name, '' AS other FROM crm_deals WHERE id IN ?",
	} {
		for part := range slices.Chunk(byKind[kind], 500) {
			var rows []struct {
				ID          int64
				Name, Other string
			}
			if err := d.read(ctx).Raw(q, part).Scan(&rows).Error; err != nil {
				return nil, err
			}
			for _, r := range rows {
				ref := crm.Ref{Kind: kind, ID: r.ID}
				switch {
				case r.Name != "":
					out[ref] = r.Name
				case r.Other != "":
					out[ref] = r.Other
				default:
					out[ref] = ref.String()
				}
			}
		}
	}
	return out, nil
}
