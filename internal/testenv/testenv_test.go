package testenv_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"crmbot/internal/testenv"
)

// recorder is a test that notes how it ended.
type recorder struct {
	testing.TB
	skipped, failed string
	cleanups        []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(f string, a ...any) { r.failed = fmt.Sprintf(f, a...) }
func (r *recorder) Skipf(f string, a ...any) {
	r.skipped = fmt.Sprintf(f, a...)
	runtime.Goexit()
}
func (r *recorder) Fatalf(f string, a ...any) {
	r.failed = fmt.Sprintf(f, a...)
	runtime.Goexit()
}

// record runs f as a test of its own, with its clean-up, and says how it ended.
func record(t *testing.T, f func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r
}

func TestMissingThingIsSkippedByName(t *testing.T) {
	for _, c := range []struct {
		suite, variable string
		ask             func(testing.TB) string
	}{
		{"MySQL suite", testenv.EnvMySQL, testenv.MySQL},
		{"Redis suite", testenv.EnvRedis, testenv.Redis},
		{"browser suite", testenv.EnvChromium, testenv.Chromium},
		{"chart suite", testenv.EnvVChart, testenv.VChart},
	} {
		t.Run(c.suite, func(t *testing.T) {
			t.Setenv(c.variable, "")
			t.Setenv("PATH", t.TempDir())
			t.Setenv("CI", "")
			r := record(t, func(t testing.TB) { c.ask(t) })
			if !strings.HasPrefix(r.skipped, c.suite+": ") || r.failed != "" {
				t.Errorf("without CI: skipped %q, failed %q; want a skip that names the %s", r.skipped, r.failed, c.suite)
			}
			t.Setenv(c.variable+"_WHY", "the package may not be installed")
			r = record(t, func(t testing.TB) { c.ask(t) })
			if want := c.suite + ": the package may not be installed"; r.skipped != want {
				t.Errorf("skipped %q, want the set-up's reason: %q", r.skipped, want)
			}
			t.Setenv("CI", "1")
			r = record(t, func(t testing.TB) { c.ask(t) })
			if r.skipped != "" || !strings.HasPrefix(r.failed, c.suite+": ") {
				t.Errorf("with CI: skipped %q, failed %q; want a failure that names the %s", r.skipped, r.failed, c.suite)
			}
		})
	}
}

func TestBrokenPromiseFails(t *testing.T) {
	t.Setenv("CI", "")
	nowhere := filepath.Join(t.TempDir(), "nothing")
	for variable, c := range map[string]struct {
		value string
		ask   func(testing.TB)
	}{
		testenv.EnvMySQL:    {"root@tcp(127.0.0.1:1)/", func(t testing.TB) { testenv.MySQL(t) }},
		testenv.EnvRedis:    {"redis://127.0.0.1:1/0", func(t testing.TB) { testenv.Redis(t) }},
		testenv.EnvChromium: {nowhere, func(t testing.TB) { testenv.Chromium(t) }},
		testenv.EnvVChart:   {nowhere, func(t testing.TB) { testenv.VChart(t) }},
		testenv.EnvData:     {nowhere, func(t testing.TB) { testenv.Data(t, "maven/accounts.csv") }},
	} {
		t.Setenv(variable, c.value)
		r := record(t, c.ask)
		if r.failed == "" || r.skipped != "" {
			t.Errorf("%s=%s: skipped %q, failed %q; want a failure", variable, c.value, r.skipped, r.failed)
		}
	}
}

func TestDataIsFoundByVariable(t *testing.T) {
	dir := t.TempDir()
	want := filepath.Join(dir, "maven", "accounts.csv")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, []byte("account\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(testenv.EnvData, dir)
	if got := testenv.Data(t, "maven/accounts.csv"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRootHoldsTheModule(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testenv.Root(t), "go.mod"))
	if err != nil || !strings.HasPrefix(string(b), "module crmbot\n") {
		t.Errorf("go.mod of the root: %.30q, %v", b, err)
	}
}

func TestMySQLDatabasesAreSeparateAndDropped(t *testing.T) {
	keep, err := sql.Open("mysql", testenv.MySQL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	var dropped string
	r := record(t, func(tb testing.TB) {
		db, err := sql.Open("mysql", testenv.MySQL(tb))
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		var zone time.Time
		var collation string
		if _, err := db.Exec("CREATE TABLE things (id INT PRIMARY KEY, at DATETIME(3))"); err != nil {
			t.Error(err)
		}
		if err := db.QueryRow("SELECT DATABASE(), @@collation_database, NOW()").Scan(&dropped, &collation, &zone); err != nil {
			t.Error(err)
		}
		if collation != "utf8mb4_bin" || zone.Location() != time.UTC {
			t.Errorf("collation %s, zone %s; want utf8mb4_bin and UTC", collation, zone.Location())
		}
		if _, err := db.Exec("INSERT INTO things VALUES (1, NULL)"); err != nil {
			t.Error(err)
		}
		res, err := db.Exec("UPDATE things SET at = NULL WHERE id = ?", 1)
		if err != nil {
			t.Error(err)
			return
		}
		if n, _ := res.RowsAffected(); n != 1 {
			t.Errorf("an update that changes nothing reports %d rows, want the 1 it found", n)
		}
	})
	if r.failed != "" {
		t.Error(r.failed)
	}
	var left int
	if err := keep.QueryRow("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", dropped).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if dropped == "" || left != 0 {
		t.Errorf("database %q: %d left after the test ended, want 0", dropped, left)
	}
	var own string
	if err := keep.QueryRow("SELECT DATABASE()").Scan(&own); err != nil || own == dropped {
		t.Errorf("the first test's database is %q, %v; it must differ from the second's and still be there", own, err)
	}
}

func TestRedisKeysAreDeleted(t *testing.T) {
	base, err := url.Parse(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	base.RawQuery = ""
	opts, err := redis.ParseURL(base.String())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	defer c.Close()
	ctx := context.Background()
	var key string
	r := record(t, func(tb testing.TB) {
		u, err := url.Parse(testenv.Redis(tb))
		if err != nil || u.Query().Get("prefix") == "" {
			t.Errorf("URL without prefix: %v", err)
			return
		}
		key = u.Query().Get("prefix") + "thing"
		if err := c.Set(ctx, key, 1, time.Minute).Err(); err != nil {
			t.Error(err)
		}
	})
	if r.failed != "" {
		t.Error(r.failed)
	}
	if n, err := c.Exists(ctx, key).Result(); err != nil || n != 0 {
		t.Errorf("%d keys left after the test ended (%v), want 0", n, err)
	}
}
