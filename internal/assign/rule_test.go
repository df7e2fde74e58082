package assign_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// house names the teams, people and pools of the tests.
type house struct{}

var (
	teamNames   = []string{"", "华东", "华南", "East Team"}
	personNames = []string{"", "李娜", "张伟", "Grace Liu"}
)

func (house) TeamNamed(_ context.Context, text string) (crm.TeamID, error) {
	if i := slices.Index(teamNames, text); i > 0 {
		return crm.TeamID(i), nil
	}
	return 0, crm.NotFound("没有", "none")
}

func (house) PersonNamed(_ context.Context, text string) (crm.UserID, error) {
	if i := slices.Index(personNames, strings.TrimPrefix(text, "@")); i > 0 {
		return crm.UserID(i), nil
	}
	return 0, crm.NotFound("没有", "none")
}

func (house) PoolNamed(_ context.Context, text string) (crm.PoolID, error) {
	if text == "公海" || text == "Public pool" {
		return 1, nil
	}
	return 0, crm.NotFound("没有", "none")
}

func (house) TeamName(_ context.Context, id crm.TeamID) string      { return teamNames[id] }
func (house) PersonName(_ context.Context, id crm.UserID) string    { return personNames[id] }
func (house) PoolName(context.Context, crm.PoolID, crm.Lang) string { return "公海" }

