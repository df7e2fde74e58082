package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

type leadRow struct {
	ID                                                                          int64
	Company, Contact, Title, Phone, Email, Address                              string
	City, Region, Industry, Source, Need, Budget, Note, Uscc, Campaign          string
	Grade                                                                       string
	GradeGiven                                                                  bool
	ScoreSource, ScoreComplete, ScoreActions, ScoreFit, ScoreDecay              int
	RankNo                                                                      int
	Status, Quality                                                             string
	OwnerID, TeamID, PoolID, CreatedBy                                          int64
	ImportID, ImportRow                                                         int64
	CreatedMs, UpdatedMs, Version                                               int64
	OwnedMs, PooledMs, ClaimableMs, FirstContactMs, LastActivityMs, LastValidMs int64
	CompanySize, BaseGrade, LowDay, GivenGrade, GivenWhy                        string
	LowRuns                                                                     int
	GivenBy, GivenMs, GivenUntilMs, NeedMs, AccountID                           int64
	Judged                                                                      int
	FirstGrade                                                                  string
	MergedID, HandedMs                                                          int64
}

func (leadRow) TableName() string { return "crm_leads" }

func leadRowOf(l *lead.Lead) leadRow {
	return leadRow{ID: int64(l.ID), Company: l.Company, Contact: l.Contact, Title: l.Title, Phone: l.Phone, Email: l.Email, Address: l.Address,
		City: l.City, Region: l.Region, Industry: l.Industry, Source: l.Source, Need: l.Need, Budget: l.Budget, Note: l.Note, Uscc: l.USCC, Campaign: l.Campaign,
		Grade: string(l.Grade), GradeGiven: l.GradeGiven, ScoreSource: l.Score.Source, ScoreComplete: l.Score.Complete, ScoreActions: l.Score.Actions,
		ScoreFit: l.Score.Fit, ScoreDecay: l.Score.Decay, RankNo: lead.Rank(l.Grade, l.Score.Total()), Status: string(l.Status), Quality: l.Quality,
		OwnerID: int64(l.Owner), TeamID: int64(l.Team), PoolID: int64(l.Pool), CreatedBy: int64(l.CreatedBy), ImportID: l.Import, ImportRow: int64(l.ImportRow),
		CreatedMs: ms(l.CreatedAt), UpdatedMs: ms(l.UpdatedAt), Version: l.Version, OwnedMs: ms(l.OwnedAt), PooledMs: ms(l.PooledAt), ClaimableMs: ms(l.ClaimableAt),
		FirstContactMs: ms(l.FirstContactAt), LastActivityMs: ms(l.LastActivityAt), LastValidMs: ms(l.LastValidAt),
		CompanySize: l.Size, BaseGrade: string(l.Standing.Grade), LowRuns: l.Standing.Low, LowDay: string(l.Standing.LowDay), GivenGrade: string(l.Given.Grade), GivenWhy: l.Given.Why,
		GivenBy: int64(l.Given.By), GivenMs: ms(l.Given.At), GivenUntilMs: ms(l.Given.Until), NeedMs: ms(l.NeedAt), AccountID: int64(l.Became), MergedID: int64(l.Merged), HandedMs: ms(l.HandedAt)}
}

