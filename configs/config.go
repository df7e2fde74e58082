// Package configs is the start-up configuration: defaults in code, then a YAML
// file, then environment variables. Business rules are not here: they are
// settings that change at run time.
package configs

// Config is everything the program needs to know before it starts.
type Config struct {
	Database Database `yaml:"database"`
	Redis    Redis    `yaml:"redis"`
	HTTP     HTTP     `yaml:"http"`
	Intake   Intake   `yaml:"intake"`
	Org      Org      `yaml:"org"`
	Log      Log      `yaml:"log"`
	Lark     Lark     `yaml:"lark"`
	DingTalk DingTalk `yaml:"dingtalk"`
}

// Database says where the data lives.
type Database struct {
	// DSN is `sqlite:PATH` or a MySQL DSN such as
	// `crmbot:secret@tcp(db:3306)/crmbot`. A secret.
	DSN string `yaml:"dsn" secret:"true"`
}

// Redis is what several replicas share. Empty: in the process, for one replica.
type Redis struct {
	// URL is `redis://[user:password@]host:port/db`. A secret.
	URL string `yaml:"url" secret:"true"`
	// Prefix separates several installations on one Redis.
	Prefix string `yaml:"prefix"`
}

// HTTP is the server for health, metrics and webhooks.
type HTTP struct {
	// Addr is `host:port`; an empty host listens on all addresses.
	Addr string `yaml:"addr"`
	// MetricsAddr is another `host:port` for /metrics, /healthz and /readyz, which
	// are then not served on Addr. Empty: everything on Addr.
	MetricsAddr string `yaml:"metrics_addr"`
}

// Intake is the intake of leads over HTTP. It is open as soon as there is a source.
type Intake struct {
	// Secret is what the keys of sources that sign are derived from, at least 32
	// characters; all of them change with it. Empty: sources send their key.
	Secret string `yaml:"secret" secret:"true"`
}

// Org is the organisation.
type Org struct {
	// Timezone is an IANA name. Days, working hours and reports follow it.
	Timezone string `yaml:"timezone"`
	// SpreadMinutes is over how many minutes after a full or half hour scheduled
	// messages are delivered, each receiver at a moment of their own. Zero: all at
	// the hour, which the platforms ask to avoid.
	SpreadMinutes int `yaml:"spread_minutes"`
	// Admins are employee numbers or ids on a platform, separated by commas, of the
	// people who become administrators while none is bound. Empty: the first person
	// who administers the company on the platform.
	Admins string `yaml:"admins"`
}

// Log is the program's own log on standard error.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// Lark is the app on Lark or Feishu. Empty AppID: not used.
type Lark struct {
	AppID     string `yaml:"app_id"`
	AppSecret string `yaml:"app_secret" secret:"true"`
	// EncryptKey and VerificationToken guard the webhook mode.
	EncryptKey        string `yaml:"encrypt_key" secret:"true"`
	VerificationToken string `yaml:"verification_token" secret:"true"`
	// BaseURL is the platform: https://open.feishu.cn or https://open.larksuite.com.
	BaseURL string `yaml:"base_url"`
	// Mode is `long` (long connection) or `webhook`.
	Mode string `yaml:"mode"`
}

// DingTalk is the app on DingTalk. Empty ClientID: not used.
type DingTalk struct {
	ClientID     string `yaml:"client_id"`
	ClientSecret string `yaml:"client_secret" secret:"true"`
	RobotCode    string `yaml:"robot_code"`
	// CardMode is auto, template, public or plain.
	CardMode string `yaml:"card_mode"`
	// FormTemplate is the id of an imported form template; empty: none.
	FormTemplate string `yaml:"form_template"`
	// CardTemplate is the id of an imported card template with the variables of
	// the public one; empty: the public one.
	CardTemplate string `yaml:"card_template"`
	// APIURL and OAPIURL are the platform: https://api.dingtalk.com and
	// https://oapi.dingtalk.com, other ones overseas.
	APIURL  string `yaml:"api_url"`
	OAPIURL string `yaml:"oapi_url"`
	// QuotaAPI and QuotaStream are the organisation's calls per month: 5,000 and
	// 3,000 in the free edition. Zero: not watched.
	QuotaAPI    int `yaml:"quota_api"`
	QuotaStream int `yaml:"quota_stream"`
}

// Defaults run the program from nothing.
func Defaults() Config {
	return Config{
		Database: Database{DSN: "sqlite:crmbot-data/crmbot.db"},
		HTTP:     HTTP{Addr: "127.0.0.1:8480"},
		Org:      Org{Timezone: "Asia/Shanghai", SpreadMinutes: 4},
		Log:      Log{Level: "info", Format: "text"},
		Lark:     Lark{BaseURL: "https://open.feishu.cn", Mode: "long"},
		DingTalk: DingTalk{CardMode: "auto", APIURL: "https://api.dingtalk.com", OAPIURL: "https://oapi.dingtalk.com", QuotaAPI: 5000, QuotaStream: 3000},
	}
}
