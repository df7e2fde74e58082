package testdb_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"crmbot/internal/crm"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// TestACopyIsWhatMigratingMakes: same tables, same rows, and no migration left.
func TestACopyIsWhatMigratingMakes(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": testdb.SQLite, "mysql": testdb.MySQL} {
		t.Run(name, func(t *testing.T) {
			fresh(t) // what is migrated; the next one is a copy
			db, err := store.Open(t.Context(), fresh(t), crm.WallClock{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if n, err := db.Migrate(t.Context()); n != 0 || err != nil {
				t.Errorf("%d migrations were missing, %v", n, err)
			}
		})
	}
	empty, copied := testenv.MySQL(t), testdb.MySQL(t)
	db, err := store.Open(t.Context(), empty, crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	migrated, got := describe(t, empty), describe(t, copied)
	if len(migrated) < 50 || !slices.Equal(migrated, got) {
		t.Errorf("the copy differs:\n%s\n--- migrated\n%s", strings.Join(got, "\n"), strings.Join(migrated, "\n"))
	}
}

// describe are the tables with their number of rows.
func describe(t *testing.T, dsn string) []string {
	t.Helper()
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables []string
	list, err := db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name", c.DBName)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var s string
		if err := list.Scan(&s); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, s)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	for i, table := range tables {
		var name, create string
		var n int
		if err := db.QueryRow("SHOW CREATE TABLE `"+table+"`").Scan(&name, &create); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow("SELECT COUNT(*) FROM `" + table + "`").Scan(&n); err != nil {
			t.Fatal(err)
		}
		tables[i] = fmt.Sprintf("%s\n%d rows", create, n)
	}
	return tables
}
