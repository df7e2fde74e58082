package crm

import (
	"regexp"
	"strings"
	"unicode"
)

// legalForms are the endings of a company's name that say nothing about which
// company it is, longest first.
var legalForms = []string{
	"股份有限责任公司", "有限责任公司", "股份有限公司", "有限公司", "股份公司", "总公司", "公司", "股份", "有限", "特殊普通合伙", "普通合伙", "有限合伙", "个体工商户",
}

var latinForms = regexp.MustCompile(`(?i)[\s,.]+(co|ltd|inc|corp|corporation|company|limited|llc|plc|gmbh)\.?\s*$`)

// genericWords are the trades and kinds that many companies share. A name that
// is nothing but a place and such words keeps its place, because the place is
// what tells 北京银行 from 上海银行.
var genericWords = []string{
	"信息技术", "网络科技", "科技", "技术", "信息", "网络", "软件", "电子", "电气", "机械", "设备", "制造", "实业", "工业", "贸易", "商贸", "进出口", "投资", "控股", "集团", "发展", "开发", "建设", "建筑", "建工", "工程", "置业", "地产", "房地产", "物业",
	"银行", "农商", "商业", "保险", "证券", "基金", "信托", "医院", "医药", "人民", "中心", "大学", "学院", "学校", "中学", "小学", "电力", "供电", "燃气", "水务", "自来水", "热力", "公交", "公共", "交通", "地铁", "轨道", "机场", "港务", "港口", "铁路", "物流", "运输", "航空", "石油", "石化", "化工", "钢铁", "能源", "环保", "环境", "文化", "传媒", "广告", "出版", "日报", "电视台", "广播", "旅游", "酒店", "餐饮", "食品", "农业", "服务", "管理", "咨询", "教育", "材料", "汽车", "第一", "第二", "第三", "国际", "实验",
}

// CompanyKey is the normalised form of a company's name under which duplicates
// meet (DU-01): half width, lower case, without punctuation, spaces and
// brackets, without the legal form (有限公司, 股份, Co., Ltd.) and without the
// province and city in front or in brackets. 集团 stays: a group is another
// company than its member. The key is empty only for a name without letters.
func CompanyKey(name string) string {
	s := strings.ToLower(Normalize(name))
	for endsLatin(s) {
		cut := latinForms.ReplaceAllString(s, "")
		if cut == s || strings.TrimSpace(cut) == "" {
			break
		}
		s = cut
	}
	s, bracketed := withoutPlaceInBrackets(s)
	s = lettersOnly(s)
	core := withoutLegalForm(s)
	if bracketed == "" {
		return withoutPlace(core)
	}
	if isGeneric(core) {
		return bracketed + core // 银行(北京) needs its place back
	}
	return withoutPlace(core)
}

// endsLatin tells whether a Latin word, perhaps with a full stop, ends s.
func endsLatin(s string) bool {
	s = strings.TrimRight(s, ". ")
	return s != "" && s[len(s)-1] >= 'a' && s[len(s)-1] <= 'z'
}

var bracketPlace = regexp.MustCompile(`[(（\[【]([^()（）\[\]【】]{1,24})[)）\]】]`)

// withoutPlaceInBrackets drops (上海) from 华星(上海)科技 and gives the place back.
func withoutPlaceInBrackets(s string) (rest, place string) {
	if !strings.ContainsAny(s, "([【") {
		return s, ""
	}
	rest = bracketPlace.ReplaceAllStringFunc(s, func(m string) string {
		inner := lettersOnly(m)
		if n := placePrefix(inner); place == "" && n > 0 && n == len(inner) {
			place = inner
			return ""
		}
		return m
	})
	return rest, place
}

func withoutLegalForm(s string) string {
	for {
		cut := s
		for _, form := range legalForms {
			if rest, ok := strings.CutSuffix(s, form); ok {
				if rest != "" {
					cut = rest
				}
				break
			}
		}
		if cut == s {
			return s
		}
		s = cut
	}
}

// withoutPlace drops at most a province and a city from the front, as long as
// something that is the company's own remains.
func withoutPlace(s string) string {
	rest := s
	for range 2 {
		n := placePrefix(rest)
		if n == 0 || len([]rune(rest[n:])) < 2 {
			break
		}
		rest = rest[n:]
	}
	if isGeneric(rest) {
		return s
	}
	return rest
}

// isGeneric tells whether a name is made of generic words only.
func isGeneric(s string) bool {
	for s != "" {
		cut := ""
		for _, w := range genericWords {
			if len(w) > len(cut) && strings.HasPrefix(s, w) {
				cut = w
			}
		}
		if cut == "" {
			return false
		}
		s = s[len(cut):]
	}
	return true
}

func lettersOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s)
}

// NameSimilarity is how alike two company names are, 0 to 1: the Jaccard index
// of the pairs of neighbouring characters of their keys. Equal keys give 1;
// names of one character are alike only when they are equal. DU-01 asks a person
// from 0.88 on.
func NameSimilarity(a, b string) float64 {
	return KeySimilarity(CompanyKey(a), CompanyKey(b))
}

// KeySimilarity is NameSimilarity for names whose CompanyKey is known.
func KeySimilarity(a, b string) float64 { return pairSimilarity(a, b) }

// TextSimilarity is the same measure on free text, for notes that repeat each
// other (P-10, V-02). Punctuation, spaces and case do not count.
func TextSimilarity(a, b string) float64 {
	return pairSimilarity(lettersOnly(strings.ToLower(Normalize(a))), lettersOnly(strings.ToLower(Normalize(b))))
}

func pairSimilarity(a, b string) float64 {
	if a == "" || b == "" {
		return 0
	}
	if a == b {
		return 1
	}
	left, right := pairs(a), pairs(b)
	both := 0
	for p := range left {
		if right[p] {
			both++
		}
	}
	union := len(left) + len(right) - both
	if union == 0 {
		return 0
	}
	return float64(both) / float64(union)
}

// pairs are the pairs of neighbouring runes of s.
func pairs(s string) map[[2]rune]bool {
	runes := []rune(s)
	out := make(map[[2]rune]bool, len(runes))
	for i := 1; i < len(runes); i++ {
		out[[2]rune{runes[i-1], runes[i]}] = true
	}
	return out
}
