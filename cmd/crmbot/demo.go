package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"crmbot/configs"
	"crmbot/internal/demo"
)

type demoCmd struct {
	Dir   string `help:"Where the demo is kept between runs (default: a folder in the user's cache)." placeholder:"DIR"`
	Fresh bool   `help:"Start over with a new company."`
	Port  int    `help:"Port on the loopback address; 0 takes any free one." default:"8470"`
	Now   string `help:"The moment at which a new demo begins, for example '2026-11-20 09:00' (default: now)." placeholder:"TIME"`
	Days  int    `help:"Days of history of a new demo." default:"90"`
}

// maxDemoDays is as much history as is made in a few minutes.
const maxDemoDays = 366

// Validate names all wrong flags at once, before anything is made.
func (c *demoCmd) Validate() error {
	var errs []error
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("--port takes 0 to 65535, got %d", c.Port))
	}
	if c.Days < 1 || c.Days > maxDemoDays {
		errs = append(errs, fmt.Errorf("--days takes 1 to %d, got %d", maxDemoDays, c.Days))
	}
	if _, err := c.begins(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// begins is when a new demo begins; zero: now.
func (c *demoCmd) begins() (time.Time, error) {
	if c.Now == "" {
		return time.Time{}, nil
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", c.Now, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("--now takes a time like '2026-11-20 09:00', got %q", c.Now)
	}
	return t, nil
}

// Run makes the company if there is none yet and serves the chat.
func (c *demoCmd) Run(e *env) error {
	setLog(configs.Log{Level: "warn", Format: "text"}, e.err)
	if c.Dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		c.Dir = filepath.Join(cache, "crmbot", "demo")
	}
	o := demo.Options{Dir: c.Dir, Fresh: c.Fresh, Days: c.Days, Progress: func(s string) { fmt.Fprintln(e.err, s, "…") }}
	var err error
	if o.Now, err = c.begins(); err != nil {
		return err
	}
	ln, err := listenLoopback(c.Port)
	if err != nil {
		return err
	}
	defer ln.Close()
	d, err := demo.Open(e.ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "http://%s/\n", ln.Addr())
	return errors.Join(serveUntil(e.ctx, d.Run, site{ln: ln, handler: d.Server.Handler()}), d.Close())
}

// listenLoopback takes the port, or any free one when it is in use.
func listenLoopback(port int) (net.Listener, error) {
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil && port != 0 {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return ln, err
}
