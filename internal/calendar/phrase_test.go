package calendar

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
)

// Wednesday, an ordinary working week.
const phraseNow = "2026-03-04 10:00"

func TestParseWhen_CH02(t *testing.T) {
	c := standard(t)
	now := at(t, phraseNow)
	for in, want := range map[string]string{
		"今天": "2026-03-04", "明天": "2026-03-05", "后天": "2026-03-06", "大后天": "2026-03-07", "昨天": "2026-03-03", "前天": "2026-03-02", "大前天": "2026-03-01",
		"下周三": "2026-03-11", "本周五": "2026-03-06", "这周五": "2026-03-06", "上周一": "2026-02-23", "周三": "2026-03-11", "周四": "2026-03-05", "周一": "2026-03-09", "星期五": "2026-03-06", "礼拜天": "2026-03-08", "周日": "2026-03-08",
		"下下周二": "2026-03-17", "下个星期一": "2026-03-09", "本周三": "2026-03-04", "周5": "2026-03-06", "周末": "2026-03-07", "下周末": "2026-03-14", "下周": "2026-03-09", "本周内": "2026-03-06", "下周内": "2026-03-13",
		"月底": "2026-03-31", "月末": "2026-03-31", "下月初": "2026-04-01", "下月5号": "2026-04-05", "下个月5号": "2026-04-05", "本月15日": "2026-03-15", "上个月3号": "2026-02-03", "月初": "2026-04-01", "月中": "2026-03-13", "3月底": "2026-03-31", "4月初": "2026-04-01", "五月中旬": "2026-05-15", "下月底": "2026-04-30", "2月底": "2027-02-26", "5月底": "2026-05-29", "明年1月底": "2027-01-29",
		"下个月": "2026-04-01", "5月": "2026-05-06", "5月份": "2026-05-06", "3月": "2026-03-04", "1月": "2027-01-01", "年底": "2026-12-31", "明年初": "2027-01-01", "季度末": "2026-03-31", "下季度初": "2026-04-01",
		"3月5日": "2026-03-05", "3月5号": "2026-03-05", "3/5": "2026-03-05", "2026-12-01": "2026-12-01", "2026/12/1": "2026-12-01", "2026.12.1": "2026-12-01", "2026年12月1日": "2026-12-01", "20261201": "2026-12-01", "12.1": "2026-12-01", "12-1": "2026-12-01", "三月五日": "2026-03-05", "十二月二十五号": "2026-12-25", "明年3月5日": "2027-03-05", "3月1日": "2026-03-01", "5号": "2026-03-05", "3号": "2026-04-03", "31号": "2026-03-31", "十五号": "2026-03-15", "2月29日": "2028-02-29",
		"五天后": "2026-03-09", "3天后": "2026-03-07", "三天之后": "2026-03-07", "两周后": "2026-03-18", "2个星期后": "2026-03-18", "半个月后": "2026-03-19", "一个月后": "2026-04-04", "3个月后": "2026-06-04", "半年后": "2026-09-04", "一年后": "2027-03-04", "一个半月后": "2026-04-19", "过两天": "2026-03-06", "3天内": "2026-03-07", "三天前": "2026-03-01", "一天前": "2026-03-03", "两周前": "2026-02-18", "十五天后": "2026-03-19", "二十天后": "2026-03-24",
		"下个工作日": "2026-03-05", "下一工作日": "2026-03-05", "3个工作日后": "2026-03-09", "两个工作日内": "2026-03-06",
		"清明前": "2026-04-03", "清明节后": "2026-04-07", "五一前": "2026-04-30", "五一后": "2026-05-06", "劳动节后": "2026-05-06", "端午节前": "2026-06-18", "中秋后": "2026-09-28", "国庆前": "2026-09-30", "国庆后": "2026-10-08", "国庆假期后": "2026-10-08", "十一后": "2026-10-08", "节后": "2026-04-07",
		"清明": "2026-04-05", "端午": "2026-06-19", "中秋": "2026-09-25", "国庆": "2026-10-01", "七夕": "2026-08-19", "元旦": "2027-01-01", "春节": "2027-02-06", "除夕": "2027-02-05", "元宵节": "2027-02-20",
		"农历八月十五": "2026-09-25", "阴历五月初五": "2026-06-19", "八月初八": "2026-09-18", "正月初八": "2027-02-13", "腊月二十三": "2027-01-30", "腊月廿三": "2027-01-30", "大年初六": "2027-02-11", "八月十五": "2026-08-15",
		"今晚": "2026-03-04 19:00", "明早": "2026-03-05 09:00", "明早8点": "2026-03-05 08:00", "今晚8点半": "2026-03-04 20:30", "明天上午": "2026-03-05 10:00", "明天下午3点半": "2026-03-05 15:30", "下午3点半": "2026-03-04 15:30", "14:30": "2026-03-04 14:30", "三点一刻": "2026-03-04 15:15", "明天三点": "2026-03-05 15:00", "明天9点": "2026-03-05 09:00", "9点": "2026-03-05 09:00", "后天上午十点二十分": "2026-03-06 10:20", "3月5日 14:30": "2026-03-05 14:30", "3月5日14:30": "2026-03-05 14:30", "下周三下午2点": "2026-03-11 14:00", "明天中午12点": "2026-03-05 12:00", "明天03:00": "2026-03-05 03:00", "明天凌晨1点": "2026-03-05 01:00", "明天晚上12点": "2026-03-06 00:00", "明天24:00": "2026-03-06 00:00", "明天 10点钟": "2026-03-05 10:00", "2026-12-01 9:05": "2026-12-01 09:05", "明天三点三刻": "2026-03-05 15:45", "明天两点零五分": "2026-03-05 14:05", "明天3点15": "2026-03-05 15:15",
		"两小时后": "2026-03-04 12:00", "半小时后": "2026-03-04 10:30", "1.5小时后": "2026-03-04 11:30", "一个半小时后": "2026-03-04 11:30", "30分钟后": "2026-03-04 10:30", "16小时后": "2026-03-05 02:00",
		"3月5日(周四)": "2026-03-05", "3月5日(周四)14:30": "2026-03-05 14:30", "３月５日　１４：３０": "2026-03-05 14:30",
		"today": "2026-03-04", "Tomorrow 3pm": "2026-03-05 15:00", "the day after tomorrow": "2026-03-06", "yesterday": "2026-03-03", "tonight": "2026-03-04 19:00", "next friday": "2026-03-13", "this friday": "2026-03-06", "friday": "2026-03-06", "wed": "2026-03-11", "on monday at 9:30": "2026-03-09 09:30", "last monday": "2026-02-23", "next week": "2026-03-09", "next month": "2026-04-01", "next working day": "2026-03-05", "end of the month": "2026-03-31", "end of quarter": "2026-03-31", "in 3 days": "2026-03-07", "in a week": "2026-03-11", "two weeks later": "2026-03-18", "in 2 hours": "2026-03-04 12:00", "in 3 working days": "2026-03-09", "March 5": "2026-03-05", "Mar 5th, 2027": "2027-03-05", "5 March 2:30 pm": "2026-03-05 14:30", "tomorrow morning": "2026-03-05 10:00", "tomorrow at noon": "2026-03-05 12:00", "tomorrow 12am": "2026-03-05 00:00",
	} {
		w, err := ParseWhen(in, now, c)
		got := string(w.Day)
		if w.HasTime {
			got += " " + w.Time.String()
		}
		if err != nil || got != want || w.Rest != "" {
			t.Errorf("ParseWhen(%q) = %q rest %q, %v; want %q", in, got, w.Rest, err, want)
		}
	}
}

