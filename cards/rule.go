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
	for _, o := range d.Form.Options {
		if o.Value == v {
			return o.Name.In(l)
		}
	}
	if u := d.Unit.In(l); u != "" {
		return v + " " + u
	}
	return v
}

// RuleChanges is the audit trail of one setting, or of all with an empty key:
// who changed what, from what to what, and from when on it holds.
func RuleChanges(l crm.Lang, key string, list []rule.Change, def func(string) (rule.Def, bool), name func(crm.UserID) string, scopeName func(rule.Scope) string, zone *time.Location) card.Card {
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
		if x.Approver != 0 {
			did = l.T("加急修改（"+name(x.Approver)+" 同意）", "urgently changed (agreed by "+name(x.Approver)+")")
		}
		d, _ := def(x.Key)
		scope := ""
		if x.Scope != "" {
			scope = l.T("（", " (for ") + scopeName(x.Scope) + l.T("）", ")")
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
