package store

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

type keepRow struct {
	Kind                    string `gorm:"primaryKey"`
	RecordID                int64  `gorm:"primaryKey;autoIncrement:false"`
	OwnerID                 int64
	CheckDay, ReleaseDay    string
	NotBefore, Slip         string
	LockedMs, LockedUntilMs int64
	LockDays                int
	ExtraDays, Extensions   int
	Kept                    int
	AskedMs                 int64
}

func (keepRow) TableName() string { return "crm_keepings" }

func (r keepRow) entity() recycle.Keep {
	return recycle.Keep{Ref: crm.Ref{Kind: crm.Kind(r.Kind), ID: r.RecordID}, Owner: crm.UserID(r.OwnerID), Check: crm.Day(r.CheckDay), Release: crm.Day(r.ReleaseDay),
		NotBefore: crm.Day(r.NotBefore), Slip: recycle.Slip(r.Slip), LockedAt: at(r.LockedMs), LockedUntil: at(r.LockedUntilMs), LockDays: r.LockDays,
		Extra: r.ExtraDays, Extensions: r.Extensions, Kept: r.Kept, AskedAt: at(r.AskedMs)}
}

func keepEntities(rows []keepRow) []recycle.Keep {
	out := make([]recycle.Keep, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out
}

// byKind are the ids of the records by their kind, in order.
func byKind(refs []crm.Ref) map[string][]int64 {
	out := map[string][]int64{}
	for _, r := range refs {
		out[string(r.Kind)] = append(out[string(r.Kind)], r.ID)
	}
	for k := range out {
		slices.Sort(out[k])
		out[k] = slices.Compact(out[k])
	}
	return out
}

// eachKind calls fn with up to 500 ids of one kind at a time.
func eachKind(refs []crm.Ref, fn func(kind string, ids []int64) error) error {
	ids := byKind(refs)
	for _, kind := range sortedKeys(ids) {
		for part := range slices.Chunk(ids[kind], 500) {
			if err := fn(kind, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// inList is "(?,?,?)" for the ids, and they as arguments.
func inList(ids []int64) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return "(?" + strings.Repeat(",?", len(ids)-1) + ")", args
}

// Keeps implements recycle.Store.
func (d *DB) Keeps(ctx context.Context, refs []crm.Ref) (map[crm.Ref]recycle.Keep, error) {
	out := map[crm.Ref]recycle.Keep{}
	return out, eachKind(refs, func(kind string, ids []int64) error {
		var rows []keepRow
		err := d.read(ctx).Where("kind = ? AND record_id IN ?", kind, ids).Find(&rows).Error
		for _, k := range keepEntities(rows) {
			out[k.Ref] = k
		}
		return err
	})
}

// KeepsOf implements recycle.Store.
func (d *DB) KeepsOf(ctx context.Context, kind crm.Kind, owner crm.UserID) (map[crm.Ref]recycle.Keep, error) {
	var rows []keepRow
	err := d.read(ctx).Where("owner_id = ? AND kind = ?", int64(owner), string(kind)).Find(&rows).Error
	out := make(map[crm.Ref]recycle.Keep, len(rows))
	for _, k := range keepEntities(rows) {
		out[k.Ref] = k
	}
	return out, err
}

// KeepsDue implements recycle.Store.
func (d *DB) KeepsDue(ctx context.Context, kind crm.Kind, owner crm.UserID, until crm.Day) ([]recycle.Keep, error) {
	var rows []keepRow
	err := d.read(ctx).Where("owner_id = ? AND kind = ? AND check_day <= ?", int64(owner), string(kind), string(until)).Order("check_day, record_id").Limit(1000).Find(&rows).Error
	return keepEntities(rows), err
}

// BeginKeep implements recycle.Store.
func (d *DB) BeginKeep(ctx context.Context, owner crm.UserID, refs []crm.Ref) error {
	rows := insert{table: "crm_keepings", columns: "kind, record_id, owner_id"}
	for _, kind := range sortedKeys(byKind(refs)) {
		for _, id := range byKind(refs)[kind] {
			rows.add(kind, id, int64(owner))
		}
	}
	fresh := "check_day = '', release_day = '', not_before = '', slip = '', locked_ms = 0, locked_until_ms = 0, lock_days = 0, extra_days = 0, extensions = 0, kept = 0, asked_ms = 0"
	tail := " ON CONFLICT (kind, record_id) DO UPDATE SET owner_id = excluded.owner_id, " + fresh
	if d.Dialect == MySQL {
		tail = " ON DUPLICATE KEY UPDATE owner_id = VALUES(owner_id), " + fresh
	}
	return d.later(ctx, rows.statements(tail)...)
}

// EndKeep implements recycle.Store.
func (d *DB) EndKeep(ctx context.Context, refs []crm.Ref) error {
	return eachKind(refs, func(kind string, ids []int64) error {
		in, args := inList(ids)
		return d.later(ctx, statement{"DELETE FROM crm_keepings WHERE kind = ? AND record_id IN " + in, append([]any{kind}, args...)})
	})
}

// DropKeeps implements recycle.Store.
func (d *DB) DropKeeps(ctx context.Context, keeps []recycle.Keep) error {
	list := make([]statement, len(keeps))
	for i, k := range keeps {
		list[i] = statement{"DELETE FROM crm_keepings WHERE kind = ? AND record_id = ? AND owner_id = ?", []any{string(k.Ref.Kind), k.Ref.ID, int64(k.Owner)}}
	}
	return d.later(ctx, list...)
}

// Nurture implements recycle.Store.
func (d *DB) Nurture(ctx context.Context, ref crm.Ref, back crm.Day) error {
	return d.later(ctx, statement{"DELETE FROM crm_keepings WHERE kind = ? AND record_id = ?", []any{string(ref.Kind), ref.ID}},
		statement{"INSERT INTO crm_keepings (kind, record_id, check_day, release_day) VALUES (?, ?, ?, ?)", []any{string(ref.Kind), ref.ID, string(back), string(back)}})
}

// atOnce is a day to look at a row before all real ones. It is another one each
// time: whoever worked the row out before the change then finds that it is not
// as it was, and leaves it for the next look.
func atOnce() string { return "!" + rand.Text()[:9] }

// Unsettle implements recycle.Store.
func (d *DB) Unsettle(ctx context.Context, refs []crm.Ref) error {
	return eachKind(refs, func(kind string, ids []int64) error {
		in, args := inList(ids)
		return d.later(ctx, statement{"UPDATE crm_keepings SET check_day = ? WHERE owner_id <> 0 AND kind = ? AND record_id IN " + in, append([]any{atOnce(), kind}, args...)})
	})
}

// UnsettleAll implements recycle.Store.
func (d *DB) UnsettleAll(ctx context.Context, after crm.Ref, n int) (crm.Ref, error) {
	list, err := d.AllKeeps(ctx, after, n)
	if err != nil || len(list) == 0 {
		return crm.Ref{}, err
	}
	refs := make([]crm.Ref, len(list))
	for i, k := range list {
		refs[i] = k.Ref
	}
	return refs[len(refs)-1], d.Unsettle(ctx, refs)
}

// SaveDays implements recycle.Store.
func (d *DB) SaveDays(ctx context.Context, now, was []recycle.Keep) error {
	list := make([]statement, len(now))
	for i, k := range now {
		list[i] = statement{"UPDATE crm_keepings SET check_day = ?, release_day = ?, not_before = ?, slip = ? WHERE kind = ? AND record_id = ? AND owner_id = ? AND check_day = ?",
			[]any{string(k.Check), string(k.Release), string(k.NotBefore), string(k.Slip), string(k.Ref.Kind), k.Ref.ID, int64(k.Owner), string(was[i].Check)}}
	}
	return d.later(ctx, list...)
}

// SaveKeep implements recycle.Store.
func (d *DB) SaveKeep(ctx context.Context, k recycle.Keep) error {
	if k.Check == "" {
		k.Check = crm.Day(atOnce())
	}
	return d.later(ctx, statement{"UPDATE crm_keepings SET check_day = ?, release_day = ?, not_before = ?, slip = ?, locked_ms = ?, locked_until_ms = ?, lock_days = ?, extra_days = ?, extensions = ?, kept = ?, asked_ms = ? " +
		"WHERE kind = ? AND record_id = ? AND owner_id = ?", []any{string(k.Check), string(k.Release), string(k.NotBefore), string(k.Slip), ms(k.LockedAt), ms(k.LockedUntil), k.LockDays, k.Extra, k.Extensions, k.Kept, ms(k.AskedAt),
		string(k.Ref.Kind), k.Ref.ID, int64(k.Owner)}})
}

// Due implements recycle.Store.
func (d *DB) Due(ctx context.Context, until crm.Day, after recycle.Cursor, n int) ([]recycle.Keep, error) {
	return d.keepsWhere(ctx, dueKeeps(until, after, n))
}

// AllKeeps implements recycle.Store.
func (d *DB) AllKeeps(ctx context.Context, after crm.Ref, n int) ([]recycle.Keep, error) {
	return d.keepsWhere(ctx, allKeeps(after, n))
}

func (d *DB) keepsWhere(ctx context.Context, q statement) ([]recycle.Keep, error) {
	var rows []keepRow
	err := d.read(ctx).Raw("SELECT * FROM crm_keepings WHERE "+q.query, q.args...).Scan(&rows).Error
	return keepEntities(rows), err
}

// Owned implements recycle.Store.
func (d *DB) Owned(ctx context.Context) (map[crm.UserID]int, error) {
	var rows []struct {
		OwnerID int64
		N       int
	}
	err := d.read(ctx).Model(&keepRow{}).Select("owner_id, COUNT(*) AS n").Where("owner_id <> 0").Group("owner_id").Scan(&rows).Error
	out := make(map[crm.UserID]int, len(rows))
	for _, r := range rows {
		out[crm.UserID(r.OwnerID)] = r.N
	}
	return out, err
}

// Locked implements recycle.Store.
func (d *DB) Locked(ctx context.Context, owner crm.UserID, now time.Time) (int, error) {
	var n int64
	lock := clause.Locking{Strength: "UPDATE"}
	// The person's row first: two who lock different records take turns.
	var id int64
	if err := d.read(ctx).Clauses(lock).Table("crm_users").Select("id").Where("id = ?", int64(owner)).Limit(1).Scan(&id).Error; err != nil {
		return 0, err
	}
	err := d.read(ctx).Clauses(lock).Model(&keepRow{}).Where("owner_id = ? AND locked_until_ms > ?", int64(owner), ms(now)).Count(&n).Error
	return int(n), err
}

type keepLineRow struct {
	ID          int64
	Kind        string
	RecordID    int64
	OwnerID     int64
	ReleaseDay  string
	Step        int
	Day         string
	AtMs        int64
	Card        string
	DeliveredMs int64
	Outcome     int
}

func (keepLineRow) TableName() string { return "crm_keeping_lines" }

func (r keepLineRow) entity() recycle.Line {
	return recycle.Line{ID: r.ID, Ref: crm.Ref{Kind: crm.Kind(r.Kind), ID: r.RecordID}, Owner: crm.UserID(r.OwnerID), Release: crm.Day(r.ReleaseDay), Step: r.Step, Day: crm.Day(r.Day),
		At: at(r.AtMs), Key: r.Card, DeliveredAt: at(r.DeliveredMs), Outcome: recycle.Outcome(r.Outcome)}
}

func lineEntities(rows []keepLineRow) []recycle.Line {
	out := make([]recycle.Line, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out
}

// AddLines implements recycle.Store.
func (d *DB) AddLines(ctx context.Context, ls []recycle.Line) error {
	rows := insert{table: "crm_keeping_lines", columns: "kind, record_id, owner_id, release_day, step, day, at_ms, card"}
	for _, l := range ls {
		rows.add(string(l.Ref.Kind), l.Ref.ID, int64(l.Owner), string(l.Release), l.Step, string(l.Day), ms(l.At), l.Key)
	}
	known := " ON CONFLICT (kind, record_id, owner_id, release_day, step) DO NOTHING"
	if d.Dialect == MySQL {
		known = " ON DUPLICATE KEY UPDATE step = VALUES(step)"
	}
	return d.later(ctx, rows.statements(known)...)
}

// maxAboutOne bounds the warnings about one record that matter: those about its
// present day are the newest.
const maxAboutOne = 30

// LinesAbout implements recycle.Store.
func (d *DB) LinesAbout(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]recycle.Line, error) {
	out := map[crm.Ref][]recycle.Line{}
	return out, eachKind(refs, func(kind string, ids []int64) error {
		var rows []keepLineRow
		if err := d.read(ctx).Where("kind = ? AND record_id IN ?", kind, ids).Order("id DESC").Find(&rows).Error; err != nil {
			return err
		}
		if err := d.delivered(ctx, rows); err != nil {
			return err
		}
		for _, l := range lineEntities(rows) {
			if len(out[l.Ref]) < maxAboutOne {
				out[l.Ref] = append(out[l.Ref], l)
			}
		}
		return nil
	})
}

// delivered adds what the outbox knows about the cards of rows that do not say
// yet when they arrived.
func (d *DB) delivered(ctx context.Context, rows []keepLineRow) error {
	cards := map[string]int64{}
	for _, r := range rows {
		if r.DeliveredMs == 0 && r.Step > 0 {
			cards[r.Card] = 0
		}
	}
	for part := range slices.Chunk(sortedKeys(cards), 500) {
		var done []outboxRow
		if err := d.read(ctx).Select("okey, done_ms").Where("okey IN ? AND state = ?", part, outboxDone).Find(&done).Error; err != nil {
			return err
		}
		for _, r := range done {
			cards[r.Okey] = r.DoneMs
		}
	}
	for i, r := range rows {
		if r.DeliveredMs == 0 {
			rows[i].DeliveredMs = cards[r.Card]
		}
	}
	return nil
}

// LinesOn implements recycle.Store.
func (d *DB) LinesOn(ctx context.Context, card string) ([]recycle.Line, error) {
	var rows []keepLineRow
	err := d.read(ctx).Where("card = ?", card).Order("id").Limit(2000).Find(&rows).Error
	return lineEntities(rows), err
}

// CardsOf implements recycle.Store.
func (d *DB) CardsOf(ctx context.Context, owner crm.UserID, day crm.Day) (int, error) {
	var n int64
	err := d.read(ctx).Model(&outboxRow{}).Where("user_id = ? AND view = ? AND ref LIKE ?", int64(owner), recycle.ViewWarning, string(day)+".%").Count(&n).Error
	return int(n), err
}

// OpenLines implements recycle.Store.
func (d *DB) OpenLines(ctx context.Context, before crm.Day, after int64, n int) ([]recycle.Line, error) {
	var rows []keepLineRow
	err := d.read(ctx).Where("outcome = ? AND id > ? AND step > 0 AND day < ?", int(recycle.Open), after, string(before)).Order("id").Limit(n).Find(&rows).Error
	return lineEntities(rows), err
}

// CloseLine implements recycle.Store.
func (d *DB) CloseLine(ctx context.Context, id int64, o recycle.Outcome) (bool, error) {
	res := d.write(ctx).Model(&keepLineRow{}).Where("id = ? AND outcome = ?", id, int(recycle.Open)).Update("outcome", int(o))
	return res.RowsAffected == 1, res.Error
}

// CloseLines implements recycle.Store.
func (d *DB) CloseLines(ctx context.Context, ref crm.Ref, owner crm.UserID, o recycle.Outcome) error {
	return d.later(ctx, statement{"UPDATE crm_keeping_lines SET outcome = ? WHERE kind = ? AND record_id = ? AND owner_id = ? AND outcome = 0", []any{int(o), string(ref.Kind), ref.ID, int64(owner)}})
}

// NoteDelivered implements recycle.Store.
func (d *DB) NoteDelivered(ctx context.Context, before time.Time, n int) (int, error) {
	var rows []keepLineRow
	// The outbox keeps what it delivered for longer than this looks back.
	since := before.Add(-keepOutbox / 2).UTC().Format(time.DateOnly)
	err := d.read(ctx).Table("crm_keeping_lines AS l").Select("l.id, o.done_ms AS delivered_ms").Joins("JOIN crm_outbox AS o ON o.okey = l.card").
		Where("l.delivered_ms = 0 AND l.day >= ? AND l.step > 0 AND o.state = ?", since, outboxDone).Order("l.day, l.id").Limit(n).Scan(&rows).Error
	if err != nil {
		return 0, err
	}
	list := make([]statement, len(rows))
	for i, r := range rows {
		list[i] = statement{"UPDATE crm_keeping_lines SET delivered_ms = ? WHERE id = ?", []any{r.DeliveredMs, r.ID}}
	}
	return len(rows), d.later(ctx, list...)
}