func TestParseWhenAtTheEdges_CH02(t *testing.T) {
	c := standard(t)
	for _, w := range []struct{ now, in, want string }{
		{"2026-12-20 10:00", "1月5日", "2027-01-05"}, {"2026-12-31 10:00", "明天", "2027-01-01"}, {"2026-01-31 10:00", "一个月后", "2026-02-28"},
		{"2026-03-31 10:00", "月底", "2026-03-31"}, {"2026-01-31 10:00", "月底", "2026-01-31"}, {"2026-03-08 10:00", "周日", "2026-03-15"}, {"2026-03-08 10:00", "周末", "2026-03-08"},
		{"2026-02-13 10:00", "下个工作日", "2026-02-14"}, {"2026-02-14 10:00", "下个工作日", "2026-02-24"}, {"2026-02-13 10:00", "春节后", "2026-02-24"}, {"2026-02-13 10:00", "春节前", "2026-02-14"}, {"2026-02-13 10:00", "年后", "2026-02-24"},
		{"2026-02-13 10:00", "下周", "2026-02-16"}, // the whole week is off: its Monday
		{"2026-09-27 10:00", "下周", "2026-09-28"}, {"2026-02-26 10:00", "31号", "2026-03-31"},
		{"2026-03-04 23:30", "半小时后", "2026-03-05 00:00"},
	} {
		got, err := ParseWhen(w.in, at(t, w.now), c)
		s := string(got.Day)
		if got.HasTime {
			s += " " + got.Time.String()
		}
		if err != nil || s != w.want {
			t.Errorf("at %s %q = %q, %v; want %q", w.now, w.in, s, err, w.want)
		}
	}
	// The organisation's day, not the server's: 18:00 UTC is already tomorrow.
	if w, err := ParseWhen("今天", time.Date(2026, 3, 4, 18, 0, 0, 0, time.UTC), c); err != nil || w.Day != "2026-03-05" {
		t.Errorf("today = %v, %v", w.Day, err)
	}
}

