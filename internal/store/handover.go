package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/handover"
)

type handoverRow struct {
	ID, UserID                             int64
	OpenUser                               *int64 // NULL once it ended: a person has one open hand-over
	ManagerID, TeamID                      int64
	State                                  string
	AskMs, AskedMs, CreatedMs, DoneMs, Rev int64
}

func (handoverRow) TableName() string { return "crm_handovers" }

func handoverRowOf(h handover.Handover) handoverRow {
	r := handoverRow{ID: h.ID, UserID: int64(h.User), ManagerID: int64(h.Manager), TeamID: int64(h.Team), State: string(h.State), AskMs: ms(h.AskAt), AskedMs: ms(h.AskedAt), CreatedMs: ms(h.CreatedAt), DoneMs: ms(h.DoneAt), Rev: h.Rev}
	if h.State == handover.Open {
		r.OpenUser = &r.UserID
	}
	return r
}

func (r handoverRow) entity() handover.Handover {
	return handover.Handover{ID: r.ID, User: crm.UserID(r.UserID), Manager: crm.UserID(r.ManagerID), Team: crm.TeamID(r.TeamID), State: handover.State(r.State), AskAt: at(r.AskMs), AskedAt: at(r.AskedMs), CreatedAt: at(r.CreatedMs), DoneAt: at(r.DoneMs), Rev: r.Rev}
}

type handoverItemRow struct {
	HandoverID           int64  `gorm:"primaryKey;autoIncrement:false"`
	Ref                  string `gorm:"primaryKey"`
	Seq                  int
	Title, Region, Grade string
	OpenAmount, ToUser   int64
	State, Reason        string
	MovedMs              int64
	Judged               bool
	Rev                  int64 // changes with every change, so that one is counted even where nothing differs
}

func (handoverItemRow) TableName() string { return "crm_handover_items" }

func (r handoverItemRow) entity() (handover.Item, error) {
	ref, err := crm.ParseRef(r.Ref)
	return handover.Item{Handover: r.HandoverID, Record: handover.Record{Ref: ref, Title: r.Title, Region: r.Region, Grade: r.Grade, Open: crm.Money(r.OpenAmount)}, To: crm.UserID(r.ToUser),
		State: handover.ItemState(r.State), Reason: r.Reason, MovedAt: at(r.MovedMs), Judged: r.Judged}, err
}