func applied(t *testing.T, b assign.Book, text string) assign.Book {
	t.Helper()
	c, err := assign.ParseChange(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	out, _, err := c.Apply(t.Context(), b, lead.Sources.Default, house{})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out
}

func TestAS01TheFirstRuleThatFitsDecidesThenThePool(t *testing.T) {
	var b assign.Book
	for _, text := range []string{
		"新建 华东展会 来源=展会,转介绍 城市=上海市 等级=AB 方式=派单 华东 2人 > 轮流 华东",
		"新建 泵 产品=泵、阀门 方式=认领",
		"新建 春季 活动=春季投放 方式=加权 @李娜、张伟",
		"公海 方式=轮流 华南",
	} {
		b = applied(t, b, text)
	}
	turn := assign.Step{Method: assign.Turn, Teams: []crm.TeamID{2}}
	for name, c := range map[string]struct {
		l    lead.Lead
		rule int64
		want []assign.Step
	}{
		"all conditions":           {lead.Lead{Info: lead.Info{Source: "展会洽谈", City: "上海"}, Grade: "B", Pool: 1}, 1, []assign.Step{{Method: assign.Bid, Teams: []crm.TeamID{1}, Most: 2}, {Method: assign.Turn, Teams: []crm.TeamID{1}}, turn}},
		"the region fits too":      {lead.Lead{Info: lead.Info{Source: "转介绍", Region: "上海"}, Grade: "A", Pool: 1}, 1, []assign.Step{{Method: assign.Bid, Teams: []crm.TeamID{1}, Most: 2}, {Method: assign.Turn, Teams: []crm.TeamID{1}}, turn}},
		"another grade":            {lead.Lead{Info: lead.Info{Source: "转介绍", City: "上海"}, Grade: "C", Pool: 1}, 0, []assign.Step{turn}},
		"another city":             {lead.Lead{Info: lead.Info{Source: "转介绍", City: "苏州"}, Grade: "A", Pool: 1}, 0, []assign.Step{turn}},
		"no city":                  {lead.Lead{Info: lead.Info{Source: "转介绍"}, Grade: "A", Pool: 1}, 0, []assign.Step{turn}},
		"a product, ends there":    {lead.Lead{Info: lead.Info{Need: "要两台化工泵"}, Pool: 1}, 2, []assign.Step{{Method: assign.Claim}}},
		"the first of two":         {lead.Lead{Info: lead.Info{Source: "转介绍", City: "上海", Need: "阀门"}, Grade: "A", Pool: 1}, 1, []assign.Step{{Method: assign.Bid, Teams: []crm.TeamID{1}, Most: 2}, {Method: assign.Turn, Teams: []crm.TeamID{1}}, turn}},
		"people":                   {lead.Lead{Info: lead.Info{Campaign: "春季投放"}, Pool: 1}, 3, []assign.Step{{Method: assign.Weighted, People: []crm.UserID{1, 2}}, turn}},
		"another pool without way": {lead.Lead{Pool: 7}, 0, nil},
	} {
		rule, got := b.Plan(c.l)
		if rule.ID != c.rule || !reflect.DeepEqual(got, c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%s: rule %d with %v, want %d with %v", name, rule.ID, got, c.rule, c.want)
		}
	}
	if rule, _ := applied(t, b, "1 停用").Plan(lead.Lead{Info: lead.Info{Source: "转介绍", City: "上海", Need: "阀门"}, Grade: "A", Pool: 1}); rule.ID != 2 {
		t.Errorf("a rule that is off decided: %d", rule.ID)
	}
	if _, steps := (assign.Book{}).Plan(lead.Lead{Pool: 1}); len(steps) != 0 {
		t.Errorf("AS-01: without rules a lead goes %v instead of staying in the pool", steps)
	}
}

func TestAS01RulesAreMovedChangedAndDeleted(t *testing.T) {
	b := applied(t, applied(t, applied(t, assign.Book{}, "新建 甲 方式=轮流"), "新建 乙 方式=轮流"), "new Third name do=weighted East Team, Grace Liu > manual")
	order := func(b assign.Book) string {
		s := ""
		for _, r := range b.Rules {
			s += r.Name + " "
		}
		return strings.TrimSpace(s)
	}
	for text, want := range map[string]string{"3 第 1": "Third name 甲 乙", "1 下移": "乙 甲 Third name", "3 up": "甲 Third name 乙", "2 删除": "甲 Third name", "1 to 9": "乙 Third name 甲", "1 上移": "甲 乙 Third name"} {
		if got := order(applied(t, b, text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if order(b) != "甲 乙 Third name" {
		t.Errorf("a change of a copy changed the rules: %s", order(b))
	}
	third := b.Rules[2].Steps
	if !reflect.DeepEqual(third, []assign.Step{{Method: assign.Weighted, Teams: []crm.TeamID{3}, People: []crm.UserID{3}}, {Method: assign.Manual}}) {
		t.Errorf("names with spaces: %+v", third)
	}
	// What a card shows is what a line can say again.
	for _, l := range []crm.Lang{crm.Chinese, crm.English} {
		again, err := assign.ParseSteps(t.Context(), assign.StepsText(t.Context(), l, third, house{}), house{})
		if err != nil || !reflect.DeepEqual(again, third) {
			t.Errorf("%s: %v, %v", assign.StepsText(t.Context(), l, third, house{}), again, err)
		}
	}
	changed := applied(t, applied(t, b, "1 等级=A 城市=上海、苏州 名称=华东 A"), "1 城市=无")
	if r := changed.Rules[0]; r.Name != "华东 A" || len(r.When.Places) != 0 || !slices.Equal(r.When.Grades, []lead.Grade{"A"}) {
		t.Errorf("changed to %+v", r)
	}
	if next := applied(t, applied(t, b, "2 删除"), "新建 丁 方式=认领"); next.Rules[2].ID != 4 {
		t.Errorf("a deleted rule's neighbour lost its number: %+v", next.Rules)
	}
	if w := applied(t, applied(t, b, "公海 方式=轮流"), "pool Public pool do=none"); len(w.Ways) != 0 {
		t.Errorf("the way of the pool stayed: %v", w.Ways)
	}
}

func TestAS01WhatIsWrongWithARuleIsSaid(t *testing.T) {
	base := applied(t, assign.Book{}, "新建 甲 方式=轮流")
	for text, want := range map[string]string{
		"":                "请写要改什么",
		"甲":               "不是规则的编号",
		"新建 乙":            "需要 1 到 6 个方式",
		"新建 方式=轮流":        "规则需要名称",
		"新建 甲 方式=认领":      "已经有叫“甲”的规则",
		"新建 乙 方式=认领 > 轮流": "之后不能再有别的方式",
		"新建 乙 方式=抽签":      "没有“抽签”这种方式",
		"新建 乙 方式=轮流 火星":   "没有叫“火星”的团队或成员",
		"新建 乙 方式=轮流 2人":   "人数只用于派单",
		"新建 乙 等级=E 方式=轮流": "没有“E”这个等级",
		"新建 乙 颜色=红 方式=轮流": "不认识“颜色”",
		"1 飞走":            "不认识“飞走”",
		"1":               "没有写要改什么",
		"7 停用":            "没有分配规则 7",
		"公海 火星 方式=轮流":     "没有",
		"新建 " + strings.Repeat("长", 31) + " 方式=轮流": "规则名称最多 30 个字",
	} {
		c, err := assign.ParseChange(text)
		if err == nil {
			_, _, err = c.Apply(t.Context(), base, lead.Sources.Default, house{})
		}
		if err == nil || !strings.Contains(crm.MessageOf(err, crm.Chinese), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if c, err := assign.ParseChange("1 等级=A 原因=旺季 到了"); err != nil || c.Reason != "旺季 到了" || c.Without() != "1 等级=A" {
		t.Errorf("the reason: %+v, %v", c, err)
	}
}

func TestRC01ARuleSaysFromWhenOnItHolds(t *testing.T) {
	for text, want := range map[string]string{
		"1 停用":                                  "1 停用//false",
		"1 停用 加急 原因=展会取消":                       "1 停用//true",
		"1 第 2 生效=2026-03-10":                   "1 第 2/2026-03-10/false",
		"新建 加急 线索 方式=轮流":                        "新建 加急 线索 方式=轮流//false",
		"新建 快 方式=轮流 加急 原因=旺季 到了":                "新建 快 方式=轮流//true",
		"new Fast do=turn East from=2026-03-10": "new Fast do=turn East/2026-03-10/false",
		"2 grade=A Urgent":                      "2 grade=A//true",
		"2 名称=华东展会 加急 来源=展会":                    "2 名称=华东展会 加急 来源=展会//false",
	} {
		c, err := assign.ParseChange(text)
		if got := fmt.Sprintf("%s/%s/%v", c.Without(), c.Day, c.Urgent); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	if c, err := assign.ParseChange("1 停用 原因=客户投诉 加急 处理"); err != nil || c.Urgent || c.Reason != "客户投诉 加急 处理" {
		t.Errorf("a reason with the word: %+v, %v", c, err)
	}
	if _, err := assign.ParseChange("1 停用 生效=下雨"); crm.CodeOf(err) != crm.CodeInvalid {
		t.Errorf("a day that is none: %v", err)
	}
}
