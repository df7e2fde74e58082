package formline_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/cards/card"
	"crmbot/cards/formline"
	"crmbot/internal/crm"
)

type save struct{}

func (save) ActionName() string { return "t.save" }

type drop struct{}

func (drop) ActionName() string { return "t.drop" }

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func visit() card.Form {
	return card.Form{Name: "f", Inputs: []card.Input{
		{Kind: card.SelectInput, Name: "kind", Label: "类型", Required: true, Default: "visit", Options: []card.Option{{Value: "visit", Label: "拜访"}, {Value: "call", Label: "电话"}}},
		{Kind: card.TextInput, Name: "who", Label: "客户", Required: true},
		{Kind: card.DateInput, Name: "day", Label: "日期", Default: "2026-03-02"},
		{Kind: card.TimeInput, Name: "time", Label: "时间"},
		{Kind: card.NumberInput, Name: "minutes", Label: "时长（分钟）"},
		{Kind: card.MultilineInput, Name: "note", Label: "沟通内容", MaxLen: 20},
		{Kind: card.DateInput, Name: "nextday", Label: "下一步日期"},
		{Kind: card.TextInput, Name: "next", Label: "下一步"},
		{Kind: card.MultiSelect, Name: "with", Label: "陪访人", Default: "1,2", Options: []card.Option{{Value: "1", Label: "张伟"}, {Value: "2", Label: "Li Na"}, {Value: "3", Label: "王磊"}}},
		{Kind: card.SelectInput, Name: "result", Label: "结果", Options: []card.Option{{Value: "up", Label: "有进展"}, {Value: "none", Label: "未见到"}}},
	}, Submit: card.Button{Label: "提交", Action: save{}}, Extra: []card.Button{{Label: "先保存", Action: drop{}}, {Label: "送审", Action: drop{}, Disabled: "没有经理"}}}
}

func flat(v map[string][]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(v)) {
		out = append(out, k+"="+strings.Join(v[k], "+"))
	}
	return strings.Join(out, " ")
}

func TestLineFillsInTheForm(t *testing.T) {
	begin := "day=2026-03-02 kind=visit with=1+2"
	for line, want := range map[string]string{
		"":            begin,
		"华星":          "day=2026-03-02 kind=visit who=华星 with=1+2",
		"客户=华星 王总":    "day=2026-03-02 kind=visit who=华星 王总 with=1+2",
		"客户：华星，类型：电话": "day=2026-03-02 kind=call who=华星 with=1+2",
		"类型＝电话　时长＝30 时间=9点":   "day=2026-03-02 kind=call minutes=30 time=09:00 with=1+2",
		"时长（分钟）=30 时间=14:30":  "day=2026-03-02 kind=visit minutes=30 time=14:30 with=1+2",
		"下一步=送样品 下一步日期=明天":    "day=2026-03-02 kind=visit next=送样品 nextday=2026-03-03 with=1+2",
		"日期=2月27日 下一步日期=3/6":  "day=2026-02-27 kind=visit nextday=2026-03-06 with=1+2",
		"日期=12-30":            "day=2025-12-30 kind=visit with=1+2",
		"日期=2026年3月1日":        "day=2026-03-01 kind=visit with=1+2",
		"日期=":                 "kind=visit with=1+2",
		"沟通内容=对方说 客户=老板 也可以":  "day=2026-03-02 kind=visit note=对方说 who=老板 也可以 with=1+2",
		"沟通内容=价格a=b":          "day=2026-03-02 kind=visit note=价格a=b with=1+2",
		"客户=…":                begin,
		"结果=未":                "day=2026-03-02 kind=visit result=none with=1+2",
		"结果=up":               "day=2026-03-02 kind=visit result=up with=1+2",
		"陪访人=张伟、王磊":           "day=2026-03-02 kind=visit with=1+3",
		"陪访人=王磊 张伟":           "day=2026-03-02 kind=visit with=3+1",
		"陪访人=li na":           "day=2026-03-02 kind=visit with=2",
		"陪访人=Li Na，王磊":        "day=2026-03-02 kind=visit with=2+3",
		"陪访人=":                "day=2026-03-02 kind=visit",
		"提交 客户=A":             "day=2026-03-02 kind=visit who=A with=1+2",
		"客户=A 客户=B":           "day=2026-03-02 kind=visit who=A 客户=B with=1+2",
		"客户=A\n沟通内容=第一行\n第二行": "day=2026-03-02 kind=visit note=第一行\n第二行 who=A with=1+2",
	} {
		f := visit()
		f.Extra = nil
		b, v, err := formline.Read(f, line, now)
		if err != nil || flat(v) != want || b.Label != "提交" {
			t.Errorf("%q: %q %s, want %s (%v)", line, b.Label, flat(v), want, err)
		}
	}
}

