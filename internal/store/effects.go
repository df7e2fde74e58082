package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oklog/ulid/v2"

	"crmbot/internal/crm"
)

// effects collects what a transaction must write besides its rows. It is
// flushed once before the commit with one statement per table, which keeps the
// number of round trips independent of how much happened.
type effects struct {
	facts   []crm.Fact
	audits  []crm.Audit
	outbox  []outboxRow
	refresh map[crm.Ref]bool
	queued  bool
}

var errNoTx = errors.New("effects outside a transaction")

type auditRow struct {
	ID          int64
	AtMs        int64
	ActorID     int64
	Action      string
	Ref         string
	RuleID      string
	RuleVersion int64
	Detail      string
}

func (auditRow) TableName() string { return "crm_audit" }

type factRow struct {
	ID        int64
	AtMs      int64
	Day       string
	UserID    int64
	TeamID    int64
	MetricKey string
	Qty       int64
	Amount    int64
	Ref       string
}

func (factRow) TableName() string { return "crm_facts" }

type processedEvent struct {
	Platform string `gorm:"primaryKey"`
	EventID  string `gorm:"primaryKey"`
	Seq      int    `gorm:"primaryKey"`
	AtMs     int64
}

func (processedEvent) TableName() string { return "crm_processed_events" }

// Effects implements crm.Effects.
type Effects struct{ db *DB }

// Effects gives the effects port of the database.
func (d *DB) Effects() Effects { return Effects{d} }

// Audit implements crm.Auditor.
func (e Effects) Audit(ctx context.Context, a crm.Audit) error {
	u := e.db.unit(ctx)
	if u == nil {
		return errNoTx
	}
	if a.At.IsZero() {
		a.At = e.db.clock.Now()
	}
	u.effects.audits = append(u.effects.audits, a)
	return nil
}

// Record implements crm.Effects.
func (e Effects) Record(ctx context.Context, facts ...crm.Fact) error {
	u := e.db.unit(ctx)
	if u == nil {
		return errNoTx
	}
	for _, f := range facts {
		if f.Key == "" || f.Day == "" || f.At.IsZero() {
			return fmt.Errorf("fact %q needs a key, a day and a time", f.Key)
		}
	}
	u.effects.facts = append(u.effects.facts, facts...)
	return nil
}

// Notify implements crm.Effects.
func (e Effects) Notify(ctx context.Context, notices ...crm.Notice) error {
	u := e.db.unit(ctx)
	if u == nil {
		return errNoTx
	}
	now := ms(e.db.clock.Now())
	for _, n := range notices {
		key := n.Key
		if key == "" {
			key = ulid.Make().String()
		}
		u.effects.outbox = append(u.effects.outbox, outboxRow{Okey: key, Kind: outboxSend, UserID: int64(n.To.User), Platform: n.To.Platform, Chat: n.To.Chat,
			View: n.View.Name, Ref: n.View.Ref, Topic: n.Topic, NextMs: max(now, ms(n.After)), CreatedMs: now})
	}
	return nil
}

// Refresh implements crm.Effects.
func (e Effects) Refresh(ctx context.Context, refs ...crm.Ref) error {
	u := e.db.unit(ctx)
	if u == nil {
		return errNoTx
	}
	if u.effects.refresh == nil {
		u.effects.refresh = map[crm.Ref]bool{}
	}
	now := ms(e.db.clock.Now())
	for _, r := range refs {
		if r.ID == 0 || u.effects.refresh[r] {
			continue
		}
		u.effects.refresh[r] = true
		u.effects.outbox = append(u.effects.outbox, outboxRow{Okey: ulid.Make().String(), Kind: outboxRefresh, Ref: r.String(), Topic: "refresh:" + r.String(), NextMs: now, CreatedMs: now})
	}
	return nil
}

// claimEvent makes the event's id unique in the same transaction as its work.
func (d *DB) claimEvent(ctx context.Context, u *unit) error {
	ev := crm.EventOf(ctx)
	if ev.ID == "" {
		return nil
	}
	err := u.tx.Create(&processedEvent{Platform: ev.Platform, EventID: ev.ID, Seq: u.seq, AtMs: ms(d.clock.Now())}).Error
	if duplicate(err) {
		return &crm.Error{Code: crm.CodeDuplicate, Text: crm.Text{Zh: "这个操作已经处理过了", En: "this was already handled"}}
	}
	return err
}

