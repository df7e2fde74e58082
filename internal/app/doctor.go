package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/larkbot"
	"crmbot/configs"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/org"
	"crmbot/internal/store"
)

// Section is one part of the doctor's report.
type Section struct {
	// Name is for people, Key for machines: system, lark or dingtalk.
	Name     crm.Text
	Key      string
	Findings []bot.Finding
}

// Healthy reports whether nothing is bad.
func Healthy(report []Section) bool {
	for _, s := range report {
		for _, f := range s.Findings {
			if f.Mark == bot.Bad {
				return false
			}
		}
	}
	return true
}

// doctorPatience is how long one request of the doctor may take.
const doctorPatience = 10 * time.Second

// doctor examines an installation piece by piece: what is broken does not keep
// it from looking at the rest.
type doctor struct {
	cfg   configs.Config
	known *known   // nil: the database is not reachable, or not up to date
	kv    kv.Store // never nil
}

// known is what the database tells. It is read before any platform is called,
// and the database closed: a file of SQLite is one process's, and a crmbot that
// starts meanwhile must not find it taken.
type known struct {
	at    map[string]bindings // by platform
	calls *calls
	homes homes
}

// homes are the organisations of apps, by platform and app.
type homes map[[2]string]string

// Home implements adapter.Homes. The doctor claims nothing.
func (h homes) Home(_ context.Context, platform, app, _ string) (string, error) {
	return h[[2]string{platform, app}], nil
}

// bindings are the groups of reports on a platform and the line about its people.
type bindings struct {
	groups []bot.BoundGroup
	people bot.Finding
	err    error
}

// calls are the shared sums of calls, to which the doctor adds its own. One
// goroutine counts at a time.
type calls struct{ sums, added map[string]int64 }

// Count implements dingbot.Counter.
func (c *calls) Count(_ context.Context, name string, n int64) (int64, error) {
	c.added[name] += n
	return c.sums[name] + c.added[name], nil
}

// Doctor examines the installation that a configuration describes. It changes
// nothing, sends nothing and takes no events away from a running process.
func Doctor(ctx context.Context, cfg configs.Config) []Section {
	d := &doctor{cfg: cfg}
	system := Section{Key: "system", Name: crm.Text{Zh: "本机与存储", En: "This machine"}}
	system.Findings = append(system.Findings, d.database(ctx)...)
	system.Findings = append(system.Findings, d.redis(ctx)...)
	defer d.kv.Close()
	report := []Section{}
	if cfg.Lark.AppID != "" {
		report = append(report, Section{Key: larkbot.Name, Name: crm.Text{Zh: "飞书", En: "Lark / Feishu"}, Findings: d.lark(ctx)})
	}
	if cfg.DingTalk.ClientID != "" {
		report = append(report, Section{Key: dingbot.Name, Name: crm.Text{Zh: "钉钉", En: "DingTalk"}, Findings: d.dingTalk(ctx)})
	}
	if len(report) == 0 {
		system.Findings = append(system.Findings, bot.NewFinding(bot.AreaPlatform, bot.Skipped, "还没有配置聊天平台", "no chat platform is configured").
			WithMend("飞书：按 docs/setup-lark.zh-CN.md 建应用，填 lark.app_id；钉钉：按 docs/setup-dingtalk.zh-CN.md，填 dingtalk.client_id。只想试用：crmbot demo",
				"Lark: make an app as docs/setup-lark.md says and set lark.app_id; DingTalk: docs/setup-dingtalk.md and dingtalk.client_id. Just trying: crmbot demo"))
	}
	return append([]Section{system}, report...)
}

func (d *doctor) lark(ctx context.Context) []bot.Finding {
	o := larkOptions(d.cfg.Lark, d.kv)
	o.HTTP = &http.Client{Timeout: doctorPatience}
	b, err := larkbot.New(o)
	if err != nil {
		return []bot.Finding{bot.Unclear(bot.AreaCredentials, err)}
	}
	defer b.Close(ctx)
	return d.platform(ctx, larkbot.Name, b)
}

