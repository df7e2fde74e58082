package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/demo"
	"crmbot/internal/org"
	"crmbot/internal/testenv"
)

var update = flag.Bool("update", false, "write the pictures of the README")

// shared are the two slow things that all tests use: a browser, and a demo
// company that every test gets a copy of.
var shared struct {
	browser  context.Context
	stop     func()
	template string
	once     sync.Once
	err      error
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	if shared.template != "" {
		if err := os.RemoveAll(shared.template); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// began is when every test begins: a working Friday, half an hour before the
// daily reports are drafted.
func began() time.Time {
	return time.Date(2026, 11, 20, 16, 5, 0, 0, time.FixedZone("Asia/Shanghai", 8*3600))
}

const historyDays = 4

// template makes the company's history once.
func template() (string, error) {
	shared.once.Do(func() {
		shared.template, shared.err = os.MkdirTemp("", "crmbot-browser-")
		if shared.err != nil {
			return
		}
		var d *demo.Demo
		d, shared.err = demo.Open(context.Background(), demo.Options{Dir: shared.template, Now: began(), Days: historyDays})
		if shared.err == nil {
			shared.err = d.Close()
		}
	})
	return shared.template, shared.err
}

// hurried lets a test do in seconds what takes people hours.
var hurried = bot.Limits{MaxText: bot.DefaultLimits.MaxText, MaxFile: bot.DefaultLimits.MaxFile, MaxFiles: bot.DefaultLimits.MaxFiles}

// company is a running demo on a loopback address.
type company struct {
	t      testing.TB
	demo   *demo.Demo
	url    string
	people map[string]org.User
}

// openCompany copies the company and serves it until the test ends.
func openCompany(t testing.TB) *company {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatalf("make the company: %v", err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d, err := demo.Open(ctx, demo.Options{Dir: dir, Now: began(), Limits: hurried})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	server := httptest.NewServer(d.Server.Handler())
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel() // ends the streams to pages first, or the server would wait for them
		err := <-ran
		server.Close()
		if err := errors.Join(err, d.Close()); err != nil {
			t.Errorf("stop the company: %v", err)
		}
	})
	c := &company{t: t, demo: d, url: server.URL, people: map[string]org.User{}}
	us, err := d.App.Services.Directory.Users(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range us {
		c.people[u.Name] = u
	}
	return c
}

func (c *company) actor(name string) crm.Actor {
	c.t.Helper()
	a, err := c.demo.App.Services.Directory.Actor(c.t.Context(), c.people[name].ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// chromium starts the browser once; it lives until all tests are done.
func chromium(t testing.TB) context.Context {
	t.Helper()
	path := testenv.Chromium(t)
	if shared.browser != nil {
		return shared.browser
	}
	dir, err := os.MkdirTemp("", "crmbot-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "zh-CN"), chromedp.Env("LANGUAGE=zh_CN"))
	ctx, stop := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil { // without a deadline: this call owns the browser
		stop()
		stopAlloc()
		t.Fatalf("start %s: %v", path, err)
	}
	shared.browser = ctx
	shared.stop = func() {
		stop()
		stopAlloc()
		os.RemoveAll(dir)
	}
	return ctx
}
