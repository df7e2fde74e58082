package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/store"
)

// database opens the database where that changes nothing, looks at it, reads
// what the rest needs to know, and closes it.
func (d *doctor) database(ctx context.Context) []bot.Finding {
	bad := func(zh, en, mendZh, mendEn string) []bot.Finding {
		return []bot.Finding{bot.NewFinding(bot.AreaDatabase, bot.Bad, zh, en).WithMend(mendZh, mendEn)}
	}
	if path, ok := strings.CutPrefix(d.cfg.Database.DSN, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return []bot.Finding{bot.NewFinding(bot.AreaDatabase, bot.Skipped, "SQLite 文件 "+path+" 还不存在", "the SQLite file "+path+" does not exist yet").
				WithMend("crmbot migrate 会建好它（serve 也会）；正式使用请设置 database.dsn 为 MySQL", "crmbot migrate makes it (so does serve); for production set database.dsn to MySQL")}
		}
	}
	addr, name, user := store.Target(d.cfg.Database.DSN)
	limit, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	db, err := store.Open(limit, d.cfg.Database.DSN, crm.WallClock{})
	if err != nil {
		who := store.DeniedAccount(err)
		if who == "" {
			who = "'" + user + "'"
		}
		switch store.WhyNot(err) {
		case store.ProblemInUse:
			return []bot.Finding{bot.NewFinding(bot.AreaDatabase, bot.Fine, "SQLite 文件正由运行中的 crmbot 使用（SQLite 只允许一个进程），没有查看内容", "the SQLite file is in use by a running crmbot (SQLite is one process); its contents were not looked at")}
		case store.ProblemLogin:
			return bad("数据库拒绝登录：用户名或密码不对，或不允许从本机登录", "the database refuses the login: user or password is wrong, or the user may not come from this machine",
				"核对 database.dsn 里的用户名和密码；用户要允许从本机地址登录（CREATE USER "+who+" …）", "check user and password in database.dsn; the user must be allowed from this machine's address (CREATE USER "+who+" …)")
		case store.ProblemRights:
			return bad("用户 "+user+" 没有数据库 "+name+" 的权限", "the user "+user+" has no rights on the database "+name, "由数据库管理员执行：GRANT ALL ON `"+name+"`.* TO "+who, "let the database administrator run: GRANT ALL ON `"+name+"`.* TO "+who)
		case store.ProblemMissing:
			return bad("没有数据库 "+name, "there is no database "+name, "由数据库管理员执行：CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4", "let the database administrator run: CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4")
		}
		return bad("数据库 "+addr+" 连不上", "the database at "+addr+" cannot be reached", "检查 database.dsn 里的地址和端口、数据库是否在运行、防火墙", "check address and port in database.dsn, that the server runs, and the firewall")
	}
	defer db.Close()
	s, err := db.State(limit)
	if err != nil {
		return bad("数据库连上了，但查询失败", "the database was reached, but a question failed", "用 database.dsn 里的用户手工登录数据库试一次", "log in to the database by hand with the user of database.dsn")
	}
	out := []bot.Finding{version(db.Dialect, s)}
	out = append(out, d.schema(s))
	if f, ok := rights(s, name); ok {
		out = append(out, f)
	}
	if s.Charset != "" && s.Charset != "utf8mb4" {
		out = append(out, bot.NewFinding(bot.AreaDatabase, bot.Warning, "数据库默认字符集是 "+s.Charset+"，应为 utf8mb4", "the database's character set is "+s.Charset+", it should be utf8mb4").
			WithMend("由数据库管理员执行：ALTER DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "let the database administrator run: ALTER DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
	}
	if !s.Now.IsZero() {
		out = append(out, bot.ClockFinding(crm.Text{Zh: "数据库", En: "the database"}, s.Now.Sub(s.Asked), true))
	}
	if s.Pending == 0 && s.Newer == 0 { // else its tables cannot be relied on
		d.known = learn(limit, d.cfg, db)
	}
	return out
}

func (d *doctor) schema(s store.State) bot.Finding {
	switch {
	case s.Newer > 0:
		return bot.NewFinding(bot.AreaSchema, bot.Bad, fmt.Sprintf("表结构比这个程序新（%d）", s.Newer), fmt.Sprintf("the schema is newer than this program (%d)", s.Newer)).
			WithMend("换成写入它的那个版本或更新的 crmbot；程序不会降级数据库", "run the crmbot that wrote it, or a newer one; a program never goes back")
	case s.Applied == 0:
		return bot.NewFinding(bot.AreaSchema, bot.Bad, "数据库是空的，还没有建表", "the database is empty").WithMend("运行 crmbot migrate（serve 启动时也会做）", "run crmbot migrate (serve does it too when it starts)")
	case s.Pending > 0:
		return bot.NewFinding(bot.AreaSchema, bot.Bad, fmt.Sprintf("还差 %d 个迁移", s.Pending), fmt.Sprintf("migrations that are missing: %d", s.Pending)).WithMend("运行 crmbot migrate（serve 启动时也会做）", "run crmbot migrate (serve does it too when it starts)")
	}
	return bot.NewFinding(bot.AreaSchema, bot.Fine, fmt.Sprintf("最新（%d 个迁移）", s.Applied), fmt.Sprintf("up to date (%d migrations)", s.Applied))
}

func rights(s store.State, name string) (bot.Finding, bool) {
	if len(s.Lacks) == 0 && !s.Unsure {
		return bot.Finding{}, false
	}
	if s.Unsure {
		return bot.NewFinding(bot.AreaDatabase, bot.Skipped, "看不到用户的权限（由角色授予时如此）", "the user's rights are not visible (so with roles)"), true
	}
	list := strings.Join(s.Lacks, ", ")
	f := bot.NewFinding(bot.AreaDatabase, bot.Bad, "数据库用户缺少权限："+list, "the database user lacks: "+list).WithMend("由数据库管理员执行：GRANT "+list+" ON `"+name+"`.* TO "+s.Account, "let the database administrator run: GRANT "+list+" ON `"+name+"`.* TO "+s.Account)
	f.Missing = s.Lacks
	return f, true
}

var number = regexp.MustCompile(`(\d+)\.(\d+)`)

// version judges the server's version: MariaDB 10.6, MySQL 8, any TiDB.
func version(dialect store.Dialect, s store.State) bot.Finding {
	if dialect == store.SQLite {
		return bot.NewFinding(bot.AreaDatabase, bot.Fine, "SQLite "+s.Version+"：一个进程，适合小团队和试用", "SQLite "+s.Version+": one process, for a small team or for trying")
	}
	name, short := "MySQL", s.Version
	major, minor := 8, 0
	switch {
	case strings.Contains(s.Version, "MariaDB"):
		name, major, minor = "MariaDB", 10, 6
		// Old clients are told "5.5.5-" first.
		short = strings.TrimPrefix(s.Version, "5.5.5-")
	case strings.Contains(s.Version, "TiDB"):
		name, major = "TiDB", 0
	}
	short, _, _ = strings.Cut(short, "-")
	f := bot.NewFinding(bot.AreaDatabase, bot.Fine, name+" "+short+" 可用", name+" "+short+" answers")
	if m := number.FindStringSubmatch(short); m != nil {
		a, errA := strconv.Atoi(m[1])
		b, errB := strconv.Atoi(m[2])
		if errA == nil && errB == nil && (a < major || a == major && b < minor) {
			f.Mark = bot.Warning
			f.Seen = crm.Text{Zh: name + " " + short + " 太旧，没有测试过", En: name + " " + short + " is too old; it was not tested"}
			return f.WithMend("升级到 MariaDB 10.6+ 或 MySQL 8+", "upgrade to MariaDB 10.6+ or MySQL 8+")
		}
	}
	return f
}

// redis looks at the shared state.
func (d *doctor) redis(ctx context.Context) []bot.Finding {
	if d.cfg.Redis.URL == "" {
		d.kv = kv.NewMemory(crm.WallClock{})
		return []bot.Finding{bot.NewFinding(bot.AreaRedis, bot.Fine, "没有配置，状态放在进程内：只能运行一个 crmbot serve", "not configured; state is kept in the process: run one crmbot serve only")}
	}
	limit, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	r, err := kv.OpenRedis(limit, d.cfg.Redis.URL, kv.WithPrefix(d.cfg.Redis.Prefix))
	if err != nil {
		d.kv = kv.NewMemory(crm.WallClock{})
		host := ""
		if u, err := url.Parse(d.cfg.Redis.URL); err == nil {
			host = u.Host
		}
		text := strings.ToUpper(err.Error())
		if strings.Contains(text, "WRONGPASS") || strings.Contains(text, "NOAUTH") || strings.Contains(text, "INVALID PASSWORD") || strings.Contains(text, "AUTH ") {
			return []bot.Finding{bot.NewFinding(bot.AreaRedis, bot.Bad, "Redis 拒绝登录", "Redis refuses the login").WithMend("核对 redis.url 里的用户名和密码：redis://用户:密码@主机:6379/0", "check user and password in redis.url: redis://user:password@host:6379/0")}
		}
		return []bot.Finding{bot.NewFinding(bot.AreaRedis, bot.Bad, "Redis "+host+" 连不上", "Redis at "+host+" cannot be reached").WithMend("检查 redis.url 里的地址和端口、Redis 是否在运行、防火墙；只跑一个进程时可以把 redis.url 留空", "check address and port in redis.url, that the server runs, and the firewall; with one process redis.url may be empty")}
	}
	d.kv = r
	s, err := r.State(limit)
	if err != nil {
		return []bot.Finding{bot.Unclear(bot.AreaRedis, err)}
	}
	out := []bot.Finding{bot.NewFinding(bot.AreaRedis, bot.Fine, strings.TrimSpace("Redis "+s.Version)+" 可用", strings.TrimSpace("Redis "+s.Version)+" answers")}
	if s.Told && s.MaxMemory > 0 && s.Policy != kv.NoEviction {
		out[0].Mark = bot.Warning
		out[0].Seen = crm.Text{Zh: fmt.Sprintf("Redis %s 内存满时会丢弃键（maxmemory-policy %s）：去重和锁可能失效，消息可能处理两次", s.Version, s.Policy),
			En: fmt.Sprintf("Redis %s drops keys when its memory is full (maxmemory-policy %s): locks and claims may vanish and an event be handled twice", s.Version, s.Policy)}
		out[0] = out[0].WithMend("执行 CONFIG SET maxmemory-policy noeviction，并写进 redis.conf；与缓存共用时请分开", "run CONFIG SET maxmemory-policy noeviction and write it into redis.conf; do not share it with a cache")
	}
	return append(out, bot.ClockFinding(crm.Text{Zh: "Redis", En: "Redis"}, s.Now.Sub(s.Asked).Round(time.Millisecond), true))
}

// peopleFinding judges who can use the bot.
func peopleFinding(active, bound, admins int) bot.Finding {
	const mendZh = "运行 crmbot serve：启动时会同步通讯录；或用 crmbot import org 导入人员，本人给机器人发一条消息后由管理员确认"
	const mendEn = "run crmbot serve: it reads the directory when it starts; or crmbot import org, then each person writes to the bot once and an administrator confirms"
	switch {
	case active == 0:
		return bot.NewFinding(bot.AreaPeople, bot.Warning, "系统里还没有人", "nobody is known yet").WithMend(mendZh, mendEn)
	case bound == 0:
		return bot.NewFinding(bot.AreaPeople, bot.Warning, fmt.Sprintf("%d 人都还没有绑定这个平台", active), fmt.Sprintf("none of %d people is bound on this platform", active)).WithMend(mendZh, mendEn)
	case admins == 0:
		return bot.NewFinding(bot.AreaPeople, bot.Warning, fmt.Sprintf("%d/%d 人已绑定，但没有管理员：没人能改规则、确认新成员", bound, active), fmt.Sprintf("%d of %d people are bound, but no administrator: nobody can change rules or confirm newcomers", bound, active)).
			WithMend("在平台上设一位企业管理员后重启 serve，或在人员表里给一人加“管理员”角色，再执行 crmbot import org 人员表", "make somebody an administrator of the company on the platform and restart serve, or give a person the role admin in the file of people and run crmbot import org FILE")
	}
	return bot.NewFinding(bot.AreaPeople, bot.Fine, fmt.Sprintf("%d/%d 人已绑定，其中管理员 %d 人", bound, active, admins), fmt.Sprintf("%d of %d people are bound, %d of them administrators", bound, active, admins))
}
