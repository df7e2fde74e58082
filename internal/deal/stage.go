package deal

import (
	"fmt"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Stage is one step on the way to the decision.
type Stage struct {
	Key string `json:"key"`
	Zh  string `json:"zh"`
	En  string `json:"en"`
	// Probability of winning from here, in percent.
	Probability int `json:"p"`
	// RotDays is after how many working days without moving on the deal counts as
	// stuck.
	RotDays int `json:"rot"`
}

// Name is the stage's word.
func (s Stage) Name(l crm.Lang) string { return l.T(s.Zh, s.En) }

var stages = rule.JSON[[]Stage]{Key: "F-07.stages", Title: crm.Text{Zh: "商机阶段（概率%、停留工作日）", En: "deal stages (probability in %, working days before it counts as stuck)"},
	Default: []Stage{
		{"contact", "初步对接", "first contact", 10, 7},
		{"need", "需求确认", "need confirmed", 25, 7},
		{"offer", "方案报价", "offer made", 45, 10},
		{"bid", "竞标比价", "bidding", 60, 14},
		{"signing", "合同签约", "signing", 85, 10},
	}, Valid: validStages}

func validStages(list []Stage) error {
	if len(list) == 0 || len(list) > 12 {
		return crm.Invalid("商机阶段需要 1 到 12 个", "there must be 1 to 12 deal stages")
	}
	seen := map[string]bool{}
	for _, s := range list {
		if s.Key == "" || s.Zh == "" || s.En == "" || seen[s.Key] || s.Key == string(Won) || s.Key == string(Lost) {
			return crm.Invalid("每个阶段需要唯一的 key 和中英文名称，不能是 won、lost", "every stage needs a unique key, not won or lost, and a name in both languages")
		}
		if s.Probability < 0 || s.Probability > 100 || s.RotDays < 0 || s.RotDays > 1000 {
			return crm.Invalid(fmt.Sprintf("阶段 %s 的概率应为 0–100，停留天数 0–1000", s.Zh), fmt.Sprintf("stage %s: probability is 0 to 100, days 0 to 1000", s.En))
		}
		seen[s.Key] = true
	}
	return nil
}

// Settings are the run-time settings of deals.
func Settings() []rule.Def { return []rule.Def{stages.Def()} }

// StageAt finds a stage by key and its place, or -1 when the settings no longer
// have it: deals in a retired stage are treated as before the first.
func StageAt(list []Stage, key string) (Stage, int) {
	for i, s := range list {
		if s.Key == key {
			return s, i
		}
	}
	return Stage{Key: key, Zh: key, En: key}, -1
}

// ParseStage reads a stage by key, name or part of the name.
func ParseStage(list []Stage, text string) (Stage, bool) {
	t := strings.ToLower(strings.TrimSpace(text))
	if t == "" {
		return Stage{}, false
	}
	for _, s := range list {
		if t == strings.ToLower(s.Key) || t == s.Zh || t == strings.ToLower(s.En) {
			return s, true
		}
	}
	var hit []Stage
	for _, s := range list {
		if strings.Contains(s.Zh, t) || strings.Contains(strings.ToLower(s.En), t) {
			hit = append(hit, s)
		}
	}
	if len(hit) == 1 {
		return hit[0], true
	}
	return Stage{}, false
}

// ParseReason reads a reason for a loss (LO-02) by key or word; the rest of the
// text is the note.
func ParseReason(text string) (r Reason, note string, ok bool) {
	t := strings.TrimSpace(text)
	low := strings.ToLower(t)
	for _, x := range Reasons {
		for _, word := range []string{x.Zh, x.En, string(x.Key)} {
			if rest, found := strings.CutPrefix(low, strings.ToLower(word)); found {
				return x.Key, strings.TrimLeft(t[len(t)-len(rest):], " ,，:：;"), true
			}
		}
	}
	for _, alias := range []struct {
		word string
		key  Reason
	}{{"预算", "budget"}, {"时机", "timing"}, {"需求", "fit"}, {"关系", "relation"}, {"决策链", "relation"}, {"交付", "delivery"}, {"服务", "service"}, {"停业", "closed_down"}, {"联系", "no_contact"}} {
		if rest, found := strings.CutPrefix(t, alias.word); found {
			return alias.key, strings.TrimLeft(rest, " ,，:：;"), true
		}
	}
	return "", "", false
}

// ReasonWords are all reasons in the language, for refusals and hints.
func ReasonWords(l crm.Lang) string {
	words := make([]string, len(Reasons))
	for i, r := range Reasons {
		words[i] = r.In(l)
	}
	return strings.Join(words, l.T("、", ", "))
}