func (d *DB) flush(ctx context.Context, u *unit) error {
	e := &u.effects
	if len(e.facts) > 0 {
		if err := d.flushFacts(u); err != nil {
			return fmt.Errorf("write facts: %w", err)
		}
	}
	if len(e.audits) > 0 {
		rows := make([]auditRow, len(e.audits))
		for i, a := range e.audits {
			detail := "{}"
			if len(a.Detail) > 0 {
				b, err := json.Marshal(a.Detail)
				if err != nil {
					return fmt.Errorf("encode audit detail of %s: %w", a.Action, err)
				}
				detail = string(b)
			}
			rows[i] = auditRow{AtMs: ms(a.At), ActorID: int64(a.Actor), Action: a.Action, Ref: a.Ref.String(), RuleID: a.Rule, RuleVersion: a.RuleVersion, Detail: detail}
		}
		if err := u.tx.CreateInBatches(rows, 200).Error; err != nil {
			return fmt.Errorf("write audit: %w", err)
		}
	}
	if len(e.outbox) > 0 {
		if err := d.flushOutbox(u); err != nil {
			return fmt.Errorf("queue messages: %w", err)
		}
		e.queued = true
	}
	return nil
}

type dailyKey struct {
	day, key   string
	user, team int64
}

func (d *DB) flushFacts(u *unit) error {
	rows := make([]factRow, len(u.effects.facts))
	sums := map[dailyKey][2]int64{}
	for i, f := range u.effects.facts {
		rows[i] = factRow{AtMs: ms(f.At), Day: string(f.Day), UserID: int64(f.User), TeamID: int64(f.Team), MetricKey: f.Key, Qty: f.Qty, Amount: int64(f.Amount), Ref: f.Ref.String()}
		k := dailyKey{string(f.Day), f.Key, int64(f.User), int64(f.Team)}
		s := sums[k]
		sums[k] = [2]int64{s[0] + f.Qty, s[1] + int64(f.Amount)}
	}
	if err := u.tx.CreateInBatches(rows, 200).Error; err != nil {
		return err
	}
	keys := make([]dailyKey, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	// One order for all transactions, so that two of them cannot wait for each other.
	slices.SortFunc(keys, func(a, b dailyKey) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.day, b.day), cmp.Compare(a.user, b.user), cmp.Compare(a.team, b.team))
	})
	for chunk := range slices.Chunk(keys, 100) {
		var q strings.Builder
		args := make([]any, 0, len(chunk)*6)
		q.WriteString("INSERT INTO crm_fact_daily (metric_key, day, user_id, team_id, qty, amount) VALUES ")
		for i, k := range chunk {
			if i > 0 {
				q.WriteString(", ")
			}
			q.WriteString("(?,?,?,?,?,?)")
			args = append(args, k.key, k.day, k.user, k.team, sums[k][0], sums[k][1])
		}
		if d.Dialect == MySQL {
			q.WriteString(" ON DUPLICATE KEY UPDATE qty = qty + VALUES(qty), amount = amount + VALUES(amount)")
		} else {
			q.WriteString(" ON CONFLICT (metric_key, day, user_id, team_id) DO UPDATE SET qty = qty + excluded.qty, amount = amount + excluded.amount")
		}
		if err := u.tx.Exec(q.String(), args...).Error; err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) flushOutbox(u *unit) error {
	err := u.tx.CreateInBatches(u.effects.outbox, 200).Error
	if !duplicate(err) {
		return err
	}
	// Some key was queued before: the notice that it names exists already.
	for i := range u.effects.outbox {
		row := u.effects.outbox[i]
		row.ID = 0
		if err := u.tx.Create(&row).Error; err != nil && !duplicate(err) {
			return err
		}
	}
	return nil
}

type seqKey struct{}

// WithSequence lets one event run several transactions: each takes the next
// number. The dispatcher attaches it once per event.
func WithSequence(ctx context.Context) context.Context {
	n := 0
	return context.WithValue(ctx, seqKey{}, &n)
}

// eventSeq is the number of the transaction within its event; 0 without one.
func eventSeq(ctx context.Context) int {
	if crm.EventOf(ctx).ID == "" {
		return 0
	}
	n, ok := ctx.Value(seqKey{}).(*int)
	if !ok {
		return 0
	}
	*n++
	return *n - 1
}
