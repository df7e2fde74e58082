package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/mysql/*.sql migrations/sqlite/*.sql
var migrations embed.FS

// ErrNewer means that the database was migrated by a newer program.
var ErrNewer = errors.New("the database is newer than this program; it refuses to downgrade")

// Migrate brings the schema up to date and returns how many migrations ran.
// Several replicas may call it at once. A database with a version that this
// program does not know is refused.
func (d *DB) Migrate(ctx context.Context) (int, error) {
	p, err := d.provider()
	if err != nil {
		return 0, err
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	sources := p.ListSources()
	if last := sources[len(sources)-1].Version; have > last {
		return 0, fmt.Errorf("%w (database %d, program %d)", ErrNewer, have, last)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	return len(done), nil
}

func (d *DB) provider() (*goose.Provider, error) {
	pool, err := d.SQL()
	if err != nil {
		return nil, err
	}
	list, err := goMigrations(d.Dialect)
	if err != nil {
		return nil, err
	}
	opts := []goose.ProviderOption{
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(list...),
	}
	dialect := goose.DialectSQLite3
	if d.Dialect == MySQL {
		dialect = goose.DialectMySQL
		l, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(100*time.Millisecond, 300))
		if err != nil {
			return nil, err
		}
		opts = append(opts, goose.WithLocker(l))
	}
	p, err := goose.NewProvider(dialect, pool, nil, opts...)
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, nil
}

// goMigrations wraps every file as a migration that sends it whole: both drivers
// take several statements at once, so that nobody has to find where one ends.
func goMigrations(d Dialect) ([]*goose.Migration, error) {
	dir := "migrations/" + string(d)
	files, err := fs.ReadDir(migrations, dir)
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	var list []*goose.Migration
	for _, f := range files {
		version, err := goose.NumericComponent(f.Name())
		if err != nil {
			return nil, fmt.Errorf("load migrations: %s: %w", f.Name(), err)
		}
		text, err := fs.ReadFile(migrations, dir+"/"+f.Name())
		if err != nil {
			return nil, fmt.Errorf("load migrations: %w", err)
		}
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", f.Name(), err)
			}
			return nil
		}}, nil))
	}
	return append(list, goose.NewGoMigration(accountTerms, &goose.GoFunc{RunTx: makeAccountTerms}, nil)), nil
}
