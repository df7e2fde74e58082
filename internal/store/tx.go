package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"crmbot/internal/crm"
)

type txKey struct{ d *DB }

// unit is one running transaction with what must be written before its commit.
type unit struct {
	tx      *gorm.DB
	carrier *carrier // MySQL
	effects effects
	ahead   []reading       // to come along with the next read
	held    map[string]bool // rows in states that nobody else can change any more
}

// hold notes that the transaction has the row in that state: it made, changed
// or locked it, so that a change on the condition of the state cannot miss.
func (d *DB) hold(ctx context.Context, row string, state any) {
	if u := d.unit(ctx); u != nil {
		if u.held == nil {
			u.held = map[string]bool{}
		}
		u.held[fmt.Sprint(row, "/", state)] = true
	}
}

// holds reports that the row is held in that state, once: it is about to change.
func (d *DB) holds(ctx context.Context, row string, state any) bool {
	u := d.unit(ctx)
	if u == nil || len(u.held) == 0 {
		return false
	}
	key := fmt.Sprint(row, "/", state)
	ok := u.held[key]
	delete(u.held, key)
	return ok
}

func (d *DB) unit(ctx context.Context) *unit {
	u, _ := ctx.Value(txKey{d}).(*unit)
	return u
}

// read is the connection for reading: the transaction's if there is one.
func (d *DB) read(ctx context.Context) *gorm.DB {
	if u := d.unit(ctx); u != nil {
		return u.tx
	}
	return d.r.WithContext(ctx)
}

// write is the connection for writing. Outside a transaction a statement
// commits on its own, unless the context may change nothing (HO-01).
func (d *DB) write(ctx context.Context) *gorm.DB {
	if u := d.unit(ctx); u != nil {
		return u.tx
	}
	db := d.w.WithContext(ctx)
	if err := crm.ReadOnly(ctx); err != nil {
		_ = db.AddError(err) // every statement on it then fails with the reason
	}
	return db
}

const maxTries = 10

// backoff is the wait before the next attempt: 3 ms doubling to 100 ms, half of
// it by chance, so that those who collided do not meet again.
func backoff(try int) time.Duration {
	d := min(3*time.Millisecond<<try, 100*time.Millisecond)
	return d/2 + rand.N(d/2+1)
}

// InTx implements crm.Transactor. The outermost call claims the event of the
// context first, so that a redelivered event fails with crm.CodeDuplicate
// at its first statement, before it changes anything, and writes the effects
// last.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.unit(ctx) != nil {
		return fn(ctx)
	}
	if err := crm.ReadOnly(ctx); err != nil {
		return err
	}
	claim := d.claim(ctx) // once: every attempt claims the same number
	attempt := d.onceSQLite
	if d.Dialect == MySQL {
		attempt = d.onceMySQL
	}
	var err error
	for try := range maxTries {
		var u *unit
		if u, err = attempt(ctx, claim, fn); err == nil {
			if len(u.effects.outbox) > 0 && d.wake != nil {
				d.wake()
			}
			return nil
		}
		if !retryable(err) || ctx.Err() != nil {
			return err
		}
		if try == maxTries-1 {
			break
		}
		slog.DebugContext(ctx, "transaction retried", "try", try+1, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(backoff(try)):
		}
	}
	return &crm.Error{Code: crm.CodeUnavailable, Cause: err, Text: crm.Text{Zh: "系统繁忙，您的操作没有生效", En: "the system is busy and nothing was changed"},
		Next: crm.Text{Zh: "请稍后重试", En: "please try again in a moment"}}
}

// again repeats statements outside of a transaction that lost against others.
func again(ctx context.Context, fn func() error) error {
	var err error
	for try := range maxTries {
		if err = fn(); !retryable(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(backoff(try)):
		}
	}
	return err
}

// statement is one SQL statement with its arguments.
type statement struct {
	query string
	args  []any
}

// claim makes the event's id unique in the same transaction as its work; nil
// for work without an event.
func (d *DB) claim(ctx context.Context) []statement {
	ev := crm.EventOf(ctx)
	if ev.ID == "" {
		return nil
	}
	return []statement{{"INSERT INTO crm_processed_events (platform, event_id, seq, at_ms) VALUES (?,?,?,?)", []any{ev.Platform, ev.ID, eventSeq(ctx), ms(d.clock.Now())}}}
}

