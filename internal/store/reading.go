package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// The statements of the hottest paths are written by hand and read without
// gorm: building them and filling structs by reflection would cost more than
// the network.

// conn is what reads run on: the transaction's connection if there is one.
func (d *DB) conn(ctx context.Context) gorm.ConnPool {
	if u := d.unit(ctx); u != nil {
		return u.tx.Statement.ConnPool
	}
	return d.r.ConnPool
}

// reading is a query and what is done with each of its rows.
type reading struct {
	statement
	row func(*sql.Rows) error
	end func() // after the last row; nil: nothing
}

// readTogether runs the queries in order, in one round trip on MySQL.
// Readings that were asked for ahead in the transaction come along.
func (d *DB) readTogether(ctx context.Context, list ...reading) error {
	if u := d.unit(ctx); u != nil && len(u.ahead) > 0 {
		list, u.ahead = append(slices.Clip(list), u.ahead...), nil
	}
	if d.Dialect != MySQL {
		for _, r := range list {
			if err := d.readRows(ctx, list[:0:0], r.statement, r); err != nil {
				return err
			}
		}
		return nil
	}
	all := make([]statement, len(list))
	for i, r := range list {
		all[i] = r.statement
	}
	return d.readRows(ctx, list[1:], joined(all), list[0])
}

var errNoResult = errors.New("the database answered fewer results than were asked for")

// readRows reads the first result and those of the queries behind it.
func (d *DB) readRows(ctx context.Context, behind []reading, s statement, first reading) error {
	rows, err := d.conn(ctx).QueryContext(ctx, s.query, s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for i, r := 0, first; ; i++ {
		for rows.Next() {
			if err := r.row(rows); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if r.end != nil {
			r.end()
		}
		if i == len(behind) {
			return rows.Close()
		}
		if r = behind[i]; !rows.NextResultSet() {
			return errors.Join(errNoResult, rows.Err())
		}
	}
}

// scanStar scans a row of SELECT *, of which a server understands the columns
// faster than their list. names are the wanted columns and to where they go;
// order is where each of them stands, found at the first row.
func scanStar(rows *sql.Rows, order *[]int, names []string, to []any) error {
	if *order == nil {
		have, err := rows.Columns()
		if err != nil {
			return err
		}
		for _, name := range have {
			*order = append(*order, slices.Index(names, name))
		}
		for _, name := range names {
			if !slices.Contains(have, name) {
				return fmt.Errorf("the table has no column %s", name)
			}
		}
	}
	all := make([]any, len(*order))
	for i, at := range *order {
		if at >= 0 {
			all[i] = to[at]
		} else {
			all[i] = new(any) // a column of a newer version
		}
	}
	return rows.Scan(all...)
}
