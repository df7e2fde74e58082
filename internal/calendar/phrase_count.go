package calendar

import (
	"strings"
	"time"
)

// countRules name a date by its distance from now.
var countRules = []rule{
	{ // 三天后, 两周后, 3个月内, 过两天
		starts: "过" + digitStarts + hanStarts,
		form:   form(`过?` + num + ` ?(?:个?(半))?(天|日|个?工作日|周|个?星期|个?礼拜|个?月|年|个?季度)` + later),
		read: func(r *reader, m []string) (When, bool, error) {
			n := number(m[1])
			if n < 0 {
				return When{}, false, nil
			}
			return r.inUnits(n, strings.TrimPrefix(m[3], "个"), m[2] != "")
		},
	},
	{ // 过两天, 过一个月
		starts: "过",
		form:   form(`过` + num + ` ?(天|个?工作日|周|个?星期|个?礼拜|个?月)`),
		careful: func(before rune, _ []string, _ string) bool {
			return !strings.ContainsRune("见聊谈来去说做经超通错", before) // 见过两天
		},
		read: func(r *reader, m []string) (When, bool, error) {
			n := number(m[1])
			if n < 0 {
				return When{}, false, nil
			}
			return r.inUnits(n, strings.TrimPrefix(m[2], "个"), false)
		},
	},
	{ // 半个月后, 半年后
		starts: "过半",
		form:   form(`过?半个?(月|年)` + later),
		careful: func(before rune, _ []string, _ string) bool {
			return !strings.ContainsRune("个年月上下前后", before)
		},
		read: func(r *reader, m []string) (When, bool, error) {
			if m[1] == "年" {
				return on(r.today.AddMonths(6))
			}
			return on(r.today.AddDays(15))
		},
	},
	{ // 三天前, 两周前: for logs
		starts: digitStarts + hanStarts,
		form:   form(num + ` ?(天|周|个?星期|个?礼拜|个月)(?:之前|以前|前)`),
		read: func(r *reader, m []string) (When, bool, error) {
			n := number(m[1])
			if n < 0 {
				return When{}, false, nil
			}
			return r.inUnits(-n, strings.TrimPrefix(m[2], "个"), false)
		},
	},
	{ // 半小时后, 2小时后, 一个半小时后, 30分钟后
		starts: "半" + digitStarts + hanStarts,
		form:   form(`(?:(半)|` + num + `(?:(个半)|(\.5))?) ?(个?小时|个?钟头|分钟|刻钟)(?:之后|以后|后)`),
		read: func(r *reader, m []string) (When, bool, error) {
			unit := time.Hour
			switch m[5] {
			case "分钟":
				unit = time.Minute
			case "刻钟":
				unit = 15 * time.Minute
			}
			n := 0
			if m[2] != "" {
				if n = number(m[2]); n < 0 {
					return When{}, false, nil
				}
			}
			d := time.Duration(n) * unit
			if m[1]+m[3]+m[4] != "" {
				d += unit / 2
			}
			return r.after(d), true, nil
		},
	},
}

// after is a moment later today or on a following day, cut to the minute.
func (r *reader) after(d time.Duration) When {
	t := r.now.Add(d).In(r.cal.Zone())
	return When{Day: r.cal.DayOf(t), Time: Clock(t.Hour(), t.Minute()), HasTime: true}
}

// inUnits is n units from today, half a unit more on demand. Working days are
// counted by the calendar.
func (r *reader) inUnits(n int, unit string, half bool) (When, bool, error) {
	d := r.today
	switch unit {
	case "工作日":
		d = r.cal.AddWorkdays(d, n)
	case "月", "年", "季度":
		d = d.AddMonths(n * map[string]int{"月": 1, "季度": 3, "年": 12}[unit])
	default:
		d = d.AddDays(n * daysIn(unit))
	}
	if half {
		switch unit {
		case "年":
			d = d.AddMonths(6)
		case "月":
			d = d.AddDays(15)
		default:
			return When{}, false, nil
		}
	}
	return on(d)
}

func daysIn(unit string) int {
	if unit == "周" || unit == "星期" || unit == "礼拜" {
		return 7
	}
	return 1
}
