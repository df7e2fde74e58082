package larkjson

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	pxPattern     = regexp.MustCompile(`^(-?\d{1,4})px$`)
	namePattern   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}$`)
	idPattern     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,19}$`)
	shadePattern  = regexp.MustCompile(`-([1-9]00|50|350)$`)
	rgbaPattern   = regexp.MustCompile(`^rgba\(\d{1,3}, ?\d{1,3}, ?\d{1,3}, ?[0-9.]{1,5}\)$`)
	locales       = words("zh_cn en_us ja_jp zh_hk zh_tw id_id vi_vn th_th pt_br es_es ko_kr de_de fr_fr it_it ru_ru ms_my")
	headerColours = words("blue wathet turquoise green yellow orange red carmine violet purple indigo grey default")
	tagColourSet  = words("neutral blue turquoise lime orange violet indigo wathet green yellow red purple carmine")
	textSizes     = words("heading-0 heading-1 heading-2 heading-3 heading-4 heading normal notation xxxx-large xxx-large xx-large x-large large medium small x-small")
	baseColours   = words("default blue wathet turquoise green lime yellow orange red carmine violet purple indigo grey neutral white black bg-white")
)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

func need(c check) attr { return attr{check: c, required: true} }
func may(c check) attr  { return attr{check: c} }

// str wants a string and hands it on.
func str(f func(v *validator, at place, s string)) check {
	return func(v *validator, at place, val any) {
		s, ok := val.(string)
		if !ok {
			v.add(RuleType, at.path, "want a string")
			return
		}
		f(v, at, s)
	}
}

var anyString = str(func(*validator, place, string) {})

var filled = str(func(v *validator, at place, s string) {
	if strings.TrimSpace(s) == "" {
		v.add(RuleEmpty, at.path, "empty")
	}
})

// limited wants a string of at most n characters.
func limited(rule string, n int) check {
	return str(func(v *validator, at place, s string) {
		if utf8.RuneCountInString(s) > n {
			v.add(rule, at.path, "longer than %d characters", n)
		}
	})
}

func enum(list string) check {
	set := words(list)
	return oneOf(set)
}

func oneOf(set map[string]bool) check {
	return str(func(v *validator, at place, s string) {
		if !set[s] {
			v.add(RuleEnum, at.path, "%.40q is none of %s", s, strings.Join(slices.Sorted(maps.Keys(set)), ", "))
		}
	})
}

func boolean(v *validator, at place, val any) {
	if _, ok := val.(bool); !ok {
		v.add(RuleType, at.path, "want true or false")
	}
}

func integer(lo, hi float64) check {
	return func(v *validator, at place, val any) {
		f, ok := val.(float64)
		switch {
		case !ok:
			v.add(RuleType, at.path, "want a number")
		case f != math.Trunc(f) || f < lo || f > hi:
			v.add(RuleRange, at.path, "%v is not a whole number from %v to %v", f, lo, hi)
		}
	}
}

// px wants one of the words or a width in pixels from lo to hi.
func px(list string, lo, hi int) check {
	set := words(list)
	return str(func(v *validator, at place, s string) {
		if !set[s] && !pixels(s, lo, hi) {
			v.add(RuleRange, at.path, "%.40q is not %s or [%d,%d]px", s, list, lo, hi)
		}
	})
}

func pixels(s string, lo, hi int) bool {
	m := pxPattern.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	n, err := strconv.Atoi(m[1])
	return err == nil && n >= lo && n <= hi
}

// sides wants one, two or four distances separated by spaces.
func sides(lo, hi int) check {
	named := words("small medium large extra_large")
	return str(func(v *validator, at place, s string) {
		parts := strings.Fields(s)
		ok := len(parts) == 1 || len(parts) == 2 || len(parts) == 4
		for _, p := range parts {
			ok = ok && (pixels(p, lo, hi) || named[p] && lo == 0)
		}
		if !ok {
			v.add(RuleRange, at.path, "%.40q is not 1, 2 or 4 of [%d,%d]px", s, lo, hi)
		}
	})
}

var spacing = px("small medium large extra_large", 0, 99)

// colour wants a colour name, with a shade or not, or one the card defines.
var colour = str(func(v *validator, at place, s string) {
	base := shadePattern.ReplaceAllString(s, "")
	if !baseColours[base] && !v.colours[s] && !rgbaPattern.MatchString(s) {
		v.add(RuleEnum, at.path, "%.40q is no colour", s)
	}
})

