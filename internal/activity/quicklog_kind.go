// Package activity is what a rep did with a customer, and means to do next.
package activity

import (
	"regexp"
	"strings"

	"crmbot/internal/crm"
)

// Kind is the sort of an activity.
type Kind string

// The kinds of activities.
const (
	KindVisit    Kind = "visit"
	KindCall     Kind = "call"
	KindWeChat   Kind = "wechat"
	KindMeeting  Kind = "meeting"
	KindFollowUp Kind = "followup"
)

// Kinds are all kinds in the order of menus.
var Kinds = []Kind{KindVisit, KindCall, KindWeChat, KindMeeting, KindFollowUp}

// Name is the kind as people read it; empty for an unknown one.
func (k Kind) Name(l crm.Lang) string {
	switch k {
	case KindVisit:
		return l.T("拜访", "Visit")
	case KindCall:
		return l.T("电话", "Call")
	case KindWeChat:
		return l.T("微信", "WeChat")
	case KindMeeting:
		return l.T("会议", "Meeting")
	case KindFollowUp:
		return l.T("跟进", "Follow-up")
	}
	return ""
}

// Result is how an activity ended (V-01). The zero value is not said.
type Result string

// The results.
const (
	ResultProgress Result = "progress"
	ResultFlat     Result = "flat"
	ResultBlocked  Result = "blocked"
	ResultNotMet   Result = "not_met"
)

// Results are all results in the order of menus.
var Results = []Result{ResultProgress, ResultFlat, ResultBlocked, ResultNotMet}

// Name is the result as people read it; empty when it is not said.
func (r Result) Name(l crm.Lang) string {
	switch r {
	case ResultProgress:
		return l.T("有进展", "Progress")
	case ResultFlat:
		return l.T("持平", "No change")
	case ResultBlocked:
		return l.T("遇阻", "Blocked")
	case ResultNotMet:
		return l.T("未见到", "Not met")
	}
	return ""
}

// keyword is a word that opens a quick log. Chinese ones need no space behind
// them.
type keyword struct {
	word string
	kind Kind
	// unless lists what must not follow: 电话号码 is no call.
	unless string
}

// keywords are tried in order, so longer words stand before their beginnings.
var keywords = []keyword{
	{"拜访", KindVisit, "计划|量|数|记录|统计|次数|率|目标|要求|路线"}, {"走访", KindVisit, "计划|记录"}, {"上门", KindVisit, "服务|安装|费"}, {"面谈", KindVisit, ""},
	{"打电话", KindCall, ""}, {"致电", KindCall, ""}, {"通话", KindCall, "记录|时长|统计"}, {"电话", KindCall, "号|费|会议|本|卡|销售|量|数|统计|记录|线索|多少|是"},
	{"微信", KindWeChat, "群|号|支付|公众|小程序|是|红包|名片"}, {"会议", KindMeeting, "室|纪要|时间|安排|记录|通知"}, {"开会", KindMeeting, "时间|通知"}, {"会谈", KindMeeting, "纪要"},
	{"跟进", KindFollowUp, "率|情况|记录|人|计划|统计|次数|状态|表"}, {"回访", KindFollowUp, "率|记录|统计|计划"},
}

var (
	unlessForms = compileUnless()
	// englishKeyword needs a word's end behind it, and something to log.
	englishKeyword = regexp.MustCompile(`(?i)^(visited|visit|met with|phoned|phone|called|call|wechat|meeting|followed up|follow[- ]?up|log)\b(?: with| on| at)?`)
	afterKeyword   = regexp.MustCompile(`^ ?(?:一下|了|过|给)? ?[:,，-]? ?`)
	slash          = regexp.MustCompile(`^[/ ]+`)
)

var englishKinds = map[string]Kind{"visit": KindVisit, "met wi": KindVisit, "phone": KindCall, "call": KindCall, "wechat": KindWeChat, "meeting": KindMeeting, "follow": KindFollowUp, "log": KindFollowUp}

func compileUnless() map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for _, k := range keywords {
		if k.unless != "" {
			out[k.word] = regexp.MustCompile(`^(?:` + k.unless + `)`)
		}
	}
	return out
}

// readKeyword reads the opening word at the start of s and the little words
// behind it. n is how many bytes both take; 0 when there is none.
func readKeyword(s string) (kind Kind, n int) {
	for _, k := range keywords {
		rest, ok := strings.CutPrefix(s, k.word)
		if !ok {
			continue
		}
		if form := unlessForms[k.word]; form != nil && form.MatchString(rest) {
			return "", 0
		}
		n = len(k.word)
		return k.kind, n + len(afterKeyword.FindString(rest))
	}
	m := englishKeyword.FindString(s)
	if m == "" {
		return "", 0
	}
	for prefix, kind := range englishKinds {
		if strings.HasPrefix(strings.ToLower(m), prefix) {
			return kind, len(m) + len(afterKeyword.FindString(s[len(m):]))
		}
	}
	return "", 0
}
