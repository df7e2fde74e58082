package testdb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"crmbot/internal/testenv"
)

// dump is what makes an empty database one of the newest schema.
type dump struct {
	schema string // statements
	rows   []rows
}

type rows struct {
	insert string
	values []any
}

// MySQL makes a database on the server of CRMBOT_TEST_MYSQL, drops it when the
// test ends, and returns its DSN.
func MySQL(t testing.TB) string {
	t.Helper()
	dsn := testenv.MySQL(t)
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c.MultiStatements = true
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := fill(t, dsn, db); err != nil {
		t.Fatalf("filling the test's database: %v", err)
	}
	return dsn
}

// fill copies the template. The first call migrates the test's own database and
// keeps what that made.
func fill(t testing.TB, dsn string, db *sql.DB) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	template.Lock()
	if template.mysql == nil {
		defer template.Unlock()
		migrate(t, dsn)
		d, err := read(ctx, db)
		template.mysql = d
		return err
	}
	d := template.mysql
	template.Unlock()
	if _, err := db.ExecContext(ctx, d.schema); err != nil {
		return err
	}
	for _, r := range d.rows {
		if _, err := db.ExecContext(ctx, r.insert, r.values...); err != nil {
			return err
		}
	}
	return nil
}

func read(ctx context.Context, db *sql.DB) (*dump, error) {
	tables, err := names(ctx, db, "SHOW TABLES")
	if err != nil {
		return nil, err
	}
	d := &dump{}
	var schema strings.Builder
	for _, table := range tables {
		var name, create string
		if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE `"+table+"`").Scan(&name, &create); err != nil {
			return nil, err
		}
		schema.WriteString(create + ";\n")
		list, err := db.QueryContext(ctx, "SELECT * FROM `"+table+"`")
		if err != nil {
			return nil, err
		}
		got, err := insert(table, list)
		if err != nil {
			return nil, err
		}
		d.rows = append(d.rows, got...)
	}
	d.schema = schema.String()
	return d, nil
}

// insert is the statement that inserts the rows again; none when there are none.
func insert(table string, list *sql.Rows) ([]rows, error) {
	defer list.Close()
	columns, err := list.Columns()
	if err != nil {
		return nil, err
	}
	var values []any
	n := 0
	for ; list.Next(); n++ {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := list.Scan(into...); err != nil {
			return nil, err
		}
		values = append(values, row...)
	}
	if err := list.Err(); err != nil || n == 0 {
		return nil, err
	}
	marks := "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",") + ")"
	return []rows{{fmt.Sprintf("INSERT INTO `%s` (`%s`) VALUES %s", table, strings.Join(columns, "`,`"), strings.TrimSuffix(strings.Repeat(marks+",", n), ",")), values}}, nil
}

func names(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	list, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var out []string
	for list.Next() {
		var s string
		if err := list.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, list.Err()
}