var textSize = str(func(v *validator, at place, s string) {
	if !textSizes[s] && !v.sizes[s] {
		v.add(RuleEnum, at.path, "%.40q is no text size", s)
	}
})

// link wants a web address.
var link = str(func(v *validator, at place, s string) {
	if !validURL(s) {
		v.add(RuleLink, at.path, "links begin with http:// or https://")
	}
})

// deviceLink is link or the address that switches a link off on one device.
var deviceLink = str(func(v *validator, at place, s string) {
	if s != "lark://msgcard/unsupported_action" && !validURL(s) {
		v.add(RuleLink, at.path, "links begin with http:// or https://")
	}
})

// elementName is unique in the card.
var elementName = str(func(v *validator, at place, s string) {
	switch {
	case s == "" && at.form:
		return // the rule about names in forms has said so
	case !namePattern.MatchString(s):
		v.add(RuleName, at.path, "a name is a letter and up to 99 letters, digits, dots, dashes or underscores")
	case v.names[s]:
		v.add(RuleNameTwice, at.path, "the name %q is used twice", s)
	}
	v.names[s] = true
})

var elementID = str(func(v *validator, at place, s string) {
	switch {
	case !idPattern.MatchString(s):
		v.add(RuleID, at.path, "an element_id is a letter and up to 19 letters, digits or underscores")
	case v.ids[s]:
		v.add(RuleIDTwice, at.path, "the element_id %q is used twice", s)
	}
	v.ids[s] = true
})

// object wants an object with these attributes.
func object(attrs map[string]attr) check {
	return func(v *validator, at place, val any) {
		n, ok := val.(map[string]any)
		if !ok {
			v.add(RuleType, at.path, "want an object")
			return
		}
		v.object(at, n, attrs)
	}
}

// list wants an array and looks at every item.
func list(item check) check {
	return func(v *validator, at place, val any) {
		items, ok := val.([]any)
		if !ok {
			v.add(RuleType, at.path, "want an array")
			return
		}
		for i, x := range items {
			item(v, at.index(i), x)
		}
	}
}

// mapOf wants an object whose keys pass key and whose values pass item.
func mapOf(key func(v *validator, at place, k string), item check) check {
	return func(v *validator, at place, val any) {
		n, ok := val.(map[string]any)
		if !ok {
			v.add(RuleType, at.path, "want an object")
			return
		}
		for _, k := range slices.Sorted(maps.Keys(n)) {
			key(v, at.in(k), k)
			item(v, at.in(k), n[k])
		}
	}
}

func anyKey(*validator, place, string) {}

func locale(v *validator, at place, k string) {
	if !locales[k] {
		v.add(RuleLocale, at.path, "%.20q is no locale of the platform", k)
	}
}

var localeString = str(locale)

func translations(item check) check { return mapOf(locale, item) }

// text wants a text object with one of the tags; limit 0 means any length.
func text(tags string, rule string, limit int) check {
	content := anyString
	if limit > 0 {
		content = limited(rule, limit)
	}
	attrs := map[string]map[string]attr{}
	for tag := range words(tags) {
		if tag == "lark_md" {
			attrs[tag] = textAttrs(markdownText)
		} else {
			attrs[tag] = textAttrs(content)
		}
	}
	return func(v *validator, at place, val any) {
		n, ok := val.(map[string]any)
		if !ok {
			v.add(RuleType, at.path, "want a text object")
			return
		}
		tag, _ := n["tag"].(string)
		if attrs[tag] == nil {
			v.add(RuleTextTag, at.path, "want %s", tags)
			return
		}
		v.object(at, n, attrs[tag])
	}
}

func textAttrs(content check) map[string]attr {
	return map[string]attr{
		"tag": need(anyString), "content": need(content), "i18n_content": may(translations(content)),
		"text_size": may(textSize), "text_color": may(colour), "lines": may(integer(1, 1000)),
		"text_align": may(enum("left center right")),
	}
}

var (
	plainText  = text("plain_text", "", 0)
	anyText    = text("plain_text lark_md", "", 0)
	holderText = text("plain_text", RuleHolder, MaxLabel)
	labelText  = text("plain_text", RuleLabel, MaxLabel)
)
