package calendar

import (
	"regexp"
	"strings"
	"time"

	"crmbot/internal/crm"
)

const week = `(?:周|星期|礼拜)`

var dayNames = map[string]int{
	"大前天": -3, "前天": -2, "前日": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "今儿": 0,
	"明天": 1, "明日": 1, "明儿": 1, "后天": 2, "後天": 2, "大后天": 3, "今": 0, "明": 1, "昨": -1,
}

var weekdayRunes = map[string]int{
	"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7,
}

// weekOffsets are the words before 周 and 月: 0 is this one.
var weekOffsets = map[string]int{
	"上上": -2, "上上个": -2, "上": -1, "上个": -1, "上一个": -1, "本": 0, "这": 0, "这个": 0, "當": 0, "当": 0,
	"下": 1, "下个": 1, "下一个": 1, "下下": 2, "下下个": 2,
}

const offsetWord = `(上上个?|上一个|上个?|本|这个?|下下个?|下一个|下个?)`

var dayRules = []rule{
	{ // 明天, 大后天
		starts: "今明后後大昨前",
		form:   form(`大前天|前[天日]|昨[天日]|今[天日儿]|明[天日儿]|大?后天|後天`),
		read: func(r *reader, m []string) (When, bool, error) {
			return on(r.today.AddDays(dayNames[m[0]]))
		},
	},
	{ // 今晚, 明早8点
		starts: "今明昨",
		form:   form(`(今|明|昨)((?:早上|早|晚上|晚间|晚|晨|夜里|夜)(?: ?` + clockWords + `)?)`),
		read: func(r *reader, m []string) (When, bool, error) {
			t, n, err := readTime(m[2], false)
			if n == 0 || err != nil {
				return When{}, n != 0, err
			}
			return When{Day: r.today.AddDays(dayNames[m[1]] + t.days), Time: t.at, HasTime: true}, true, nil
		},
	},
	{ // 下周三, 本周五, 上周一
		starts: "上下本这",
		form:   form(offsetWord + week + `([一二三四五六日天1-7])`),
		read: func(r *reader, m []string) (When, bool, error) {
			return on(r.today.Monday().AddDays(weekOffsets[m[1]]*7 + weekdayRunes[m[2]] - 1))
		},
	},
	{ // 周三: the next one to come, never today
		starts: "周星礼",
		form:   form(week + `([一二三四五六日天1-7])`),
		careful: func(before rune, _ []string, after string) bool {
			// 一周三次, 每周三, 四周五百
			return !isCount(before) && !timesOver.MatchString(after)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			return on(comingWeekday(r.today, weekdayRunes[m[1]]))
		},
	},
	{ // 周末, 下周末
		starts: "上下本这周",
		form:   form(offsetWord + `?周末`),
		read: func(r *reader, m []string) (When, bool, error) {
			saturday := r.today.Monday().AddDays(weekOffsets[m[1]]*7 + 5)
			if m[1] == "" && saturday < r.today {
				saturday = r.today // it is Sunday: the weekend is now
			}
			return on(saturday)
		},
	},
	{ // 下周: its first working day; 下周内: its last
		starts: "上下本这",
		form:   form(offsetWord + week + `(之内|以内|内|初|底)?`),
		careful: func(_ rune, m []string, _ string) bool {
			// 本周 and 上周 tell what a note is about; 下周 and 本周内 name a date.
			return strings.HasPrefix(m[1], "下") || m[2] != "" && !strings.HasPrefix(m[1], "上")
		},
		read: func(r *reader, m []string) (When, bool, error) {
			monday := r.today.Monday().AddDays(weekOffsets[m[1]] * 7)
			if m[2] == "" || m[2] == "初" {
				return on(r.firstWorkday(monday, monday.AddDays(6)))
			}
			return on(r.lastWorkday(monday, monday.AddDays(6)))
		},
	},
	{ // 下个工作日
		starts: "下",
		form:   form(`下一?个?工作日`),
		read: func(r *reader, _ []string) (When, bool, error) {
			return on(r.cal.NextWorkday(r.today))
		},
	},
}

// comingWeekday is the next such day of the week after today; weekday counts
// from Monday = 1.
func comingWeekday(today crm.Day, weekday int) crm.Day {
	d := today.Monday().AddDays(weekday - 1)
	if d <= today {
		d = d.AddDays(7)
	}
	return d
}

// firstWorkday is the first working day between two days, or the first day when
// none of them is worked.
func (r *reader) firstWorkday(first, last crm.Day) crm.Day {
	if d := r.cal.WorkdayOnOrAfter(first); d != "" && d <= last {
		return d
	}
	return first
}

// lastWorkday is the last working day between two days. When it has passed, or
// none of them is worked, it is the last day.
func (r *reader) lastWorkday(first, last crm.Day) crm.Day {
	d := r.cal.WorkdayOnOrBefore(last)
	if d < first || (d < r.today && last >= r.today) {
		return last
	}
	return d
}

// timesOver is a count behind what is then no day of the week: 周三次, 周两回.
var timesOver = regexp.MustCompile(`^(?:[次遍趟个百千万]|回(?:[^复访款电来去应头]|$))`)

var weekdayBehind = regexp.MustCompile(`^ ?\(? ?` + week + `([一二三四五六日天]) ?\)?`)

// checkWeekday reads a day of the week behind a date, 3月5日(周四), and refuses
// one that does not fit. It returns how many bytes it took.
func checkWeekday(f *Found, s string) int {
	m := weekdayBehind.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	if want := time.Weekday(weekdayRunes[m[1]] % 7); f.Day.Weekday() != want {
		f.Err = crm.Invalid(string(f.Day)+" 是"+crm.WeekdayName(f.Day.Weekday(), crm.Chinese)+"，不是"+crm.WeekdayName(want, crm.Chinese)+"，请再确认日期",
			string(f.Day)+" is a "+f.Day.Weekday().String()+", not a "+want.String()+"; please check the date")
	}
	return len(m[0])
}
