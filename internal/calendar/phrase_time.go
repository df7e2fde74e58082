package calendar

import (
	"regexp"
	"strings"

	"crmbot/internal/crm"
)

// clockWords is a clock time: 14:30, 3点半, 三点一刻, 十点二十分.
const clockWords = `(?:\d{1,2}:\d{2}|(?:\d{1,2}|[一二两三四五六七八九十]{1,3}) ?[点时](?:半|[一1三3]刻|整|钟|(?:\d{1,2}|[一二三四五六七八九十零]{1,3})分|\d{2}|[一二三四五]?十[一二三四五六七八九]?)?(?:钟)?)`

// partWords are the words for parts of the day that stand before a clock time;
// those of one rune count only there.
const partWords = `凌晨|清晨|一早|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|夜里|夜间|早|晚|晨|夜`

// partDefaults are the times that a part of the day means by itself.
var partDefaults = map[string]TimeOfDay{
	"凌晨": Clock(1, 0), "清晨": Clock(7, 0), "一早": Clock(9, 0), "早上": Clock(9, 0), "早晨": Clock(9, 0), "早": Clock(9, 0), "晨": Clock(9, 0),
	"上午": Clock(10, 0), "中午": Clock(12, 0), "午后": Clock(14, 0), "下午": Clock(15, 0), "傍晚": Clock(18, 0),
	"晚上": Clock(19, 0), "晚间": Clock(19, 0), "晚": Clock(19, 0), "夜里": Clock(22, 0), "夜间": Clock(22, 0), "夜": Clock(22, 0),
	"morning": Clock(10, 0), "afternoon": Clock(15, 0), "evening": Clock(19, 0), "noon": Clock(12, 0), "tonight": Clock(19, 0),
}

var (
	colonTime   = regexp.MustCompile(`^(\d{1,2}):(\d{2})`)
	chineseTime = regexp.MustCompile(`^(` + partWords + `)? ?(?:(\d{1,2}):(\d{2})(?::\d{2})?|` +
		`(\d{1,2}|[一二两三四五六七八九十]{1,3}) ?[点时](半|[一1三3]刻|整|钟|(\d{1,2}|[一二三四五六七八九十零]{1,3})分|\d{2}|[一二三四五]?十[一二三四五六七八九]?)?钟?)`)
	dayPart     = regexp.MustCompile(`^(凌晨|清晨|一早|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|夜里|夜间)`)
	shortPart   = regexp.MustCompile(`^(早|晚|晨|夜)`)
	englishTime = regexp.MustCompile(`(?i)^(?:(\d{1,2})(?::(\d{2}))? ?([ap])\.?m\b\.?|(noon)\b|(?:in the )?(morning|afternoon|evening)\b)`)
)

// clock is a time of day, perhaps on a later day: 晚上12点 is the next midnight.
type clock struct {
	at   TimeOfDay
	days int
}

// readTime reads a time at the start of s and tells how many bytes it takes; 0
// when there is none. behindDay is set when a day stands before it and so a
// part of the day by one rune is not enough. The error names a time that does
// not exist.
func readTime(s string, behindDay bool) (clock, int, error) {
	if m := englishTime.FindStringSubmatch(s); m != nil {
		return readEnglishTime(m)
	}
	if m := chineseTime.FindStringSubmatch(s); m != nil && !runsOn(s[len(m[0]):]) {
		hour, minute := m[2], m[3]
		colon := hour != ""
		n := 0
		if colon {
			n = number(minute)
		} else {
			hour, n = m[4], minuteOf(m[5], m[6])
		}
		t, ok := resolve(m[1], number(hour), n, len(hour) == 2 && hour[0] == '0')
		if !ok {
			return clock{}, len(m[0]), crm.Invalid("没有「"+m[0]+"」这个时间", "there is no such time: \""+m[0]+"\"")
		}
		return t, len(m[0]), nil
	}
	m := dayPart.FindString(s)
	if m == "" && !behindDay {
		m = shortPart.FindString(s)
	}
	if m == "" {
		return clock{}, 0, nil
	}
	return clock{at: partDefaults[m]}, len(m), nil
}

