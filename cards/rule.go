package cards

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// ChangeRule sets a setting to what the form says.
type ChangeRule struct {
	Key string `json:"key"`
	// Seen is the version that the card showed; zero: the default.
	Seen int64 `json:"seen"`
}

// ActionName implements card.Action.
func (ChangeRule) ActionName() string { return "rule.change" }

// RollBackRule takes a version back.
type RollBackRule struct {
	Version int64 `json:"version"`
}

// ActionName implements card.Action.
func (RollBackRule) ActionName() string { return "rule.rollback" }

// The inputs of the form.
const (
	RuleValue  = "value"
	RuleReason = "reason"
)

// RuleLine is one setting in the list.
type RuleLine struct {
	Def     rule.Def
	Value   string
	Changed bool
}

// RuleList lists settings with their values.
func RuleList(l crm.Lang, filter string, list []RuleLine, more int) card.Card {
	c := card.Card{Lang: l, Title: l.T("规则与设置", "Rules and settings"), Tone: card.Info}
	if filter != "" {
		c.Subtitle = l.T("筛选：", "Filter: ") + filter
	}
	rows := make([][]card.Cell, len(list))
	for i, x := range list {
		b := CommandButton(x.Def.Key, l.T("/规则 ", "/rules ")+x.Def.Key)
		tone := card.Neutral
		if x.Changed {
			tone = card.Info
		}
		rows[i] = []card.Cell{{Text: x.Def.Key, Action: &b}, {Text: x.Def.Title.In(l)}, {Text: ruleShort(l, x.Def, x.Value), Tone: tone}}
	}
	c.Blocks = append(c.Blocks, card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("编号", "Key")}, {Title: l.T("设置", "Setting")}, {Title: l.T("当前值", "Value")}}, Rows: rows})
	if more > 0 {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("还有 "+strconv.Itoa(more)+" 项，请加编号或关键词筛选，如 /规则 P-04", strconv.Itoa(more)+" more; filter by key or word, for example /rules P-04")})
	}
	return c
}

// ruleShort is a value that fits a cell: structures are only named.
func ruleShort(l crm.Lang, d rule.Def, v string) string {
	if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
		return l.T("查看", "open it")
	}
	switch v {
	case "true":
		return l.T("开", "on")
	case "false":
		return l.T("关", "off")
	}
	if u := d.Unit.In(l); u != "" {
		return v + " " + u
	}
	return v
}

// RuleCard is one setting with its value, its versions and the form to change
// it.
func RuleCard(l crm.Lang, d rule.Def, value string, version int64, history []rule.Version, name func(crm.UserID) string, next crm.Day, now time.Time, zone *time.Location, mayChange bool) card.Card {
	c := card.Card{Lang: l, Title: d.Key + " · " + d.Title.In(l), Tone: card.Info}
	long := strings.HasPrefix(d.Default, "{") || strings.HasPrefix(d.Default, "[")
	if long {
		c.Blocks = append(c.Blocks, card.B(l.T("当前值", "Value")), card.P(indentJSON(value)))
	} else {
		c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{{Label: l.T("当前值", "Value"), Value: ruleShort(l, d, value)}, {Label: l.T("默认值", "Default"), Value: ruleShort(l, d, d.Default)}}})
	}
	if mayChange {
		kind := card.TextInput
		if long {
			kind = card.MultilineInput
		}
		shown := value
		if long {
			shown = indentJSON(value)
		}
		command := l.T("/规则 ", "/rules ") + d.Key + " " + ruleSample(d.Default) + " " + l.T("原因", "reason")
		c.Blocks = append(c.Blocks, card.Divider{}, card.Form{Name: "rule", Inputs: []card.Input{
			{Kind: kind, Name: RuleValue, Label: l.T("新的值", "New value"), Default: shown, Required: true, MaxLen: 1000},
			{Kind: card.TextInput, Name: RuleReason, Label: l.T("原因", "Reason"), Required: true, MaxLen: 200},
		}, Submit: card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: ChangeRule{Key: d.Key, Seen: version}, Command: command}, Example: command},
			card.Note{Text: l.T("从下一个工作日 "+string(next)+" 00:00 起生效（RC-01）；7 天内可一键撤回（RC-04）。", "Holds from the next working day, "+string(next)+" 00:00 (RC-01); can be taken back within 7 days (RC-04).")})
	}
	if len(history) > 0 {
		c.Blocks = append(c.Blocks, ruleHistory(l, d, history, name, now, zone, mayChange))
	}
	if len(history) > 0 && mayChange {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{CommandButton(l.T("变更记录", "Changes"), l.T("/历史 规则 ", "/history rules ")+d.Key)}})
	}
	return c
}

