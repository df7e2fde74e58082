package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/testdb"
)

// visits is a company whose reps own leads to visit, with a copy of the tables
// for the bare transaction.
type visits struct {
	*company
	first  crm.LeadID // the lead of piece 0, which the rep of piece 0 owns
	have   int
	drafts sync.Map // by piece: a channel with the draft that its line made
}

// newVisits makes the leads of n pieces: ten for each rep with 10,000.
func newVisits(b testing.TB, dsn string, n int) *visits {
	b.Helper()
	v := &visits{company: newCompany(b, dsn), have: n}
	v.first = v.addLeads(b, n, true)
	for _, q := range []string{"CREATE TABLE bench_leads LIKE crm_leads", "CREATE TABLE bench_activities LIKE crm_activities", "INSERT INTO bench_leads SELECT * FROM crm_leads"} {
		if _, err := v.sql.ExecContext(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	return v
}

// piece is who visits whom in the i-th piece of work.
func (v *visits) piece(i int) (who, with crm.UserID, lead crm.LeadID) {
	return v.rep(i), v.rep(i + 1), v.first + crm.LeadID(i)
}

// whole logs a visit as a rep does: a line and a press. Those are two requests.
func (v *visits) whole(ctx context.Context, i int) error {
	if err := v.line(ctx, i); err != nil {
		return err
	}
	return v.press(ctx, i)
}

// line says what was done, with a mentioned colleague.
func (v *visits) line(ctx context.Context, i int) error {
	who, with, lead := v.piece(i)
	name := []rune(ownName(int(lead - v.first)))[:4]
	rep := v.say(ctx, fmt.Sprintf("line-%d", i), who, "拜访 "+string(name)+" 王总 @同事 30分钟 聊了报价和交付安排 有进展 意向80万 下周三再约", bot.Mention{Token: "@同事", ID: id(with)})
	if err := rep.Err(); err != nil {
		return err
	}
	draft, err := strconv.ParseInt(rep.View.Ref, 10, 64)
	if err != nil || rep.View.Name != "activity.draft" {
		return fmt.Errorf("the line was answered with view %s %q", rep.View.Name, rep.View.Ref)
	}
	v.draft(i) <- activity.DraftID(draft)
	return nil
}

func (v *visits) draft(i int) chan activity.DraftID {
	c, _ := v.drafts.LoadOrStore(i, make(chan activity.DraftID, 1))
	return c.(chan activity.DraftID)
}

// press confirms what the line of the piece was understood as, once it was answered.
func (v *visits) press(ctx context.Context, i int) error {
	var draft activity.DraftID
	select {
	case draft = <-v.draft(i):
		v.drafts.Delete(i)
	case <-ctx.Done():
		return ctx.Err()
	}
	payload, err := json.Marshal(cards.ConfirmLog{Draft: draft})
	if err != nil {
		return err
	}
	who, _, _ := v.piece(i)
	rep := v.app.Runtime.Handle(ctx, &bot.Req{Platform: webchat.Name, EventID: fmt.Sprintf("press-%d", i), Kind: bot.Press, From: id(who), Chat: bot.Chat{ID: webchat.PersonChat(who)},
		MessageID: strconv.Itoa(i + 1), Action: &bot.Action{Name: cards.ConfirmLog{}.ActionName(), Payload: payload}, At: v.app.Clock.Now()})
	if err := rep.Err(); err != nil {
		return err
	}
	if rep.View.Name != "activity.card" || !strings.HasPrefix(rep.View.Ref, "V-") {
		return fmt.Errorf("the confirmation was answered with view %s %q", rep.View.Name, rep.View.Ref)
	}
	return nil
}

// bare is what one would write by hand for the same: one conditional update and
// one insert in a transaction.
func (v *visits) bare(ctx context.Context, i int) error {
	tx, err := v.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	who, _, lead := v.piece(i)
	now := v.app.Clock.Now().UnixMilli()
	res, err := tx.ExecContext(ctx, "UPDATE bench_leads SET last_activity_ms = ?, last_valid_ms = ? WHERE id = ? AND owner_id = ?", now, now, int64(lead), int64(who))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%s: %d rows, %w", lead, n, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO bench_activities (kind, subject, customer, met, user_id, team_id, at_ms, day, seconds, result, note, amount, valid, qualified, weight, first_contact, created_ms, version)"+
		" VALUES ('visit',?,?,'王总',?,1,?,?,1800,'progress','聊了报价和交付安排',80000000,1,1,100,1,?,1)", lead.String(), lead.String(), int64(who), now, string(v.day), now); err != nil {
		return err
	}
	return tx.Commit()
}

// check fails unless everything that is true with n visits says so.
func (v *visits) check(b testing.TB, n int) {
	b.Helper()
	v.agree(b, n, map[string]string{
		"activities":      "SELECT COUNT(*) FROM crm_activities WHERE kind = 'visit' AND valid = 1",
		"met by two":      "SELECT CAST(COUNT(*) / 2 AS SIGNED) FROM crm_activity_people",
		"credits":         "SELECT CAST(COUNT(*) / 2 AS SIGNED) FROM crm_visit_credits",
		"leads":           "SELECT COUNT(*) FROM crm_leads WHERE last_valid_ms <> 0 AND first_contact_ms = last_valid_ms AND last_activity_ms = last_valid_ms",
		"saved drafts":    "SELECT COUNT(*) FROM crm_activity_drafts WHERE state = 'saved' AND activity_id <> 0",
		"next steps":      "SELECT COUNT(*) FROM crm_next_steps WHERE state = 'open'",
		"undo log":        "SELECT COUNT(*) FROM crm_undo_log WHERE kind = 'activity'",
		"visits done":     "SELECT CAST(SUM(qty) / 2 AS SIGNED) FROM crm_facts WHERE metric_key = 'visit.done'",
		"visits valid":    "SELECT CAST(SUM(qty) / 2 AS SIGNED) FROM crm_facts WHERE metric_key = 'visit.valid'",
		"steps set":       "SELECT SUM(qty) FROM crm_facts WHERE metric_key = 'next_step.set'",
		"first contacts":  "SELECT SUM(qty) FROM crm_facts WHERE metric_key = 'lead.first_contact'",
		"daily done":      "SELECT CAST(SUM(qty) / 2 AS SIGNED) FROM crm_fact_daily WHERE metric_key = 'visit.done'",
		"daily valid":     "SELECT CAST(SUM(qty) / 2 AS SIGNED) FROM crm_fact_daily WHERE metric_key = 'visit.valid'",
		"daily steps":     "SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'next_step.set'",
		"daily first":     "SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.first_contact'",
		"audit":           "SELECT COUNT(*) FROM crm_audit WHERE action = 'activity.log'",
		"queued reminder": "SELECT COUNT(*) FROM crm_outbox WHERE kind = 'send' AND view = 'activity.reminder'",
		"queued updates":  "SELECT COUNT(DISTINCT ref) FROM crm_outbox WHERE kind = 'refresh' AND ref LIKE 'V-%'",
		"events":          "SELECT CAST(COUNT(*) / 2 AS SIGNED) FROM crm_processed_events WHERE event_id LIKE 'line-%' OR event_id LIKE 'press-%'",
	})
}

// BenchmarkVisit is a visit logged by one line and a press, from the runtime to
// the commit and the finished card, next to one bare transaction of two
// statements in the same run. A visit is two requests with a transaction each:
// "ratio/request" compares one of them with the bare transaction.
func BenchmarkVisit(b *testing.B) {
	v := newVisits(b, testdb.MySQL(b), 20_000)
	done := 0
	for _, n := range callers {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			if done+b.N > v.have {
				b.Fatalf("%d visits are more than there are leads", done+b.N)
			}
			compare(b, n, 2, &done, v.bare, v.whole)
		})
	}
	v.check(b, done)
}

// BenchmarkVisitOpenLoop is 500 requests a second for 20 seconds: the line of a
// visit and the press of one whose card its rep has looked at for a second.
func BenchmarkVisitOpenLoop(b *testing.B) {
	const rate, length, look = 500, 20 * time.Second, 250
	v := newVisits(b, testdb.MySQL(b), 20_000)
	done := 0
	for b.Loop() {
		n, lat := openLoop(b, rate, length, 0, func(ctx context.Context, i int) error {
			switch k := done + i/2; {
			case i%2 == 0:
				return v.line(ctx, k)
			case i/2 >= look:
				return v.press(ctx, k-look)
			}
			return nil
		})
		if _, _ = together(b, 8, done+n/2-look, look, v.press); b.Failed() {
			return
		}
		done += n / 2
		lat = lat[2*look:] // before that there was nothing to press
		b.ReportMetric(ms(lat.quantile(0.50)), "p50-ms")
		b.ReportMetric(ms(lat.quantile(0.99)), "p99-ms")
	}
	v.check(b, done)
}