func TestLineNamesItsButton(t *testing.T) {
	for line, want := range map[string]string{"先保存": "先保存", "先保存 客户=A": "先保存", "提交 客户=先保存": "提交", "提交，客户=A": "提交"} {
		b, v, err := formline.Read(visit(), line, now)
		if err != nil || b.Label != want {
			t.Errorf("%q presses %q with %v, want %q (%v)", line, b.Label, v, want, err)
		}
	}
	for _, line := range []string{"", "客户=A", "先保存一下", "客户=先保存"} {
		if b, v, err := formline.Read(visit(), line, now); v != nil || !strings.Contains(crm.MessageOf(err, crm.Chinese), "请在编号后写明：提交、先保存、送审") {
			t.Errorf("%q presses %q: %v", line, b.Label, err)
		}
	}
	if b, v, err := formline.Read(visit(), "先保存 华星", now); err != nil || b.Label != "先保存" || v["who"][0] != "华星" {
		t.Errorf("button and bare text: %q %v %v", b.Label, v, err)
	}
}

func TestLineThatCannotBeReadIsRefusedWithWhatWouldDo(t *testing.T) {
	must := visit()
	must.Inputs[9].Required = true
	two := visit()
	two.Inputs[1].Required = false
	for line, x := range map[string]struct {
		f    card.Form
		says string
	}{
		"提交 华星 有进展":                          {two, "请写 项目=内容；可填：类型、客户、日期"},
		"提交 类型=开会":                           {visit(), "“类型”没有选项“开会”；可选：拜访、电话"},
		"提交 陪访人=张伟、赵四":                       {visit(), "“陪访人”没有选项“赵四”"},
		"提交 日期=下辈子":                          {visit(), "“日期”不是日期：下辈子；例如 2026-03-06"},
		"提交 日期=2-30":                         {visit(), "不是日期"},
		"提交 时间=25:00":                        {visit(), "“时间”不是时间：25:00"},
		"提交 沟通内容=" + strings.Repeat("长", 21): {visit(), "最多 20 个字，收到 21 个"},
		"提交 客户=A":                            {must, "还没有填：结果"},
		"送审":                                 {visit(), "没有经理"},
	} {
		_, v, err := formline.Read(x.f, line, now)
		if got := crm.MessageOf(err, crm.Chinese); err == nil || !strings.Contains(got, x.says) || v != nil {
			t.Errorf("%q: %q, want %q", line, got, x.says)
		}
		if crm.MessageOf(err, crm.English) == crm.MessageOf(err, crm.Chinese) {
			t.Errorf("%q is not refused in English", line)
		}
	}
}

func TestShownLineCanBeSentAsItIs(t *testing.T) {
	f := visit()
	for _, b := range []card.Button{f.Submit, f.Extra[0]} {
		line := formline.Show(crm.Chinese, "/填 7", f, b)
		rest, ok := strings.CutPrefix(line, "/填 7")
		got, _, err := formline.Read(f, rest, now)
		if !ok || err != nil || got.Label != b.Label || !strings.Contains(line, "客户=…") || strings.Contains(line, "类型") {
			t.Errorf("%q presses %q (%v)", line, got.Label, err)
		}
		if got, _, err = formline.Read(f, strings.TrimPrefix(formline.Press("", f, b), " "), now); err != nil || got.Label != b.Label {
			t.Errorf("%q presses %q (%v)", formline.Press("", f, b), got.Label, err)
		}
	}
}

func TestInputsWithOneShortNameAreToldApart(t *testing.T) {
	f := card.Form{Inputs: []card.Input{{Kind: card.TextInput, Name: "zh", Label: "提问（中文）", Required: true}, {Kind: card.TextInput, Name: "en", Label: "提问（英文）"}}, Submit: card.Button{Label: "保存", Action: save{}}}
	if line := formline.Show(crm.Chinese, "/填 7", f, f.Submit); line != "/填 7 提问(中文)=…" {
		t.Error(line)
	}
	_, v, err := formline.Read(f, "提问（英文）=why 提问（中文）=为什么", now)
	if err != nil || flat(v) != "en=why zh=为什么" {
		t.Errorf("%s %v", flat(v), err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"客户=华星 类型=电话", "先保存", "陪访人=张伟、Li Na", "日期=3月6日 时间=9点", "=：=", "客户=\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		b, v, err := formline.Read(visit(), line, now)
		if err != nil {
			if crm.CodeOf(err) != crm.CodeInvalid {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		if b.Action == nil || b.Disabled != "" {
			t.Errorf("%q presses %q", line, b.Label)
		}
		for name, vs := range v {
			if !slices.ContainsFunc(visit().Inputs, func(in card.Input) bool { return in.Name == name }) || len(vs) == 0 {
				t.Errorf("%q sends %q=%q", line, name, vs)
			}
		}
	})
}
