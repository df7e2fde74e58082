package calendar

import (
	"regexp"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// monthRules name a part of a month, quarter or year, or a day of a month that
// is named relative to this one.
var monthRules = []rule{
	{ // 月底, 下月初, 本月中旬, 3月底, 明年1月底
		starts: "上下本这当今明月" + digitStarts + hanStarts,
		form:   form(`(?:(?:(今年|明年) ?)?` + num + `月份?|` + offsetWord + `月|当月|月)(月?(?:上旬|中旬|下旬|[底末初中]))`),
		read: func(r *reader, m []string) (When, bool, error) {
			first, ok := r.monthNamed(m[1], m[2], m[3])
			if !ok {
				return When{}, true, noSuchDate(m[0])
			}
			return on(r.partOfMonth(first, strings.TrimPrefix(m[4], "月"), m[2] == "" && m[3] == "" && !strings.HasPrefix(m[0], "当")))
		},
	},
	{ // 下个月, 3月份
		starts: "下" + digitStarts + hanStarts,
		form:   form(`(下下个?|下一个|下个?)月|` + num + `月份?`),
		careful: func(before rune, m []string, after string) bool {
			return !isCount(before) && !startsWithAny(after, "的"+digitStarts)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			first, ok := r.monthNamed("", m[2], m[1])
			if !ok {
				return When{}, false, nil
			}
			d := r.firstWorkday(first, first.AddMonths(1).AddDays(-1))
			if d < r.today && first.AddMonths(1) > r.today {
				d = r.today // 3月 said in March
			}
			return on(d)
		},
	},
	{ // 下月5号, 本月15日
		starts: "上下本这当",
		form:   form(`(?:` + offsetWord + `|当)月` + num + `[号日]?`),
		careful: func(_ rune, m []string, after string) bool {
			return strings.HasSuffix(m[0], "号") || strings.HasSuffix(m[0], "日") || !startsWithAny(after, countedThings)
		},
		explicit: true,
		read: func(r *reader, m []string) (When, bool, error) {
			y, month, _ := r.today.FirstOfMonth().AddMonths(weekOffsets[m[1]]).Date()
			d, ok := crm.NewDay(y, month, number(m[2]))
			if !ok {
				return When{}, true, noSuchDate(m[0])
			}
			return on(d)
		},
	},
	{ // 年底, 明年年初
		starts: "今明后年本",
		form:   form(`(?:(今年|本年|明年|后年|今|明|后)?年)([底末初中])`),
		careful: func(before rune, m []string, _ string) bool {
			return m[1] != "" || !isCount(before) && !strings.ContainsRune("今明后去往当", before)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			return on(r.partOfYear(m[1], m[2]))
		},
	},
	{ // 季度末, 下季度初
		starts: "本这下季",
		form:   form(`(本|这个?|下个?)?季度?([末底初])`),
		careful: func(before rune, m []string, _ string) bool {
			return m[1] != "" || !isText(before)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			q := crm.QuarterOf(r.today)
			if strings.HasPrefix(m[1], "下") || m[1] == "" && m[2] == "初" {
				q = q.Next()
			}
			if m[2] == "初" {
				return on(r.firstWorkday(q.From, q.Last()))
			}
			return on(r.lastWorkday(q.From, q.Last()))
		},
	},
}

// countedThings begin words after which a bare number is an amount, not a day.
const countedThings = "个万亿元千百块台套人次家件份天周年月小%k点"

// notDays begin words after which 号 is a number of a thing, not a day.
const notDays = "楼线院店厂门车文机仓库地桌房室馆厅单码位人选会员公产样井站口"

// measure is a unit behind a number that is then no date: "1.5 hours", "2.5 万".
var measure = regexp.MustCompile(`^ ?(?i:hours?\b|hrs?\b|h\b|days?\b|weeks?\b|months?\b|%|k\b|m\b|[个天周年万亿千百元块折米吨分倍]|小时|工作日)`)

var dateRules = []rule{
	{ // 2026-12-01, 2026年12月1日
		starts:   digitStarts,
		form:     form(`(\d{4})(?:-|/|\.|年 ?)(\d{1,2})(?:-|/|\.|月 ?)(\d{1,2})[日号]?`),
		explicit: true,
		read: func(r *reader, m []string) (When, bool, error) {
			return r.date(number(m[1]), number(m[2]), number(m[3]), m[0])
		},
	},
	{ // 20261201
		starts:   digitStarts,
		form:     form(`(20\d\d)(\d\d)(\d\d)`),
		explicit: true,
		careful:  func(before rune, _ []string, after string) bool { return standsAlone(before, after) },
		read: func(r *reader, m []string) (When, bool, error) {
			d, ok := crm.NewDay(number(m[1]), time.Month(number(m[2])), number(m[3]))
			return When{Day: d}, ok, nil
		},
	},
	{ // 3月5日, 明年3月5号
		starts:   "今明去后" + digitStarts + hanStarts,
		form:     form(`(?:(今年|明年|去年|后年) ?)?` + num + `月 ?` + num + `[日号]?`),
		explicit: true,
		careful: func(before rune, m []string, after string) bool {
			return strings.HasSuffix(m[0], "号") || strings.HasSuffix(m[0], "日") || !isCount(before) && !startsWithAny(after, countedThings)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			year := 0
			if m[1] != "" {
				year = r.today.Year() + yearOffsets[m[1]]
			}
			return r.date(year, number(m[2]), number(m[3]), m[0])
		},
	},
	{ // 3/5, 12.1
		starts:   digitStarts,
		form:     form(`(\d{1,2})([/.-])(\d{1,2})`),
		explicit: true,
		careful: func(before rune, m []string, after string) bool {
			return m[2] != "-" && standsAlone(before, after) && !strings.ContainsRune("/.-:¥$#", before) && !measure.MatchString(after)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			w, ok, err := r.date(0, number(m[1]), number(m[3]), m[0])
			if err != nil && !r.alone {
				return w, false, nil // 30.5 in a note is a number
			}
			return w, ok, err
		},
	},
	{ // 5号, 十五日: this month, or the next month that has the day
		starts:   digitStarts + hanStarts,
		form:     form(num + `[号日]`),
		explicit: true,
		careful: func(before rune, m []string, after string) bool {
			return !isCount(before) && before != '月' && !startsWithAny(after, notDays+"期后前内")
		},
		read: func(r *reader, m []string) (When, bool, error) {
			n := number(m[1])
			if n < 1 || n > 31 {
				return When{}, r.alone, noSuchDate(m[0])
			}
			return on(r.comingDayOfMonth(n))
		},
	},
}

var yearOffsets = map[string]int{"去年": -1, "今年": 0, "本年": 0, "今": 0, "明年": 1, "明": 1, "后年": 2, "后": 2}

// passedForGood is how long ago a date without a year may lie and still mean
// this year's: at New Year "12月28日" is a slip, but in December "1月5日" is next
// month.
const passedForGood = 183

// date is a numbered date; year 0 means that none was named.
func (r *reader) date(year, month, day int, phrase string) (When, bool, error) {
	if year == 0 {
		year = r.today.Year()
		if d, ok := crm.NewDay(year, time.Month(month), day); ok && r.today.Sub(d) > passedForGood {
			year++
		}
		if month == 2 && day == 29 {
			for i := 0; i < 8 && !leapDay(year); i++ {
				year++
			}
		}
	}
	d, ok := crm.NewDay(year, time.Month(month), day)
	if !ok {
		return When{}, true, noSuchDate(phrase)
	}
	return on(d)
}

func leapDay(year int) bool {
	_, ok := crm.NewDay(year, time.February, 29)
	return ok
}

func (r *reader) comingDayOfMonth(n int) crm.Day {
	for m := r.today.FirstOfMonth(); m != ""; m = m.AddMonths(1) {
		y, month, _ := m.Date()
		if d, ok := crm.NewDay(y, month, n); ok && d >= r.today {
			return d
		}
	}
	return ""
}

// monthNamed is the first day of a month named by year word and number, or by
// its distance from this month. A month without a year is the one that ends
// today or later.
func (r *reader) monthNamed(yearWord, numberWord, offset string) (crm.Day, bool) {
	if numberWord == "" {
		return r.today.FirstOfMonth().AddMonths(weekOffsets[offset]), true
	}
	year := r.today.Year() + yearOffsets[yearWord]
	first, ok := crm.NewDay(year, time.Month(number(numberWord)), 1)
	if ok && yearWord == "" && first.AddMonths(1) <= r.today {
		first = first.AddMonths(12)
	}
	return first, ok
}

// partOfMonth is the begin, middle or end of a month, on a working day. A month
// that was not named moves on when its part has passed.
func (r *reader) partOfMonth(first crm.Day, part string, rolls bool) crm.Day {
	day := func(first crm.Day) crm.Day {
		last := first.AddMonths(1).AddDays(-1)
		switch part {
		case "初", "上旬":
			return r.firstWorkday(first, last)
		case "中", "中旬":
			return r.cal.WorkdayOnOrBefore(first.AddDays(14))
		}
		return r.lastWorkday(first, last)
	}
	d := day(first)
	if rolls && d < r.today {
		d = day(first.AddMonths(1))
	}
	return d
}

func (r *reader) partOfYear(word, part string) crm.Day {
	year := crm.YearOf(r.today.AddMonths(12 * yearOffsets[word]))
	day := func(year crm.Period) crm.Day {
		switch part {
		case "初":
			return r.firstWorkday(year.From, year.Last())
		case "中":
			return r.lastWorkday(year.From, crm.HalfOf(year.From).Last())
		}
		return r.lastWorkday(year.From, year.Last())
	}
	d := day(year)
	if word == "" && d < r.today {
		d = day(year.Next())
	}
	return d
}