func (r leadRow) entity() lead.Lead {
	return lead.Lead{ID: crm.LeadID(r.ID), Info: lead.Info{Company: r.Company, Contact: r.Contact, Title: r.Title, Phone: r.Phone, Email: r.Email, Address: r.Address,
		City: r.City, Region: r.Region, Industry: r.Industry, Source: r.Source, Need: r.Need, Budget: r.Budget, Note: r.Note, USCC: r.Uscc, Size: r.CompanySize, Campaign: r.Campaign},
		Grade: lead.Grade(r.Grade), GradeGiven: r.GradeGiven, Score: lead.Score{Source: r.ScoreSource, Complete: r.ScoreComplete, Actions: r.ScoreActions, Fit: r.ScoreFit, Decay: r.ScoreDecay},
		Status: lead.Status(r.Status), Quality: r.Quality, Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID), Pool: crm.PoolID(r.PoolID), CreatedBy: crm.UserID(r.CreatedBy),
		Import: r.ImportID, ImportRow: int(r.ImportRow), CreatedAt: at(r.CreatedMs), UpdatedAt: at(r.UpdatedMs), Version: r.Version, OwnedAt: at(r.OwnedMs),
		PooledAt: at(r.PooledMs), ClaimableAt: at(r.ClaimableMs), FirstContactAt: at(r.FirstContactMs), LastActivityAt: at(r.LastActivityMs), LastValidAt: at(r.LastValidMs),
		Standing: lead.Standing{Grade: lead.Grade(r.BaseGrade), Low: r.LowRuns, LowDay: crm.Day(r.LowDay)},
		Given:    lead.Given{Grade: lead.Grade(r.GivenGrade), By: crm.UserID(r.GivenBy), At: at(r.GivenMs), Until: at(r.GivenUntilMs), Why: r.GivenWhy},
		NeedAt:   at(r.NeedMs), Became: crm.AccountID(r.AccountID), Merged: crm.LeadID(r.MergedID), HandedAt: at(r.HandedMs)}
}

var leadColumns = strings.Fields("id company contact title phone email address city region industry source need budget note uscc grade grade_given " +
	"score_source score_complete score_actions score_fit score_decay rank_no status quality owner_id team_id pool_id created_by import_id import_row " +
	"created_ms updated_ms version owned_ms pooled_ms claimable_ms first_contact_ms last_activity_ms last_valid_ms " +
	"company_size base_grade low_day given_grade given_why low_runs given_by given_ms given_until_ms need_ms account_id judged first_grade campaign merged_id handed_ms")

// fields are where the columns of leadColumns go.
func (r *leadRow) fields() []any {
	return []any{&r.ID, &r.Company, &r.Contact, &r.Title, &r.Phone, &r.Email, &r.Address, &r.City, &r.Region, &r.Industry, &r.Source, &r.Need, &r.Budget, &r.Note, &r.Uscc, &r.Grade, &r.GradeGiven,
		&r.ScoreSource, &r.ScoreComplete, &r.ScoreActions, &r.ScoreFit, &r.ScoreDecay, &r.RankNo, &r.Status, &r.Quality, &r.OwnerID, &r.TeamID, &r.PoolID, &r.CreatedBy, &r.ImportID, &r.ImportRow,
		&r.CreatedMs, &r.UpdatedMs, &r.Version, &r.OwnedMs, &r.PooledMs, &r.ClaimableMs, &r.FirstContactMs, &r.LastActivityMs, &r.LastValidMs,
		&r.CompanySize, &r.BaseGrade, &r.LowDay, &r.GivenGrade, &r.GivenWhy, &r.LowRuns, &r.GivenBy, &r.GivenMs, &r.GivenUntilMs, &r.NeedMs, &r.AccountID, &r.Judged, &r.FirstGrade, &r.Campaign, &r.MergedID, &r.HandedMs}
}

// leadsWhere are the leads that fit; where may end in an order and a limit.
func leadsWhere(out *[]lead.Lead, where string, args ...any) reading {
	var order []int
	return reading{statement{"SELECT * FROM crm_leads WHERE " + where, args}, func(rows *sql.Rows) error {
		var r leadRow
		if err := scanStar(rows, &order, leadColumns, r.fields()); err != nil {
			return err
		}
		*out = append(*out, r.entity())
		return nil
	}, nil}
}

// Lead implements lead.Store.
func (d *DB) Lead(ctx context.Context, id crm.LeadID) (lead.Lead, error) {
	var found []lead.Lead
	if err := d.readTogether(ctx, leadsWhere(&found, "id = ?", int64(id))); err != nil {
		return lead.Lead{}, err
	}
	if len(found) == 0 {
		return lead.Lead{}, crm.NotFound("没有线索 "+id.String(), "there is no lead "+id.String())
	}
	return found[0], nil
}

