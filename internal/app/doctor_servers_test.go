package app_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"crmbot/bot"
	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/testenv"
)

func TestDoctorOfMySQLAndRedis(t *testing.T) {
	cfg := configs.Defaults()
	cfg.Database.DSN, cfg.Redis.URL = testenv.MySQL(t), testenv.Redis(t)
	none := skipped(bot.AreaPlatform)
	diagnose(t, cfg, bad(bot.AreaSchema, "crmbot migrate", "还没有建表"), none)
	a, err := app.New(t.Context(), app.Options{DSN: cfg.Database.DSN})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	r := diagnose(t, cfg, none)
	if text := printed(r); strings.Count(text, "ok clock") != 2 || !strings.Contains(text, "MariaDB 1") || !strings.Contains(text, "Redis 7") && !strings.Contains(text, "Redis 8") && !strings.Contains(text, "Redis 6") {
		t.Errorf("report:\n%s", text)
	}
	c, err := mysql.ParseDSN(cfg.Database.DSN)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", cfg.Database.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec := func(q string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	diagnose(t, cfg, bad(bot.AreaSchema, "99999", "newer"), none)
	exec("DELETE FROM goose_db_version WHERE version_id = 99999")
	exec("DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM (SELECT version_id FROM goose_db_version) v)")
	diagnose(t, cfg, bad(bot.AreaSchema, "还差 1 个迁移", "crmbot migrate"), none)
	exec("ALTER DATABASE `" + c.DBName + "` CHARACTER SET latin1")
	diagnose(t, cfg, bad(bot.AreaSchema), warning(bot.AreaDatabase, "latin1", "utf8mb4"), none)

	// Logins of users who may do too little, or nothing.
	// The host is not the one of everywhere: a GRANT to another would make a new user.
	var login string
	if err := db.QueryRow("SELECT USER()").Scan(&login); err != nil {
		t.Fatal(err)
	}
	host := login[strings.LastIndex(login, "@")+1:]
	user := "doctor_" + c.DBName[len(c.DBName)-8:]
	exec("CREATE USER '" + user + "'@'" + host + "' IDENTIFIED BY 'pass word'")
	t.Cleanup(func() {
		if _, err := db.Exec("DROP USER '" + user + "'@'" + host + "'"); err != nil {
			t.Error(err)
		}
	})
	as := func(user, password, name string) configs.Config {
		x := c.Clone()
		x.User, x.Passwd, x.DBName = user, password, name
		cfg := cfg
		cfg.Database.DSN = x.FormatDSN()
		return cfg
	}
	diagnose(t, as(user, "wrong", c.DBName), bad(bot.AreaDatabase, "密码"), none)
	diagnose(t, as(user, "pass word", c.DBName), bad(bot.AreaDatabase, "没有数据库 "+c.DBName+" 的权限"), none)
	diagnose(t, as(c.User, c.Passwd, "crmbot_no_such"), bad(bot.AreaDatabase, "CREATE DATABASE `crmbot_no_such`"), none)
	exec(fmt.Sprintf("GRANT SELECT, INSERT, UPDATE, DELETE ON `%s`.* TO '%s'@'%s'", strings.ReplaceAll(c.DBName, "_", `\_`), user, host))
	diagnose(t, as(user, "pass word", c.DBName), bad(bot.AreaSchema), bad(bot.AreaDatabase, "CREATE, ALTER, INDEX", "GRANT", "TO '"+user+"'@'"+host+"'"), warning(bot.AreaDatabase, "latin1"), none)
}

func TestDoctorWarnsOfARedisThatDropsKeys(t *testing.T) {
	cfg := configs.Defaults()
	cfg.Database.DSN = enrolled(t, "lark", "ou_x", "oc_x")
	cfg.Redis.URL = testenv.StartRedis(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru").URL
	diagnose(t, cfg, warning(bot.AreaRedis, "allkeys-lru", "noeviction"), skipped(bot.AreaPlatform))
	// Without a limit nothing is dropped, whatever the policy says.
	cfg.Redis.URL = testenv.StartRedis(t, "--maxmemory-policy", "allkeys-lru").URL
	diagnose(t, cfg, skipped(bot.AreaPlatform))
}
