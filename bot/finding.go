package bot

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"crmbot/internal/crm"
)

// Mark is how a check ended.
type Mark string

// The marks. Bad keeps something from working; a warning will, or may.
const (
	Fine    Mark = "ok"
	Warning Mark = "warning"
	Bad     Mark = "bad"
	Skipped Mark = "skipped"
)

// Area is what a check looked at. The values are for machines and never change.
type Area string

// The areas, in the order in which they are best mended.
const (
	AreaConfig      Area = "configuration"
	AreaDatabase    Area = "database"
	AreaSchema      Area = "schema"
	AreaRedis       Area = "redis"
	AreaClock       Area = "clock"
	AreaCredentials Area = "credentials"
	AreaRobot       Area = "robot"
	AreaPermissions Area = "permissions"
	AreaConnection  Area = "connection"
	AreaEvents      Area = "events"
	AreaCallback    Area = "callback"
	AreaCards       Area = "cards"
	AreaQuota       Area = "quota"
	AreaDirectory   Area = "directory"
	AreaPeople      Area = "people"
	AreaGroups      Area = "groups"
	AreaPlatform    Area = "platform"
)

var areaNames = map[Area]crm.Text{
	AreaConfig: {Zh: "配置", En: "Settings"}, AreaDatabase: {Zh: "数据库", En: "Database"}, AreaSchema: {Zh: "表结构", En: "Schema"}, AreaRedis: {Zh: "Redis", En: "Redis"}, AreaClock: {Zh: "时钟", En: "Clock"},
	AreaCredentials: {Zh: "凭证", En: "Credentials"}, AreaRobot: {Zh: "机器人", En: "Bot"}, AreaPermissions: {Zh: "权限", En: "Permissions"},
	AreaConnection: {Zh: "连接", En: "Connection"}, AreaEvents: {Zh: "事件", En: "Events"}, AreaCallback: {Zh: "卡片回调", En: "Card presses"}, AreaCards: {Zh: "卡片", En: "Cards"},
	AreaQuota: {Zh: "额度", En: "Quota"}, AreaDirectory: {Zh: "通讯录", En: "Directory"}, AreaPeople: {Zh: "人员绑定", En: "People"}, AreaGroups: {Zh: "日报群", En: "Groups"},
	AreaPlatform: {Zh: "平台", En: "Platform"},
}

// Name is the area in a language.
func (a Area) Name(l crm.Lang) string { return areaNames[a].In(l) }

// Finding is the result of one check. Neither text holds a secret.
type Finding struct {
	Area Area
	Mark Mark
	// Seen is what was found.
	Seen crm.Text
	// Mend is what to do and where; empty where there is nothing to do.
	Mend crm.Text
	// Missing are the permissions or events that the app lacks.
	Missing []string
}

// NewFinding is a finding with both texts of what was seen.
func NewFinding(a Area, m Mark, zh, en string) Finding {
	return Finding{Area: a, Mark: m, Seen: crm.Text{Zh: zh, En: en}}
}

// WithMend adds what to do and where.
func (f Finding) WithMend(zh, en string) Finding {
	f.Mend = crm.Text{Zh: zh, En: en}
	return f
}

// BoundGroup is a group chat in which a team's report is posted.
type BoundGroup struct{ Chat, Team string }

// Permission is one that an app needs on its platform.
type Permission struct {
	Name string
	// Or are others that serve as well.
	Or  []string
	Why crm.Text
	// Optional ones are for the doctor only.
	Optional bool
}

// Subscription is an event, or the callback of cards, that an app must be sent.
type Subscription struct {
	Name     string
	Why      crm.Text
	Callback bool
}

// Skew is how far the other side's clock is ahead of ours, by the Date of an
// answer to a request that was sent and answered at these moments. False if the
// answer has no date. A date has whole seconds only.
func Skew(h http.Header, sent, got time.Time) (time.Duration, bool) {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	ours := sent.Add(got.Sub(sent) / 2)
	return theirs.Add(500 * time.Millisecond).Sub(ours), true
}

// Watch remembers how far another clock is ahead of ours. The zero value knows
// nothing. Safe for concurrent use.
type Watch struct {
	mu    sync.Mutex
	skew  time.Duration
	known bool
}

// Look reads the Date of an answer; see Skew.
func (w *Watch) Look(h http.Header, sent, got time.Time) {
	if skew, ok := Skew(h, sent, got); ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.skew, w.known = skew, true
	}
}

// Ahead is what was last seen, false if nothing was.
func (w *Watch) Ahead() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skew, w.known
}

// What clocks may differ. Beyond skewBad requests of the platforms are refused
// as too old.
const (
	skewWarning = 30 * time.Second
	skewBad     = 5 * time.Minute
)