// RuleChanges is the audit trail of one setting, or of all with an empty key:
// who changed what, from what to what, and from when on it holds.
func RuleChanges(l crm.Lang, key string, list []rule.Change, def func(string) (rule.Def, bool), name func(crm.UserID) string, zone *time.Location) card.Card {
	c := card.Card{Lang: l, Title: l.T("规则变更记录", "Changes of rules"), Subtitle: key, Tone: card.Info}
	if len(list) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有人改过。", "Nobody has changed anything yet.")))
	}
	for i, x := range list {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		who := name(x.Actor)
		if who == "" {
			who = l.T("系统", "system")
		}
		did := l.T("修改", "changed")
		if x.TakenBack {
			did = l.T("撤回", "took back")
		}
		d, _ := def(x.Key)
		scope := ""
		if x.Scope != "" {
			scope = l.T("（", " (for ") + scopeText(l, x.Scope) + l.T("）", ")")
		}
		change := ruleShort(l, d, x.Before) + " → " + ruleShort(l, d, x.After)
		if strings.HasPrefix(x.After, "{") || strings.HasPrefix(x.After, "[") {
			change = l.T("内容已更换，见 /规则 "+x.Key, "its content was replaced, see /rules "+x.Key)
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{
			{Text: x.At.In(zone).Format("2006-01-02 15:04") + " · " + who + " " + did + l.T("版本 ", " version ") + strconv.FormatInt(x.Version, 10), Bold: true},
			{Text: "\n" + x.Key + " " + d.Title.In(l) + scope},
			{Text: "\n" + change + " · " + x.Effective.In(zone).Format("2006-01-02 15:04") + l.T(" 起生效", " onwards"), Tone: card.Muted}}})
	}
	return c
}

// scopeText says for whom a value holds.
func scopeText(l crm.Lang, s rule.Scope) string {
	kind, who, _ := strings.Cut(string(s), ":")
	switch kind {
	case "team":
		return l.T("团队 ", "team ") + who
	case "user":
		return l.T("人员 ", "person ") + who
	case "role":
		return crm.Role(who).Name(l)
	}
	return l.T("公司", "the organisation")
}

func ruleHistory(l crm.Lang, d rule.Def, history []rule.Version, name func(crm.UserID) string, now time.Time, zone *time.Location, mayChange bool) card.Collapsible {
	fold := card.Collapsible{Title: l.T("版本", "Versions"), Open: true}
	for i, v := range history {
		if i == 5 {
			break
		}
		who := name(v.Author)
		if who == "" {
			who = l.T("系统", "system")
		}
		text := strconv.FormatInt(v.ID, 10) + " · " + ruleShort(l, d, v.Value) + " · " + who + " · " + l.T("生效 ", "from ") + v.EffectiveAt.In(zone).Format("2006-01-02 15:04")
		if v.Reason != "" {
			text += " · " + v.Reason
		}
		span := card.Span{Text: text}
		back := v.RolledBackAt.IsZero() && mayChange && now.Sub(v.CreatedAt) <= rule.RollBackWithin
		if !v.RolledBackAt.IsZero() {
			span.Strike, span.Tone = true, card.Muted
		}
		fold.Blocks = append(fold.Blocks, card.Text{Spans: []card.Span{span}})
		if back {
			id := strconv.FormatInt(v.ID, 10)
			fold.Blocks = append(fold.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("撤回版本 ", "Take back ") + id, Style: card.Risky, Action: RollBackRule{v.ID}, Command: l.T("/规则 撤回 ", "/rules rollback ") + id,
				Confirm: &card.Confirm{Title: l.T("撤回这个版本？", "Take this version back?"), Text: l.T("前一个值马上重新生效。", "The value before it holds again at once.")}}}})
		}
	}
	return fold
}

func ruleSample(def string) string {
	if len(def) > 20 {
		return "…"
	}
	return def
}

func indentJSON(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return s
	}
	return string(out)
}

func ruleSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	d := rule.Def{Key: "P-04.daily", Title: crm.Text{Zh: "每个工作日可认领数", En: "claims per working day"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: "20"}
	history := []rule.Version{{ID: 7, Key: d.Key, Value: "25", Author: 1, Reason: l.T("旺季", "busy season"), CreatedAt: now, EffectiveAt: now.Add(14 * time.Hour)},
		{ID: 3, Key: d.Key, Value: "15", Author: 1, CreatedAt: now.AddDate(0, 0, -30), EffectiveAt: now.AddDate(0, 0, -29), RolledBackAt: now.AddDate(0, 0, -28)}}
	name := func(crm.UserID) string { return l.T("管理员", "Admin") }
	changes := []rule.Change{{At: now.Add(time.Hour), Actor: 1, Key: d.Key, Version: 7, TakenBack: true, Before: "25", After: "20", Effective: now.Add(14 * time.Hour)},
		{At: now, Actor: 1, Key: d.Key, Scope: "team:3", Version: 7, Before: "20", After: "25", Effective: now.Add(14 * time.Hour)}}
	return []Sample{
		{"rule/changes", crm.Text{Zh: "规则变更记录", En: "the audit trail of rules"}, RuleChanges(l, d.Key, changes, func(string) (rule.Def, bool) { return d, true }, name, zone)},
		{"rule/list", crm.Text{Zh: "全部设置", En: "all settings"}, RuleList(l, "", []RuleLine{{d, "20", false}, {d, "25", true}}, 12)},
		{"rule/card", crm.Text{Zh: "一个设置，管理员", En: "one setting, administrator"}, RuleCard(l, d, "20", 0, history, name, "2026-03-03", now, zone, true)},
		{"rule/reader", crm.Text{Zh: "一个设置，其他人", En: "one setting, everybody else"}, RuleCard(l, d, "20", 0, nil, name, "2026-03-03", now, zone, false)},
	}
}
