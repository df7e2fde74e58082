package calendar

import (
	"strconv"
	"strings"
	"time"

	lunar "github.com/6tail/lunar-go/calendar"

	"crmbot/internal/crm"
)

// festival is a day with a name. A festival with days off knows its name in the
// announced holidays.
type festival struct {
	holiday          string
	month, day       int // in the solar calendar, or the lunar one
	lunar, eve, term bool
}

var festivals = map[string]festival{
	"元旦": {holiday: "元旦", month: 1, day: 1}, "新年": {holiday: "元旦", month: 1, day: 1},
	"春节": {holiday: "春节", month: 1, day: 1, lunar: true}, "过年": {holiday: "春节", month: 1, day: 1, lunar: true},
	"除夕": {eve: true}, "元宵": {month: 1, day: 15, lunar: true},
	"清明": {holiday: "清明节", term: true},
	"五一": {holiday: "劳动节", month: 5, day: 1}, "劳动节": {holiday: "劳动节", month: 5, day: 1},
	"端午": {holiday: "端午节", month: 5, day: 5, lunar: true}, "七夕": {month: 7, day: 7, lunar: true},
	"中秋": {holiday: "中秋节", month: 8, day: 15, lunar: true}, "重阳": {month: 9, day: 9, lunar: true},
	"十一": {holiday: "国庆节", month: 10, day: 1}, "国庆": {holiday: "国庆节", month: 10, day: 1},
}

const (
	lunarMonth = `(闰?)(正|冬|腊|十[一二]|[一二三四五六七八九十])月`
	lunarDay   = `(初[一二三四五六七八九十]|廿[一二三四五六七八九]?|二十[一二三四五六七八九]?|三十|十[一二三四五六七八九]?|[一二三四五六七八九])`
	nearby     = `(之前|以前|前|之后|以后|过后|后)`
)

var festivalRules = []rule{
	{ // 春节后, 国庆前, 中秋
		starts: "元新春过除清五劳端七中重十国",
		form:   form(`(元旦|新年|春节|过年|除夕|元宵|清明|五一|劳动节|端午|七夕|中秋|重阳|十一|国庆)节?((?:小?长?假期?|放假|黄金周)?` + nearby + `|期间|当天)?`),
		careful: func(before rune, m []string, after string) bool {
			if isCount(before) || m[2] == "" && !standsAlone(before, after) {
				return false
			}
			// 国庆后天 is a person's name with a day
			return !strings.HasSuffix(m[2], "后") || !startsWithAny(after, "天续面期来")
		},
		read: func(r *reader, m []string) (When, bool, error) {
			f := festivals[m[1]]
			if m[3] != "" {
				return r.aroundFestival(f, m[1], strings.HasSuffix(m[3], "前"))
			}
			if m[1] == "十一" && m[2] == "" && !r.alone {
				return When{}, false, nil
			}
			d, ok := r.festivalDay(f)
			return When{Day: d}, ok, nil
		},
	},
	{ // 年后, 节前: the Spring Festival, the next holiday of any name
		starts: "年节",
		form:   form(`([年节])` + nearby),
		careful: func(before rune, _ []string, after string) bool {
			return (!isText(before) || strings.ContainsRune("约等到过放", before)) && !startsWithAny(after, "天续面期来")
		},
		read: func(r *reader, m []string) (When, bool, error) {
			isBefore := strings.HasSuffix(m[2], "前")
			if m[1] == "年" {
				return r.aroundFestival(festivals["春节"], "春节", isBefore)
			}
			return r.aroundFestival(festival{holiday: ""}, "节", isBefore)
		},
	},
	{ // 农历八月十五, 正月初八, 腊月廿三
		starts: "农阴旧闰正冬腊十" + hanStarts,
		form:   form(`(农历|阴历|旧历)? ?` + lunarMonth + lunarDay),
		read: func(r *reader, m []string) (When, bool, error) {
			clear := m[1]+m[2] != "" || strings.Contains("正冬腊", m[3]) || strings.HasPrefix(m[4], "初") || strings.HasPrefix(m[4], "廿")
			if !clear {
				return When{}, false, nil // 八月十五 is 15 August
			}
			return r.lunarDate(lunarMonthNumber(m[3]), lunarDayNumber(m[4]), m[2] != "", m[0])
		},
	},
	{ // 大年初六, 年三十
		starts: "大年初",
		form:   form(`(?:(大年|年)(三十|初[一二三四五六七八九十])|(初[一二三四五六七八九十]))`),
		careful: func(before rune, m []string, _ string) bool {
			return m[1] != "" && !isCount(before) && before != '去' && before != '今'
		},
		read: func(r *reader, m []string) (When, bool, error) {
			if m[2] == "三十" {
				d, ok := newYearsEve(r.today)
				return When{Day: d}, ok, nil
			}
			day := lunarDayNumber(m[2] + m[3])
			if m[1] != "" {
				return r.lunarDate(1, day, false, m[0])
			}
			// 初八 by itself is the next one of any lunar month.
			for d := r.today; d < r.today.AddDays(62); d = d.AddDays(1) {
				if lunarDayOf(d) == day {
					return on(d)
				}
			}
			return When{}, false, nil
		},
	},
}

