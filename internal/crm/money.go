package crm

import (
	"strconv"
	"strings"
)

// Money is an amount of renminbi in 分 (1/100 元). The zero value is nothing.
// It is never a floating point number; shares and rates are worked out in
// integers or decimals and end here.
type Money int64

// MaxMoney is the largest amount that a person may type, 10,000 亿 元. It leaves
// room to add up many thousands of such amounts without overflow.
const MaxMoney Money = 1_000_000_000_000_00

// Yuan is the amount of n whole 元.
func Yuan(n int64) Money { return Money(n * 100) }

// Abs is the amount without its sign.
func (m Money) Abs() Money {
	if m < 0 {
		return -m
	}
	return m
}

// Decimal is the exact amount in 元 with two decimals and nothing else:
// "800000.00". ParseMoney reads it back.
func (m Money) Decimal() string {
	sign, yuan, fen := m.parts()
	return sign + strconv.FormatUint(yuan, 10) + "." + twoDigits(fen)
}

// String is the exact amount as people read it in either language: "¥800,000.00".
func (m Money) String() string {
	sign, yuan, fen := m.parts()
	return sign + "¥" + groupThousands(yuan) + "." + twoDigits(fen)
}

// Format is the exact amount as shown on cards: "¥800,000.00". It is the same in
// both languages; the parameter keeps the calls alike with Short.
func (m Money) Format(Lang) string { return m.String() }

// Short is the amount for narrow places and charts, rounded to at most two
// decimals of its unit: "80万", "1.2亿" in Chinese, "¥800k", "¥120M" in English.
// Amounts under 1万 (1k) are shown in 元 without empty decimals: "¥8,500".
func (m Money) Short(l Lang) string {
	sign, yuan, fen := m.parts()
	total := yuan*100 + fen
	if l == English {
		for _, u := range []struct {
			fen  uint64
			name string
		}{{1_000_000_000_00, "B"}, {1_000_000_00, "M"}, {1_000_00, "k"}} {
			if n := hundredths(total, u.fen); n >= 100 {
				return sign + "¥" + trimDecimals(n) + u.name
			}
		}
	} else {
		for _, u := range []struct {
			fen  uint64
			name string
		}{{100_000_000_00, "亿"}, {10_000_00, "万"}} {
			if n := hundredths(total, u.fen); n >= 100 {
				return sign + trimDecimals(n) + u.name
			}
		}
	}
	if fen == 0 {
		return sign + "¥" + groupThousands(yuan)
	}
	return m.String()
}

// parts splits the amount into sign, whole 元 and 分. It is right for the
// smallest int64 too.
func (m Money) parts() (sign string, yuan, fen uint64) {
	u := uint64(m)
	if m < 0 {
		sign, u = "-", -u
	}
	return sign, u / 100, u % 100
}

// hundredths is total/unit in hundredths, rounded half up.
func hundredths(total, unit uint64) uint64 {
	step := unit / 100
	return total/step + (total%step*2)/step
}

// trimDecimals writes hundredths without empty decimals: 8050 is "80.5".
func trimDecimals(n uint64) string {
	s := groupThousands(n/100) + "." + twoDigits(n%100)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func twoDigits(n uint64) string {
	if n < 10 {
		return "0" + strconv.FormatUint(n, 10)
	}
	return strconv.FormatUint(n, 10)
}

func groupThousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}
