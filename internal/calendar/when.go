package calendar

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// When is a day, perhaps with a time, that somebody named in words (CH-02).
type When struct {
	Day crm.Day
	// Time counts only when HasTime is set.
	Time    TimeOfDay
	HasTime bool
	// TimeOnly tells that no day was named: Day is the next on which the time
	// comes.
	TimeOnly bool
	// Matched is the phrase as it stood in the normalised text.
	Matched string
	// Rest is the text after the phrase.
	Rest string
}

// At is the instant: the named time, or the begin of the day without one.
func (w When) At(c *Calendar) time.Time {
	if !w.HasTime {
		return c.At(w.Day, 0)
	}
	return c.At(w.Day, w.Time)
}

// Format is the absolute date that is echoed to the user: "2026-03-04 周三 14:30".
func (w When) Format(l crm.Lang) string {
	s := FormatDay(w.Day, l)
	if w.HasTime && s != "" {
		s += " " + w.Time.String()
	}
	return s
}

// FormatDay is "2026-03-04 周三", "2026-03-04 Wed" in English; empty for no day.
func FormatDay(d crm.Day, l crm.Lang) string {
	if !d.Valid() {
		return ""
	}
	return string(d) + " " + crm.WeekdayName(d.Weekday(), l)
}

// Found is a phrase inside a longer text. Err is set when the phrase names a
// date that does not exist; then the date is empty and the span still tells
// where it stands.
type Found struct {
	When
	// Start and End are byte positions in the normalised text.
	Start, End int
	Err        error
}

// ParseWhen reads the date phrase at the start of the text, seen from now:
// 明天下午3点, 下周三, 月底, 3月5日 14:30, 2026-12-01, 三天后, 国庆后, 农历八月十五,
// "next friday 3pm". What follows it is in Rest. A date that does not exist and
// a text that does not begin with a phrase give an error that says so. Past days
// are read too, for logs of what was done; ParseNext refuses them.
func ParseWhen(text string, now time.Time, cal *Calendar) (When, error) {
	s := crm.Normalize(text)
	f, ok := newReader(now, cal, true).at(s, 0)
	if !ok {
		return When{}, crm.Invalid("看不懂日期「"+cut(text)+"」，可以写：明天、下周三、月底、3月5日 14:30、2026-12-01",
			"cannot read the date \""+cut(text)+"\"; write for example tomorrow, next wednesday 3pm, in 3 days or 2026-12-01")
	}
	if f.Err != nil {
		return When{}, f.Err
	}
	f.Rest = strings.TrimSpace(s[f.End:])
	return f.When, nil
}

// ParseNext is ParseWhen for something that is still to come: a day before
// today, or a time that has passed, is refused.
func ParseNext(text string, now time.Time, cal *Calendar) (When, error) {
	w, err := ParseWhen(text, now, cal)
	if err != nil {
		return When{}, err
	}
	if err := cal.CheckFuture(w, now); err != nil {
		return When{}, err
	}
	return w, nil
}

// CheckFuture refuses a day before today and a time that has passed. A moment
// without a phrase is named by itself.
func (c *Calendar) CheckFuture(w When, now time.Time) error {
	if w.Day < c.DayOf(now) || (w.HasTime && w.At(c).Before(now)) {
		if w.Matched == "" {
			return crm.Invalid(w.Format(crm.Chinese)+" 已经过去了，请写一个今后的时间", w.Format(crm.English)+" has passed; name a time to come")
		}
		return crm.Invalid("「"+cut(w.Matched)+"」是 "+w.Format(crm.Chinese)+"，已经过去了，请写一个今后的时间",
			"\""+cut(w.Matched)+"\" is "+w.Format(crm.English)+", which has passed; name a time to come")
	}
	return nil
}

// FindWhen finds the first date phrase inside a longer text. It is more careful
// than ParseWhen: "12.1" or "三点" inside a sentence is only a date where it
// stands like one.
func FindWhen(text string, now time.Time, cal *Calendar) (Found, bool) {
	s := crm.Normalize(text)
	return newReader(now, cal, false).next(s, 0)
}

// maxPhrases bounds the work on a message that is nothing but dates.
const maxPhrases = 64