// ClockFinding judges how far another clock is ahead of ours.
func ClockFinding(whose crm.Text, skew time.Duration, known bool) Finding {
	if !known {
		return NewFinding(AreaClock, Skipped, whose.Zh+"没有返回时间，无法比较", whose.En+" does not tell its time; nothing to compare")
	}
	zh, en := "快", "ahead of"
	if skew > 0 {
		zh, en = "慢", "behind"
	}
	amount := skew.Abs().Round(time.Second)
	long := span(amount)
	if amount <= 2*time.Second {
		return NewFinding(AreaClock, Fine, "本机时钟与"+whose.Zh+"一致", "this machine's clock agrees with "+whose.En)
	}
	f := NewFinding(AreaClock, Fine, "本机时钟比"+whose.Zh+zh+" "+long.Zh, "this machine's clock is "+long.En+" "+en+" "+whose.En)
	switch {
	case amount >= skewBad:
		f.Mark = Bad
	case amount > skewWarning:
		f.Mark = Warning
	default:
		return f
	}
	return f.WithMend("在本机打开时间同步（systemd-timesyncd 或 chrony），再运行一次；相差 5 分钟以上时平台的请求会被当作过期而拒绝",
		"turn on time synchronisation on this machine (systemd-timesyncd or chrony) and run this again; from 5 minutes on, requests of the platform are refused as too old")
}

// span is a length of time as people say it.
func span(d time.Duration) crm.Text {
	n, zh, en := int(d/time.Second), "秒", "s"
	switch {
	case d >= 2*time.Hour:
		n, zh, en = int(d/time.Hour), "小时", "h"
	case d >= 2*time.Minute:
		n, zh, en = int(d/time.Minute), "分钟", "min"
	}
	return crm.Text{Zh: fmt.Sprintf("%d %s", n, zh), En: fmt.Sprintf("%d %s", n, en)}
}

// Tally counts the findings by mark.
func Tally(list []Finding) map[Mark]int {
	n := map[Mark]int{}
	for _, f := range list {
		n[f.Mark]++
	}
	return n
}

// Unreachable is a platform that did not answer at all.
func Unreachable(host string, err error) Finding {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	f := func(whyZh, whyEn, zh, en string) Finding {
		return NewFinding(AreaConnection, Bad, host+" 连不上："+whyZh, host+" cannot be reached: "+whyEn).WithMend(zh, en)
	}
	switch {
	case errors.As(err, &dns):
		return f("域名解析失败", "its name does not resolve", "检查本机 DNS，以及配置里的平台地址是否写错", "check this machine's DNS and the platform's address in the configuration")
	case errors.As(err, &cert):
		return f("证书不被信任", "its certificate is not trusted", "检查本机时间；若有公司代理拦截 HTTPS，把它的根证书装到本机", "check this machine's time; where a company proxy opens HTTPS, install its root certificate here")
	case errors.As(err, &timeout) && timeout.Timeout():
		return f("超时", "no answer in time", "在防火墙放行到 "+host+" 的 443 端口；走代理时设置 HTTPS_PROXY", "let the firewall pass port 443 to "+host+"; behind a proxy set HTTPS_PROXY")
	}
	return f("连接被拒绝或中断", "the connection is refused or cut", "检查防火墙、代理（HTTPS_PROXY）和配置里的平台地址", "check the firewall, the proxy (HTTPS_PROXY) and the platform's address in the configuration")
}

// Unclear is a check that the platform answered with something unexpected. The
// error must be safe to show.
func Unclear(a Area, err error) Finding {
	return NewFinding(a, Warning, "没能检查："+err.Error(), "could not be checked: "+err.Error()).
		WithMend("过一会儿再运行一次；若仍如此，请把这一行发给支持人员", "run this again later; if it stays, send this line to support")
}

// Unexamined ends a report early.
func Unexamined() Finding {
	return NewFinding(AreaPlatform, Skipped, "其余检查没有做：先解决上面的问题", "nothing else was checked: mend the above first")
}

// Granted is the line about permissions when nothing is missing.
func Granted(all []Permission) Finding {
	n := 0
	for _, p := range all {
		if !p.Optional {
			n++
		}
	}
	return NewFinding(AreaPermissions, Fine, fmt.Sprintf("需要的 %d 项权限都已开通", n), fmt.Sprintf("all %d permissions are granted", n))
}

// Lacking is the line about permissions that are missing. Add where to mend it.
func Lacking(missing []Permission) Finding {
	var zh, en, names []string
	for _, p := range missing {
		zh, en, names = append(zh, p.Name+"（"+p.Why.Zh+"）"), append(en, p.Name+" ("+p.Why.En+")"), append(names, p.Name)
	}
	f := NewFinding(AreaPermissions, Bad, fmt.Sprintf("缺 %d 项权限：%s", len(missing), strings.Join(zh, "、")), fmt.Sprintf("%d missing: %s", len(missing), strings.Join(en, ", ")))
	f.Missing = names
	return f
}
