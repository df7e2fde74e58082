package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// crmbot runs the program with arguments and returns what it printed.
func crmbot(t *testing.T, env []string, args ...string) (code int, out, errOut string) {
	t.Helper()
	return crmbotIn(t, t.Context(), env, args...)
}

func crmbotIn(t *testing.T, ctx context.Context, env []string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(ctx, args, env, &o, &e)
	return code, o.String(), e.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVersionAndHelp(t *testing.T) {
	code, out, _ := crmbot(t, nil, "version")
	if code != 0 || !strings.HasPrefix(out, "crmbot ") || !strings.Contains(out, "go1.") || strings.Count(out, "\n") != 1 {
		t.Errorf("version: %d %q", code, out)
	}
	code, out, _ = crmbot(t, nil, "--help")
	for _, want := range []string{"demo", "serve", "migrate", "import", "doctor", "script", "version", "--config"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("help (%d) does not name %s:\n%s", code, want, out)
		}
	}
	if code, same, _ := crmbot(t, nil, "help"); code != 0 || same != out {
		t.Errorf("help without dashes: %d %q", code, same)
	}
	if code, out, _ := crmbot(t, nil, "help", "import"); code != 0 || !strings.Contains(out, "--map") {
		t.Errorf("help of import without dashes: %d %q", code, out)
	}
	if code, out, _ := crmbot(t, nil, "import", "--help"); code != 0 || !strings.Contains(out, "--map") {
		t.Errorf("help of import: %d %q", code, out)
	}
}

func TestAWrongCommandLineIsStatus2(t *testing.T) {
	for _, args := range [][]string{{}, {"fly"}, {"version", "--fast"}, {"import"}, {"import", "pets", "x.csv"}, {"import", "leads", "/no/such/file"}, {"script"}, {"script", "/no/such"},
		{"--config", "/no/such.yaml", "version"}, {"demo", "--port", "many"}, {"help", "fly"}} {
		if code, out, errOut := crmbot(t, nil, args...); code != 2 || !strings.HasPrefix(errOut, "crmbot: ") || out != "" {
			t.Errorf("%v: status %d, %q, %q", args, code, out, errOut)
		}
	}
	code, out, errOut := crmbot(t, nil, "demo", "--dir", filepath.Join(t.TempDir(), "none"), "--port", "99999", "--days=-3", "--now", "soon")
	for _, want := range []string{"--port takes 0 to 65535, got 99999", "--days takes 1 to 366, got -3", "--now takes a time like"} {
		if code != 2 || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("demo with three wrong flags: status %d, %q, %q; want %q", code, out, errOut, want)
		}
	}
}

func TestConfigurationMistakesAreNamedTogetherWithoutSecrets(t *testing.T) {
	c := file(t, "c.yaml", "database:\n  dns: sqlite:x.db\nhttp:\n  addr: nowhere\nredis:\n  url: http://user:hunter2@x\n")
	for _, args := range [][]string{{"migrate"}, {"serve"}, {"import", "leads", file(t, "a.csv", "a\n")}} {
		code, out, errOut := crmbot(t, []string{"CRMBOT_HTP_ADDR=:1"}, append([]string{"--config", c}, args...)...)
		if code != 1 || out != "" {
			t.Errorf("%v: status %d, %q", args, code, out)
		}
		for _, want := range []string{"database.dns", "http.addr", "redis.url", "CRMBOT_HTP_ADDR"} {
			if !strings.Contains(errOut, want) {
				t.Errorf("%v does not name %s: %s", args, want, errOut)
			}
		}
		if strings.Contains(errOut, "hunter2") {
			t.Errorf("%v shows a secret: %s", args, errOut)
		}
	}
}

// A script that imports can tell whether rows were left out.
func TestImportTellsOfBadRowsByItsStatus(t *testing.T) {
	env := []string{"CRMBOT_DATABASE_DSN=sqlite:" + filepath.Join(t.TempDir(), "crm.db")}
	const header, good, bad = "公司,联系人,电话\n", "星河科技有限公司,王敏,13800001111\n", ",,\n远航物流有限公司,赵强,1\n"
	for _, x := range []struct {
		rows string
		want int
	}{{good, 0}, {bad, 3}} {
		code, out, errOut := crmbot(t, env, "import", "leads", file(t, "leads.csv", header+x.rows))
		if code != x.want || errOut != "" || (code == 3) != strings.Contains(out, "line ") {
			t.Errorf("status %d, want %d: %q %q", code, x.want, out, errOut)
		}
	}
}

