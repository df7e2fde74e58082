package store_test

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm/schema"

	"crmbot/internal/testenv"
)

// TestSchemaTwins compares what the two sets of migrations made: the same
// tables, columns, nullability and indexes.
func TestSchemaTwins(t *testing.T) {
	lite, _ := openStore(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	my, _ := openStore(t, testenv.MySQL(t))
	a, b := sqliteSchema(t, sqlPool(t, lite)), mysqlSchema(t, sqlPool(t, my))
	if len(a) < 15 {
		t.Fatalf("only %d tables found", len(a))
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("SQLite (-) and MySQL (+) differ:\n%s", d)
	}
}

// TestAMigrationOfMySQLGoesOnAfterACrash: MySQL keeps what a migration did
// before the program died in the middle; the next start ends it.
func TestAMigrationOfMySQLGoesOnAfterACrash(t *testing.T) {
	db, _ := openStore(t, testenv.MySQL(t))
	pool := sqlPool(t, db)
	want := mysqlSchema(t, pool)
	for what, undo := range map[string][]string{
		"before its last statement": {"ALTER TABLE crm_outbox DROP INDEX crm_outbox_user, DROP COLUMN always_sent, DROP COLUMN budget_day, DROP COLUMN slot"},
		"at its first statement":    {"ALTER TABLE crm_outbox DROP INDEX crm_outbox_user, DROP COLUMN always_sent, DROP COLUMN budget_day, DROP COLUMN slot", "DROP TABLE crm_push_days"},
	} {
		exec(t, pool, "DELETE FROM goose_db_version WHERE version_id = 80")
		for _, q := range undo {
			exec(t, pool, q)
		}
		if n, err := db.Migrate(t.Context()); err != nil || n != 1 {
			t.Fatalf("dead %s: %d migrations ran, %v", what, n, err)
		}
		if d := cmp.Diff(want, mysqlSchema(t, pool)); d != "" {
			t.Errorf("dead %s (-want +got):\n%s", what, d)
		}
	}
}

// TestMigrationsOfMySQLAlterOnce: of two ALTERs the first stays when the program
// dies before the second, and fails when the migration runs again.
func TestMigrationsOfMySQLAlterOnce(t *testing.T) {
	files, err := filepath.Glob("migrations/mysql/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		first, last, altered := strings.Cut(string(text), "\nALTER TABLE ")
		if altered && strings.Count(last, ";") != 1 {
			t.Errorf("%s: one ALTER must be its last statement", f)
		}
		if altered && strings.Count(first, "\nCREATE ") != strings.Count(first, "\nCREATE TABLE IF NOT EXISTS ") {
			t.Errorf("%s: what is made before the ALTER needs IF NOT EXISTS", f)
		}
	}
}

// TestRowsFitTheSchema finds every row struct of the package in its source and
// looks for its columns in the migrated schema.
func TestRowsFitTheSchema(t *testing.T) {
	db, _ := openStore(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	have := sqliteSchema(t, sqlPool(t, db))
	rows := rowStructs(t)
	if len(rows) < 10 {
		t.Fatalf("only %d row structs found", len(rows))
	}
	for table, columns := range rows {
		if have[table] == nil {
			t.Errorf("no migration makes %s", table)
			continue
		}
		for _, c := range columns {
			if _, ok := have[table]["column "+c]; !ok {
				t.Errorf("%s has no column %s", table, c)
			}
		}
	}
}

// description maps "column x" to null or not null, and "index x" to its columns.
type description map[string]string

func query(t *testing.T, pool *sql.DB, each func(scan func(...any)), q string, args ...any) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	for rows.Next() {
		each(func(to ...any) {
			if err := rows.Scan(to...); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func nullability(null bool) string {
	if null {
		return "null"
	}
	return "not null"
}

func unique(yes bool) string {
	if yes {
		return "unique "
	}
	return ""
}

func sqliteSchema(t *testing.T, pool *sql.DB) map[string]description {
	t.Helper()
	out := map[string]description{}
	query(t, pool, func(scan func(...any)) {
		var name string
		scan(&name)
		out[name] = description{}
	}, "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'crm!_%' ESCAPE '!'")
	for _, table := range slices.Sorted(maps.Keys(out)) {
		d, primary := out[table], map[int]string{}
		query(t, pool, func(scan func(...any)) {
			var cid, notNull, pk int
			var name, kind string
			var value sql.NullString
			scan(&cid, &name, &kind, &notNull, &value, &pk)
			d["column "+name] = nullability(notNull == 0)
			if pk > 0 {
				primary[pk] = name
			}
		}, "PRAGMA table_info("+table+")")
		d["index PRIMARY"] = "unique " + strings.Join(ordered(primary), ",")
		indexes := map[string]bool{}
		query(t, pool, func(scan func(...any)) {
			var seq, uniq, partial int
			var name, origin string
			scan(&seq, &name, &uniq, &origin, &partial)
			if origin == "c" {
				indexes[name] = uniq == 1
			}
		}, "PRAGMA index_list("+table+")")
		for name, uniq := range indexes {
			columns := map[int]string{}
			query(t, pool, func(scan func(...any)) {
				var seq, cid int
				var column string
				scan(&seq, &cid, &column)
				columns[seq] = column
			}, "PRAGMA index_info("+name+")")
			d["index "+name] = unique(uniq) + strings.Join(ordered(columns), ",")
		}
	}
	return out
}

func mysqlSchema(t *testing.T, pool *sql.DB) map[string]description {
	t.Helper()
	out := map[string]description{}
	for _, table := range tables(t, pool, "crm") {
		out[table] = description{}
	}
	query(t, pool, func(scan func(...any)) {
		var table, name, null string
		scan(&table, &name, &null)
		if d := out[table]; d != nil {
			d["column "+name] = nullability(null == "YES")
		}
	}, "SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = DATABASE()")
	query(t, pool, func(scan func(...any)) {
		var table, index, columns string
		var more int
		scan(&table, &index, &more, &columns)
		if d := out[table]; d != nil {
			d["index "+index] = unique(more == 0) + columns
		}
	}, `SELECT table_name, index_name, MAX(non_unique), GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ',')
		FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name`)
	return out
}

func ordered(m map[int]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// rowStructs are the columns of every struct with a TableName method, by table.
func rowStructs(t *testing.T) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal("no source files", err)
	}
	structs, names := map[string]*ast.StructType{}, map[string]string{}
	collect := func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.TypeSpec:
			if s, ok := x.Type.(*ast.StructType); ok {
				structs[x.Name.Name] = s
			}
		case *ast.FuncDecl:
			if x.Name.Name != "TableName" || x.Recv == nil {
				break
			}
			ret, ok := x.Body.List[0].(*ast.ReturnStmt)
			if !ok {
				break
			}
			lit, ok := ret.Results[0].(*ast.BasicLit)
			recv, ok2 := x.Recv.List[0].Type.(*ast.Ident)
			if !ok || !ok2 {
				t.Errorf("TableName of %v does not return a constant", x.Recv.List[0].Type)
				break
			}
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			names[recv.Name] = name
		}
		return true
	}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, collect)
	}
	out := map[string][]string{}
	for typ, table := range names {
		if out[table] == nil {
			out[table] = []string{}
		}
		out[table] = append(out[table], columnsOf(t, structs, typ)...)
	}
	return out
}

func columnsOf(t *testing.T, structs map[string]*ast.StructType, typ string) []string {
	t.Helper()
	s := structs[typ]
	if s == nil {
		t.Fatalf("no struct %s", typ)
	}
	var out []string
	for _, f := range s.Fields.List {
		tag := ""
		if f.Tag != nil {
			raw, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			tag = reflect.StructTag(raw).Get("gorm")
		}
		if tag == "-" || strings.Contains(tag, "->:false") {
			continue
		}
		if len(f.Names) == 0 { // embedded
			if id, ok := f.Type.(*ast.Ident); ok {
				out = append(out, columnsOf(t, structs, id.Name)...)
			}
			continue
		}
		for _, n := range f.Names {
			name := schema.NamingStrategy{}.ColumnName("", n.Name)
			for _, part := range strings.Split(tag, ";") {
				if c, ok := strings.CutPrefix(part, "column:"); ok {
					name = c
				}
			}
			out = append(out, name)
		}
	}
	return out
}
