package crm

import (
	"regexp"
	"slices"
	"strings"
)

var (
	mobileForm   = regexp.MustCompile(`^1[3-9]\d{9}$`)
	landlineForm = regexp.MustCompile(`^0?(10|2\d)([2-9]\d{7})$|^0?([3-9]\d\d)([2-9]\d{6,7})$`)
	serviceForm  = regexp.MustCompile(`^[48]00\d{7}$`)
	abroadForm   = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)
	extension    = regexp.MustCompile(`(?i)\s*(?:转|分机|ext\.?|x|#)\s*\d{1,6}\s*$`)
	dashedExt    = regexp.MustCompile(`^(\(?0\d{2,3}\)?[- ]?\d{7,8})-\d{1,6}$`)
	phoneSplit   = regexp.MustCompile(`[/、,，;;|\n]|或`)
)

// PhoneKey is the E.164 form of a telephone number as people write it, such as
// "+8613812345678": mainland mobiles, landlines with their area code, 400 and
// 800 numbers, and numbers abroad with "+". Full width, spaces, dashes, brackets,
// +86/0086/86 and extensions are understood. It is "" when s is no such number;
// a landline without area code is none, because two cities may share it.
func PhoneKey(s string) string {
	s = strings.TrimSpace(Normalize(s))
	s = extension.ReplaceAllString(s, "")
	if m := dashedExt.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -().–—·", r):
		default:
			return ""
		}
	}
	n := b.String()
	national := false
	for _, prefix := range []string{"+86", "0086", "86"} {
		rest, ok := strings.CutPrefix(n, prefix)
		if !ok || prefix == "86" && len(n) < 12 {
			continue // 86 without + may begin a number of its own
		}
		n, national = rest, true
		break
	}
	if rest, ok := strings.CutPrefix(n, "00"); ok && !national {
		n = "+" + rest
	}
	if len(n) == 12 && n[0] == '0' && mobileForm.MatchString(n[1:]) {
		n = n[1:] // 013812345678, as dialled from another city once
	}
	switch {
	case mobileForm.MatchString(n), serviceForm.MatchString(n):
		return "+86" + n
	case abroadForm.MatchString(n):
		return n
	case national || strings.HasPrefix(n, "0"):
		if m := landlineForm.FindStringSubmatch(n); m != nil {
			return "+86" + m[1] + m[2] + m[3] + m[4]
		}
	}
	return ""
}

// MobileKey is PhoneKey, for the field that people call 手机 and fill with any
// number. Of several numbers in one field it is the first that is one.
func MobileKey(s string) string {
	if keys := PhoneKeys(s); len(keys) > 0 {
		return keys[0]
	}
	return ""
}

// PhoneKeys are the keys of all numbers in one field, "138…/139…", in order and
// without repetition.
func PhoneKeys(s string) []string {
	var out []string
	for _, part := range phoneSplit.Split(Normalize(s), 16) {
		key := PhoneKey(part)
		if key == "" || slices.Contains(out, key) {
			continue
		}
		out = append(out, key)
	}
	return out
}

// ParsePhone is PhoneKey with an error that tells what is expected.
func ParsePhone(s string) (string, error) {
	if key := MobileKey(s); key != "" {
		return key, nil
	}
	return "", Invalid("电话号码不对：请写 11 位手机号，或带区号的座机，例如 021-58881234", "this is no telephone number: write 11 digits of a mobile, or a landline with its area code such as 021-58881234")
}

// MaskPhone hides the middle of a number for people who may not see it (P-08):
// "138****5678", "021****1234". Of anything that is no number only the length
// class is kept: "****"; empty stays empty.
func MaskPhone(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	key := MobileKey(s)
	if key == "" {
		return "****"
	}
	n, mainland := strings.CutPrefix(key, "+86")
	if !mainland {
		return key[:min(4, len(key)-4)] + "****" + key[len(key)-2:]
	}
	switch {
	case mobileForm.MatchString(n), serviceForm.MatchString(n):
		return n[:3] + "****" + n[len(n)-4:]
	case n[0] == '1' || n[0] == '2':
		return "0" + n[:2] + "****" + n[len(n)-4:]
	}
	return "0" + n[:3] + "****" + n[len(n)-3:]
}

// MaskName keeps the first character of a person's name: "李*".
func MaskName(s string) string {
	for _, r := range Normalize(s) {
		return string(r) + "*"
	}
	return ""
}

// MaskEmail keeps the first character and the domain: "l***@example.com".
func MaskEmail(s string) string {
	s = Normalize(s)
	if s == "" {
		return ""
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return "***"
	}
	return string([]rune(s)[0]) + "***" + s[at:]
}
