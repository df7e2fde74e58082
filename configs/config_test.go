package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExampleShowsTheDefaults(t *testing.T) {
	c, err := Load("config.example.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Defaults(), c); d != "" {
		t.Error(d)
	}
}

func TestEnvironmentBeatsFileAndFileBeatsDefaults(t *testing.T) {
	p := write(t, "database:\n  dsn: sqlite:a.db\nhttp:\n  addr: :1\n")
	secret := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(secret, []byte("u:p@tcp(h:3306)/n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(p, []string{"CRMBOT_HTTP_ADDR=:2", "CRMBOT_DATABASE_DSN_FILE=" + secret, "CRMBOT_TEST_MYSQL=x", "PATH=y"})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Addr != ":2" || c.Database.DSN != "u:p@tcp(h:3306)/n" || c.Org.Timezone != "Asia/Shanghai" {
		t.Errorf("got %+v", c)
	}
}

func TestAllProblemsAreReportedAtOnceWithoutSecrets(t *testing.T) {
	p := write(t, "database:\n  dns: x\n  dsn: hunter2\nredis:\n  url: http://hunter2\nhttp:\n  addr: nowhere\n  metrics_addr: localhost:70000\nintake:\n  secret: hunter2\norg:\n  timezone: Mars/Olympus\nlark:\n  app_id: a\n  mode: pigeon\nfoo: 1\n")
	_, err := Load(p, []string{"CRMBOT_HTP_ADDR=:1", "CRMBOT_REDIS_URL_FILE=/nowhere/x"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"unknown key database.dns", "unknown key foo", "database.dsn:", "redis.url:", "http.addr:", "http.metrics_addr:", "intake.secret:", "org.timezone:", "lark.mode:", "lark.app_secret:", "CRMBOT_HTP_ADDR", "CRMBOT_REDIS_URL_FILE"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a secret:\n%v", err)
	}
}

func TestEnvironmentGivesNumbers(t *testing.T) {
	c, err := Load("", []string{"CRMBOT_DINGTALK_QUOTA_API=205000", "CRMBOT_DINGTALK_QUOTA_STREAM=0"})
	if err != nil || c.DingTalk.QuotaAPI != 205000 || c.DingTalk.QuotaStream != 0 {
		t.Errorf("got %+v, %v", c.DingTalk, err)
	}
	if _, err := Load("", []string{"CRMBOT_DINGTALK_QUOTA_API=many"}); err == nil || !strings.Contains(err.Error(), "CRMBOT_DINGTALK_QUOTA_API") {
		t.Errorf("got %v", err)
	}
}
