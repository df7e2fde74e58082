package testenv

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MySQL makes an empty database for this test on the server of
// CRMBOT_TEST_MYSQL, drops it when the test ends, and returns its DSN. The DSN
// carries the parameters that production uses (UTC, utf8mb4, found rows,
// interpolation) and timeouts that fit a busy test machine.
//
// A server that is named but does not answer fails the test: only a server
// that was never promised may be skipped.
func MySQL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(EnvMySQL)
	if server == "" {
		Missing(t, "MySQL suite", why(EnvMySQL, "no server ("+EnvMySQL+" is empty)"))
	}
	cfg, err := mysql.ParseDSN(server)
	if err != nil {
		t.Fatalf("%s: %v", EnvMySQL, err)
	}
	cfg.DBName = ""
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	cfg.ClientFoundRows = true
	cfg.InterpolateParams = true
	cfg.Timeout = 5 * time.Second
	cfg.ReadTimeout = time.Minute
	cfg.WriteTimeout = time.Minute
	if err := cfg.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		t.Fatalf("%s: %v", EnvMySQL, err)
	}

	admin, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		t.Fatalf("%s: %v", EnvMySQL, err)
	}
	name := "crmbot_test_" + strings.ToLower(rand.Text())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		_ = admin.Close()
		t.Fatalf("MySQL suite: making a database on the server of %s: %v", EnvMySQL, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := admin.ExecContext(ctx, "DROP DATABASE `"+name+"`"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
		if err := admin.Close(); err != nil {
			t.Errorf("closing the connection that dropped the test's database: %v", err)
		}
	})
	cfg.DBName = name
	return cfg.FormatDSN()
}