func TestParseWhenRefuses_CH02(t *testing.T) {
	c := standard(t)
	now := at(t, phraseNow)
	for in, want := range map[string]string{
		"2月30日": "没有「2月30日」", "13月1日": "没有", "2026-02-30": "没有", "4月31号": "没有", "32号": "没有", "0号": "没有", "下月31号": "没有", "2027年2月29日": "没有", "13/45": "没有",
		"明天25:00": "没有「25:00」", "明天10:75": "没有「10:75」", "明天下午3点99分": "没有",
		"3月5日(周五)": "周四，不是周五", "春节前": "2027年的放假安排还没有公布", "元旦后": "没有公布", "闰六月初一": "农历没有",
		"": "看不懂日期", "华星": "看不懂日期", "再约": "看不懂日期", "9999年后": "太远", "9999-12-31 24:00": "没有", strings.Repeat("9", 5000): "看不懂日期", "'; DROP TABLE leads;--": "看不懂日期",
	} {
		w, err := ParseWhen(in, now, c)
		if crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(crm.MessageOf(err, crm.Chinese), want) || w.Day != "" {
			t.Errorf("ParseWhen(%.30q) = %v, %v; want %q", in, w.Day, err, want)
		}
	}
}

func TestParseNextRefusesThePast_CH02(t *testing.T) {
	c := standard(t)
	now := at(t, phraseNow)
	for _, in := range []string{"昨天", "上周一", "3月1日", "2025-12-01", "今天9:00", "本周一", "三天前", "last monday"} {
		w, err := ParseNext(in, now, c)
		if crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(crm.MessageOf(err, crm.Chinese), "过去") || w.Day != "" {
			t.Errorf("ParseNext(%q) = %v, %v", in, w.Day, err)
		}
	}
	for _, in := range []string{"今天", "今天11:00", "明天", "14:30"} {
		if _, err := ParseNext(in, now, c); err != nil {
			t.Errorf("ParseNext(%q): %v", in, err)
		}
	}
}

func TestParseWhenLeavesTheRest(t *testing.T) {
	c := standard(t)
	for in, want := range map[string][2]string{"下周三再约": {"下周三", "再约"}, "明天 华星 10:00": {"明天", "华星 10:00"}, "月底 签合同": {"月底", "签合同"}, "明天10:00 华星": {"明天10:00", "华星"}} {
		w, err := ParseWhen(in, at(t, phraseNow), c)
		if err != nil || w.Matched != want[0] || w.Rest != want[1] {
			t.Errorf("ParseWhen(%q) matched %q, rest %q, %v", in, w.Matched, w.Rest, err)
		}
	}
}