// LockLead implements lead.Store.
func (d *DB) LockLead(ctx context.Context, id crm.LeadID) (lead.Lead, error) {
	where := "id = ?"
	if d.Dialect == MySQL { // a transaction of SQLite is alone
		where += " FOR UPDATE"
	}
	var found []lead.Lead
	if err := d.readTogether(ctx, leadsWhere(&found, where, int64(id))); err != nil {
		return lead.Lead{}, err
	}
	if len(found) == 0 {
		return lead.Lead{}, crm.NotFound("没有线索 "+id.String(), "there is no lead "+id.String())
	}
	d.hold(ctx, id.String(), found[0].Version)
	return found[0], nil
}

// LeadsByID implements lead.Store.
func (d *DB) LeadsByID(ctx context.Context, ids ...crm.LeadID) ([]lead.Lead, error) {
	out := make([]lead.Lead, 0, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		var rows []leadRow
		if err := d.read(ctx).Where("id IN ?", chunk).Find(&rows).Error; err != nil {
			return nil, err
		}
		byID := make(map[crm.LeadID]leadRow, len(rows))
		for _, r := range rows {
			byID[crm.LeadID(r.ID)] = r
		}
		for _, id := range chunk {
			if r, ok := byID[id]; ok {
				out = append(out, r.entity())
			}
		}
	}
	return out, nil
}

// InsertLeads implements lead.Store.
func (d *DB) InsertLeads(ctx context.Context, ls []*lead.Lead) error {
	rows := make([]leadRow, len(ls))
	for i, l := range ls {
		rows[i] = leadRowOf(l)
	}
	if err := d.write(ctx).CreateInBatches(rows, 500).Error; err != nil {
		return err
	}
	if len(ls) > 1 && d.Dialect == MySQL {
		return d.readBackIDs(ctx, ls)
	}
	for i, l := range ls {
		l.ID = crm.LeadID(rows[i].ID)
	}
	return nil
}

// readBackIDs reads the ids of an import's new rows: not every database that
// speaks MySQL's protocol gives the rows of one statement consecutive ids.
func (d *DB) readBackIDs(ctx context.Context, ls []*lead.Lead) error {
	byRow := make(map[int64]*lead.Lead, len(ls))
	nos := make([]int64, len(ls))
	for i, l := range ls {
		if l.Import == 0 || l.Import != ls[0].Import || byRow[int64(l.ImportRow)] != nil {
			return fmt.Errorf("several leads at once need one import and a row number each")
		}
		nos[i] = int64(l.ImportRow)
		byRow[nos[i]] = l
	}
	var rows []leadRow
	if err := d.write(ctx).Select("id, import_row").Where("import_id = ? AND import_row IN ?", ls[0].Import, nos).Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) != len(ls) {
		return fmt.Errorf("inserted %d leads, found %d", len(ls), len(rows))
	}
	for _, r := range rows {
		byRow[r.ImportRow].ID = crm.LeadID(r.ID)
	}
	return nil
}

// MoveLead implements lead.Store.
func (d *DB) MoveLead(ctx context.Context, l lead.Lead, s pool.Stamp, next lead.Status, quality string) (bool, error) {
	set, args := "owner_id = ?, team_id = ?, updated_ms = ?, owned_ms = ?, version = version + 1", []any{int64(s.Owner), int64(s.Team), ms(s.At), ms(s.At)}
	also := func(column string, value any, differs bool) {
		if differs {
			set += ", " + column + " = ?"
			args = append(args, value)
		}
	}
	if s.Owner == 0 {
		args[3] = 0
		also("pooled_ms", ms(s.At), true)
		also("claimable_ms", ms(s.Claimable), true)
	}
	also("handed_ms", ms(s.At), s.Handed)
	also("pool_id", int64(s.Pool), s.Pool != l.Pool)
	also("status", string(next), next != l.Status)
	also("quality", quality, quality != l.Quality)
	move := statement{"UPDATE crm_leads SET " + set + " WHERE id = ? AND owner_id = ? AND version = ?", append(args, int64(l.ID), int64(l.Owner), l.Version)}
	if d.holds(ctx, l.ID.String(), l.Version) {
		return true, d.later(ctx, move)
	}
	res := d.write(ctx).Exec(move.query, move.args...)
	return res.RowsAffected == 1, res.Error
}