// aroundFestival is the last working day before, or the first after, the days
// off around a festival. For one without days off it is the working day next to
// it. It needs announced holidays and says so where they are missing.
func (r *reader) aroundFestival(f festival, name string, isBefore bool) (When, bool, error) {
	if f.holiday == "" && name != "节" {
		d, ok := r.festivalDay(f)
		if isBefore {
			return When{Day: r.cal.PreviousWorkday(d)}, ok, nil
		}
		return When{Day: r.cal.NextWorkday(d)}, ok, nil
	}
	for year := r.today.Year(); year <= r.today.Year()+1; year++ {
		if !r.cal.Known(year) {
			y := strconv.Itoa(year)
			return When{}, true, crm.Invalid(y+"年的放假安排还没有公布，算不出「"+name+"」前后是哪一天，请直接写日期",
				"the holidays of "+y+" are not announced yet, so the date around that holiday is unknown; please write the date itself")
		}
		for _, b := range r.cal.Breaks(year, f.holiday) {
			d := b.To
			if isBefore {
				d = b.From.AddDays(-1)
			}
			if d >= r.today {
				return on(d)
			}
		}
	}
	return When{}, false, nil
}

// festivalDay is the festival itself, today or later.
func (r *reader) festivalDay(f festival) (crm.Day, bool) {
	switch {
	case f.eve:
		return newYearsEve(r.today)
	case f.lunar:
		return nextLunarDay(r.today, f.month, f.day, false)
	}
	for year := r.today.Year(); year <= r.today.Year()+1; year++ {
		month, day := f.month, f.day
		if f.term {
			month, day = 4, qingming(year)
		}
		if d, ok := crm.NewDay(year, time.Month(month), day); ok && d >= r.today {
			return d, true
		}
	}
	return "", false
}

// qingming is the day in April on which the solar term 清明 falls.
func qingming(year int) int {
	for day := 4; day <= 6; day++ {
		if lunar.NewSolarFromYmd(year, 4, day).GetLunar().GetJieQi() == "清明" {
			return day
		}
	}
	return 5
}

// lunarDayOf is the day's number in its lunar month.
func lunarDayOf(d crm.Day) int {
	y, m, day := d.Date()
	return lunar.NewSolarFromYmd(y, int(m), day).GetLunar().GetDay()
}

func (r *reader) lunarDate(month, day int, leap bool, phrase string) (When, bool, error) {
	d, ok := nextLunarDay(r.today, month, day, leap)
	if !ok {
		return When{}, true, crm.Invalid("农历没有「"+phrase+"」这一天", "the lunar calendar has no such day in the coming years: \""+phrase+"\"")
	}
	return When{Day: d}, true, nil
}

func lunarMonthNumber(word string) int {
	switch word {
	case "正":
		return 1
	case "冬":
		return 11
	case "腊":
		return 12
	}
	return number(word)
}

func lunarDayNumber(word string) int {
	if rest, ok := strings.CutPrefix(word, "廿"); ok {
		return 20 + max(number(rest), 0)
	}
	return number(strings.TrimPrefix(word, "初"))
}
