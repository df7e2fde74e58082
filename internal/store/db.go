// Package store keeps everything in a database through gorm: MySQL in
// production, SQLite in a file for everything that must run from nothing. Rows
// and their mapping to the entities stay inside this package. Times are stored
// as milliseconds since 1970 UTC, days as "2006-01-02", money as 分.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	msqlite "modernc.org/sqlite"

	"crmbot/internal/crm"
)

// Dialect is the kind of database.
type Dialect string

// The databases.
const (
	MySQL  Dialect = "mysql"
	SQLite Dialect = "sqlite"
)

// DB is an open database. Safe for concurrent use.
type DB struct {
	Dialect Dialect
	clock   crm.Clock
	w, r    *gorm.DB // SQLite: one writer, many readers; MySQL: the same pool
	lock    *os.File // SQLite: one process per file
	wake    func()   // called after a commit that queued messages
	spread  time.Duration
}

// OnQueued sets what is called after each commit that queued messages. Call it
// before the database is used by several goroutines.
func (d *DB) OnQueued(fn func()) { d.wake = fn }

// Open opens `sqlite:PATH` or a MySQL DSN. It does not migrate.
func Open(ctx context.Context, dsn string, clock crm.Clock) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(ctx, path, clock)
	}
	return openMySQL(ctx, dsn, clock)
}

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, DisableNestedTransaction: true,
		// gorm's logger prints statements with their values, which are customers' data.
		Logger: logger.Discard,
	}
}

func openMySQL(ctx context.Context, dsn string, clock crm.Clock) (*DB, error) {
	c, err := gomysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("database.dsn: not a MySQL DSN and not sqlite:PATH: %w", err)
	}
	c.ParseTime, c.Loc, c.ClientFoundRows, c.InterpolateParams = true, time.UTC, true, true
	c.MultiStatements = true // a transaction's begin and end carry what they must do in one round trip
	c.Collation = "utf8mb4_bin"
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = 60 * time.Second
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = 60 * time.Second
	}
	db, err := gorm.Open(gormmysql.New(gormmysql.Config{DSN: c.FormatDSN(), SkipInitializeWithVersion: true}), gormConfig())
	if err != nil {
		return nil, fmt.Errorf("open MySQL: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(64)
	pool.SetMaxIdleConns(64)
	pool.SetConnMaxLifetime(30 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach MySQL: %w", err)
	}
	return &DB{Dialect: MySQL, clock: clock, w: db, r: db}, nil
}

// sqliteDialector translates the errors of the pure-Go driver, whose error
// type gorm's own dialector does not know.
type sqliteDialector struct{ *sqlite.Dialector }

func (d sqliteDialector) Translate(err error) error {
	var se *msqlite.Error
	if errors.As(err, &se) {
		switch se.Code() {
		case 1555, 2067: // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE
			return gorm.ErrDuplicatedKey
		case 787: // SQLITE_CONSTRAINT_FOREIGNKEY
			return gorm.ErrForeignKeyViolated
		}
	}
	return err
}

func openSQLite(ctx context.Context, path string, clock crm.Clock) (*DB, error) {
	d := &DB{Dialect: SQLite, clock: clock}
	// The cache is in KiB: with SQLite's own 2 MiB most of the work is reading pages again.
	params := "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC&_pragma=synchronous(NORMAL)&_pragma=cache_size(-32000)"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("database.dsn: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("database.dsn: SQLite mode is one process; %s: %w", path, err)
	}
	d.lock = lock
	// SQLite would make the file with the umask's rights; its journals get those of
	// the file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("database.dsn: %w", err)
	}
	f.Close()
	// What has a meaning in a URI must not have one in a file's name.
	dsn := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + "?" + params
	// WAL is set once before the pool exists: in the DSN it races (SQLITE_BUSY).
	one, err := sql.Open("sqlite", dsn)
	if err == nil {
		_, err = one.ExecContext(ctx, "PRAGMA journal_mode=WAL")
		one.Close()
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	open := func(conns int) (*gorm.DB, error) {
		pool := sql.OpenDB(preparedConnector{one.Driver(), dsn})
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		db, err := gorm.Open(sqliteDialector{sqlite.New(sqlite.Config{Conn: pool}).(*sqlite.Dialector)}, gormConfig())
		if err != nil {
			return nil, errors.Join(err, pool.Close())
		}
		return db, pool.PingContext(ctx)
	}
	if d.w, err = open(1); err == nil {
		d.r, err = open(4)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	return d, nil
}

// Close closes the pools.
func (d *DB) Close() error {
	var errs []error
	for _, g := range []*gorm.DB{d.w, d.r} {
		if g == nil {
			continue
		}
		if pool, err := g.DB(); err == nil {
			errs = append(errs, pool.Close())
		}
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	pool, err := d.r.DB()
	if err != nil {
		return err
	}
	return pool.PingContext(ctx)
}

// SQL is the writing pool, for migrations and benchmarks.
func (d *DB) SQL() (*sql.DB, error) { return d.w.DB() }

func retryable(err error) bool {
	if errors.Is(err, crm.ErrAgain) {
		return true
	}
	var me *gomysql.MySQLError
	if errors.As(err, &me) {
		switch me.Number {
		case 1213, 1205, 9007, 8002, 8028, 1020: // deadlock, lock wait, TiDB conflicts, changed since read
			return true
		}
	}
	var se *msqlite.Error
	return errors.As(err, &se) && (se.Code()&0xff == 5 || se.Code()&0xff == 6) // BUSY, LOCKED
}

func duplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }

func missing(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// ms is a time as stored; the zero time is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is a stored time; 0 is the zero time.
func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