// runsOn tells that digits or a further colon follow, so that what was read was
// part of something else.
func runsOn(after string) bool {
	return startsWithAny(after, digitStarts) || strings.HasPrefix(after, ":")
}

func minuteOf(words, counted string) int {
	switch words {
	case "", "整", "钟":
		return 0
	case "半":
		return 30
	case "一刻", "1刻":
		return 15
	case "三刻", "3刻":
		return 45
	}
	if counted != "" {
		return number(strings.TrimPrefix(counted, "零"))
	}
	return number(words)
}

// resolve puts an hour into the part of the day that was named. Without one,
// hours 1 to 6 are afternoon hours, because that is when people meet; "03:00"
// is taken as written.
func resolve(part string, hour, minute int, leadingZero bool) (clock, bool) {
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour == 24 && minute > 0 {
		return clock{}, false
	}
	days := 0
	switch part {
	case "":
		if hour >= 1 && hour <= 6 && !leadingZero {
			hour += 12
		}
	case "凌晨":
		hour %= 12
	case "中午":
		if hour >= 1 && hour <= 3 {
			hour += 12
		}
	case "下午", "午后", "傍晚":
		if hour < 12 {
			hour += 12
		}
	case "晚上", "晚间", "晚", "夜里", "夜间", "夜":
		switch {
		case hour == 12:
			hour = 24
		case hour >= 1 && hour <= 4:
			days = 1 // 今晚1点 is after midnight
		case hour > 4 && hour < 12:
			hour += 12
		}
	}
	if hour == 24 {
		hour, days = 0, days+1
	}
	return clock{Clock(hour, minute), days}, true
}

func readEnglishTime(m []string) (clock, int, error) {
	if word := strings.ToLower(m[4] + m[5]); word != "" {
		return clock{at: partDefaults[word]}, len(m[0]), nil
	}
	hour, minute := number(m[1]), 0
	if m[2] != "" {
		minute = number(m[2])
	}
	if hour < 1 || hour > 12 || minute > 59 {
		return clock{}, len(m[0]), crm.Invalid("没有「"+m[0]+"」这个时间", "there is no such time: \""+m[0]+"\"")
	}
	hour %= 12
	if strings.EqualFold(m[3], "p") {
		hour += 12
	}
	return clock{at: Clock(hour, minute)}, len(m[0]), nil
}

// clockRules are times without a day: the next such moment.
var clockRules = []rule{
	{
		starts: "凌清一早上中午下傍晚夜晨" + digitStarts + hanStarts + "noima",
		form:   form(`(?:` + partWords + `)? ?` + clockWords + `|凌晨|清晨|一早|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|(?i:\d{1,2}(?::\d{2})? ?[ap]m\b|noon\b)`),
		careful: func(before rune, m []string, after string) bool {
			if partDefaults[m[0]] != 0 || isCount(before) || strings.ContainsRune(":/-", before) {
				return false // 下午聊了报价 tells when it was
			}
			if strings.ContainsRune(m[0], ':') || strings.ContainsAny(m[0], "半刻分整钟") || dayPart.MatchString(m[0]) || englishTime.MatchString(m[0]) {
				return true
			}
			return endsHere(after) || startsWithAny(after, "再见约到开去来拜回打面给电前后联跟")
		},
		read: func(r *reader, m []string) (When, bool, error) {
			t, n, err := readTime(m[0], true)
			if n != len(m[0]) || err != nil {
				return When{}, n == len(m[0]), err
			}
			d := r.today.AddDays(t.days)
			w := When{Day: d, Time: t.at, HasTime: true, TimeOnly: true}
			if w.At(r.cal).Before(r.now) {
				w.Day = d.AddDays(1)
			}
			return w, true, nil
		},
	},
}
