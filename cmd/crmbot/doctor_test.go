package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"crmbot/internal/emulator"
)

func TestDoctorOfNothingConfigured(t *testing.T) {
	env := []string{"CRMBOT_DATABASE_DSN=sqlite:" + filepath.Join(t.TempDir(), "crm.db"), "LANG=zh_CN.UTF-8"}
	code, out, errOut := crmbot(t, env, "doctor")
	if code != 0 || errOut != "" || !strings.Contains(out, "还没有配置聊天平台") || !strings.Contains(out, "docs/setup-lark.zh-CN.md") || !strings.Contains(out, "✗ 错误 0") {
		t.Errorf("%d %q\n%s", code, errOut, out)
	}
	code, out, _ = crmbot(t, env, "doctor", "--lang", "en")
	if code != 0 || !strings.Contains(out, "no chat platform is configured") || strings.ContainsAny(out, "平台") {
		t.Errorf("in English: %d\n%s", code, out)
	}
}

func TestDoctorReportsWhatIsBadWithItsStatus(t *testing.T) {
	lark := emulator.NewLark(emulator.LarkOptions{})
	defer lark.Close()
	lark.Revoke("im:resource")
	id, secret := lark.App()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "crm.db")
	env := []string{"CRMBOT_DATABASE_DSN=" + dsn, "CRMBOT_LARK_APP_ID=" + id, "CRMBOT_LARK_APP_SECRET=" + secret, "CRMBOT_LARK_BASE_URL=" + lark.URL()}
	if code, _, errOut := crmbot(t, env, "migrate"); code != 0 {
		t.Fatal(errOut)
	}
	code, out, errOut := crmbot(t, env, "doctor")
	t.Log("\n" + out)
	if code != 1 || errOut != "" || strings.Contains(out, secret) {
		t.Errorf("status %d, %q", code, errOut)
	}
	lines := strings.Split(out, "\n")
	for i, l := range lines {
		if strings.Contains(l, "✗ Permissions") {
			if !strings.Contains(l, "im:resource") || !strings.Contains(lines[i+1], "→ grant them at "+lark.URL()+"/app/"+id+"/auth?q=im:resource&") {
				t.Errorf("permissions:\n%s\n%s", l, lines[i+1])
			}
		}
	}
	if strings.Count(out, "✗") != 2 { // the line and the sum
		t.Errorf("more is bad:\n%s", out)
	}
	var got struct {
		Healthy bool
		Checks  []struct {
			Section, Area, Mark, Seen, Mend string
			Missing                         []string
		}
	}
	code, out, _ = crmbot(t, env, "doctor", "--json", "--lang", "zh")
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got.Healthy {
		t.Fatalf("%d %v\n%s", code, err, out)
	}
	found := false
	for _, c := range got.Checks {
		if c.Mark == "bad" {
			found = c.Section == "lark" && c.Area == "permissions" && len(c.Missing) == 1 && c.Missing[0] == "im:resource" && strings.Contains(c.Seen, "缺 1 项权限")
		}
	}
	if !found {
		t.Errorf("JSON:\n%s", out)
	}
	lark.Grant("im:resource")
	if code, out, _ := crmbot(t, env, "doctor"); code != 0 {
		t.Errorf("mended: %d\n%s", code, out)
	}
}

func TestDoctorNamesMistakesOfTheConfiguration(t *testing.T) {
	code, out, errOut := crmbot(t, []string{"CRMBOT_LARK_APP_ID=cli_x", "CRMBOT_REDIS_URL=http://u:hunter2@x"}, "doctor", "--lang", "en")
	if code != 1 || errOut != "" || !strings.Contains(out, "lark.app_secret") || !strings.Contains(out, "redis.url") || strings.Contains(out, "hunter2") {
		t.Errorf("%d %q\n%s", code, errOut, out)
	}
}
