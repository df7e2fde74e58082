package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

type poolRow struct {
	ID                            int64
	Name                          string
	Kind                          string
	SortNo                        int
	Users                         string
	Teams                         string
	Regions                       string
	Daily                         int
	Offday                        bool
	Hidden                        string
	Retired                       bool
	Managers                      string
	MovesTo                       int64
	NewHours, RecycleHours, Views int // below zero: those of the settings
	Version                       int64
}

func (poolRow) TableName() string { return "crm_pools" }

// Pools implements pool.Store.
func (d *DB) Pools(ctx context.Context) ([]pool.Pool, error) {
	var rows []poolRow
	if err := d.read(ctx).Order("sort_no, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]pool.Pool, len(rows))
	for i, r := range rows {
		out[i] = pool.Pool{ID: crm.PoolID(r.ID), Name: r.Name, Kind: crm.Kind(r.Kind), Sort: r.SortNo, Users: splitIDs[crm.UserID](r.Users), Teams: splitIDs[crm.TeamID](r.Teams),
			Regions: splitWords(r.Regions), Daily: r.Daily, Offday: r.Offday, Hidden: splitWords(r.Hidden), Retired: r.Retired,
			Managers: splitIDs[crm.UserID](r.Managers), NewHours: override(r.NewHours), RecycleHours: override(r.RecycleHours), Views: override(r.Views), Version: r.Version, MovesTo: crm.PoolID(r.MovesTo)}
	}
	return out, nil
}

// SavePool implements pool.Store.
func (d *DB) SavePool(ctx context.Context, p *pool.Pool) error {
	row := poolRow{ID: int64(p.ID), Name: p.Name, Kind: string(p.Kind), SortNo: p.Sort, Users: joinIDs(p.Users), Teams: joinIDs(p.Teams), Regions: strings.Join(p.Regions, "\n"),
		Daily: p.Daily, Offday: p.Offday, Hidden: strings.Join(p.Hidden, "\n"), Retired: p.Retired, Managers: joinIDs(p.Managers),
		NewHours: overridden(p.NewHours), RecycleHours: overridden(p.RecycleHours), Views: overridden(p.Views), Version: p.Version + 1, MovesTo: int64(p.MovesTo)}
	if row.ID == 0 {
		if err := d.write(ctx).Create(&row).Error; err != nil {
			return err
		}
		p.ID, p.Version = crm.PoolID(row.ID), row.Version
		return nil
	}
	res := d.write(ctx).Model(&poolRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", row.ID, p.Version).Updates(&row)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("P-01", "这个公海刚刚被别人修改", "this pool was changed by somebody else a moment ago").WithNext("请重新打开再改", "please open it again")
	}
	p.Version = row.Version
	return nil
}

// homeOf is where the home pool of a kind stands.
func homeOf(kind crm.Kind) (table, column string) {
	if kind == crm.KindAccount {
		return "crm_accounts", "home_pool_id"
	}
	return "crm_leads", "pool_id"
}

// MoveHome implements pool.Store. The rows come in the order of an index: any
// other order would read and lock the whole pool for each batch.
func (d *DB) MoveHome(ctx context.Context, kind crm.Kind, from, to crm.PoolID, n int) ([]crm.Ref, error) {
	table, column := homeOf(kind)
	order := column + ", owner_id, status, rank_no, id"
	if kind == crm.KindAccount {
		order = column + ", owner_id, id"
	}
	db := d.read(ctx).Table(table).Where(column+" = ?", int64(from)).Order(order).Limit(n)
	if d.Dialect == MySQL {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var ids []int64
	if err := db.Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return nil, err
	}
	slices.Sort(ids)
	out := make([]crm.Ref, len(ids))
	for i, id := range ids {
		out[i] = crm.Ref{Kind: kind, ID: id}
	}
	return out, d.write(ctx).Table(table).Where("id IN ?", ids).Updates(map[string]any{column: int64(to), "version": gorm.Expr("version + 1")}).Error
}

// CountPool implements pool.Store.
func (d *DB) CountPool(ctx context.Context, kind crm.Kind, id crm.PoolID) (pool.Counts, error) {
	table, column := homeOf(kind)
	var n struct{ Waiting, Owned int64 }
	err := d.read(ctx).Table(table).Select("COALESCE(SUM(CASE WHEN owner_id = 0 THEN 1 ELSE 0 END), 0) AS waiting, COALESCE(SUM(CASE WHEN owner_id = 0 THEN 0 ELSE 1 END), 0) AS owned").
		Where(column+" = ?", int64(id)).Scan(&n).Error
	return pool.Counts{Waiting: n.Waiting, Owned: n.Owned}, err
}

func override(n int) pool.Override {
	if n < 0 {
		return pool.Override{}
	}
	return pool.Override{Set: true, Value: n}
}

func overridden(o pool.Override) int {
	if !o.Set {
		return -1
	}
	return o.Value
}

func splitWords(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func splitIDs[T ~int64](s string) []T {
	var out []T
	for _, w := range splitWords(s) {
		if n, err := strconv.ParseInt(w, 10, 64); err == nil {
			out = append(out, T(n))
		}
	}
	return out
}

func joinIDs[T ~int64](ids []T) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(int64(id), 10)
	}
	return strings.Join(words, "\n")
}

