package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

type accountRow struct {
	ID         int64
	Name       string
	NameKey    string
	Level      string
	Region     string
	Industry   string
	OwnerID    int64
	TeamID     int64
	Uscc       *string // NULL when unknown: the unique index allows many
	ExtNo      *string // NULL when there is none
	ParentName string
	Employees  int64
	Revenue    int64
	Founded    int
	HomePoolID int64
	LeadID     int64
	DealtMs    int64
	OwnedMs    int64
	ActiveMs   int64
	CreatedMs  int64
	UpdatedMs  int64
	Version    int64

	State, Quality                  string
	PooledMs, ClaimableMs, MergedID int64
	LevelNo                         int
}

func (accountRow) TableName() string { return "crm_accounts" }

func accountRowOf(a account.Account) accountRow {
	return accountRow{ID: int64(a.ID), Name: a.Name, NameKey: a.Key, Level: string(a.Level), Region: a.Region, Industry: a.Industry,
		OwnerID: int64(a.Owner), TeamID: int64(a.Team), Uscc: nullable(a.USCC), ExtNo: nullable(a.No), ParentName: a.Parent, Employees: a.Employees, Revenue: int64(a.Revenue),
		Founded: a.Founded, HomePoolID: int64(a.HomePool), LeadID: int64(a.FromLead), DealtMs: ms(a.DealtAt), OwnedMs: ms(a.OwnedAt), ActiveMs: ms(a.ActiveAt), CreatedMs: ms(a.CreatedAt),
		UpdatedMs: ms(a.UpdatedAt), Version: a.Version, State: string(a.State), Quality: a.Quality, PooledMs: ms(a.PooledAt), ClaimableMs: ms(a.ClaimableAt), MergedID: int64(a.Merged),
		LevelNo: a.Level.Order()}
}

func (r accountRow) entity() account.Account {
	return account.Account{ID: crm.AccountID(r.ID), Name: r.Name, Key: r.NameKey, Level: account.Level(r.Level), Region: r.Region, Industry: r.Industry,
		Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID), USCC: deref(r.Uscc), No: deref(r.ExtNo), Parent: r.ParentName, Employees: r.Employees, Revenue: crm.Money(r.Revenue),
		Founded: r.Founded, HomePool: crm.PoolID(r.HomePoolID), FromLead: crm.LeadID(r.LeadID), DealtAt: at(r.DealtMs), OwnedAt: at(r.OwnedMs), ActiveAt: at(r.ActiveMs), CreatedAt: at(r.CreatedMs),
		UpdatedAt: at(r.UpdatedMs), Version: r.Version, State: account.State(r.State), Quality: r.Quality, PooledAt: at(r.PooledMs), ClaimableAt: at(r.ClaimableMs), Merged: crm.AccountID(r.MergedID)}
}

// Account implements account.Store.
func (d *DB) Account(ctx context.Context, id crm.AccountID) (account.Account, error) {
	var r accountRow
	err := d.read(ctx).Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return account.Account{}, crm.NotFound("没有客户 "+id.String(), "there is no account "+id.String())
	}
	return r.entity(), err
}

// Accounts implements account.Store.
func (d *DB) Accounts(ctx context.Context, ids []crm.AccountID) (map[crm.AccountID]account.Account, error) {
	out := make(map[crm.AccountID]account.Account, len(ids))
	return out, accountsWhere(d.read(ctx), "id IN ?", ids, func(r accountRow) { out[crm.AccountID(r.ID)] = r.entity() })
}

// AccountsByKey implements account.Store.
func (d *DB) AccountsByKey(ctx context.Context, keys []string) (map[string]account.Account, error) {
	out := make(map[string]account.Account, len(keys))
	return out, accountsWhere(d.read(ctx), "name_key IN ?", keys, func(r accountRow) { out[r.NameKey] = r.entity() })
}

