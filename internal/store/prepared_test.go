package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	msqlite "modernc.org/sqlite"

	"crmbot/internal/crm"
)

// TestStatementsOfSQLiteAreKeptAndStayRight: the same text inside itself, after
// an error, after a change of the schema, and more texts than are kept.
func TestStatementsOfSQLiteAreKeptAndStayRight(t *testing.T) {
	d, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pool, err := d.SQL()
	if err != nil {
		t.Fatal(err)
	}
	c, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exec := func(query string, args ...any) error {
		_, err := c.ExecContext(t.Context(), query, args...)
		return err
	}
	for _, q := range []string{"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"} {
		if err := exec(q); err != nil {
			t.Fatal(err)
		}
	}
	const list = "SELECT v FROM t WHERE id >= ? ORDER BY id"
	read := func(from int) (out string) {
		t.Helper()
		rows, err := c.QueryContext(t.Context(), list, from)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			out += v
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := read(1) + read(2) + read(3); got != "abb" {
		t.Errorf("read %q, want abb", got)
	}

	outer, err := c.QueryContext(t.Context(), list, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !outer.Next() {
		t.Fatal("no row")
	}
	if got := read(2); got != "b" { // the same text while its rows are open
		t.Errorf("inside: %q", got)
	}
	var v string
	if err := outer.Scan(&v); err != nil || v != "a" {
		t.Errorf("outside: %q, %v", v, err)
	}
	if !outer.Next() || outer.Scan(&v) != nil || v != "b" {
		t.Errorf("outside goes on with %q", v)
	}
	outer.Close()

	const add = "INSERT INTO t VALUES (?, ?)"
	if err := exec(add, 1, "x"); err == nil {
		t.Error("a duplicate key was taken")
	}
	if err := exec(add, 3, "c"); err != nil {
		t.Errorf("after an error: %v", err)
	}
	if err := exec("ALTER TABLE t ADD COLUMN w TEXT"); err != nil {
		t.Fatal(err)
	}
	if got := read(1); got != "abc" {
		t.Errorf("after a change of the schema: %q", got)
	}
	for i := range maxPrepared + 10 {
		var n int
		if err := c.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d: %d, %v", i, n, err)
		}
	}
	err = c.Raw(func(x any) error {
		if n := len(x.(*preparedConn).idle); n == 0 || n > maxPrepared {
			t.Errorf("%d statements are kept, want up to %d", n, maxPrepared)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(3); got != "c" {
		t.Errorf("at the end: %q", got)
	}
}

// TestAStatementOfSQLiteThatFailedBetweenItsRowsIsNotUsedAgain: the driver does
// not take its arguments off it.
func TestAStatementOfSQLiteThatFailedBetweenItsRowsIsNotUsedAgain(t *testing.T) {
	conn, err := preparedConnector{driver: &msqlite.Driver{}, dsn: "file::memory:"}.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := conn.(*preparedConn)
	defer c.Close()
	for _, q := range []string{"CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", "INSERT INTO t VALUES (1, 1), (2, -9223372036854775808), (3, 3)"} {
		if _, err := c.ExecContext(t.Context(), q, nil); err != nil {
			t.Fatal(err)
		}
	}
	const q = "SELECT abs(v) FROM t WHERE id >= ? AND ? <> '' ORDER BY id"
	// read gives the rows up to the first error, and whether the statement is kept.
	read := func(from int64) (got []int64, kept bool, failed error) {
		t.Helper()
		rows, err := c.QueryContext(t.Context(), q, []driver.NamedValue{{Ordinal: 1, Value: from}, {Ordinal: 2, Value: "text"}})
		if err != nil {
			t.Fatal(err)
		}
		row := make([]driver.Value, 1)
		for failed = rows.Next(row); failed == nil; failed = rows.Next(row) {
			got = append(got, row[0].(int64))
		}
		if err := rows.Close(); err != nil && errors.Is(failed, io.EOF) {
			t.Error(err)
		}
		_, kept = c.idle[q]
		return got, kept, failed
	}
	if got, kept, err := read(3); !slices.Equal(got, []int64{3}) || !kept || !errors.Is(err, io.EOF) {
		t.Errorf("without an error: %v, kept %v, %v", got, kept, err)
	}
	if got, kept, err := read(1); !slices.Equal(got, []int64{1}) || kept || errors.Is(err, io.EOF) {
		t.Errorf("with an error: %v, kept %v, %v", got, kept, err)
	}
	if got, kept, err := read(3); !slices.Equal(got, []int64{3}) || !kept || !errors.Is(err, io.EOF) {
		t.Errorf("after the error: %v, kept %v, %v", got, kept, err)
	}
}