// LockQuota implements pool.Store with one statement that makes the row or
// changes it, and so holds its lock in either case.
func (d *DB) LockQuota(ctx context.Context, kind crm.Kind, user crm.UserID) error {
	q := "INSERT INTO crm_claim_quota (user_id, kind, taken) VALUES (?, ?, 1)"
	if d.Dialect == MySQL {
		q += " ON DUPLICATE KEY UPDATE taken = taken + 1"
	} else {
		q += " ON CONFLICT (user_id, kind) DO UPDATE SET taken = taken + 1"
	}
	return d.later(ctx, statement{q, []any{int64(user), string(kind)}})
}

// Standing implements pool.Store.
func (d *DB) Standing(ctx context.Context, kind crm.Kind, user crm.UserID, day crm.Day, dayStart, burstSince time.Time, dealt bool) (pool.Standing, error) {
	var out pool.Standing
	err := d.readTogether(ctx, standing(&out, kind, user, day, dayStart, burstSince, dealt))
	return out, err
}

// Look implements pool.Store.
func (d *DB) Look(ctx context.Context, l *pool.Look) error { return d.readTogether(ctx, look(l)...) }

// LookAhead implements pool.Store.
func (d *DB) LookAhead(ctx context.Context, l *pool.Look) {
	if u := d.unit(ctx); u != nil {
		u.ahead = append(u.ahead, look(l)...)
	}
}

func look(l *pool.Look) []reading {
	l.Done, l.Past = false, nil
	list := []reading{standing(&l.Standing, l.Kind, l.User, l.Day, l.DayStart, l.BurstSince, l.Dealt)}
	if l.Ref.ID != 0 {
		list = append([]reading{entries(&l.Past, "ref = ? LIMIT ?", l.Ref.String(), l.Most)}, list...)
	}
	list[len(list)-1].end = func() { l.Done = true }
	return list
}

func standing(out *pool.Standing, kind crm.Kind, user crm.UserID, day crm.Day, dayStart, burstSince time.Time, dealt bool) reading {
	held, heldArgs := "SELECT COUNT(*) FROM crm_leads WHERE owner_id = ? AND status = ?", []any{int64(user), string(lead.Open)}
	if kind == crm.KindAccount {
		held, heldArgs = "SELECT COUNT(*) FROM crm_accounts WHERE owner_id = ?", []any{int64(user)}
		if !dealt {
			held += " AND dealt_ms = 0"
		}
	}
	const refunds = "SELECT COUNT(*) FROM crm_ownership_ledger WHERE from_user = ? AND kind = ? AND reason = ? AND at_ms >= ? AND quota_day = ? AND refund = ?"
	args := append([]any{string(day), ms(dayStart), ms(burstSince), int64(user), string(kind), string(pool.Release), ms(dayStart), string(day), true}, heldArgs...)
	args = append(args, int64(user), string(kind), string(pool.Claim), min(ms(dayStart), ms(burstSince)))
	return reading{statement{"SELECT COALESCE(SUM(CASE WHEN quota_day = ? AND at_ms >= ? THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN at_ms > ? THEN 1 ELSE 0 END), 0), (" + refunds + "), (" + held + ")" +
		" FROM crm_ownership_ledger WHERE to_user = ? AND kind = ? AND reason = ? AND at_ms >= ?", args},
		func(rows *sql.Rows) error { return rows.Scan(&out.Claims, &out.Burst, &out.Refunds, &out.Held) }, nil}
}