// AccountsByNo implements account.Store.
func (d *DB) AccountsByNo(ctx context.Context, nos []string) (map[string]account.Account, error) {
	out := make(map[string]account.Account, len(nos))
	if err := accountsWhere(d.read(ctx), "ext_no IN ?", nos, func(r accountRow) { out[deref(r.ExtNo)] = r.entity() }); err != nil {
		return nil, err
	}
	for no, x := range out { // the number of one that was merged means the survivor
		for x.State == account.Merged {
			var err error
			if x, err = d.Account(ctx, x.Merged); err != nil {
				return nil, err
			}
			out[no] = x
		}
	}
	return out, nil
}

func accountsWhere[T any](db *gorm.DB, where string, values []T, each func(accountRow)) error {
	for part := range slices.Chunk(values, 500) {
		var rows []accountRow
		if err := db.Where(where, part).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			each(r)
		}
	}
	return nil
}

// FindAccounts implements account.Store.
func (d *DB) FindAccounts(ctx context.Context, q account.Query) ([]account.Account, int64, error) {
	db := d.read(ctx).Model(&accountRow{})
	if !q.Scope.All && (q.Owner == 0 || q.Owner != q.Scope.User) { // one's own are seen anyway
		db = db.Where("(owner_id = 0 AND home_pool_id IN ?) OR (owner_id <> 0 AND (owner_id = ? OR team_id IN ?))", orNone(q.Scope.Pools), int64(q.Scope.User), orNone(q.Scope.Teams))
	}
	db = db.Where("state IN ?", []string{string(account.Live), string(account.Review)})
	if q.Owner != 0 {
		db = db.Where("owner_id = ?", int64(q.Owner))
	}
	order := "active_ms DESC, id DESC"
	var args []any
	named := q.Name != "" || q.Key != ""
	if named {
		where, terms := termMatch(q)
		if where == "" {
			return nil, 0, nil
		}
		db = db.Where("id IN (SELECT record_id FROM crm_search_terms WHERE kind = 'A' AND ("+where+"))", terms...)
		order = "CASE WHEN name_key = ? THEN 0 WHEN name LIKE ? ESCAPE '!' THEN 1 ELSE 2 END, active_ms DESC, id DESC"
		args = []any{q.Key, likeText(q.Name) + "%"}
	}
	if q.Limit <= 0 {
		q.Limit = 10
	}
	var rows []accountRow
	if err := orderBy(db.Session(&gorm.Session{}).Offset(q.Offset).Limit(q.Limit), order, args...).Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	n := int64(q.Offset + len(rows))
	if !named && (len(rows) == q.Limit || len(rows) == 0 && q.Offset > 0) { // there may be others
		if err := db.Session(&gorm.Session{}).Count(&n).Error; err != nil {
			return nil, 0, err
		}
	}
	out := make([]account.Account, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, n, nil
}

// AddAccounts implements account.Store.
func (d *DB) AddAccounts(ctx context.Context, as []*account.Account) error {
	if len(as) == 0 {
		return nil
	}
	rows := make([]accountRow, len(as))
	for i, a := range as {
		a.Version = 1
		rows[i] = accountRowOf(*a)
	}
	err := d.write(ctx).CreateInBatches(rows, 100).Error
	if duplicate(err) {
		return crm.Conflict("DU-01", "客户已存在(名称、信用代码或编号相同)", "the account exists already (same name, credit code or number)").
			WithNext("先用 /客户 名称 查找", "look it up first with /account NAME")
	}
	if err != nil {
		return err
	}
	terms := make(map[crm.Ref][]string, len(as))
	for i, a := range as {
		a.ID = crm.AccountID(rows[i].ID)
		terms[a.ID.Ref()] = lead.SearchTerms(a.Name, "")
	}
	return d.AddTerms(ctx, terms)
}

// UpdateAccount implements account.Store.
func (d *DB) UpdateAccount(ctx context.Context, a *account.Account) error {
	r := accountRowOf(*a)
	r.Version++
	var before []accountRow
	if err := d.read(ctx).Select("name", "state").Where("id = ?", r.ID).Limit(1).Find(&before).Error; err != nil {
		return err
	}
	res := d.write(ctx).Model(&accountRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", r.ID, a.Version).Updates(&r)
	if duplicate(res.Error) {
		return crm.Conflict("DU-01", "另一个客户已使用这个名称、信用代码或编号", "another account has this name, credit code or number")
	}
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("", "客户 "+a.ID.String()+" 已被别人修改", "account "+a.ID.String()+" was changed by somebody else").WithNext("请重新打开再改", "please open it again")
	}
	a.Version = r.Version
	if len(before) == 1 && before[0].Name == r.Name && before[0].State == r.State {
		return nil
	}
	return d.renameAccount(ctx, *a)
}

// RemoveAccount implements account.Store.
func (d *DB) RemoveAccount(ctx context.Context, id crm.AccountID, version int64) (bool, error) {
	res := d.write(ctx).Where("id = ? AND version = ? AND NOT EXISTS (SELECT 1 FROM crm_deals WHERE account_id = ?)", int64(id), version, int64(id)).Delete(&accountRow{})
	if res.Error != nil || res.RowsAffected == 0 {
		return false, res.Error
	}
	if err := d.dropTerms(ctx, id.Ref()); err != nil {
		return false, err
	}
	return true, d.write(ctx).Where("account_id = ?", int64(id)).Delete(&contactRow{}).Error
}

// TouchAccount implements account.Store.
func (d *DB) TouchAccount(ctx context.Context, id crm.AccountID, when time.Time) error {
	return d.write(ctx).Model(&accountRow{}).Where("id = ? AND active_ms < ?", int64(id), ms(when)).Update("active_ms", ms(when)).Error
}

// DealtAccounts implements account.Store.
func (d *DB) DealtAccounts(ctx context.Context, when map[crm.AccountID]time.Time) error {
	for _, id := range sortedKeys(when) {
		if err := d.write(ctx).Model(&accountRow{}).Where("id = ? AND (dealt_ms = 0 OR dealt_ms > ?)", int64(id), ms(when[id])).Update("dealt_ms", ms(when[id])).Error; err != nil {
			return err
		}
	}
	return nil
}

// UndealAccount implements account.Store. The account's row comes first, as when
// a deal is won: of the two at one moment, the later one sees the other.
func (d *DB) UndealAccount(ctx context.Context, id crm.AccountID, when time.Time) error {
	if _, err := d.LockAccount(ctx, id); err != nil {
		return err
	}
	first, err := d.firstSuccess(ctx, id)
	if err != nil {
		return err
	}
	return d.write(ctx).Model(&accountRow{}).Where("id = ? AND dealt_ms = ?", int64(id), ms(when)).Update("dealt_ms", ms(first)).Error
}

// firstSuccess is when the account's first deal that is won was won or the first
// contract was signed, also one of an account that became part of it; zero: it
// has neither.
func (d *DB) firstSuccess(ctx context.Context, id crm.AccountID) (time.Time, error) {
	parts, err := d.MergedInto(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	parts = append(parts, id)
	first := int64(0)
	for _, q := range []struct{ table, column, where string }{{"crm_deals", "stage_ms", "status = 'won'"}, {"crm_contracts", "signed_ms", "signed_ms > 0"}} {
		db := d.read(ctx).Table(q.table).Where("account_id IN ? AND "+q.where, parts).Order(q.column).Limit(1)
		if d.Dialect == MySQL { // as it is now, not as it was when the transaction began to read
			db = db.Clauses(clause.Locking{Strength: "UPDATE"})
		}
		var times []int64
		if err := db.Pluck(q.column, &times).Error; err != nil {
			return time.Time{}, err
		}
		if len(times) > 0 && (first == 0 || times[0] < first) {
			first = times[0]
		}
	}
	return at(first), nil
}
