package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

const (
	benchTeams = 50
	benchEach  = 20 // reps per team
	benchPhone = "138%08d"
)

// company is a company of 1,000 reps in 50 teams with limits so wide that no
// rule refuses what the benchmarks do.
type company struct {
	app  *app.App
	sql  *sql.DB
	now  time.Time
	reps []crm.UserID
	day  crm.Day
	// stock is how many leads there are.
	stock int
}

// newCompany builds the whole program on the database. Its clock starts on a
// morning that is worked and runs on.
func newCompany(b testing.TB, dsn string) *company {
	b.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		b.Fatal(err)
	}
	c := &company{now: time.Date(2026, 3, 3, 10, 0, 0, 0, zone), day: "2026-03-03"}
	limits := bot.DefaultLimits
	limits.PerSecond, limits.Burst = 1e5, 1e5
	c.app, err = app.New(b.Context(), app.Options{DSN: dsn, Clock: crm.NewMovableClock(c.now, false), Zone: zone, Limits: limits})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.app.Close(); err != nil {
			b.Error(err)
		}
	})
	if c.sql, err = c.app.DB.SQL(); err != nil {
		b.Fatal(err)
	}
	for _, key := range []string{"P-03.leads", "P-04.daily", "P-04.burst"} {
		if _, err := c.app.Services.Rules.Set(b.Context(), crm.SystemActor(), key, "", "100000", "measuring", c.now); err != nil {
			b.Fatal(err)
		}
	}
	c.staff(b)
	return c
}

func (c *company) staff(b testing.TB) {
	b.Helper()
	db := c.app.DB
	err := db.InTx(b.Context(), func(ctx context.Context) error {
		for i := range benchTeams {
			boss := org.User{Name: fmt.Sprintf("经理%d", i), Roles: []crm.Role{crm.Manager}, Active: true}
			if err := db.SaveUser(ctx, &boss); err != nil {
				return err
			}
			t := org.Team{Name: fmt.Sprintf("团队%d", i), Leader: boss.ID}
			if err := db.SaveTeam(ctx, &t); err != nil {
				return err
			}
			for j := range benchEach {
				u := org.User{Name: fmt.Sprintf("销售%d-%d", i, j), Team: t.ID, Roles: []crm.Role{crm.Rep}, Active: true}
				if err := db.SaveUser(ctx, &u); err != nil {
					return err
				}
				c.reps = append(c.reps, u.ID)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.app.Services.Directory.Reload(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// rep is who does the i-th piece of work; neighbours are different people.
func (c *company) rep(i int) crm.UserID { return c.reps[i%len(c.reps)] }

// names of companies: the first four characters tell those of one rep apart.
var (
	nameHeads = strings.Fields("华星 中联 恒达 瑞丰 金石 远航 博雅 天成 宏图 明德 新锐 东方 北辰 南山 西岭 海纳 江源 云帆 龙腾 凤鸣 安泰 永信 嘉禾 盛世 光华 启明 卓越 精诚 百川 万象 众合 长虹")
	nameTails = strings.Fields("电子 机械 化工 食品 医药 建材 纺织 物流 能源 软件 通信 环保 农业 包装 印刷 家具 玩具 照明 仪器 轴承 阀门 电缆 涂料 玻璃 陶瓷 橡胶 钢铁 纸业 服饰 酒店 传媒 教育")
)

// companyName is the i-th name; there are 1,024 that differ in their first four
// characters, then their numbers differ.
func companyName(i int) string {
	return fmt.Sprintf("%s%s科技有限公司%d", nameHeads[i%len(nameHeads)], nameTails[i/len(nameHeads)%len(nameTails)], i)
}

// ownName is the name of the i-th lead of a company whose reps own one of each
// thousand: the names of one rep differ in their first four characters.
func ownName(i int) string { return companyName(i/(benchTeams*benchEach)*37 + i) }

// addLeads puts n leads in, owned by nobody and claimable at once, or with own
// each by the rep who does the work of that number. It returns the first id.
func (c *company) addLeads(b testing.TB, n int, own bool) crm.LeadID {
	b.Helper()
	const columns = "(company, contact, phone, city, source, need, note, grade, score_source, rank_no, status, owner_id, team_id, pool_id, created_ms, updated_ms, owned_ms, version)"
	first := int64(0)
	at := c.now.AddDate(0, 0, -2).UnixMilli()
	for from := 0; from < n; from += 500 {
		var rows []string
		var args []any
		for i := from; i < min(from+500, n); i++ {
			owner, team, owned := int64(0), 0, int64(0)
			if own {
				owner, team, owned = int64(c.rep(i)), i%len(c.reps)/benchEach+1, at
			}
			name := companyName(c.stock)
			if own {
				name = ownName(c.stock)
			}
			rows = append(rows, "(?,?,?,'上海','展会','','','B',20,1050,'open',?,?,1,?,?,?,1)")
			args = append(args, name, "王总", fmt.Sprintf(benchPhone, c.stock), owner, team, at, at, owned)
			c.stock++
		}
		res, err := c.sql.ExecContext(b.Context(), "INSERT INTO crm_leads "+columns+" VALUES "+strings.Join(rows, ","), args...)
		if err != nil {
			b.Fatal(err)
		}
		if from == 0 {
			if first, err = res.LastInsertId(); err != nil {
				b.Fatal(err)
			}
		}
	}
	return crm.LeadID(first)
}

// say is a person's message to the bot in their 1:1 chat.
func (c *company) say(ctx context.Context, event string, who crm.UserID, text string, with ...bot.Mention) bot.Reply {
	return c.app.Runtime.Handle(ctx, &bot.Req{Platform: webchat.Name, EventID: event, Kind: bot.Message, From: id(who), Chat: bot.Chat{ID: webchat.PersonChat(who)},
		Text: text, Mentions: with, At: c.app.Clock.Now()})
}

func id(u crm.UserID) string { return strconv.FormatInt(int64(u), 10) }

// count is the one number that a query answers.
func (c *company) count(b testing.TB, query string, args ...any) int {
	b.Helper()
	var n sql.NullInt64
	if err := c.sql.QueryRowContext(b.Context(), query, args...).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return int(n.Int64)
}

// agree fails unless all queries answer the same number.
func (c *company) agree(b testing.TB, want int, queries map[string]string) {
	b.Helper()
	for what, q := range queries {
		if got := c.count(b, q); got != want {
			b.Errorf("%s: %d, want %d", what, got, want)
		}
	}
}
