package activity

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

var (
	zone = time.FixedZone("CST", 8*3600)
	// A Wednesday afternoon.
	logNow = time.Date(2026, 3, 4, 15, 0, 0, 0, zone)
)

func testCalendar(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ref(s string) crm.Ref {
	r, err := crm.ParseRef(s)
	if err != nil {
		panic(err)
	}
	return r
}

// testBook is a rep's own customers, the most recent first.
func testBook() *Book {
	return NewBook(
		[]Candidate{
			{Ref: ref("A-1"), Name: "上海华星科技有限公司"}, {Ref: ref("L-2"), Name: "明月餐饮管理有限公司"}, {Ref: ref("A-3"), Name: "Acme Trading Co., Ltd."}, {Ref: ref("A-4"), Name: "深圳市海川电子有限公司"},
			{Ref: ref("A-5"), Name: "海川物流集团有限公司"}, {Ref: ref("L-6"), Name: "三一五金厂"}, {Ref: ref("L-7"), Name: "今天国际物流"}, {Ref: ref("L-8"), Name: "江南精密机械制造厂"},
		},
		map[crm.Ref][]Candidate{
			ref("A-1"): {{Ref: ref("P-11"), Name: "王建国"}, {Ref: ref("P-12"), Name: "李娜"}},
			ref("A-4"): {{Ref: ref("P-41"), Name: "张伟"}, {Ref: ref("P-42"), Name: "张强"}},
		},
		[]ColleagueCandidate{{ID: 7, Name: "李娜"}, {ID: 8, Name: "张伟"}, {ID: 9, Name: "欧阳倩"}},
	)
}

// show writes the fields of a log in one line, for comparison with a table.
func show(q QuickLog) string {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+" | ", args...) }
	put("%s", q.Kind)
	put("%s=%s", q.Customer, q.CustomerRef)
	if q.Contact != "" {
		put("人:%s%s", q.Contact, strings.TrimPrefix("="+q.ContactRef.String(), "="))
	}
	if q.On != nil {
		put("于:%s", q.On.Format(crm.Chinese))
	}
	if q.Duration != 0 {
		put("时:%s", q.Duration)
	}
	if q.Amount != nil {
		put("额:%s", q.Amount.Short(crm.Chinese))
	}
	if q.Next != nil {
		put("下:%s %s", q.Next.Format(crm.Chinese), q.NextText)
	}
	if q.Result != "" {
		put("果:%s", q.Result)
	}
	for _, c := range q.Companions {
		put("陪:%s#%d", c.Name, c.ID)
	}
	return b.String() + q.Note
}