type ledgerRow struct {
	ID           int64
	AtMs         int64
	Ref          string
	Kind         string
	FromUser     int64
	ToUser       int64
	FromTeam     int64
	ToTeam       int64
	PoolID       int64
	Reason       string
	ByUser       int64
	Why          string
	Note         string
	QuotaDay     string
	Refund       bool
	Uncounted    bool
	OverrideRule string
	RuleVersion  int64
}

func (r ledgerRow) entity() pool.Entry {
	ref, err := crm.ParseRef(r.Ref)
	if err != nil {
		ref = crm.Ref{}
	}
	return pool.Entry{ID: r.ID, At: at(r.AtMs), Ref: ref, From: crm.UserID(r.FromUser), To: crm.UserID(r.ToUser), FromTeam: crm.TeamID(r.FromTeam), ToTeam: crm.TeamID(r.ToTeam),
		Pool: crm.PoolID(r.PoolID), Reason: pool.Reason(r.Reason), By: crm.UserID(r.ByUser), Why: r.Why, Note: r.Note, QuotaDay: crm.Day(r.QuotaDay), Refund: r.Refund,
		Uncounted: r.Uncounted, Override: r.OverrideRule, RuleVersion: r.RuleVersion}
}

const ledgerColumns = "at_ms, ref, kind, from_user, to_user, from_team, to_team, pool_id, reason, by_user, why, note, quota_day, refund, uncounted, override_rule, rule_version"

var ledgerFields = append([]string{"id"}, strings.Split(ledgerColumns, ", ")...)

// AddEntries implements pool.Store.
func (d *DB) AddEntries(ctx context.Context, es ...pool.Entry) error {
	rows := insert{table: "crm_ownership_ledger", columns: ledgerColumns}
	for _, e := range es {
		rows.add(ms(e.At), e.Ref.String(), string(e.Ref.Kind), int64(e.From), int64(e.To), int64(e.FromTeam), int64(e.ToTeam), int64(e.Pool), string(e.Reason), int64(e.By),
			e.Why, e.Note, string(e.QuotaDay), e.Refund, e.Uncounted, e.Override, e.RuleVersion)
	}
	return d.later(ctx, rows.statements("")...)
}

// Losses implements pool.Store.
func (d *DB) Losses(ctx context.Context, user crm.UserID, since time.Time, refs ...crm.Ref) ([]pool.Entry, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	args := make([]any, len(refs), len(refs)+2)
	for i, r := range refs {
		args[i] = r.String()
	}
	return d.lastEntries(ctx, len(refs)*100, "ref IN (?"+strings.Repeat(",?", len(refs)-1)+") AND from_user = ? AND at_ms >= ?", append(args, int64(user), ms(since))...)
}

// History implements pool.Store.
func (d *DB) History(ctx context.Context, ref crm.Ref, n int) ([]pool.Entry, error) {
	return d.lastEntries(ctx, n, "ref = ?", ref.String())
}

func (d *DB) lastEntries(ctx context.Context, n int, where string, args ...any) ([]pool.Entry, error) {
	var out []pool.Entry
	err := d.readTogether(ctx, entries(&out, where+" ORDER BY at_ms DESC, id DESC LIMIT ?", append(args, n)...))
	return out, err
}

func entries(out *[]pool.Entry, where string, args ...any) reading {
	var order []int
	return reading{statement{"SELECT * FROM crm_ownership_ledger WHERE " + where, args}, func(rows *sql.Rows) error {
		var r ledgerRow
		if err := scanStar(rows, &order, ledgerFields, []any{&r.ID, &r.AtMs, &r.Ref, &r.Kind, &r.FromUser, &r.ToUser, &r.FromTeam, &r.ToTeam, &r.PoolID, &r.Reason, &r.ByUser, &r.Why, &r.Note, &r.QuotaDay,
			&r.Refund, &r.Uncounted, &r.OverrideRule, &r.RuleVersion}); err != nil {
			return err
		}
		*out = append(*out, r.entity())
		return nil
	}, nil}
}
