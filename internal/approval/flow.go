package approval

import (
	"fmt"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Flow says who approves one kind of subject.
type Flow struct {
	Kind string `json:"kind"`
	// Category narrows the flow to one category, such as a contract type; empty:
	// every category without a flow of its own.
	Category string `json:"category,omitempty"`
	Steps    []Step `json:"steps"`
}

// Step is one node of a flow.
type Step struct {
	// From is the amount in 元 from which the step applies; zero: always.
	From int64 `json:"from,omitempty"`
	// Who are the approvers: "manager" (the submitter's superior), "role:legal", or
	// "user:" with a name or employee number.
	Who []string `json:"who"`
	// Mode is any (also the empty value), all or sequence.
	Mode Mode `json:"mode,omitempty"`
}

// How an approver was found, as a Task says in Why.
const (
	WhyManager   = "manager"
	WhyUser      = "user"
	WhyAdmin     = "admin"
	WhyAdded     = "added"
	WhyDelegated = "delegated"

	rolePrefix = "role:"
	userPrefix = "user:"
)

// Flows are the approval flows of all kinds of subjects. The default: contracts
// go to the submitter's superior and to legal, from 50 万 also to finance, from
// 100 万 also to the boss.
var Flows = rule.JSON[[]Flow]{
	Key:   "approval.flows",
	Title: crm.Text{Zh: "审批流程（按业务类型和金额，金额单位元）", En: "approval flows by kind and amount (amounts in yuan)"},
	Default: []Flow{{Kind: "contract", Steps: []Step{
		{Who: []string{WhyManager}},
		{Who: []string{rolePrefix + string(crm.Legal)}},
		{Who: []string{rolePrefix + string(crm.Finance)}, From: 500_000},
		{Who: []string{rolePrefix + string(crm.Boss)}, From: 1_000_000},
	}}},
	Valid: checkFlows,
}

// The times of AP-05 in working hours, and the limit of urgent requests.
var (
	RemindAfter = rule.Int{Key: "AP-05.remind", Title: crm.Text{Zh: "审批多少工作小时后提醒", En: "remind an approver after"},
		Unit: crm.Text{Zh: "工作小时", En: "working hours"}, Default: 4, Min: 1, Max: 200}
	DeputyAfter = rule.Int{Key: "AP-05.deputy", Title: crm.Text{Zh: "审批多少工作小时后代理人可处理", En: "let the deputy act after"},
		Unit: crm.Text{Zh: "工作小时", En: "working hours"}, Default: 8, Min: 1, Max: 200}
	EscalateAfter = rule.Int{Key: "AP-05.escalate", Title: crm.Text{Zh: "审批多少工作小时后升级给上级", En: "escalate one level after"},
		Unit: crm.Text{Zh: "工作小时", En: "working hours"}, Default: 16, Min: 1, Max: 400}
	UrgentPerMonth = rule.Int{Key: "AP-05.urgent", Title: crm.Text{Zh: "每人每月加急次数", En: "urgent requests per person and month"},
		Unit: crm.Text{Zh: "次", En: "requests"}, Default: 3, Min: 0, Max: 100}
)

// Settings are the run-time settings of this package.
func Settings() []rule.Def {
	return []rule.Def{Flows.Def(), RemindAfter.Def(), DeputyAfter.Def(), EscalateAfter.Def(), UrgentPerMonth.Def()}
}

func checkFlows(fs []Flow) error {
	seen := map[string]bool{}
	for _, f := range fs {
		name := f.Kind + "/" + f.Category
		switch {
		case f.Kind == "":
			return crm.Invalid("审批流程缺少 kind", "an approval flow has no kind")
		case seen[name]:
			return crm.Invalid("审批流程 "+name+" 重复", "the approval flow "+name+" is given twice")
		case len(f.Steps) == 0 || len(f.Steps) > 12:
			return crm.Invalid(fmt.Sprintf("审批流程 %s 有 %d 步，应为 1 到 12 步", name, len(f.Steps)), fmt.Sprintf("the approval flow %s has %d steps, 1 to 12 are allowed", name, len(f.Steps)))
		}
		seen[name] = true
		always := false
		for i, s := range f.Steps {
			if err := checkStep(name, i+1, s); err != nil {
				return err
			}
			always = always || s.From == 0
		}
		if !always {
			return crm.Invalid("审批流程 "+name+" 对小金额没有任何审批人", "the approval flow "+name+" has no approver for small amounts")
		}
	}
	return nil
}

func checkStep(flow string, n int, s Step) error {
	bad := func(zh, en string) error {
		return crm.Invalid(fmt.Sprintf("审批流程 %s 第 %d 步：%s", flow, n, zh), fmt.Sprintf("approval flow %s, step %d: %s", flow, n, en))
	}
	if s.From < 0 {
		return bad("金额不能为负", "the amount is negative")
	}
	if s.Mode != "" && s.Mode != Any && s.Mode != Every && s.Mode != Sequence {
		return bad("mode 只能是 any、all 或 sequence", "mode is any, all or sequence")
	}
	if len(s.Who) == 0 || len(s.Who) > 20 {
		return bad("需要 1 到 20 个审批人", "it takes 1 to 20 approvers")
	}
	for _, w := range s.Who {
		role, isRole := strings.CutPrefix(w, rolePrefix)
		user, isUser := strings.CutPrefix(w, userPrefix)
		switch {
		case w == WhyManager, isUser && strings.TrimSpace(user) != "":
		case isRole && crm.Role(role).Name(crm.Chinese) != role:
		default:
			return bad("看不懂审批人“"+w+"”，可用 manager、role:legal、user:姓名或工号", "the approver “"+w+"” is not manager, role:legal or user:NAME")
		}
	}
	return nil
}

// Pick is the flow of a subject: that of its category, else the general one of
// its kind. It reports false when there is none.
func Pick(fs []Flow, kind, category string) (Flow, bool) {
	var general *Flow
	for i, f := range fs {
		if f.Kind != kind {
			continue
		}
		if f.Category == category && category != "" {
			return f, true
		}
		if f.Category == "" {
			general = &fs[i]
		}
	}
	if general == nil {
		return Flow{}, false
	}
	return *general, true
}

// For are the steps that apply to the amount.
func (f Flow) For(amount crm.Money) []Step {
	var out []Step
	for _, s := range f.Steps {
		if amount >= crm.Yuan(s.From) {
			out = append(out, s)
		}
	}
	return out
}

// label names the step for people: 直属上级, 法务, or the named persons' word.
func (s Step) label() crm.Text {
	var zh, en []string
	for _, w := range s.Who {
		z, e := "指定审批人", "named approver"
		if w == WhyManager {
			z, e = "直属上级", "direct manager"
		} else if r, ok := strings.CutPrefix(w, rolePrefix); ok {
			z, e = crm.Role(r).Name(crm.Chinese), crm.Role(r).Name(crm.English)
		}
		if len(zh) == 0 || zh[len(zh)-1] != z {
			zh, en = append(zh, z), append(en, e)
		}
	}
	return crm.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
}
