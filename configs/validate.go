package configs

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Validate reports everything that is wrong, naming the key, never the value
// of a secret.
func (c Config) Validate() error {
	var errs []error
	bad := func(key, format string, a ...any) { errs = append(errs, fmt.Errorf(key+": "+format, a...)) }
	if path, ok := strings.CutPrefix(c.Database.DSN, "sqlite:"); ok {
		if path == "" || path == ":memory:" {
			bad("database.dsn", "sqlite: needs the path of a file")
		}
	} else if d, err := mysql.ParseDSN(c.Database.DSN); err != nil || d.DBName == "" {
		bad("database.dsn", "must be sqlite:PATH or a MySQL DSN with a database, user:password@tcp(host:3306)/name")
	}
	if c.Redis.URL != "" {
		if u, err := url.Parse(c.Redis.URL); err != nil || !slices.Contains([]string{"redis", "rediss", "unix", "redis+cluster", "redis+sentinel"}, u.Scheme) {
			bad("redis.url", "must be redis://host:port/db or empty")
		}
	}
	address := func(key, v string) {
		if _, port, err := net.SplitHostPort(v); err != nil {
			bad(key, "must be host:port, got %q", v)
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			bad(key, "port %q is not a number from 0 to 65535", port)
		}
	}
	address("http.addr", c.HTTP.Addr)
	if c.HTTP.MetricsAddr != "" {
		address("http.metrics_addr", c.HTTP.MetricsAddr)
	}
	if n := len(c.Intake.Secret); n > 0 && n < 32 {
		bad("intake.secret", "must have at least 32 characters, has %d", n)
	}
	if _, err := time.LoadLocation(c.Org.Timezone); err != nil || c.Org.Timezone == "" || c.Org.Timezone == "Local" {
		bad("org.timezone", "%q is not an IANA time zone such as Asia/Shanghai", c.Org.Timezone)
	}
	if c.Org.SpreadMinutes < 0 || c.Org.SpreadMinutes > 20 {
		bad("org.spread_minutes", "must be 0 to 20, got %d", c.Org.SpreadMinutes)
	}
	oneOf := func(key, v string, list ...string) {
		if !slices.Contains(list, v) {
			bad(key, "must be one of %s, got %q", strings.Join(list, ", "), v)
		}
	}
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "text", "json")
	oneOf("lark.mode", c.Lark.Mode, "long", "webhook")
	oneOf("dingtalk.card_mode", c.DingTalk.CardMode, "auto", "template", "public", "plain")
	if u, err := url.Parse(c.Lark.BaseURL); err != nil || u.Host == "" {
		bad("lark.base_url", "must be a URL, got %q", c.Lark.BaseURL)
	}
	if (c.Lark.AppID == "") != (c.Lark.AppSecret == "") {
		bad("lark.app_secret", "lark.app_id and lark.app_secret belong together")
	}
	if c.Lark.AppID != "" && c.Lark.Mode == "webhook" && c.Lark.EncryptKey == "" {
		bad("lark.encrypt_key", "is required in webhook mode")
	}
	if c.Lark.AppID != "" && c.Lark.Mode == "webhook" && c.Lark.VerificationToken == "" {
		bad("lark.verification_token", "is required in webhook mode")
	}
	for key, v := range map[string]string{"dingtalk.api_url": c.DingTalk.APIURL, "dingtalk.oapi_url": c.DingTalk.OAPIURL} {
		if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			bad(key, "must be a URL, got %q", v)
		}
	}
	if c.DingTalk.QuotaAPI < 0 || c.DingTalk.QuotaStream < 0 {
		bad("dingtalk.quota_api", "dingtalk.quota_api and dingtalk.quota_stream must not be negative")
	}
	if (c.DingTalk.ClientID == "") != (c.DingTalk.ClientSecret == "") {
		bad("dingtalk.client_secret", "dingtalk.client_id and dingtalk.client_secret belong together")
	}
	return errors.Join(errs...)
}
