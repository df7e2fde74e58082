package formline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	fullDay  = regexp.MustCompile(`^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$`)
	shortDay = regexp.MustCompile(`^(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$`)
	hour     = regexp.MustCompile(`^(\d{1,2})\s*[:点时]\s*(\d{1,2})?\s*分?$`)
)

// words are days that are named by their distance from today.
var words = map[string]int{"前天": -2, "昨天": -1, "今天": 0, "明天": 1, "后天": 2, "yesterday": -1, "today": 0, "tomorrow": 1}

// day reads a date. Without a year the nearest one is meant: a visit was a
// while ago, the next step is soon.
func day(text string, now time.Time) (string, bool) {
	if n, ok := words[strings.ToLower(text)]; ok {
		return now.AddDate(0, 0, n).Format(time.DateOnly), true
	}
	if m := fullDay.FindStringSubmatch(text); m != nil {
		d, ok := date(number(m[1]), number(m[2]), number(m[3]))
		return d.Format(time.DateOnly), ok
	}
	m := shortDay.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	var best time.Time
	for y := now.Year() - 1; y <= now.Year()+1; y++ {
		if d, ok := date(y, number(m[1]), number(m[2])); ok && (best.IsZero() || d.Sub(now).Abs() < best.Sub(now).Abs()) {
			best = d
		}
	}
	return best.Format(time.DateOnly), !best.IsZero()
}

// date is a day of the calendar; ok is false for one that does not exist.
func date(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 12, 0, 0, 0, time.UTC)
	return t, t.Day() == d && int(t.Month()) == m
}

// clock reads a time of day.
func clock(text string) (string, bool) {
	m := hour.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	h, minute := number(m[1]), number(m[2])
	if h > 23 || minute > 59 {
		return "", false
	}
	return fmt.Sprintf("%02d:%02d", h, minute), true
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
