package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

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
}

var errNoTx = errors.New("effects outside a transaction")

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

// maxTakenBack bounds the facts whose teams one query looks up.
const maxTakenBack = 500

// TakeBack implements crm.Effects.
func (e Effects) TakeBack(ctx context.Context, facts ...crm.Fact) error {
	type credit struct {
		ref, key string
		user     int64
	}
	for chunk := range slices.Chunk(facts, maxTakenBack) {
		refs, keys := map[string]bool{}, map[string]bool{}
		for _, f := range chunk {
			refs[f.Ref.String()], keys[f.Key] = true, true
		}
		var rows []factRow
		err := e.db.read(ctx).Select("ref, metric_key, user_id, team_id").Where("ref IN ? AND metric_key IN ? AND (qty > 0 OR amount > 0)", sortedKeys(refs), sortedKeys(keys)).
			Order("id").Find(&rows).Error
		if err != nil {
			return err
		}
		teams := make(map[credit]crm.TeamID, len(rows)) // of the last fact of each
		for _, r := range rows {
			teams[credit{r.Ref, r.MetricKey, r.UserID}] = crm.TeamID(r.TeamID)
		}
		for i, f := range chunk {
			if team, ok := teams[credit{f.Ref.String(), f.Key, int64(f.User)}]; ok {
				chunk[i].Team = team
			}
		}
	}
	return e.Record(ctx, facts...)
}

// Notify implements crm.Effects.
func (e Effects) Notify(ctx context.Context, notices ...crm.Notice) error {
	u := e.db.unit(ctx)
	if u == nil {
		return errNoTx
	}
	now := e.db.clock.Now()
	for _, n := range notices {
		key := n.Key
		if key == "" {
			key = ulid.Make().String()
		}
		// MySQL would refuse what is longer than its column, SQLite would not.
		if len(key) > 128 || len(n.Topic) > 180 || len(n.View.Ref) > 128 || (n.To.User == 0) == (n.To.Chat == "") {
			return fmt.Errorf("notice of view %q: key and ref take up to 128 bytes, topic up to 180, and the target is one person or one chat", n.View.Name)
		}
		u.effects.outbox = append(u.effects.outbox, outboxRow{Okey: key, named: n.Key != "", Kind: outboxSend, UserID: int64(n.To.User), Platform: n.To.Platform, Chat: n.To.Chat,
			View: n.View.Name, Ref: n.View.Ref, Topic: n.Topic, NextMs: ms(e.db.spreadFrom(ctx, latest(now, n.After), n.To)), CreatedMs: ms(now), Always: n.Always})
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
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
		u.effects.outbox = append(u.effects.outbox, outboxRow{Okey: ulid.Make().String(), Kind: outboxRefresh, Ref: r.String(), Topic: refreshTopic(r), NextMs: now, CreatedMs: now})
	}
	return nil
}

// effectStatements are the statements that write what was collected: one per
// table, whatever happened, except for very many rows.
func (d *DB) effectStatements(e *effects) ([]statement, error) {
	var out []statement
	if len(e.facts) > 0 {
		facts := insert{table: "crm_facts", columns: "at_ms, day, user_id, team_id, metric_key, qty, amount, ref"}
		for _, f := range e.facts {
			facts.add(ms(f.At), string(f.Day), int64(f.User), int64(f.Team), f.Key, f.Qty, int64(f.Amount), f.Ref.String())
		}
		out = append(out, facts.statements("")...)
		out = append(out, d.dailySums(e.facts)...)
	}
	if len(e.audits) > 0 {
		audits := insert{table: "crm_audit", columns: "at_ms, actor_id, action, ref, rule_id, rule_version, detail", always: []string{"detail"}}
		for _, a := range e.audits {
			detail := "{}"
			if len(a.Detail) > 0 {
				b, err := json.Marshal(a.Detail)
				if err != nil {
					return nil, fmt.Errorf("encode audit detail of %s: %w", a.Action, err)
				}
				detail = string(b)
			}
			audits.add(ms(a.At), int64(a.Actor), a.Action, a.Ref.String(), a.Rule, a.RuleVersion, detail)
		}
		out = append(out, audits.statements("")...)
	}
	if len(e.outbox) > 0 {
		// A key that was queued before names a notice that exists already.
		known := ""
		if slices.ContainsFunc(e.outbox, func(r outboxRow) bool { return r.named }) {
			known = " ON CONFLICT (okey) DO NOTHING"
			if d.Dialect == MySQL {
				known = " ON DUPLICATE KEY UPDATE okey = okey"
			}
		}
		queue := insert{table: "crm_outbox", columns: "okey, kind, user_id, platform, chat, view, ref, topic, next_ms, created_ms, always_sent"}
		for _, r := range e.outbox {
			queue.add(r.Okey, r.Kind, r.UserID, r.Platform, r.Chat, r.View, r.Ref, r.Topic, r.NextMs, r.CreatedMs, r.Always)
		}
		out = append(out, queue.statements(known)...)
	}
	return out, nil
}

type dailyKey struct {
	day, key   string
	user, team int64
}

// dailySums adds the facts to their sums per key, day, person and team.
func (d *DB) dailySums(facts []crm.Fact) []statement {
	sums := map[dailyKey][2]int64{}
	for _, f := range facts {
		k := dailyKey{string(f.Day), f.Key, int64(f.User), int64(f.Team)}
		s := sums[k]
		sums[k] = [2]int64{s[0] + f.Qty, s[1] + int64(f.Amount)}
	}
	keys := make([]dailyKey, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	// One order for all transactions, so that two of them cannot wait for each other.
	slices.SortFunc(keys, func(a, b dailyKey) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.day, b.day), cmp.Compare(a.user, b.user), cmp.Compare(a.team, b.team))
	})
	rows := insert{table: "crm_fact_daily", columns: "metric_key, day, user_id, team_id, qty, amount"}
	for _, k := range keys {
		rows.add(k.key, k.day, k.user, k.team, sums[k][0], sums[k][1])
	}
	sum := func(column, added string) string { return column + " = " + column + " + " + added }
	tail, added := " ON CONFLICT (metric_key, day, user_id, team_id) DO UPDATE SET ", "excluded.%"
	if d.Dialect == MySQL {
		tail, added = " ON DUPLICATE KEY UPDATE ", "VALUES(%)"
	}
	tail += sum("qty", strings.Replace(added, "%", "qty", 1))
	if slices.ContainsFunc(facts, func(f crm.Fact) bool { return f.Amount != 0 }) {
		tail += ", " + sum("amount", strings.Replace(added, "%", "amount", 1))
	}
	return rows.statements(tail)
}

type seqKey struct{}

// WithSequence lets one event run several transactions: each takes the next
// number. The dispatcher attaches it once per event.
func WithSequence(ctx context.Context) context.Context {
	return context.WithValue(ctx, seqKey{}, new(atomic.Int64))
}

// eventSeq is the number of the transaction within its event; 0 without one.
func eventSeq(ctx context.Context) int64 {
	n, ok := ctx.Value(seqKey{}).(*atomic.Int64)
	if !ok || crm.EventOf(ctx).ID == "" {
		return 0
	}
	return n.Add(1) - 1
}
