package activity

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// maxDuration is the longest activity that a log line can mean; more is a slip.
const maxDuration = 24 * time.Hour

var durationForm = regexp.MustCompile(`^(?i:` +
	`(\d{1,3}(?:\.\d{1,2})?|[一二两三四五六七八九十]{1,3}|半)( ?个半| ?个)? ?(小时|钟头|hours?\b|hrs?\b|h)(?: ?(半)| ?(\d{1,2}) ?(?:分钟?|mins?\b|m\b))?` +
	`|(\d{1,4}|[一二两三四五六七八九十百]{1,4}) ?(分钟|minutes?\b|mins?\b|刻钟))`)

// readDuration reads how long something took at the start of s: 30分钟, 半小时,
// 一个半小时, 1.5小时, 2h, 1h30m, 90min. n is the bytes it takes; 0 when there is
// none, and for 半小时后, which is a moment and no length.
func readDuration(s string) (d time.Duration, n int) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil {
		return 0, 0
	}
	n = len(m[0])
	after := strings.TrimLeft(s[n:], " ")
	for _, moment := range []string{"后", "之后", "以后", "前", "之前", "以前", "内", "之内", "以内", "later"} {
		if strings.HasPrefix(after, moment) {
			return 0, 0
		}
	}
	if n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z' || s[n] >= '0' && s[n] <= '9') {
		return 0, 0 // 2hx
	}
	if m[3] != "" {
		d = hours(m[1])
		if strings.Contains(m[2], "半") || m[4] != "" {
			d += 30 * time.Minute
		}
		if m[5] != "" {
			d += time.Duration(whole(m[5])) * time.Minute
		}
	} else {
		d = time.Duration(whole(m[6])) * time.Minute
		if m[7] == "刻钟" {
			d *= 15
		}
	}
	if d <= 0 || d > maxDuration {
		return 0, 0
	}
	return d, n
}

// hours reads 2, 1.25, 两 or 半 hours exactly.
func hours(s string) time.Duration {
	if s == "半" {
		return 30 * time.Minute
	}
	before, after, _ := strings.Cut(s, ".")
	after = (after + "00")[:2]
	return time.Duration(whole(before))*time.Hour + time.Duration(whole(after))*time.Hour/100
}

func whole(s string) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	n, ok := crm.ParseHanInt(s)
	if !ok {
		return 0
	}
	return n
}
