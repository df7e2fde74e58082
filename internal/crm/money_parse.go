package crm

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseMoney reads an amount that a person typed: "80万", "1.2亿", "5k", "80w",
// "12,000.50", "¥800", "800元", "八十万", "1万2000", in half or full width. It
// refuses negative amounts, exponents ("1e5"), wrongly placed commas, parts of a
// 分, and more than MaxMoney.
func ParseMoney(s string) (Money, error) {
	t := Normalize(s)
	if strings.HasPrefix(t, "-") {
		if m, err := ParseSignedMoney(t); err == nil && m < 0 {
			return 0, Invalid("金额不能是负数："+quoteZh(s), "an amount cannot be negative: "+quoteEn(s))
		}
	}
	return parseUnsigned(t)
}

// ParseSignedMoney is ParseMoney that takes a leading minus sign too, for
// corrections and amount differences.
func ParseSignedMoney(s string) (Money, error) {
	t := Normalize(s)
	rest, negative := strings.CutPrefix(t, "-")
	m, err := parseUnsigned(strings.TrimSpace(rest))
	if negative {
		m = -m
	}
	return m, err
}

func parseUnsigned(t string) (Money, error) {
	m, n, fault := scanMoney(t)
	if fault == faultNone && n != len(t) {
		fault = faultForm
	}
	switch fault {
	case faultNone:
		return m, nil
	case faultRange:
		return 0, Invalid("金额"+quoteZh(t)+"超过上限 1 万亿元", "the amount "+quoteEn(t)+" is above the limit of ¥1,000,000,000,000")
	case faultFraction:
		return 0, Invalid("金额"+quoteZh(t)+"最多到分，请保留两位小数以内", "the amount "+quoteEn(t)+" is finer than ¥0.01; use at most two decimals")
	}
	return 0, Invalid("看不懂金额"+quoteZh(t)+"，可以写：80万、1.2亿、5k、12,000.50",
		"cannot read the amount "+quoteEn(t)+"; write for example 800k, 1.2m or 12,000.50")
}

// ScanMoney reads the longest amount at the start of normalised text and tells
// how many bytes it takes; n is 0 when there is none. A number that runs on into
// something else ("80万左右" is fine, "1e5" and "30分钟" are not amounts here) is
// for the caller to judge by what follows.
func ScanMoney(s string) (m Money, n int) {
	m, n, fault := scanMoney(s)
	if fault != faultNone {
		return 0, 0
	}
	return m, n
}

type moneyFault int

const (
	faultNone moneyFault = iota
	faultForm
	faultFraction
	faultRange
)

// moneyUnits are the scale words as powers of ten, longest first.
var moneyUnits = []struct {
	word string
	exp  int
}{
	{"万亿", 12}, {"千万", 7}, {"百万", 6}, {"亿", 8}, {"億", 8}, {"万", 4}, {"萬", 4}, {"千", 3}, {"百", 2},
	{"k", 3}, {"K", 3}, {"w", 4}, {"W", 4}, {"m", 6}, {"M", 6},
}

var moneyMarks = []string{"人民币", "¥", "RMB", "rmb", "CNY", "cny"}

var moneyTails = []string{"元整", "元", "块钱", "块", "圆", "RMB", "rmb", "CNY", "cny"}

func scanMoney(s string) (Money, int, moneyFault) {
	i := 0
	for _, mark := range moneyMarks {
		if strings.HasPrefix(s, mark) {
			i = len(mark) + countSpaces(s[len(mark):])
			break
		}
	}
	total, n, fault := scanParts(s[i:])
	if fault != faultNone {
		return 0, 0, fault
	}
	i += n
	for _, tail := range moneyTails {
		gap := countSpaces(s[i:])
		if strings.HasPrefix(s[i+gap:], tail) {
			i += gap + len(tail)
			break
		}
	}
	return total, i, faultNone
}

