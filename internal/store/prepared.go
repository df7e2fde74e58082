package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// SQLite spends more time on reading a statement than on doing it, and the
// driver forgets what it read. preparedConn keeps the statements of a
// connection ready; it is used below database/sql, so that nobody above it
// knows.

// maxPrepared bounds the statements kept per connection: lists of arguments of
// many lengths make many texts.
const maxPrepared = 300

// preparedConnector opens connections that keep their statements.
type preparedConnector struct {
	driver driver.Driver
	dsn    string
}

func (c preparedConnector) Driver() driver.Driver { return c.driver }

func (c preparedConnector) Connect(context.Context) (driver.Conn, error) {
	raw, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	conn, ok := raw.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver lacks what the store needs"), raw.Close())
	}
	return &preparedConn{sqliteConn: conn, idle: map[string]preparedStmt{}}, nil
}

// sqliteConn is what the driver's connection can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
}

type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedConn is used by one goroutine at a time, as database/sql promises.
type preparedConn struct {
	sqliteConn
	idle map[string]preparedStmt
}

// take gives a statement that nobody uses; put or Close ends its use.
func (c *preparedConn) take(ctx context.Context, query string) (preparedStmt, error) {
	if s, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p, ok := s.(preparedStmt)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's statement lacks what the store needs"), s.Close())
	}
	return p, nil
}

func (c *preparedConn) put(query string, s preparedStmt) error {
	if _, ok := c.idle[query]; ok {
		return s.Close() // the same text was used inside itself
	}
	var errs []error
	if len(c.idle) >= maxPrepared {
		errs = append(errs, c.forget())
	}
	c.idle[query] = s
	return errors.Join(errs...)
}

func (c *preparedConn) forget() error {
	var errs []error
	for q, s := range c.idle {
		errs = append(errs, s.Close())
		delete(c.idle, q)
	}
	return errors.Join(errs...)
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := s.ExecContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return res, c.put(query, s)
}

func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	typed, ok := rows.(typedRows)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's rows lack what the store needs"), rows.Close(), s.Close())
	}
	return &preparedRows{typedRows: typed, done: func(broken bool) error {
		if broken {
			return s.Close()
		}
		return c.put(query, s)
	}}, nil
}

func (c *preparedConn) Close() error { return errors.Join(c.forget(), c.sqliteConn.Close()) }

type typedRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// preparedRows give their statement back when they end. After an error they end
// it: the driver then leaves the statement with the arguments of this use.
type preparedRows struct {
	typedRows
	done   func(broken bool) error
	broken bool
}

func (r *preparedRows) Next(dest []driver.Value) error {
	err := r.typedRows.Next(dest)
	if err != nil && !errors.Is(err, io.EOF) {
		r.broken = true
	}
	return err
}

func (r *preparedRows) Close() error {
	err := r.typedRows.Close()
	if r.done != nil {
		err = errors.Join(err, r.done(r.broken || err != nil))
		r.done = nil
	}
	return err
}