func handled(err error) error {
	if duplicate(err) {
		return &crm.Error{Code: crm.CodeDuplicate, Text: crm.Text{Zh: "这个操作已经处理过了", En: "this was already handled"}}
	}
	return err
}

// onceSQLite runs the closure once between a begin and a commit of gorm.
func (d *DB) onceSQLite(ctx context.Context, claim []statement, fn func(ctx context.Context) error) (*unit, error) {
	tx := d.w.WithContext(ctx).Begin()
	if tx.Error != nil {
		return nil, tx.Error
	}
	done := false
	defer func() {
		if !done {
			tx.Rollback()
		}
	}()
	u := &unit{tx: tx}
	exec := func(list []statement) error {
		for _, s := range list {
			if err := tx.Exec(s.query, s.args...).Error; err != nil {
				return err
			}
		}
		return nil
	}
	if err := exec(claim); err != nil {
		return nil, handled(err)
	}
	if err := fn(context.WithValue(ctx, txKey{d}, u)); err != nil {
		return nil, err
	}
	last, err := d.effectStatements(&u.effects)
	if err != nil {
		return nil, err
	}
	if err := exec(last); err != nil {
		return nil, err
	}
	done = true
	return u, tx.Commit().Error
}

// onceMySQL runs the closure once on a connection of its own. The begin and the
// claim of the event travel with the first statement, and the effects with the
// commit: what a transaction must write besides its rows then costs no round
// trip of its own.
func (d *DB) onceMySQL(ctx context.Context, claim []statement, fn func(ctx context.Context) error) (*unit, error) {
	pool, err := d.w.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &carrier{conn: conn}
	done := false
	defer func() {
		if !done && c.begun {
			rollback(conn)
		}
		conn.Close()
	}()
	c.queue, c.claims = append([]statement{{query: "START TRANSACTION"}}, claim...), len(claim) > 0
	tx := d.w.Session(&gorm.Session{NewDB: true, Context: ctx})
	tx.Statement.ConnPool = c
	u := &unit{tx: tx, carrier: c}
	err = fn(context.WithValue(ctx, txKey{d}, u))
	if c.err != nil {
		return nil, c.err // whatever was made of it
	}
	if err != nil {
		return nil, err
	}
	last, err := d.effectStatements(&u.effects)
	if err != nil {
		return nil, err
	}
	if err := c.commit(ctx, last); err != nil {
		return nil, err
	}
	done = true
	return u, nil
}

// rollback ends a failed transaction, also when its context is over. A
// connection that cannot even do that must not go back to the pool.
func rollback(conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the answer to this is that it is dropped
	}
}

// maxTogether bounds the arguments of one round trip, far below the server's
// packet limit.
const maxTogether = 4000

// execTogether runs the statements in as few round trips as it can. A failing
// one ends it: the ones behind it do not run.
func execTogether(ctx context.Context, conn *sql.Conn, list []statement) error {
	for len(list) > 0 {
		n, args := 1, len(list[0].args)
		for n < len(list) && args+len(list[n].args) <= maxTogether {
			args += len(list[n].args)
			n++
		}
		all := joined(list[:n])
		if _, err := conn.ExecContext(ctx, all.query, all.args...); err != nil {
			return translate(err)
		}
		list = list[n:]
	}
	return nil
}

// joined is the statements as one text for one round trip.
func joined(list []statement) statement {
	if len(list) == 1 {
		return list[0]
	}
	size, n := 0, 0
	for _, s := range list {
		size += len(s.query) + 2
		n += len(s.args)
	}
	var q strings.Builder
	q.Grow(size)
	args := make([]any, 0, n)
	for i, s := range list {
		if i > 0 {
			q.WriteString("; ")
		}
		q.WriteString(s.query)
		args = append(args, s.args...)
	}
	return statement{q.String(), args}
}

func translate(err error) error {
	var me *gomysql.MySQLError
	if errors.As(err, &me) && me.Number == 1062 {
		return gorm.ErrDuplicatedKey
	}
	return err
}