// SetStatus implements lead.Store.
func (d *DB) SetStatus(ctx context.Context, l lead.Lead, next lead.Status, quality string, now time.Time) (bool, error) {
	res := d.write(ctx).Table("crm_leads").Where("id = ? AND version = ?", int64(l.ID), l.Version).
		Updates(map[string]any{"status": string(next), "quality": quality, "updated_ms": ms(now), "version": gorm.Expr("version + 1")})
	return res.RowsAffected == 1, res.Error
}

// TouchLead implements lead.Store.
func (d *DB) TouchLead(ctx context.Context, id crm.LeadID, at time.Time, valid bool) (bool, error) {
	t := ms(at)
	set, args := "last_activity_ms = CASE WHEN last_activity_ms > ? THEN last_activity_ms ELSE ? END", []any{t, t}
	if valid {
		set += ", last_valid_ms = CASE WHEN last_valid_ms > ? THEN last_valid_ms ELSE ? END"
		args = append(args, t, t)
		// The first contact comes first: who made it has the row, and the times follow
		// without a wait.
		res := d.write(ctx).Exec("UPDATE crm_leads SET first_contact_ms = ? WHERE id = ? AND first_contact_ms = 0 AND status <> ?", t, int64(id), string(lead.Merged))
		if res.Error != nil {
			return false, res.Error
		}
		if res.RowsAffected == 1 {
			return true, d.later(ctx, statement{"UPDATE crm_leads SET " + set + " WHERE id = ?", append(args, int64(id))})
		}
	}
	res := d.write(ctx).Exec("UPDATE crm_leads SET "+set+" WHERE id = ? AND status <> ?", append(args, int64(id), string(lead.Merged))...)
	if res.Error != nil {
		return false, res.Error
	}
	if res.RowsAffected == 0 {
		return false, crm.NotFound("没有线索 "+id.String(), "there is no lead "+id.String())
	}
	return false, nil
}

// ResetTouch implements lead.Store.
func (d *DB) ResetTouch(ctx context.Context, id crm.LeadID, first, last, lastValid time.Time) error {
	return d.write(ctx).Table("crm_leads").Where("id = ?", int64(id)).
		Updates(map[string]any{"first_contact_ms": ms(first), "last_activity_ms": ms(last), "last_valid_ms": ms(lastValid)}).Error
}

// OwnLeads implements lead.Store.
func (d *DB) OwnLeads(ctx context.Context, owner crm.UserID, n int) ([]lead.Lead, error) {
	var out []lead.Lead
	q := ownLeads(owner, n)
	err := d.readTogether(ctx, leadsWhere(&out, q.query, q.args...))
	return out, err
}

// lastRune is behind every character that a term can have: a term begins with
// the text when it lies between the text and the text with lastRune added.
const lastRune = "\U0010ffff"