func TestParseQuickLog_CH01(t *testing.T) {
	cal, book := testCalendar(t), testBook()
	for in, want := range map[string]string{
		"拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约":                     "visit | 华星=A-1 | 人:王总P-11 | 时:30m0s | 额:80万 | 下:2026-03-11 周三 再约 | 聊了报价",
		"拜访　华星　王总　３０分钟　聊了报价　意向８０万　下周三再约":                     "visit | 华星=A-1 | 人:王总P-11 | 时:30m0s | 额:80万 | 下:2026-03-11 周三 再约 | 聊了报价",
		"拜访华星王总30分钟聊了报价":                                     "visit | 华星=A-1 | 人:王总P-11 | 时:30m0s | 聊了报价",
		"拜访华星,王总,聊了报价,意向80万,下周三再约":                           "visit | 华星=A-1 | 人:王总P-11 | 额:80万 | 下:2026-03-11 周三 再约 | 聊了报价",
		"电话 明月餐饮 确认了菜单 明天发合同":                                "call | 明月餐饮=L-2 | 下:2026-03-05 周四 发合同 | 确认了菜单",
		"打电话给华星李娜,催了回款":                                      "call | 华星=A-1 | 人:李娜P-12 | 催了回款",
		"微信 华星 发了样本":                                         "wechat | 华星=A-1 | 发了样本",
		"跟进 L-2 预算12,000.50元 月底再联系":                          "followup | L-2=L-2 | 额:1.2万 | 下:2026-03-31 周二 再联系 | ",
		"会议 华星 1.5小时 过了方案 有进展":                               "meeting | 华星=A-1 | 时:1h30m0s | 果:progress | 过了方案",
		"拜访 华星 2h 持平":                                        "visit | 华星=A-1 | 时:2h0m0s | 果:flat | ",
		"拜访 华星 半小时 未见到 后天上午10点再去":                            "visit | 华星=A-1 | 时:30m0s | 下:2026-03-06 周五 10:00 再去 | 果:not_met | ",
		"拜访 华星 一个半小时 遇阻 客户嫌贵":                                "visit | 华星=A-1 | 时:1h30m0s | 果:blocked | 客户嫌贵",
		"拜访 华星 没有进展 客户还在比价":                                  "visit | 华星=A-1 | 没有进展 客户还在比价",
		"昨天拜访 华星 聊了交期":                                       "visit | 华星=A-1 | 于:2026-03-03 周二 | 聊了交期",
		"拜访 昨天 华星 聊了交期":                                      "visit | 华星=A-1 | 于:2026-03-03 周二 | 聊了交期",
		"拜访 华星 昨天下午3点 聊了交期":                                  "visit | 华星=A-1 | 于:2026-03-03 周二 15:00 | 聊了交期",
		"拜访 华星 14:30 聊了交期":                                   "visit | 华星=A-1 | 于:2026-03-04 周三 14:30 | 聊了交期",
		"拜访 今天国际 王总 聊了仓储":                                    "visit | 今天国际=L-7 | 人:王总 | 聊了仓储",
		"拜访 Acme Trading Mr. Wang 30min talked about prices": "visit | Acme Trading=A-3 | 人:Mr. Wang | 时:30m0s | talked about prices",
		"visit Acme 45min budget 800k next friday":           "visit | Acme=A-3 | 时:45m0s | 额:80万 | 下:2026-03-13 周五  | ",
		"call acme no answer, call again tomorrow":           "call | acme=A-3 | 下:2026-03-05 周四  | no answer, call again",
		"拜访 hxkj 王总 聊了报价":                                    "visit | hxkj=A-1 | 人:王总P-11 | 聊了报价",
		"拜访 华星 陪同 李娜 看了车间":                                   "visit | 华星=A-1 | 陪:李娜#7 | 看了车间",
		"拜访 华星 王总 陪同李娜、张伟 40分钟 看了车间":                         "visit | 华星=A-1 | 人:王总P-11 | 时:40m0s | 陪:李娜#7 | 陪:张伟#8 | 看了车间",
		"拜访 华星 和李娜一起 看了车间":                                   "visit | 华星=A-1 | 陪:李娜#7 | 看了车间",
		"拜访 华星 陪同刘洋 看了车间":                                    "visit | 华星=A-1 | 陪:刘洋#0 | 看了车间",
		"拜访 华星 陪同王总参观工厂":                                     "visit | 华星=A-1 | 陪同王总参观工厂",
		"拜访 华星 聊了会计系统 意向约80万":                                "visit | 华星=A-1 | 额:80万 | 聊了会计系统",
		"拜访 华星 方案总体认可":                                       "visit | 华星=A-1 | 方案总体认可",
		"拜访 华星 和王总聊了30分钟报价":                                  "visit | 华星=A-1 | 人:王总P-11 | 时:30m0s | 和王总聊了30分钟报价",
		"拜访 华星 报价80万 预算100万 意向90万":                           "visit | 华星=A-1 | 额:90万 | 报价80万 预算100万",
		"拜访 华星 80万":                                          "visit | 华星=A-1 | 额:80万 | ",
		"拜访 华星 谈到1.2亿的二期":                                    "visit | 华星=A-1 | 谈到1.2亿的二期",
		"拜访 华星 意向80":                                         "visit | 华星=A-1 | 意向80",
		"拜访 华星 意向80-100万":                                    "visit | 华星=A-1 | 意向80-100万",
		"拜访 华星 半小时后再打电话":                                     "visit | 华星=A-1 | 下:2026-03-04 周三 15:30 再打电话 | ",
		"拜访 华星 客户说月底能定":                                      "visit | 华星=A-1 | 客户说月底能定",
		"拜访 华星 下周三":                                          "visit | 华星=A-1 | 下:2026-03-11 周三  | ",
		"拜访 华星 下周三 再约":                                       "visit | 华星=A-1 | 下:2026-03-11 周三 再约 | ",
		"拜访 华星 3月15日投产 下周三再约":                                "visit | 华星=A-1 | 下:2026-03-11 周三 再约 | 3月15日投产",
		"拜访 华星 2月30日再约":                                      "visit | 华星=A-1 | 2月30日再约",
		"拜访 华星 3月1日再约":                                       "visit | 华星=A-1 | 3月1日再约",
		"拜访 华星 国庆后再谈":                                        "visit | 华星=A-1 | 下:2026-10-08 周四 再谈 | ",
		"拜访 华星 约了周五演示":                                       "visit | 华星=A-1 | 下:2026-03-06 周五 约了演示 | ",
		"拜访 华星":                                              "visit | 华星=A-1 | ",
		"拜访":                                                 "visit | = | ",
		"拜访 聊了报价":                                            "visit | = | 聊了报价",
		"拜访 30分钟":                                            "visit | = | 时:30m0s | ",
		"拜访 王总 聊了报价":                                         "visit | = | 人:王总 | 聊了报价",
		"拜访 天际线 聊了报价":                                        "visit | 天际线= | 聊了报价",
		"拜访 海川 张总 聊了报价":                                      "visit | 海川= | 人:张总 | 聊了报价",
		"拜访 深圳海川 张总 聊了报价":                                    "visit | 深圳海川=A-4 | 人:张总 | 聊了报价",
		"拜访 华星 😀👍 很顺利":                                       "visit | 华星=A-1 | 😀👍 很顺利",
		"拜访 '; DROP TABLE leads;-- 聊了":                       "visit | = | '; DROP TABLE leads;-- 聊了",
		"拜访 华星 **粗体** [链接](http://x) <at id=all>":            "visit | 华星=A-1 | **粗体** [链接](http://x) <at id=all>",
		"拜访 华星\n王总\n聊了报价":                                    "visit | 华星=A-1 | 人:王总P-11 | 聊了报价",
		"/跟进 华星 聊了报价":                                        "followup | 华星=A-1 | 聊了报价",
		"跟进一下华星的王总,等回复":                                      "followup | 华星=A-1 | 人:王总P-11 | 等回复",
		"上门 江南机械 修设备":                                        "visit | 江南机械=L-8 | 修设备",
		"拜访华星科技王总,今天聊得不错,客户对价格还有疑虑,下周二带样品过去":                                    "visit | 华星科技=A-1 | 人:王总P-11 | 于:2026-03-04 周三 | 下:2026-03-10 周二 带样品过去 | 聊得不错,客户对价格还有疑虑",
		"拜访 华星 见到采购李经理 预计150万 3月20日前给方案":                                        "visit | 华星=A-1 | 人:李经理P-12 | 额:150万 | 下:2026-03-20 周五 前给方案 | 见到采购李经理",
		"微信 华星 李娜 发了报价单 等周五回复":                                                  "wechat | 华星=A-1 | 人:李娜P-12 | 下:2026-03-06 周五 回复 | 发了报价单 等周五回复",
		"今天上午拜访了华星的王总和李娜,聊了半个小时":                                                "visit | 华星=A-1 | 人:王总P-11 | 于:2026-03-04 周三 10:00 | 时:30m0s | 和李娜,聊了半个小时",
		"拜访 @华星 王总 报价 80万":                                                      "visit | 华星=A-1 | 人:王总P-11 | 报价 80万",
		"会议 华星 线上 和王总对了需求 两小时 下周一 14:00 复盘":                                     "meeting | 华星=A-1 | 人:王总P-11 | 时:2h0m0s | 下:2026-03-09 周一 14:00 复盘 | 线上 和王总对了需求",
		"visit Acme Trading, met Mr. Lee, 1.5 hours, quote 20k, call in 5 days": "visit | Acme Trading=A-3 | 人:Mr. Lee | 时:1h30m0s | 下:2026-03-09 周一  | met Mr. Lee quote 20k, call",
		"拜访 华星 周三见了王总":                                                          "visit | 华星=A-1 | 人:王总P-11 | 周三见了王总",
		"拜访 华星 下周三 聊了报价":                                                        "visit | 华星=A-1 | 下:2026-03-11 周三  | 聊了报价",
		"拜访 华星 下次3月10日 带合同":                                                     "visit | 华星=A-1 | 下:2026-03-10 周二 下次带合同 | ",
		"拜访 华星 客户在12楼,3号线直达":                                                    "visit | 华星=A-1 | 客户在12楼,3号线直达",
		"刚才拜访了华星":                                                               "visit | 华星=A-1 | ",
	} {
		q, err := ParseQuickLog(in, logNow, cal, book)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := show(q); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestQuickLogConfidence_CH01(t *testing.T) {
	cal, book := testCalendar(t), testBook()
	for in, want := range map[string]struct {
		min, max float64
		choice   bool
		warning  string
	}{
		"拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约": {0.95, 1, false, ""},
		"拜访 华星科技 王总 聊了报价":                {1, 1, false, ""},
		"拜访 华星":                   {0.8, 0.9, false, ""},
		"拜访 华星 赵总 聊了报价":           {0.9, 0.94, false, ""},
		"拜访 海川 聊了报价":              {0, 0.79, true, ""},
		"拜访 深圳海川 张总 聊了报价":         {0, 0.79, true, ""},
		"拜访 天际线 聊了报价":             {0, 0.3, true, "没有找到客户「天际线」"},
		"拜访 聊了报价":                 {0, 0.3, true, "没有看出是哪个客户"},
		"拜访 华星 2月30日再约":           {0, 0.79, true, "没有「2月30日」"},
		"拜访 华星 3月1日再约":            {0, 0.79, true, "已经过去"},
		"拜访 华星 聊了报价 周六再约":         {0.8, 0.94, false, "不是工作日：周末"},
		"拜访 华星 聊了报价 2027-03-01再约": {0.8, 1, false, "2027年放假安排未公布"},
		"拜访 华星 聊了报价 意向80":         {0.8, 0.94, false, "看不出确切金额"},
		"拜访 华星 聊了报价 意向80-100万":    {0.8, 0.94, false, "看不出确切金额"},
		"拜访 华星 聊了 有进展 但是遇阻":       {0.8, 0.94, false, "两种结果"},
		"明天拜访 华星 聊了报价":            {0, 0.79, true, "还没有到"},
		"拜访 江南机械 聊了报价":            {0.8, 0.9, false, ""},
	} {
		q, err := ParseQuickLog(in, logNow, cal, book)
		if err != nil || q.Confidence < want.min || q.Confidence > want.max || q.NeedsChoice() != want.choice {
			t.Errorf("%q: confidence %.2f, choice %v, %v", in, q.Confidence, q.NeedsChoice(), err)
		}
		said := ""
		for _, w := range q.Warnings {
			said += w.Zh + "\n"
			if w.En == "" || w.En == w.Zh {
				t.Errorf("%q: a warning without English: %q", in, w)
			}
		}
		if want.warning == "" && said != "" || !strings.Contains(said, want.warning) {
			t.Errorf("%q: warnings %q, want %q", in, said, want.warning)
		}
	}
	q, err := ParseQuickLog("拜访 海川 聊了报价", logNow, cal, book)
	if err != nil || len(q.Customers) != 2 || q.CustomerRef != (crm.Ref{}) {
		t.Errorf("two companies of one name: %+v, %v", q.Customers, err)
	}
}

func TestIsQuickLog_CH01(t *testing.T) {
	cal := testCalendar(t)
	for in, want := range map[string]bool{
		"拜访 华星": true, "拜访华星": true, "昨天拜访华星": true, "今天下午电话 华星": true, "visit Acme": true, "Called Acme": true, "log acme": true, "微信华星": true,
		"": false, "拜访": false, "华星": false, "电话号码是多少": false, "微信群在哪": false, "会议室": false, "拜访计划": false, "跟进率": false, "visitor list": false, "logout": false, "明天": false, "帮助": false, "calling": false,
	} {
		if got := IsQuickLog(in, logNow, cal); got != want {
			t.Errorf("IsQuickLog(%q) = %v", in, got)
		}
	}
}

func TestParseQuickLogRefusesOtherText_CH01(t *testing.T) {
	for _, in := range []string{"", "华星", "明天", "帮助", "电话号码是多少", "\x00"} {
		q, err := ParseQuickLog(in, logNow, testCalendar(t), testBook())
		if crm.CodeOf(err) != crm.CodeInvalid || q.Kind != "" {
			t.Errorf("ParseQuickLog(%q) = %+v, %v", in, q, err)
		}
	}
}

type brokenDirectory struct{ Book }

var errBroken = errors.New("directory is down")

func (brokenDirectory) Customers(string) ([]Candidate, error) { return nil, errBroken }

func TestParseQuickLogPassesOnTheDirectorysError(t *testing.T) {
	if _, err := ParseQuickLog("拜访 华星", logNow, testCalendar(t), &brokenDirectory{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

// countingDirectory counts how often it is asked: each time is a query.
type countingDirectory struct {
	*Book
	lookups int
}

func (d *countingDirectory) Customers(word string) ([]Candidate, error) {
	d.lookups++
	return d.Book.Customers(word)
}

func (d *countingDirectory) Contacts(customer crm.Ref, word string) ([]Candidate, error) {
	d.lookups++
	return d.Book.Contacts(customer, word)
}

func (d *countingDirectory) Colleagues(word string) ([]ColleagueCandidate, error) {
	d.lookups++
	return d.Book.Colleagues(word)
}

func TestParseQuickLogOfALongMessage_CH01(t *testing.T) {
	cal, book := testCalendar(t), testBook()
	for name, tail := range map[string]string{
		"prose": strings.Repeat("聊了报价和交期", 1500), "dates": strings.Repeat("下周三 ", 2500), "numbers": strings.Repeat("30分钟 80万 ", 1200), "one number": strings.Repeat("9", 10_000),
		"marks": strings.Repeat("意向 预算 ", 1600), "halves": strings.Repeat("半", 10_000), "companions": strings.Repeat("陪同 ", 3300), "names": strings.Repeat("陪同李娜、", 2000), "one row of names": "陪同" + strings.Repeat("李娜、", 3300),
	} {
		in := "拜访 华星 王总 " + tail
		dir := &countingDirectory{Book: book}
		began := time.Now()
		q, err := ParseQuickLog(in, logNow, cal, dir)
		t.Logf("%s: %s, %d lookups", name, time.Since(began), dir.lookups)
		if err != nil || q.CustomerRef != ref("A-1") {
			t.Errorf("%s: %v, %v", name, q.CustomerRef, err)
		}
		checkNothingLost(t, in, cal, book)
		if dir.lookups > 60 {
			t.Errorf("%s: %d lookups", name, dir.lookups)
		}
	}
}

// letters are the runes that carry meaning, in order.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("，。;、!?|,", r) {
			return -1
		}
		return r
	}, s)
}

// checkNothingLost proves that the note is the line without exactly the parts
// that became fields, and that those parts are in the fields.
func checkNothingLost(t interface {
	Fatalf(string, ...any)
	Helper()
}, in string, cal *calendar.Calendar, dir Directory) {
	t.Helper()
	p := newLogParser(in, logNow, cal, dir)
	if err := p.parse(); err != nil {
		if crm.CodeOf(err) != crm.CodeInvalid {
			t.Fatalf("%q: %v", in, err)
		}
		return
	}
	q := p.log
	var rest strings.Builder
	from := 0
	for _, s := range p.taken { // sorted by note
		if s.start > from {
			rest.WriteString(p.s[from:s.start])
		}
		from = max(from, s.end)
	}
	rest.WriteString(p.s[from:])
	if letters(rest.String()) != letters(q.Note) {
		t.Fatalf("%.200q: the note %.200q lost words of %.200q", in, q.Note, rest.String())
	}
	// What was taken is bounded by what the fields can hold.
	taken := 0
	for _, s := range p.taken {
		taken += s.end - s.start
	}
	if limit := 1200 + len(q.Customer) + len(q.NextText); taken > limit {
		t.Fatalf("%.200q: %d bytes were taken into fields", in, taken)
	}
	for _, field := range []string{q.Customer, q.Contact} {
		if !strings.Contains(p.s, field) {
			t.Fatalf("%q: %q is not in the line", in, field)
		}
	}
	// The next step's text is the words before and behind its date.
	line := p.s
	for _, r := range q.NextText {
		i := strings.IndexRune(line, r)
		if i < 0 {
			t.Fatalf("%q: the next step %q is not in the line", in, q.NextText)
		}
		line = line[i:]
	}
	if q.Confidence < 0 || q.Confidence > 1 || q.Duration < 0 || q.Duration > maxDuration || q.Amount != nil && *q.Amount <= 0 {
		t.Fatalf("%q: %+v", in, q)
	}
	if q.Next != nil && q.Next.Day < p.today {
		t.Fatalf("%q: the next step is in the past: %+v", in, q.Next)
	}
}

var logPieces = []string{"拜访", "电话", "华星", "王总", "李娜", "30分钟", "半小时", "2h", "意向", "80万", "预算", "报价", "下周三", "再约", "昨天", "明天", "陪同", "和", "一起", "有进展", "遇阻", "未见到", "没", "聊了", "2月30日", "3月5日", "14:30", "12,000.50", "、", ",", "，", " ", "\n", "😀", "'", ";--", "Acme", "Trading", "**", "L-2", "张伟", "约", "国庆后", "海川", "-", "@", "三一", "'", "\u200b", "\xff"}

func TestQuickLogLosesNothing_CH01(t *testing.T) {
	cal, book := testCalendar(t), testBook()
	rapid.Check(t, func(t *rapid.T) {
		open := rapid.SampledFrom([]string{"拜访 ", "拜访", "电话 华星 ", "昨天拜访华星", "visit ", "跟进 海川 "}).Draw(t, "open")
		rest := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(logPieces), rapid.StringN(0, 4, 16)), 0, 16).Draw(t, "pieces")
		checkNothingLost(t, open+strings.Join(rest, rapid.SampledFrom([]string{"", " ", ","}).Draw(t, "joint")), cal, book)
	})
}