func TestMigrate(t *testing.T) {
	env := []string{"CRMBOT_DATABASE_DSN=sqlite:" + filepath.Join(t.TempDir(), "sub", "crm.db")}
	for i := range 2 {
		code, out, errOut := crmbot(t, env, "migrate")
		if none := strings.HasPrefix(out, "0 migrations"); code != 0 || none != (i == 1) || !strings.Contains(out, "up to date") {
			t.Errorf("migrating for the %d. time: %d %q %q", i+1, code, out, errOut)
		}
	}
	if code, _, errOut := crmbot(t, []string{"CRMBOT_DATABASE_DSN=root:hunter2@tcp(127.0.0.1:1)/x"}, "migrate"); code != 1 || !strings.Contains(errOut, "MySQL") || strings.Contains(errOut, "hunter2") {
		t.Errorf("without a server: %d %q", code, errOut)
	}
}

const good = "at 2026-03-02 09:00\nteam 华东 region 上海\nperson 李娜 rep team 华东\n李娜: /帮助\n李娜 sees \"帮助\"\n"

func TestScripts(t *testing.T) {
	ok, bad := file(t, "good.txtar", good), file(t, "bad.txtar", good+"李娜 sees \"月亮\"\n")
	broken := file(t, "broken.txtar", "李娜: /帮助\n")
	code, out, errOut := crmbot(t, nil, "script", ok)
	if code != 0 || out != "ok   "+ok+"\n" {
		t.Errorf("a good script: %d %q %q", code, out, errOut)
	}
	code, out, errOut = crmbot(t, nil, "script", bad, ok, broken)
	for _, want := range []string{"FAIL " + bad, "bad.txtar:6: 李娜 sees \"月亮\"", "saw:", "FAIL " + broken, "the first statement must be", "2 of 3 scripts failed"} {
		if code != 1 || !strings.Contains(errOut, want) {
			t.Errorf("failing scripts (%d) do not tell %q:\n%s", code, want, errOut)
		}
	}
	if out != "ok   "+ok+"\n" {
		t.Errorf("the good one among them: %q", out)
	}
	if code, out, _ := crmbot(t, nil, "script", "-v", ok); code != 0 || !strings.Contains(out, "李娜: /帮助") {
		t.Errorf("verbose: %d %q", code, out)
	}
	if code, _, errOut := crmbot(t, nil, "script", "--database", "sqlite:x", ok, ok); code != 1 || !strings.Contains(errOut, "one file") {
		t.Errorf("two files on one database: %d %q", code, errOut)
	}
}

func TestWorkThatIsCutShortIsNoSuccess(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, args := range [][]string{{"migrate"}, {"script", file(t, "a.txtar", good)}} {
		if code, _, errOut := crmbotIn(t, ctx, []string{"CRMBOT_DATABASE_DSN=sqlite:" + filepath.Join(t.TempDir(), "crm.db")}, args...); code == 0 || errOut == "" {
			t.Errorf("%v: %d %q", args, code, errOut)
		}
	}
}

func TestDemoRefusesWhatItCannotRead(t *testing.T) {
	if code, _, errOut := crmbot(t, nil, "demo", "--dir", t.TempDir(), "--now", "tomorrow"); code != 2 || !strings.Contains(errOut, "2026-11-20 09:00") {
		t.Errorf("got %d %q", code, errOut)
	}
}

// serving runs serve until the test ends and returns its addresses.
func serving(t *testing.T, n int, env ...string) (addrs []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	env = append(env, "CRMBOT_DATABASE_DSN=sqlite:"+filepath.Join(t.TempDir(), "crm.db"), "CRMBOT_HTTP_ADDR=127.0.0.1:0")
	log := &watched{seen: make(chan string, 100)}
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"serve"}, env, log, log) }()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("stopped with %d", code)
		}
	})
	for len(addrs) < n {
		select {
		case line := <-log.seen:
			if _, rest, ok := strings.Cut(line, "addr="); ok {
				addrs = append(addrs, strings.Fields(rest)[0])
			}
		case code := <-done:
			done <- code
			t.Fatalf("ended with %d", code)
		}
	}
	return addrs
}

// It serves health and ends when it is told to.
func TestServeAnswersAndStops(t *testing.T) {
	addr := serving(t, 1)[0]
	if body := get(t, "http://"+addr+"/readyz"); body != "ready\n" {
		t.Errorf("readyz: %q", body)
	}
}

func TestHealthAndMetricsAreServedOnlyOnTheirOwnAddress(t *testing.T) {
	addrs := serving(t, 2, "CRMBOT_HTTP_METRICS_ADDR=127.0.0.1:0")
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/metrics": "crmbot_outbox_waiting"} {
		if body := get(t, "http://"+addrs[0]+path); body != "404 page not found\n" {
			t.Errorf("%s on http.addr: %.80q", path, body)
		}
		if body := get(t, "http://"+addrs[1]+path); !strings.Contains(body, want) {
			t.Errorf("%s on http.metrics_addr: %.80q", path, body)
		}
	}
}

// Who sends slowly does not keep a connection for ever.
func TestARequestThatDoesNotArriveIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	read := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		done <- serveUntil(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }, site{ln: ln, read: 50 * time.Millisecond, handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			read <- err
		})})
	}()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the body was read with %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