// scanParts reads one number with its unit, or a descending row of them: 1亿2000万.
func scanParts(s string) (total Money, n int, fault moneyFault) {
	if r, _ := utf8.DecodeRuneInString(s); IsHanNumeral(r) {
		return scanHan(s)
	}
	last := 100 // the unit of the part before, as a power of ten
	for {
		num, size, ok := scanNumber(s[n:])
		if !ok {
			if n == 0 {
				return 0, 0, faultForm
			}
			return total, n, faultNone
		}
		exp, unitSize := scanUnit(s[n+size:])
		if n > 0 {
			whole := !strings.Contains(num, ".")
			// 1万2000 is clear; 3万5 could be 3.5万 or 30,005 and is not guessed.
			if exp >= last || !whole || (exp == 0 && len(num) != last) {
				return 0, 0, faultForm
			}
		}
		m, fault := scale(num, exp)
		if fault != faultNone {
			return 0, 0, fault
		}
		if total += m; total > MaxMoney {
			return 0, 0, faultRange
		}
		n += size + unitSize
		last = exp
		if exp == 0 || strings.Contains(num, ".") {
			return total, n, faultNone
		}
	}
}

// scanHan reads 八十万 or 两百五十.
func scanHan(s string) (Money, int, moneyFault) {
	end := strings.IndexFunc(s, func(r rune) bool { return !IsHanNumeral(r) })
	if end < 0 {
		end = len(s)
	}
	v, ok := ParseHanInt(s[:end])
	if !ok {
		return 0, 0, faultForm
	}
	if v > int64(MaxMoney)/100 {
		return 0, 0, faultRange
	}
	return Yuan(v), end, faultNone
}

// scanNumber reads digits with correctly placed commas and decimals and gives
// them back without the commas.
func scanNumber(s string) (num string, size int, ok bool) {
	var b strings.Builder
	group, commas := 0, false // digits since the last comma
	i := 0
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if r >= '0' && r <= '9' {
			b.WriteByte(byte(r))
			group++
			i += w
			continue
		}
		if (r == ',' || r == '，') && group > 0 && isDigitAt(s, i+w) {
			if !threeDigitsAt(s, i+w) || group > 3 || (commas && group != 3) {
				return "", 0, false
			}
			commas, group = true, 0
			i += w
			continue
		}
		break
	}
	if b.Len() == 0 || (commas && group != 3) {
		return "", 0, false
	}
	if i < len(s) && s[i] == '.' && isDigitAt(s, i+1) {
		b.WriteByte('.')
		for i++; isDigitAt(s, i); i++ {
			b.WriteByte(s[i])
		}
		if i < len(s) && s[i] == '.' {
			return "", 0, false // 1.2.3 is a version or a date
		}
	}
	if b.Len() > 40 {
		// Longer than any amount; leading zeros do not make it meaningful.
		return "", 0, false
	}
	return b.String(), i, true
}

func isDigitAt(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

func threeDigitsAt(s string, i int) bool {
	return isDigitAt(s, i) && isDigitAt(s, i+1) && isDigitAt(s, i+2) && !isDigitAt(s, i+3)
}

// scanUnit reads a scale word, with spaces before it. A Latin letter counts only
// when no other letter follows: "5k" but not "5km", "3m" but not "3mm".
func scanUnit(s string) (exp, size int) {
	gap := countSpaces(s)
	for _, u := range moneyUnits {
		rest, found := strings.CutPrefix(s[gap:], u.word)
		if !found {
			continue
		}
		if u.word[0] < utf8.RuneSelf && gap > 0 {
			return 0, 0
		}
		if u.word[0] < utf8.RuneSelf && rest != "" && isLatin(rest[0]) && !hasMoneyTail(rest) {
			return 0, 0
		}
		return u.exp, gap + len(u.word)
	}
	return 0, 0
}

func hasMoneyTail(s string) bool {
	for _, tail := range moneyTails {
		if strings.HasPrefix(s, tail) {
			return true
		}
	}
	return false
}

// scale is num × 10^exp 元 in 分, exactly.
func scale(num string, exp int) (Money, moneyFault) {
	whole, frac, _ := strings.Cut(num, ".")
	frac = strings.TrimRight(frac, "0")
	shift := exp + 2
	if len(frac) > shift {
		return 0, faultFraction
	}
	digits := strings.TrimLeft(whole+frac+strings.Repeat("0", shift-len(frac)), "0")
	if digits == "" {
		return 0, faultNone
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || Money(v) > MaxMoney {
		return 0, faultRange
	}
	return Money(v), faultNone
}

func countSpaces(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

func isLatin(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// quoteZh and quoteEn show what somebody typed inside a message, cut to a
// readable length.
func quoteZh(s string) string { return "「" + cutInput(s) + "」" }

func quoteEn(s string) string { return "\"" + cutInput(s) + "\"" }

func cutInput(s string) string {
	const limit = 24
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