// SearchLeads implements lead.Store.
func (d *DB) SearchLeads(ctx context.Context, text string, v lead.View, n int) ([]lead.Lead, error) {
	hits := func(limit int, where string, args ...any) ([]crm.LeadID, error) {
		var ids []crm.LeadID
		err := d.read(ctx).Table("crm_search_terms AS t").Joins("JOIN crm_leads AS l ON l.id = t.record_id").Distinct("l.id").
			Where("t.kind = ? AND t.term >= ? AND t.term < ? AND l.status NOT IN ?", string(crm.KindLead), text, text+lastRune, []string{string(lead.Invalid), string(lead.Merged)}).
			Where(where, args...).Order("l.id DESC").Limit(limit).Pluck("l.id", &ids).Error
		return ids, err
	}
	// Own leads first: of a word that thousands share they are the ones meant.
	ids, err := hits(n, "l.owner_id = ? AND l.owner_id <> 0", int64(v.User))
	if err != nil {
		return nil, err
	}
	if len(ids) < n {
		where, args := "1 = 1", []any{}
		if !v.All {
			where, args = "(l.owner_id <> 0 AND l.team_id IN ?) OR (l.owner_id = 0 AND l.pool_id IN ?)", []any{orNone(v.Teams), orNone(v.Pools)}
		}
		more, err := hits(n, where, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range more {
			if len(ids) < n && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return d.LeadsByID(ctx, ids...)
}

// orNone is the list, or one with an id that no row has: an empty list is no
// valid SQL.
func orNone[T ~int64](ids []T) []T {
	if len(ids) == 0 {
		return []T{-1}
	}
	return ids
}

const untouchedLead = "version = 1 AND last_activity_ms = 0"

// ImportedLeads implements lead.Store.
func (d *DB) ImportedLeads(ctx context.Context, importID int64, untouched bool, afterRow, n int) ([]lead.Imported, error) {
	db := d.read(ctx).Select("id, import_row").Where("import_id = ? AND import_row > ?", importID, afterRow)
	if untouched {
		db = db.Where(untouchedLead)
	}
	var rows []leadRow
	err := db.Order("import_row").Limit(n).Find(&rows).Error
	out := make([]lead.Imported, len(rows))
	for i, r := range rows {
		out[i] = lead.Imported{ID: crm.LeadID(r.ID), Row: int(r.ImportRow)}
	}
	return out, err
}

// DeleteUntouched implements lead.Store.
func (d *DB) DeleteUntouched(ctx context.Context, importID int64, ids []crm.LeadID) ([]crm.LeadID, error) {
	if err := d.write(ctx).Where("import_id = ? AND id IN ? AND "+untouchedLead, importID, ids).Delete(&leadRow{}).Error; err != nil {
		return nil, err
	}
	left, err := d.LeadsByID(ctx, ids...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id crm.LeadID) bool {
		return slices.ContainsFunc(left, func(l lead.Lead) bool { return l.ID == id })
	}), nil
}

type collaboratorRow struct {
	Ref       string `gorm:"primaryKey"`
	UserID    int64  `gorm:"primaryKey;autoIncrement:false"`
	State     string
	ByUser    int64
	AskedMs   int64
	ExpiresMs int64
}

func (collaboratorRow) TableName() string { return "crm_collaborators" }

func (r collaboratorRow) entity(ref crm.Ref) lead.Collaboration {
	return lead.Collaboration{Ref: ref, User: crm.UserID(r.UserID), State: r.State, By: crm.UserID(r.ByUser), AskedAt: at(r.AskedMs), ExpiresAt: at(r.ExpiresMs)}
}

// Collaboration implements lead.Store.
func (d *DB) Collaboration(ctx context.Context, ref crm.Ref, user crm.UserID) (lead.Collaboration, error) {
	var rows []collaboratorRow
	if err := d.read(ctx).Where("ref = ? AND user_id = ?", ref.String(), int64(user)).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return lead.Collaboration{Ref: ref, User: user}, err
	}
	return rows[0].entity(ref), nil
}

// LockCollaborations implements lead.Store.
func (d *DB) LockCollaborations(ctx context.Context, ref crm.Ref) ([]lead.Collaboration, error) {
	db := d.read(ctx)
	if d.Dialect == MySQL { // a plain read would show the snapshot of the transaction's first one
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var rows []collaboratorRow
	if err := db.Where("ref = ? AND state IN ?", ref.String(), []string{lead.CollabAsked, lead.CollabAccepted}).Order("user_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]lead.Collaboration, len(rows))
	for i, r := range rows {
		out[i] = r.entity(ref)
	}
	return out, nil
}

// SaveCollaboration implements lead.Store.
func (d *DB) SaveCollaboration(ctx context.Context, c lead.Collaboration) error {
	row := collaboratorRow{Ref: c.Ref.String(), UserID: int64(c.User), State: c.State, ByUser: int64(c.By), AskedMs: ms(c.AskedAt), ExpiresMs: ms(c.ExpiresAt)}
	res := d.write(ctx).Model(&collaboratorRow{}).Where("ref = ? AND user_id = ?", row.Ref, row.UserID).
		Updates(map[string]any{"state": row.State, "by_user": row.ByUser, "asked_ms": row.AskedMs, "expires_ms": row.ExpiresMs})
	if res.Error != nil || res.RowsAffected > 0 {
		return res.Error
	}
	return d.write(ctx).Create(&row).Error
}
