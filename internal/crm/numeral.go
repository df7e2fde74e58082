package crm

import "strings"

var hanDigits = map[rune]int64{
	'零': 0, '〇': 0, '一': 1, '壹': 1, '二': 2, '两': 2, '兩': 2, '贰': 2, '三': 3, '叁': 3, '四': 4, '肆': 4,
	'五': 5, '伍': 5, '六': 6, '陆': 6, '七': 7, '柒': 7, '八': 8, '捌': 8, '九': 9, '玖': 9,
}

var hanUnits = map[rune]int64{
	'十': 10, '拾': 10, '百': 100, '佰': 100, '千': 1000, '仟': 1000,
	'万': 10_000, '萬': 10_000, '亿': 100_000_000, '億': 100_000_000,
}

// IsHanNumeral reports whether the rune can be part of a number written in
// Chinese characters.
func IsHanNumeral(r rune) bool {
	_, digit := hanDigits[r]
	_, unit := hanUnits[r]
	return digit || unit
}

// ParseHanInt reads a whole number written in Chinese characters: 十五, 二十三,
// 两百, 三千五 (3,500), 八十万, 一亿二千万, and plain digit rows such as 二〇二六.
// It reports false for anything else and for numbers beyond 9,999 亿.
func ParseHanInt(s string) (int64, bool) {
	runes := []rune(s)
	if len(runes) == 0 || len(runes) > 24 {
		return 0, false
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return hanUnits[r] > 0 }) {
		return hanDigitRow(runes)
	}
	var (
		total, section int64         // finished 亿/万 sections; the section being read
		digit          int64 = -1    // a digit that still waits for its unit
		lastUnit       int64 = 1e12  // the unit read last; units fall inside a section
		lastBig        int64 = 1e12  // the 亿/万 read last
		afterZero            = false // 零 was read since the last unit
	)
	for i, r := range runes {
		if d, ok := hanDigits[r]; ok {
			if digit >= 0 {
				return 0, false
			}
			if d == 0 {
				if i == 0 || i == len(runes)-1 {
					return 0, false
				}
				afterZero = true
				continue
			}
			digit = d
			continue
		}
		unit, ok := hanUnits[r]
		if !ok {
			return 0, false
		}
		if unit >= 10_000 {
			if unit >= lastBig || (digit < 0 && section == 0) {
				return 0, false
			}
			total += (section + max(digit, 0)) * unit
			section, digit, lastUnit, lastBig, afterZero = 0, -1, unit, unit, false
			continue
		}
		if digit < 0 {
			if unit != 10 || section != 0 {
				return 0, false // only 十 may stand without a digit: 十五, 一万零十五
			}
			digit = 1
		}
		if unit >= lastUnit {
			return 0, false
		}
		section += digit * unit
		digit, lastUnit, afterZero = -1, unit, false
	}
	if digit > 0 {
		// A last digit right after a unit takes the next lower place: 三千五 is 3,500.
		if !afterZero && lastUnit >= 100 && lastUnit <= 100_000_000 {
			digit *= lastUnit / 10
		}
		section += digit
	}
	return total + section, true
}

// hanDigitRow reads 二〇二六 as 2026.
func hanDigitRow(runes []rune) (int64, bool) {
	if len(runes) > 12 {
		return 0, false
	}
	var n int64
	for _, r := range runes {
		d, ok := hanDigits[r]
		if !ok {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
