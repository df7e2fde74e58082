// Package pinyin makes the Latin search keys under which a Chinese name is
// found: 华星科技 answers to "hxkj" and to "huaxingkeji". Characters with several
// readings answer to each of them (重庆: cq and zq), because the reading depends
// on the word and a wrong guess would hide the record.
package pinyin

import (
	"slices"
	"strings"
	"unicode"

	gopinyin "github.com/mozillazg/go-pinyin"
)

const (
	// maxKeys bounds the keys of each sort, initials and full, of one name.
	maxKeys = 32
	// maxRunes bounds how much of a long name is searchable.
	maxRunes = 40
)

// Keys are all search keys of a name: its initials and its full pinyin in every
// reading, lower case, with Latin letters and digits of the name kept in place
// and everything else dropped. A name of Latin letters only gives itself. The
// order is stable; the first key is the initials in the most usual readings. Of
// each sort there are at most 32, the readings of later characters being cut to
// the most usual one when there would be more.
func Keys(name string) []string {
	units := units(name)
	out := combine(units, initials)
	for _, k := range combine(units, full) {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// Initials are only the keys made of initials: 华星科技 gives "hxkj".
func Initials(name string) []string { return combine(units(name), initials) }

// Matches reports whether what somebody typed, "hxkj" or "huaxing", begins one
// of the keys. Nothing matches an empty query.
func Matches(keys []string, query string) bool {
	q := strings.ToLower(strings.ReplaceAll(query, " ", ""))
	return q != "" && slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, q) })
}

// IsQuery reports whether a text can be pinyin at all: Latin letters and digits.
func IsQuery(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !isKeyRune(unicode.ToLower(r)) })
}

// units are the readings of each character, the most usual one first; a Latin
// letter or digit is its own only reading.
func units(name string) [][]string {
	args := gopinyin.NewArgs()
	args.Heteronym = true
	var out [][]string
	for _, r := range name {
		if len(out) == maxRunes {
			break
		}
		if r >= '！' && r <= '～' {
			r = r - '！' + '!' // full width
		}
		r = unicode.ToLower(r)
		if isKeyRune(r) {
			out = append(out, []string{string(r)})
			continue
		}
		if readings := unique(gopinyin.SinglePinyin(r, args)); len(readings) > 0 {
			out = append(out, readings)
		}
	}
	return out
}

func isKeyRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

func initials(reading string) string { return reading[:1] }

func full(reading string) string { return reading }

// combine joins one part of each unit in every way, as long as that stays within
// maxKeys.
func combine(units [][]string, part func(string) string) []string {
	if len(units) == 0 {
		return nil
	}
	keys := []string{""}
	for _, readings := range units {
		var parts []string
		for _, r := range readings {
			parts = append(parts, part(r))
		}
		parts = unique(parts)
		if len(keys)*len(parts) > maxKeys {
			parts = parts[:1]
		}
		next := make([]string, 0, len(keys)*len(parts))
		for _, p := range parts {
			for _, k := range keys {
				next = append(next, k+p)
			}
		}
		keys = next
	}
	return keys
}

// unique drops empty and repeated strings and keeps the order.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
