package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"gorm.io/gorm"
)

// carrier is the connection of one MySQL transaction. Statements whose outcome
// nobody waits for are queued and travel in front of the next one that somebody
// waits for, in one round trip and in their order: the begin with the claim of
// the event, locks, and rows that are only added. What is read sees everything
// queued before it.
//
// A queued statement must have no failure that its caller would treat as an
// answer. When one fails nothing runs after it: every further statement and the
// commit fail with the same error.
type carrier struct {
	conn   *sql.Conn
	queue  []statement
	claims bool  // the queue holds the claim of the event
	begun  bool  // something was sent: there may be a transaction to roll back
	err    error // why the transaction cannot go on
}

var _ gorm.ConnPool = (*carrier)(nil)

// later runs a statement of which only failure matters, together with the next
// one of the transaction where the database allows it. Its arguments are single
// values; it must not be able to fail for a duplicate key.
func (d *DB) later(ctx context.Context, list ...statement) error {
	if u := d.unit(ctx); u != nil && u.carrier != nil {
		u.carrier.queue = append(u.carrier.queue, list...)
		return u.carrier.err
	}
	for _, s := range list {
		if err := d.write(ctx).Exec(s.query, s.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// broke notes that the transaction cannot go on.
func (c *carrier) broke(err error) error {
	c.err = translate(err)
	if c.claims {
		c.err = handled(c.err)
	}
	return c.err
}

// flush sends what is queued on its own.
func (c *carrier) flush(ctx context.Context) error {
	if c.err != nil || len(c.queue) == 0 {
		return c.err
	}
	c.begun = true
	if err := execTogether(ctx, c.conn, c.queue); err != nil {
		return c.broke(err)
	}
	c.queue, c.claims = nil, false
	return nil
}

// load is the queue with the statement behind it; nothing when the queue is
// too long to travel and was sent.
func (c *carrier) load(ctx context.Context, query string, args []any) (string, []any, error) {
	n := len(args)
	for _, s := range c.queue {
		n += len(s.args)
	}
	if n > maxTogether {
		return query, args, c.flush(ctx)
	}
	all := joined(append(slices.Clip(c.queue), statement{query, args}))
	return all.query, all.args, nil
}

// QueryContext implements gorm.ConnPool.
func (c *carrier) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.queue) == 0 {
		return c.conn.QueryContext(ctx, query, args...)
	}
	query, args, err := c.load(ctx, query, args)
	if err != nil {
		return nil, err
	}
	c.begun = true
	rows, err := c.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, c.broke(err)
	}
	c.queue, c.claims = nil, false
	return rows, nil
}

// ExecContext implements gorm.ConnPool. A statement may fail for a duplicate
// key and its caller go on; the claim of the event fails in the same way and
// ends everything. Which of them it was shows when the queue, with which the
// transaction began, runs again on its own.
func (c *carrier) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.queue) == 0 {
		return c.conn.ExecContext(ctx, query, args...)
	}
	all, allArgs, err := c.load(ctx, query, args)
	if err != nil {
		return nil, err
	}
	c.begun = true
	res, err := c.conn.ExecContext(ctx, all, allArgs...)
	switch {
	case err == nil:
	case !errors.Is(translate(err), gorm.ErrDuplicatedKey):
		return nil, c.broke(err)
	case c.claims:
		if _, err := c.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			return nil, c.broke(err)
		}
		if err := c.flush(ctx); err != nil {
			return nil, err
		}
		return c.conn.ExecContext(ctx, query, args...)
	}
	c.queue, c.claims = nil, false
	return res, err
}

// QueryRowContext implements gorm.ConnPool.
func (c *carrier) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := c.flush(ctx); err != nil {
		// A row can only carry an error of its own: that of a context that is over.
		over, cancel := context.WithCancel(ctx)
		cancel()
		ctx = over
	}
	return c.conn.QueryRowContext(ctx, query, args...)
}

// PrepareContext implements gorm.ConnPool.
func (c *carrier) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	return c.conn.PrepareContext(ctx, query)
}

// commit sends what is left with the last statements and the commit.
func (c *carrier) commit(ctx context.Context, last []statement) error {
	if c.err != nil {
		return c.err
	}
	if !c.begun && !c.claims && len(c.queue) <= 1 && len(last) == 0 {
		return nil // nothing but the begin: nothing happened
	}
	c.begun = true
	c.queue = append(append(c.queue, last...), statement{query: "COMMIT"})
	if err := execTogether(ctx, c.conn, c.queue); err != nil {
		return c.broke(err)
	}
	return nil
}
