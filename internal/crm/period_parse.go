package crm

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// namedPeriods are the words for periods around today.
var namedPeriods = map[string]func(today Day) Period{
	"今天": func(d Day) Period { return DayPeriod(d) }, "今日": func(d Day) Period { return DayPeriod(d) },
	"today": func(d Day) Period { return DayPeriod(d) },
	"昨天":    func(d Day) Period { return DayPeriod(d.AddDays(-1)) }, "昨日": func(d Day) Period { return DayPeriod(d.AddDays(-1)) },
	"yesterday": func(d Day) Period { return DayPeriod(d.AddDays(-1)) },
	"前天":        func(d Day) Period { return DayPeriod(d.AddDays(-2)) },
	"明天":        func(d Day) Period { return DayPeriod(d.AddDays(1)) }, "tomorrow": func(d Day) Period { return DayPeriod(d.AddDays(1)) },
	"本周": WeekOf, "这周": WeekOf, "this week": WeekOf,
	"上周": before(WeekOf), "last week": before(WeekOf),
	"下周": after(WeekOf), "next week": after(WeekOf),
	"本月": MonthOf, "这个月": MonthOf, "当月": MonthOf, "this month": MonthOf,
	"上月": before(MonthOf), "上个月": before(MonthOf), "last month": before(MonthOf),
	"下月": after(MonthOf), "下个月": after(MonthOf), "next month": after(MonthOf),
	"本季度": QuarterOf, "本季": QuarterOf, "这个季度": QuarterOf, "this quarter": QuarterOf,
	"上季度": before(QuarterOf), "上季": before(QuarterOf), "上个季度": before(QuarterOf), "last quarter": before(QuarterOf),
	"下季度": after(QuarterOf), "下季": after(QuarterOf), "下个季度": after(QuarterOf), "next quarter": after(QuarterOf),
	"今年": YearOf, "本年": YearOf, "本年度": YearOf, "this year": YearOf,
	"去年": before(YearOf), "上年": before(YearOf), "last year": before(YearOf),
	"明年": after(YearOf), "next year": after(YearOf),
	"上半年": func(d Day) Period { return HalfOf(YearOf(d).From) },
	"下半年": func(d Day) Period { return HalfOf(YearOf(d).Last()) },
}

func before(of func(Day) Period) func(Day) Period {
	return func(d Day) Period { return of(d).Previous() }
}

func after(of func(Day) Period) func(Day) Period {
	return func(d Day) Period { return of(d).Next() }
}

var (
	dayForm      = regexp.MustCompile(`^(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?$`)
	monthForm    = regexp.MustCompile(`^(\d{4})(?:-|/|\.|年)(\d{1,2})月?$`)
	quarterForm  = regexp.MustCompile(`^(?:(\d{4})(?:-|/|年| )?)?(?:[Qq]([1-4])|第?([1-4一二三四])季度?)$`)
	quarterFirst = regexp.MustCompile(`^[Qq]([1-4])[ -/]?(\d{4})$`)
	halfForm     = regexp.MustCompile(`^(\d{4})(?:-|/|年| )?(?:[Hh]([12])|([上下])半年)$`)
	yearForm     = regexp.MustCompile(`^(\d{4})年?$`)
	monthOnly    = regexp.MustCompile(`^(\d{1,2})月份?$`)
	lastDaysForm = regexp.MustCompile(`^(?:最近|近|过去|last )(\d{1,3}) ?(?:天|日|days?)$`)
	rangeForm    = regexp.MustCompile(`^(.+?) ?(?:\.\.+|~|～|至|到| to ) ?(.+)$`)
)

// ParsePeriod reads a period as people type it, seen from today: 今天, 昨天, 本周,
// 上周, 本月, 上月, 本季度, 上季度, 今年, 去年, 近7天, "2017-Q2", "2017年第二季度", "2017-04",
// "2017", "4月" (of this year), one day, and ranges with both ends inside such as
// "2026-03-01..2026-03-31". English words work too.
func ParsePeriod(s string, today Day) (Period, error) {
	t := strings.ToLower(Normalize(s))
	if p, ok := parseSimplePeriod(t, today); ok {
		return p, nil
	}
	if m := rangeForm.FindStringSubmatch(t); m != nil {
		first, okFirst := parseSimplePeriod(strings.TrimSpace(m[1]), today)
		last, okLast := parseSimplePeriod(strings.TrimSpace(m[2]), today)
		if okFirst && okLast {
			if first.From >= last.To {
				return Period{}, Invalid("期间的开始晚于结束："+quoteZh(s), "the period ends before it begins: "+quoteEn(s))
			}
			return Period{first.From, last.To}, nil
		}
	}
	return Period{}, Invalid("看不懂期间"+quoteZh(s)+"，可以写：本周、上月、本季度、2026-Q1、2026-03、2026-03-01..2026-03-31",
		"cannot read the period "+quoteEn(s)+"; write for example this week, last month, 2026-Q1, 2026-03 or 2026-03-01..2026-03-31")
}

func parseSimplePeriod(t string, today Day) (Period, bool) {
	if named, ok := namedPeriods[t]; ok {
		return named(today), true
	}
	if m := dayForm.FindStringSubmatch(t); m != nil {
		d, ok := NewDay(atoi(m[1]), time.Month(atoi(m[2])), atoi(m[3]))
		return DayPeriod(d), ok
	}
	if m := monthForm.FindStringSubmatch(t); m != nil {
		return alignedPeriod(m[1], atoi(m[2]), MonthOf)
	}
	if m := quarterForm.FindStringSubmatch(t); m != nil {
		year := m[1]
		if year == "" {
			year = strconv.Itoa(today.Year())
		}
		return alignedPeriod(year, quarterNumber(m[2]+m[3])*3, QuarterOf)
	}
	if m := quarterFirst.FindStringSubmatch(t); m != nil {
		return alignedPeriod(m[2], atoi(m[1])*3, QuarterOf)
	}
	if m := halfForm.FindStringSubmatch(t); m != nil {
		month := 1
		if m[2] == "2" || m[3] == "下" {
			month = 7
		}
		return alignedPeriod(m[1], month, HalfOf)
	}
	if m := yearForm.FindStringSubmatch(t); m != nil {
		return alignedPeriod(m[1], 1, YearOf)
	}
	if m := monthOnly.FindStringSubmatch(t); m != nil {
		return alignedPeriod(strconv.Itoa(today.Year()), atoi(m[1]), MonthOf)
	}
	if m := lastDaysForm.FindStringSubmatch(t); m != nil && atoi(m[1]) > 0 {
		return Period{today.AddDays(1 - atoi(m[1])), today.AddDays(1)}, true
	}
	return Period{}, false
}

// alignedPeriod is the period of the kind that holds the month. Years outside
// 1900 to 2999 are refused: they are typing errors.
func alignedPeriod(year string, month int, of func(Day) Period) (Period, bool) {
	y := atoi(year)
	d, ok := NewDay(y, time.Month(month), 1)
	if !ok || y < 1900 || y > 2999 {
		return Period{}, false
	}
	return of(d), true
}

func quarterNumber(s string) int {
	if n, ok := ParseHanInt(s); ok {
		return int(n)
	}
	return atoi(s)
}

// atoi reads digits that a pattern has already bounded.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