func (d *doctor) dingTalk(ctx context.Context) []bot.Finding {
	o := dingOptions(d.cfg.DingTalk, d.kv)
	o.HTTP, o.Inbox = &http.Client{Timeout: doctorPatience}, nowhere{}
	if d.known != nil {
		o.Counter, o.Homes = d.known.calls, d.known.homes
		defer d.count(ctx)
	}
	b, err := dingbot.New(o)
	if err != nil {
		return []bot.Finding{bot.Unclear(bot.AreaCredentials, err)}
	}
	defer b.Close(ctx)
	return d.platform(ctx, dingbot.Name, b)
}

// platform is what the adapter finds, and what the database knows about it.
func (d *doctor) platform(ctx context.Context, name string, x interface {
	Examine(ctx context.Context, groups []bot.BoundGroup) []bot.Finding
}) []bot.Finding {
	var b bindings
	if d.known != nil {
		b = d.known.at[name]
	}
	out := x.Examine(ctx, b.groups)
	switch {
	case d.known == nil:
		out = append(out, bot.NewFinding(bot.AreaPeople, bot.Skipped, "数据库没有连上或还没有迁移，没能检查人员绑定和日报群", "people and groups were not checked: the database is not connected or not migrated"))
	case b.err != nil:
		out = append(out, bot.Unclear(bot.AreaPeople, errDatabase))
	default:
		if len(b.groups) == 0 {
			out = append(out, bot.NewFinding(bot.AreaGroups, bot.Skipped, "还没有绑定日报群", "no group is bound to a team's report yet").
				WithMend("把机器人加进团队的群，由负责人发送：@机器人 /绑定日报 团队名", "add the bot to a team's group; its leader sends: @bot /bindreport TEAM"))
		}
		out = append(out, b.people)
	}
	return out
}

var errDatabase = errors.New("the database does not answer")

// learn reads what is known about the configured platforms.
func learn(ctx context.Context, cfg configs.Config, db *store.DB) *known {
	out := &known{at: map[string]bindings{}, homes: homes{}, calls: &calls{added: map[string]int64{}}}
	dir := org.NewDirectory(db, db)
	for _, platform := range []string{larkbot.Name, dingbot.Name} {
		out.at[platform] = bound(ctx, db, dir, platform)
	}
	sums, err := db.Sums(ctx)
	if err != nil {
		return nil
	}
	home, err := db.Home(ctx, dingbot.Name, cfg.DingTalk.ClientID, "")
	if err != nil {
		return nil
	}
	out.homes[[2]string{dingbot.Name, cfg.DingTalk.ClientID}] = home
	out.calls.sums = sums
	return out
}

func bound(ctx context.Context, db *store.DB, dir *org.Directory, platform string) bindings {
	binds, err := db.Bindings(ctx)
	if err != nil {
		return bindings{err: err}
	}
	var out bindings
	for _, b := range binds {
		if b.Platform != platform {
			continue
		}
		g := bot.BoundGroup{Chat: b.Chat}
		if t, err := dir.Team(ctx, b.Team); err == nil {
			g.Team = t.Name
		}
		out.groups = append(out.groups, g)
	}
	users, err := dir.Everyone(ctx)
	if err != nil {
		out.err = err
		return out
	}
	active, have, admins := 0, 0, 0
	for _, u := range users {
		if !u.Active {
			continue
		}
		active++
		ids, err := dir.Identities(ctx, u.ID)
		if err != nil {
			out.err = err
			return out
		}
		for _, i := range ids {
			if i.Platform == platform {
				have++
				if u.Has(crm.Admin) {
					admins++
				}
				break
			}
		}
	}
	out.people = peopleFinding(active, have, admins)
	return out
}

// count adds the doctor's own calls to the shared sums. They are few: where a
// process has started on the file meanwhile they stay uncounted.
func (d *doctor) count(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	db, err := store.Open(limit, d.cfg.Database.DSN, crm.WallClock{})
	if err != nil {
		return
	}
	defer db.Close()
	for name, n := range d.known.calls.added {
		if n == 0 {
			continue
		}
		if _, err := db.Count(limit, name, n); err != nil {
			return
		}
	}
}

// nowhere is the inbox of an adapter that receives nothing.
type nowhere struct{}

func (nowhere) Keep(context.Context, string, bot.Kept, time.Time) (bool, error) {
	return false, errDatabase
}
func (nowhere) Done(context.Context, string, string) error { return errDatabase }
func (nowhere) Resume(context.Context, string, time.Time, time.Time, int) ([]bot.Kept, error) {
	return nil, errDatabase
}