// FindAllWhen finds the date phrases inside a text, in order and without
// overlap; of a text with more than 64 the first 64.
func FindAllWhen(text string, now time.Time, cal *Calendar) []Found {
	s := crm.Normalize(text)
	r := newReader(now, cal, false)
	var out []Found
	for from := 0; ; {
		f, ok := r.next(s, from)
		if !ok || len(out) == maxPhrases {
			return out
		}
		out = append(out, f)
		from = f.End
	}
}

// reader reads phrases as seen from one moment.
type reader struct {
	cal   *Calendar
	now   time.Time
	today crm.Day
	// alone means that the text is expected to be a phrase, so that short forms
	// need no surroundings that confirm them.
	alone bool
}

func newReader(now time.Time, cal *Calendar, alone bool) *reader {
	return &reader{cal: cal, now: now, today: cal.DayOf(now), alone: alone}
}

// next finds the first phrase at or after a position.
func (r *reader) next(s string, from int) (Found, bool) {
	for i, c := range s[from:] {
		if !startsPhrase(c) {
			continue
		}
		if f, ok := r.at(s, from+i); ok {
			return f, true
		}
	}
	return Found{}, false
}

// at reads the longest phrase that begins exactly at the position.
func (r *reader) at(s string, start int) (Found, bool) {
	rest := s[start:]
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	if start == 0 {
		before = ' '
	}
	best := Found{Start: start}
	explicit := false
	first, _ := utf8.DecodeRuneInString(rest)
	for _, rule := range rulesFor(first) {
		m := rule.form.FindStringSubmatch(rest)
		if m == nil || len(m[0]) <= best.End-start {
			continue
		}
		if rule.careful != nil && !r.alone && !rule.careful(before, m, rest[len(m[0]):]) {
			continue
		}
		if !boundary(before, m[0], rest[len(m[0]):]) {
			continue
		}
		w, ok, err := rule.read(r, m)
		if !ok {
			continue
		}
		best.When, best.Err, best.End = w, err, start+len(m[0])
		explicit = rule.explicit
	}
	if best.End == 0 {
		return Found{}, false
	}
	if best.Err == nil && explicit {
		best.End += checkWeekday(&best, s[best.End:])
	}
	if best.Err == nil && !best.HasTime {
		best.End += r.timeAfter(&best, s[best.End:])
	}
	best.Matched = s[start:best.End]
	if best.Err == nil && best.Day == "" {
		best.Err = noSuchDate(best.Matched) // 9999-12-31 24:00
	}
	if best.Err != nil {
		best.Day, best.HasTime = "", false
	}
	return best, true
}

// timeAfter reads a time that follows a day: 明天 下午3点, 3月5日14:30. It returns
// how many bytes it took.
func (r *reader) timeAfter(f *Found, s string) int {
	gap := len(s) - len(strings.TrimLeft(s, " "))
	for _, joint := range []string{"的", "at ", "@ ", ",", ", "} {
		if strings.HasPrefix(s[gap:], joint) {
			gap += len(joint)
			break
		}
	}
	gap += len(s[gap:]) - len(strings.TrimLeft(s[gap:], " "))
	t, n, err := readTime(s[gap:], true)
	if n == 0 {
		return 0
	}
	if err != nil {
		f.Err = err
		return gap + n
	}
	f.Day, f.Time, f.HasTime = f.Day.AddDays(t.days), t.at, true
	return gap + n
}

// boundary keeps Latin words and numbers whole: no phrase begins or ends inside
// "monday1", "A2026-12-01" or "2026-12-011".
func boundary(before rune, match, after string) bool {
	first, _ := utf8.DecodeRuneInString(match)
	last, _ := utf8.DecodeLastRuneInString(match)
	next, _ := utf8.DecodeRuneInString(after)
	if crm.IsHanNumeral(first) && crm.IsHanNumeral(before) {
		return false // 五天后 inside 十五天后
	}
	return !(isWordRune(first) && isWordRune(before)) && !(isWordRune(last) && after != "" && isWordRune(next))
}

// isWordRune is a rune of Latin words and numbers.
func isWordRune(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// cut shows what somebody typed inside a message, at a readable length.
func cut(s string) string {
	const limit = 24
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
