package calendar

import (
	"strings"
	"time"

	"crmbot/internal/crm"
)

const (
	englishWeekday = `(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)`
	englishMonth   = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	englishNumber  = `(\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten)`
	englishUnit    = `(day|week|month|quarter|year|hour|minute|(?:working|business|work) ?day)s?`
)

var englishRules = []rule{
	{
		starts: "tydb",
		form:   form(`(?i:(the )?day (after tomorrow|before yesterday)|today|tonight|tomorrow|tmr|yesterday)\b`),
		read: func(r *reader, m []string) (When, bool, error) {
			word := strings.ToLower(m[0])
			switch {
			case strings.HasSuffix(word, "after tomorrow"):
				return on(r.today.AddDays(2))
			case strings.HasSuffix(word, "before yesterday"):
				return on(r.today.AddDays(-2))
			case word == "tonight":
				return When{Day: r.today, Time: partDefaults[word], HasTime: true}, true, nil
			case word == "today":
				return on(r.today)
			case word == "yesterday":
				return on(r.today.AddDays(-1))
			}
			return on(r.today.AddDays(1))
		},
	},
	{ // next friday, on monday
		starts: "nlotmwfs",
		form:   form(`(?i:(next|this|last|on) )?(?i:` + englishWeekday + `)\b`),
		careful: func(_ rune, m []string, _ string) bool {
			return m[1] != "" || len(m[2]) > 4 // "sat" and "sun" are words too
		},
		read: func(r *reader, m []string) (When, bool, error) {
			weekday := strings.Index("montuewedthufrisatsun", strings.ToLower(m[2][:3]))/3 + 1
			offset, inWeek := map[string]int{"last": -1, "this": 0, "next": 1}[strings.ToLower(m[1])]
			if !inWeek {
				return on(comingWeekday(r.today, weekday))
			}
			return on(r.today.Monday().AddDays(7*offset + weekday - 1))
		},
	},
	{
		starts: "n",
		form:   form(`(?i:next (week|month|(?:working|business|work) ?day))\b`),
		read: func(r *reader, m []string) (When, bool, error) {
			switch strings.ToLower(m[1]) {
			case "week":
				monday := r.today.Monday().AddDays(7)
				return on(r.firstWorkday(monday, monday.AddDays(6)))
			case "month":
				first := r.today.FirstOfMonth().AddMonths(1)
				return on(r.firstWorkday(first, first.AddMonths(1).AddDays(-1)))
			}
			return on(r.cal.NextWorkday(r.today))
		},
	},
	{
		starts: "etmy",
		form:   form(`(?i:(?:the )?end of (?:the |this )?(week|month|quarter|year)|(month|quarter|year)[- ]end)\b`),
		read: func(r *reader, m []string) (When, bool, error) {
			of := map[string]func(crm.Day) crm.Period{"week": crm.WeekOf, "month": crm.MonthOf, "quarter": crm.QuarterOf, "year": crm.YearOf}
			p := of[strings.ToLower(m[1]+m[2])](r.today)
			return on(r.lastWorkday(p.From, p.Last()))
		},
	},
	{ // in 3 days, two weeks later
		starts: "iaotfsen" + digitStarts,
		form:   form(`(?i:in ` + englishNumber + ` ` + englishUnit + `|` + englishNumber + ` ` + englishUnit + ` (?:later|from now))\b`),
		read: func(r *reader, m []string) (When, bool, error) {
			return r.englishCount(strings.ToLower(m[1]+m[3]), strings.ToLower(m[2]+m[4]))
		},
	},
	{ // March 5, Mar 5th 2026, 5 March
		starts:   "jfmasond" + digitStarts,
		form:     form(`(?i:` + englishMonth + `\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?|(\d{1,2})(?:st|nd|rd|th)? (?:of )?` + englishMonth + `(?:,? (\d{4}))?)\b`),
		explicit: true,
		read: func(r *reader, m []string) (When, bool, error) {
			month := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower((m[1] + m[5])[:3]))/3 + 1
			year := 0
			if y := m[3] + m[6]; y != "" {
				year = number(y)
			}
			return r.date(year, month, number(m[2]+m[4]), m[0])
		},
	},
}

func (r *reader) englishCount(count, unit string) (When, bool, error) {
	n := number(count)
	if n < 0 {
		n = 1 // a, an
		for i, word := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"} {
			if word == count {
				n = i + 1
			}
		}
	}
	switch unit {
	case "hour":
		return r.after(time.Duration(n) * time.Hour), true, nil
	case "minute":
		return r.after(time.Duration(n) * time.Minute), true, nil
	}
	units := map[string]string{"day": "天", "week": "周", "month": "月", "quarter": "季度", "year": "年"}
	if chinese, ok := units[unit]; ok {
		return r.inUnits(n, chinese, false)
	}
	return r.inUnits(n, "工作日", false)
}
