package pool

import (
	"slices"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// ReleaseReason is why somebody gives a record back (P-17).
type ReleaseReason struct {
	Code string `json:"code"`
	Zh   string `json:"zh"`
	En   string `json:"en"`
	// Quality reasons put the data in doubt: the record goes to review, and the
	// release does not count against the person.
	Quality bool `json:"quality,omitempty"`
	// Text reasons need words of one's own.
	Text bool `json:"text,omitempty"`
}

// Name is the reason's word in the language.
func (r ReleaseReason) Name(l crm.Lang) string { return l.T(r.Zh, r.En) }

// ReleaseReasons is the list to choose from.
var ReleaseReasons = rule.JSON[[]ReleaseReason]{Key: "P-17.reasons", Title: crm.Text{Zh: "释放原因", En: "reasons for a release"}, Default: []ReleaseReason{
	{Code: "unreachable", Zh: "联系不上", En: "cannot be reached"},
	{Code: "wrong_number", Zh: "号码错误", En: "wrong number", Quality: true},
	{Code: "no_need", Zh: "无需求", En: "no need"},
	{Code: "no_budget", Zh: "预算不足", En: "not enough budget"},
	{Code: "competitor", Zh: "竞品已签", En: "signed with a competitor"},
	{Code: "duplicate", Zh: "重复", En: "duplicate", Quality: true},
	{Code: "not_target", Zh: "非目标客户", En: "not a target customer"},
	{Code: "other", Zh: "其他", En: "other", Text: true},
}, Valid: func(list []ReleaseReason) error {
	if len(list) == 0 {
		return crm.Invalid("至少需要一个释放原因", "at least one reason is needed")
	}
	for i, r := range list {
		if r.Code == "" || r.Zh == "" || r.En == "" || slices.ContainsFunc(list[:i], func(x ReleaseReason) bool { return x.Code == r.Code }) {
			return crm.Invalid("每个释放原因需要唯一的代码和中英文名称", "every reason needs a code of its own and both names")
		}
	}
	return nil
}}

// ParseReason reads a reason and the words after it: "无需求", "其他 已搬迁",
// "other moved away". A reason that is not in the list is refused with the list.
func ParseReason(list []ReleaseReason, text string) (ReleaseReason, string, error) {
	t := strings.TrimSpace(text)
	var best ReleaseReason
	cut := 0
	for _, r := range list {
		for _, word := range []string{r.Zh, r.En, r.Code} {
			if len(word) > cut && len(t) >= len(word) && strings.EqualFold(t[:len(word)], word) {
				best, cut = r, len(word)
			}
		}
	}
	if cut == 0 {
		zh, en := reasonList(list)
		if t == "" {
			return best, "", crm.Refused("P-17", "释放需要原因", "a release needs a reason").WithNext("请从中选择："+zh, "choose one of: "+en)
		}
		return best, "", crm.Refused("P-17", "“"+clip(t, 20)+"”不是可选的释放原因", "“"+clip(t, 20)+"” is not one of the reasons").
			WithNext("可选："+zh+"（其他需写说明）", "choose one of: "+en+" (other needs words of your own)")
	}
	note := strings.TrimSpace(strings.TrimLeft(t[cut:], " :：,，+-"))
	return best, note, CheckReason(best, note)
}

// CheckReason is P-17: a reason that needs words gets them.
func CheckReason(r ReleaseReason, note string) error {
	if r.Text && len([]rune(note)) < 2 {
		return crm.Refused("P-17", "选择“"+r.Zh+"”时请写明原因", "with “"+r.En+"” please say why").WithNext("例如：其他 对方已搬迁", "for example: other they moved away")
	}
	return nil
}

// ReasonByCode finds a reason by its code.
func ReasonByCode(list []ReleaseReason, code string) (ReleaseReason, bool) {
	i := slices.IndexFunc(list, func(r ReleaseReason) bool { return r.Code == code })
	if i < 0 {
		return ReleaseReason{}, false
	}
	return list[i], true
}

func reasonList(list []ReleaseReason) (zh, en string) {
	z, e := make([]string, len(list)), make([]string, len(list))
	for i, r := range list {
		z[i], e[i] = r.Zh, r.En
	}
	return strings.Join(z, "、"), strings.Join(e, ", ")
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// MaxNote is how much of what is written beside a reason is kept.
const MaxNote = 200

// ReasonFor is the reason with the code and its note in the form in which both
// are stored, or the refusal that says what is missing.
func ReasonFor(list []ReleaseReason, code, note string) (ReleaseReason, string, error) {
	r, ok := ReasonByCode(list, code)
	if !ok {
		_, _, err := ParseReason(list, "")
		return r, "", err
	}
	note = crm.Normalize(note)
	if x := []rune(note); len(x) > MaxNote {
		note = string(x[:MaxNote])
	}
	return r, note, CheckReason(r, note)
}
