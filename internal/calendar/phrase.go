package calendar

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// rule is one form of date phrase. The longest match of all rules that may begin
// with a rune wins.
type rule struct {
	// starts lists the runes that the phrase can begin with; digits stand for all.
	starts string
	form   *regexp.Regexp
	// careful decides, inside a longer text, whether the surroundings make this a
	// date at all. Nil when the phrase speaks for itself.
	careful func(before rune, m []string, after string) bool
	// explicit rules name a date by number; a weekday behind it is checked.
	explicit bool
	// read gives the date; ok false means that this is no phrase after all, an
	// error that it names something that does not exist.
	read func(r *reader, m []string) (w When, ok bool, err error)
}

// num is a small whole number in digits or Chinese characters.
const num = `(\d{1,4}|[一二两三四五六七八九十百零〇]{1,6})`

const (
	hanStarts   = "一二两三四五六七八九十百零〇"
	digitStarts = "0123456789"
	later       = `(?:之后|以后|过后|后|之内|以内|内)`
)

// form compiles a rule's pattern, anchored at the begin.
func form(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)`) }

// ruleIndex holds the rules by first rune. It is computed from constants once.
var ruleIndex = indexRules(dayRules, monthRules, dateRules, countRules, festivalRules, clockRules, englishRules)

func indexRules(groups ...[]rule) map[rune][]rule {
	index := map[rune][]rule{}
	for _, group := range groups {
		for _, rule := range group {
			for _, c := range rule.starts {
				index[c] = append(index[c], rule)
			}
		}
	}
	return index
}

func rulesFor(first rune) []rule { return ruleIndex[unicode.ToLower(first)] }

func startsPhrase(c rune) bool { return len(rulesFor(c)) > 0 }

// number reads what the pattern num matched; -1 when it is not a number after all.
func number(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	if n, ok := crm.ParseHanInt(s); ok && n < 10_000 {
		return int(n)
	}
	return -1
}

// on is a day without a time; the empty day is an error because it lies outside
// of every calendar.
func on(d crm.Day) (When, bool, error) {
	if d == "" {
		return When{}, true, crm.Invalid("这个日期太远了", "this date is too far away")
	}
	return When{Day: d}, true, nil
}

func noSuchDate(zh string) error {
	return crm.Invalid("没有「"+zh+"」这一天", "there is no such date: \""+zh+"\"")
}

// standsAlone tells whether a phrase is set off from the text on both sides.
func standsAlone(before rune, after string) bool { return !isText(before) && endsHere(after) }

// endsHere tells whether the text stops or pauses after the phrase.
func endsHere(after string) bool {
	next, _ := utf8.DecodeRuneInString(after)
	return after == "" || !isText(next) && !strings.ContainsRune("%/-:.", next) || (next == '.' && len(after) == 1)
}

// isText is a rune of words and numbers in any script.
func isText(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// startsWithAny tells whether s begins with one of the runes.
func startsWithAny(s, runes string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune(runes, first)
}

// isCount is a rune that makes what follows part of a number or a count.
func isCount(r rune) bool {
	return unicode.IsDigit(r) || crm.IsHanNumeral(r) || strings.ContainsRune("第每几整数多半.", r)
}