func TestFindAllWhen_CH02(t *testing.T) {
	c := standard(t)
	for in, want := range map[string]string{
		"拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约": "下周三", "意向80万下周三再约": "下周三", "客户说月底能定,3月15日前给方案": "月底 3月15日",
		"昨天去了华星,明天下午3点再去": "昨天 明天下午3点", "过两天给答复": "过两天", "约国庆后再谈": "国庆后", "下午3点再来": "下午3点", "我们三点见": "三点",
		// not dates
		"提了三点建议": "", "一周三次": "", "每周三例会": "", "3号楼5单元": "", "预算12.5万": "", "版本1.2.3": "", "比例3/5左右": "", "15号线": "", "12个月": "", "30.5": "", "下午聊了报价": "", "A2026-12-01": "", "订单2026120112": "", "周转资金": "", "最高1.5万": "", "中秋礼盒": "", "第一号": "", "编号5号": "5号", "3月50万": "", "monday1": "", "Saturn": "", "今年20万": "",
		"给12.1 交货": "", "took 1.5 hours": "", "约 2.5 万": "", "周三回": "", "等周五回复": "周五", "交货 12.1 开始": "12.1", "2月30日交货": "2月30日",
	} {
		var got []string
		for _, f := range FindAllWhen(in, at(t, phraseNow), c) {
			got = append(got, f.Matched)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("FindAllWhen(%q) = %q, want %q", in, got, want)
		}
	}
	f, ok := FindWhen("2月30日交货", at(t, phraseNow), c)
	if !ok || f.Err == nil || f.Day != "" {
		t.Errorf("an impossible date inside a text: %+v", f)
	}
}

func TestFormatWhen_CH02(t *testing.T) {
	w := When{Day: "2026-03-04", Time: Clock(14, 30), HasTime: true}
	if w.Format(crm.Chinese) != "2026-03-04 周三 14:30" || w.Format(crm.English) != "2026-03-04 Wed 14:30" || FormatDay("", crm.Chinese) != "" || (When{}).Format(crm.English) != "" {
		t.Error(w.Format(crm.Chinese), w.Format(crm.English))
	}
}

// phrasePieces makes texts that come close to phrases.
var phrasePieces = []string{"下", "周", "三", "月", "底", "初", "5", "号", "日", "2026", "-", "/", ".", "12", "99", "点", "半", "一刻", ":", "30", "天", "后", "个", "工作日", "春节", "前", "农历", "正月", "初八", "闰", "今", "晚", "明早", "下午", " ", "小时", "in ", "days", "next ", "friday", "pm", "(", ")", "年", "十", "😀", "\x00", "\xff", "国庆"}

func TestFindWhenNeverPanicsAndSpansAreTrue(t *testing.T) {
	c := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(phrasePieces), rapid.StringN(0, 3, 12)), 0, 14).Draw(t, "pieces"), "")
		checkFound(t, s, at2(t, "now"), c)
	})
}

func checkFound(t interface{ Fatalf(string, ...any) }, s string, now time.Time, c *Calendar) {
	text := crm.Normalize(s)
	from := 0
	for _, f := range FindAllWhen(s, now, c) {
		if f.Start < from || f.End <= f.Start || f.End > len(text) || text[f.Start:f.End] != f.Matched || !utf8.ValidString(f.Matched) {
			t.Fatalf("%q: span %d-%d %q", text, f.Start, f.End, f.Matched)
		}
		if (f.Err == nil) != f.Day.Valid() || f.HasTime && (f.Time < 0 || f.Time > 1439) {
			t.Fatalf("%q: %+v", text, f)
		}
		from = f.End
	}
	if w, err := ParseWhen(s, now, c); err == nil && (!w.Day.Valid() || !strings.HasPrefix(text, w.Matched)) {
		t.Fatalf("%q: %+v", text, w)
	}
}

func FuzzFindWhen(f *testing.F) {
	c := standard(f)
	for _, s := range []string{"下周三再约", "明天下午3点半", "农历八月十五", "闰六月初一", "2月30日", "3月5日(周四)14:30", "next friday 3pm", "国庆后", "1.5小时后", "12.1"} {
		f.Add(s)
	}
	now := at(f, phraseNow)
	f.Fuzz(func(t *testing.T, s string) { checkFound(t, s, now, c) })
}

func TestFindAllWhenIsBounded(t *testing.T) {
	c := standard(t)
	found := FindAllWhen(strings.Repeat("下周十月三点明天后", 1500), at(t, phraseNow), c)
	if len(found) != maxPhrases {
		t.Errorf("%d phrases of a text full of them", len(found))
	}
}