func FuzzParseQuickLog(f *testing.F) {
	for _, s := range []string{"拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约", "昨天拜访华星陪同李娜、张伟", "visit Acme 45min budget 800k next friday", "跟进 L-2 月底", "电话华星1.5小时后再打", "拜访 '; DROP TABLE"} {
		f.Add(s)
	}
	cal, book := testCalendar(f), testBook()
	f.Fuzz(func(t *testing.T, s string) {
		checkNothingLost(t, s, cal, book)
		checkNothingLost(t, "拜访 "+s, cal, book)
	})
}

func TestReadDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"30分钟": 30 * time.Minute, "30 分钟": 30 * time.Minute, "半小时": 30 * time.Minute, "半个小时": 30 * time.Minute, "1.5小时": 90 * time.Minute, "一个半小时": 90 * time.Minute, "两小时": 2 * time.Hour, "2个小时": 2 * time.Hour, "2h": 2 * time.Hour, "1h30m": 90 * time.Minute, "1小时20分钟": 80 * time.Minute, "1小时半": 90 * time.Minute, "90min": 90 * time.Minute, "45 minutes": 45 * time.Minute, "三刻钟": 45 * time.Minute, "1.25小时": 75 * time.Minute, "四十分钟": 40 * time.Minute, "三个钟头": 3 * time.Hour,
		"半小时后": 0, "30分钟后": 0, "2小时前": 0, "3天": 0, "0分钟": 0, "25小时": 0, "2000分钟": 0, "2hx": 0, "30": 0, "小时": 0, "": 0, "30分": 0,
	} {
		if got, n := readDuration(in); got != want || (want > 0) != (n > 0) || n > 0 && n != len(in) {
			t.Errorf("readDuration(%q) = %s, %d bytes", in, got, n)
		}
	}
}

func TestContactScore(t *testing.T) {
	for _, c := range []struct {
		word, name string
		min, max   float64
	}{{"王建国", "王建国", 1, 1}, {"王总", "王建国", 0.9, 0.9}, {"李总", "王建国", 0, 0}, {"建国", "王建国", 0.85, 0.85}, {"wjg", "王建国", 0.85, 0.85}, {"国", "王建国", 0, 0}, {"", "王建国", 0, 0}, {"王总监", "王建国", 0.9, 0.9}} {
		if got := ContactScore(c.word, c.name); got < c.min || got > c.max {
			t.Errorf("ContactScore(%q, %q) = %.2f", c.word, c.name, got)
		}
	}
}

func TestKindAndResultNames(t *testing.T) {
	for _, k := range Kinds {
		if k.Name(crm.Chinese) == "" || k.Name(crm.English) == "" {
			t.Errorf("kind %q has no name", k)
		}
	}
	for _, r := range Results {
		if r.Name(crm.Chinese) == "" || r.Name(crm.English) == "" {
			t.Errorf("result %q has no name", r)
		}
	}
	if Kind("x").Name(crm.Chinese) != "" || Result("").Name(crm.English) != "" {
		t.Error("unknown values have names")
	}
}