func handoverItems(rows []handoverItemRow) ([]handover.Item, error) {
	out := make([]handover.Item, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.entity(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OwnersAmong implements handover.Store.
func (d *DB) OwnersAmong(ctx context.Context, users []crm.UserID) ([]crm.UserID, error) {
	owns := map[crm.UserID]bool{}
	for chunk := range slices.Chunk(users, 500) {
		for _, q := range []string{"SELECT DISTINCT owner_id FROM crm_leads WHERE owner_id IN ? AND status = 'open'", "SELECT DISTINCT owner_id FROM crm_accounts WHERE owner_id IN ? AND state = '" + string(account.Live) + "'", "SELECT DISTINCT owner_id FROM crm_deals WHERE owner_id IN ? AND status = 'open'"} {
			var ids []crm.UserID
			if err := d.read(ctx).Raw(q, chunk).Scan(&ids).Error; err != nil {
				return nil, err
			}
			for _, id := range ids {
				owns[id] = true
			}
		}
	}
	return sortedKeys(owns), nil
}

// OwnedRecords implements handover.Store.
func (d *DB) OwnedRecords(ctx context.Context, user crm.UserID, n int) ([]handover.Record, error) {
	var out []handover.Record
	ls, err := d.OwnLeads(ctx, user, n)
	if err != nil {
		return nil, err
	}
	for _, l := range ls {
		region := l.City
		if region == "" {
			region = l.Region
		}
		out = append(out, handover.Record{Ref: l.Ref(), Title: l.Name(), Region: region, Grade: string(l.Grade)})
	}
	var accounts []struct {
		ID, Open            int64
		Name, Region, Level string
	}
	err = d.read(ctx).Raw("SELECT a.id AS id, a.name AS name, a.region AS region, a.level AS level, COALESCE((SELECT SUM(x.amount) FROM crm_deals x WHERE x.account_id = a.id AND x.status = ?), 0) AS open FROM crm_accounts a WHERE a.owner_id = ? AND a.state = ? ORDER BY a.id LIMIT ?",
		string(deal.Open), int64(user), string(account.Live), n).Scan(&accounts).Error
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		out = append(out, handover.Record{Ref: crm.AccountID(a.ID).Ref(), Title: a.Name, Region: a.Region, Grade: a.Level, Open: crm.Money(a.Open)})
	}
	var deals []struct {
		ID, Amount    int64
		Title, Region string
	}
	err = d.read(ctx).Raw("SELECT x.id AS id, x.amount AS amount, x.title AS title, a.region AS region FROM crm_deals x JOIN crm_accounts a ON a.id = x.account_id WHERE x.owner_id = ? AND x.status = ? AND a.owner_id <> ? ORDER BY x.id LIMIT ?",
		int64(user), string(deal.Open), int64(user), n).Scan(&deals).Error
	for _, x := range deals {
		out = append(out, handover.Record{Ref: crm.DealID(x.ID).Ref(), Title: x.Title, Region: x.Region, Open: crm.Money(x.Amount)})
	}
	return out, err
}

// AddHandover implements handover.Store.
func (d *DB) AddHandover(ctx context.Context, h *handover.Handover, items []handover.Item) (bool, error) {
	r := handoverRowOf(*h)
	err := d.write(ctx).Create(&r).Error
	if duplicate(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h.ID = r.ID
	for i := range items {
		items[i].Handover = r.ID
	}
	return true, d.AddHandoverItems(ctx, items)
}

// AddHandoverItems implements handover.Store.
func (d *DB) AddHandoverItems(ctx context.Context, items []handover.Item) error {
	rows := insert{table: "crm_handover_items", columns: "handover_id, ref, seq, title, region, grade, open_amount, to_user, state, reason, moved_ms, judged"}
	for i, x := range items {
		rows.add(x.Handover, x.Ref.String(), i+1, cut(x.Title, 190), cut(x.Region, 60), x.Grade, int64(x.Open), int64(x.To), string(x.State), x.Reason, ms(x.MovedAt), x.Judged)
	}
	tail := " ON CONFLICT (handover_id, ref) DO NOTHING"
	if d.Dialect == MySQL {
		tail = " ON DUPLICATE KEY UPDATE seq = seq"
	}
	for _, s := range rows.statements(tail) {
		if err := d.write(ctx).Exec(s.query, s.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// OpenHandovers implements handover.Store.
func (d *DB) OpenHandovers(ctx context.Context, n int) ([]handover.Handover, error) {
	return d.handovers(ctx, "id", n, "state = ?", string(handover.Open))
}

func (d *DB) handovers(ctx context.Context, order string, n int, where string, args ...any) ([]handover.Handover, error) {
	var rows []handoverRow
	if err := d.read(ctx).Where(where, args...).Order(order).Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]handover.Handover, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

func oneHandover(list []handover.Handover, err error) (handover.Handover, error) {
	if err == nil && len(list) == 0 {
		err = crm.NotFound("没有这次交接", "there is no such hand-over").WithNext("发送 /交接 查看", "send /handover to see what is open")
	}
	if err != nil {
		return handover.Handover{}, err
	}
	return list[0], nil
}

// Handover implements handover.Store.
func (d *DB) Handover(ctx context.Context, id int64) (handover.Handover, error) {
	return oneHandover(d.handovers(ctx, "id", 1, "id = ?", id))
}

// HandoverOf implements handover.Store.
func (d *DB) HandoverOf(ctx context.Context, user crm.UserID) (handover.Handover, error) {
	return oneHandover(d.handovers(ctx, "id DESC", 1, "user_id = ?", int64(user)))
}

// SaveHandover implements handover.Store.
func (d *DB) SaveHandover(ctx context.Context, h handover.Handover) (bool, error) {
	r := handoverRowOf(h)
	res := d.write(ctx).Model(&handoverRow{}).Where("id = ? AND rev = ? AND state = ?", r.ID, r.Rev, string(handover.Open)).
		Updates(map[string]any{"open_user": r.OpenUser, "manager_id": r.ManagerID, "state": r.State, "ask_ms": r.AskMs, "asked_ms": r.AskedMs, "done_ms": r.DoneMs, "rev": gormInc("rev")})
	return res.RowsAffected == 1, res.Error
}

// HandoverItems implements handover.Store.
func (d *DB) HandoverItems(ctx context.Context, id int64, n int) ([]handover.Item, error) {
	var rows []handoverItemRow
	if err := d.read(ctx).Where("handover_id = ?", id).Order("seq, ref").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	return handoverItems(rows)
}

// HandoverWork implements handover.Store.
func (d *DB) HandoverWork(ctx context.Context, n int) ([]handover.Item, error) {
	var rows []handoverItemRow
	if err := d.read(ctx).Where("state = ?", string(handover.Accepted)).Order("handover_id, seq").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	return handoverItems(rows)
}

// ChangeItem implements handover.Store.
func (d *DB) ChangeItem(ctx context.Context, x handover.Item, was handover.ItemState) (bool, error) {
	res := d.write(ctx).Model(&handoverItemRow{}).Where("handover_id = ? AND ref = ? AND state = ? AND judged = ?", x.Handover, x.Ref.String(), string(was), false).
		Updates(map[string]any{"to_user": int64(x.To), "state": string(x.State), "reason": x.Reason, "moved_ms": ms(x.MovedAt), "judged": x.Judged, "rev": gormInc("rev")})
	return res.RowsAffected == 1, res.Error
}

// MovedItems implements handover.Store.
func (d *DB) MovedItems(ctx context.Context, before time.Time, n int) ([]handover.Item, error) {
	var rows []handoverItemRow
	if err := d.read(ctx).Where("state = ? AND judged = ? AND moved_ms < ?", string(handover.Moved), false, ms(before)).Order("moved_ms").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	return handoverItems(rows)
}

// about are the codes under which things about a record are kept: its own and
// those of its deals.
func (d *DB) about(ctx context.Context, ref crm.Ref) ([]string, error) {
	out := []string{ref.String()}
	if ref.Kind != crm.KindAccount {
		return out, nil
	}
	var ids []crm.DealID
	err := d.read(ctx).Raw("SELECT id FROM crm_deals WHERE account_id = ? ORDER BY id DESC LIMIT 500", ref.ID).Scan(&ids).Error
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out, err
}

// ContactedSince implements handover.Store.
func (d *DB) ContactedSince(ctx context.Context, ref crm.Ref, user crm.UserID, from, to time.Time) (bool, error) {
	codes, err := d.about(ctx, ref)
	if err != nil {
		return false, err
	}
	var n int64
	err = d.read(ctx).Table("crm_activities").Where("subject IN ? AND user_id = ? AND valid = ? AND undone_ms = 0 AND at_ms >= ? AND at_ms < ?", codes, int64(user), true, ms(from), ms(to)).Limit(1).Count(&n).Error
	return n > 0, err
}

// MoveTodos implements handover.Store.
func (d *DB) MoveTodos(ctx context.Context, ref crm.Ref, from, to crm.UserID, team crm.TeamID) (steps []crm.ActivityID, plans int, err error) {
	codes, err := d.about(ctx, ref)
	if err != nil {
		return nil, 0, err
	}
	open := func(db *gorm.DB) *gorm.DB {
		return db.Model(&stepRow{}).Where("subject IN ? AND user_id = ? AND state = ?", codes, int64(from), string(activity.StepOpen))
	}
	if err := open(d.read(ctx)).Order("activity_id").Pluck("activity_id", &steps).Error; err != nil {
		return nil, 0, err
	}
	err = open(d.write(ctx)).Updates(map[string]any{"user_id": int64(to), "team_id": int64(team), "rev": gormInc("rev")}).Error
	if err != nil {
		return nil, 0, err
	}
	n := 0
	var rows []planRow
	if err := d.read(ctx).Where("user_id = ? AND subject IN ? AND state = ?", int64(from), codes, string(activity.PlanOpen)).Order("id").Find(&rows).Error; err != nil {
		return steps, n, err
	}
	for _, r := range rows {
		customer, err := crm.ParseRef(r.Customer)
		if err != nil {
			return steps, n, fmt.Errorf("plan %d: %w", r.ID, err)
		}
		slot := planSlot(to, customer, crm.Day(r.Day))
		var taken int64
		if err := d.read(ctx).Model(&planRow{}).Where("slot = ?", slot).Count(&taken).Error; err != nil {
			return steps, n, err
		}
		if taken > 0 { // they are there that day anyway
			continue
		}
		res := d.write(ctx).Model(&planRow{}).Where("id = ? AND version = ?", r.ID, r.Version).Updates(map[string]any{"user_id": int64(to), "team_id": int64(team), "slot": slot, "version": gormInc("version")})
		if res.Error != nil {
			return steps, n, res.Error
		}
		n += int(res.RowsAffected)
	}
	return steps, n, nil
}

// MoveContracts implements handover.Store.
func (d *DB) MoveContracts(ctx context.Context, id crm.AccountID, from, to crm.UserID, team crm.TeamID, at time.Time) error {
	return d.write(ctx).Table("crm_contracts").Where("account_id = ? AND owner_id = ? AND signed_ms = 0", int64(id), int64(from)).Updates(map[string]any{"owner_id": int64(to), "team_id": int64(team), "handed_from_id": int64(from), "handed_ms": ms(at)}).Error
}

// MoveDeal implements handover.Store.
func (d *DB) MoveDeal(ctx context.Context, id crm.DealID, from, to crm.UserID, team crm.TeamID, when time.Time) (bool, error) {
	res := d.write(ctx).Model(&dealRow{}).Where("id = ? AND owner_id = ? AND status = ?", int64(id), int64(from), string(deal.Open)).
		Updates(map[string]any{"owner_id": int64(to), "team_id": int64(team), "updated_ms": ms(when), "version": gormInc("version")})
	return res.RowsAffected == 1, res.Error
}

// Bought implements handover.Store.
func (d *DB) Bought(ctx context.Context, ref crm.Ref, n int) ([]string, error) {
	if ref.Kind != crm.KindAccount {
		return nil, nil
	}
	var rows []struct {
		Title, Day string
		Amount     int64
	}
	err := d.read(ctx).Raw("SELECT title, closed_on AS day, amount FROM crm_deals WHERE account_id = ? AND status = ? ORDER BY closed_on DESC, id DESC LIMIT ?", ref.ID, string(deal.Won), n).Scan(&rows).Error
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strings.TrimSpace(r.Day + " " + r.Title + " " + crm.Money(r.Amount).String())
	}
	return out, err
}

// Promises implements handover.Store.
func (d *DB) Promises(ctx context.Context, ref crm.Ref, n int) ([]handover.Promise, error) {
	codes, err := d.about(ctx, ref)
	if err != nil {
		return nil, err
	}
	var rows []stepRow
	if err := d.read(ctx).Where("subject IN ? AND state = ?", codes, string(activity.StepOpen)).Order("day, minute_of, activity_id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]handover.Promise, len(rows))
	for i, r := range rows {
		out[i] = handover.Promise{Day: crm.Day(r.Day), What: r.What}
	}
	return out, nil
}

// Reachers implements handover.Store.
func (d *DB) Reachers(ctx context.Context, ref crm.Ref, n int) ([]string, error) {
	var rows []struct{ Name, Title, Mobile string }
	err := d.read(ctx).Table("crm_contacts").Where("account_id = ? AND has_left = ?", ref.ID, false).Order("active_ms DESC, id").Limit(n).Find(&rows).Error
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strings.Join(strings.Fields(r.Name+" "+r.Title+" "+strings.TrimPrefix(r.Mobile, "+86")), " ")
	}
	return out, err
}

// OpenMoney implements handover.Store.
func (d *DB) OpenMoney(ctx context.Context, ref crm.Ref) (crm.Money, error) {
	if ref.Kind != crm.KindAccount {
		return 0, nil
	}
	var sum int64
	err := d.read(ctx).Raw("SELECT COALESCE(SUM(amount), 0) FROM crm_deals WHERE account_id = ? AND status = ?", ref.ID, string(deal.Open)).Scan(&sum).Error
	return crm.Money(sum), err
}
