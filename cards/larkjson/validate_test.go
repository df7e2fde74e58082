package larkjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// body wraps elements in the smallest card.
func body(elements string) string {
	return `{"schema":"2.0","body":{"elements":[` + elements + `]}}`
}

// inForm puts elements before the submit button of the smallest form.
func inForm(elements string) string {
	if elements != "" {
		elements += ","
	}
	return body(`{"tag":"form","name":"f","elements":[` + elements + `{"tag":"button","name":"go","form_action_type":"submit","text":{"tag":"plain_text","content":"go"}}]}`)
}

func md(content string) string {
	b, _ := json.Marshal(content)
	return `{"tag":"markdown","content":` + string(b) + `}`
}

func times(n int, s string) string {
	return strings.TrimSuffix(strings.Repeat(s+",", n), ",")
}

const (
	smallTable = `{"tag":"table","columns":[{"name":"a","data_type":"text"}],"rows":[{"a":"x"}]}`
	smallChart = `{"tag":"chart","chart_spec":{"type":"pie","categoryField":"x","valueField":"y","data":{"values":[{"x":"a","y":1}]}}}`
	button     = `"tag":"button","text":{"tag":"plain_text","content":"b"}`
	callback   = `"behaviors":[{"type":"callback","value":{"a":"x"}}]`
)

func table(columns, row string) string {
	return body(`{"tag":"table","columns":[` + columns + `],"rows":[{` + row + `}]}`)
}

func chart(spec string) string { return body(`{"tag":"chart","chart_spec":` + spec + `}`) }

func nested(n int) string {
	s := `{"tag":"hr"}`
	for range n {
		s = `{"tag":"collapsible_panel","header":{"title":{"tag":"plain_text","content":"p"}},"elements":[` + s + `]}`
	}
	return body(s)
}

func manyColumns(n int) string {
	var cols, cells []string
	for i := range n {
		cols = append(cols, fmt.Sprintf(`{"name":"c%d","data_type":"text"}`, i))
		cells = append(cells, fmt.Sprintf(`"c%d":"x"`, i))
	}
	return table(strings.Join(cols, ","), strings.Join(cells, ","))
}

func choices(values string) string {
	var out []string
	for _, v := range strings.Fields(values) {
		out = append(out, `{"text":{"tag":"plain_text","content":"o"},"value":"`+v+`"}`)
	}
	return `"options":[` + strings.Join(out, ",") + `]`
}

// broken are minimal cards that break exactly one rule, once.
var broken = []struct{ rule, name, card string }{
	{RuleSyntax, "no JSON", `{"schema":`},
	{RuleSyntax, "an array", `[]`},
	{RuleSyntax, "two values", body("") + `{}`},
	{RuleSchema, "1.0", `{"schema":"1.0","body":{"elements":[]}}`},
	{RuleSchema, "none", `{"body":{"elements":[]}}`},
	{RuleBytes, "31 KB", body(md(strings.Repeat("x", 31<<10)))},
	{RuleElements, "201 rules", body(times(201, `{"tag":"hr"}`))},
	{RuleElements, "texts count", body(times(101, `{"tag":"div","text":{"tag":"plain_text","content":"x"}}`))},
	{RuleNesting, "six panels", nested(6)},
	{RuleTables, "four tables", body(times(4, smallTable))},
	{RuleTables, "two and two in markdown", body(times(2, smallTable) + "," + times(2, md("|a|b|\n|---|---|\n|1|2|")))},
	{RuleCharts, "six charts", body(times(6, smallChart))},
	{RuleTags, "four labels", `{"schema":"2.0","header":{"title":{"tag":"plain_text","content":"t"},"text_tag_list":[` +
		times(4, `{"tag":"text_tag","text":{"tag":"plain_text","content":"x"}}`) + `]},"body":{"elements":[]}}`},
	{RuleColumns, "51 columns", manyColumns(51)},
	{RuleLabel, "101 characters", body(`{"tag":"button","text":{"tag":"plain_text","content":"` + strings.Repeat("字", 101) + `"},` + callback + `}`)},
	{RuleHolder, "101 characters", inForm(`{"tag":"input","name":"i","placeholder":{"tag":"plain_text","content":"` + strings.Repeat("字", 101) + `"}}`)},

	{RuleUnknownAttribute, "at the root", `{"schema":"2.0","fallback":{},"body":{"elements":[]}}`},
	{RuleUnknownAttribute, "legacy value of a button", body(`{` + button + `,` + callback + `,"value":{}}`)},
	{RuleUnknownAttribute, "in a text", body(`{"tag":"div","text":{"tag":"plain_text","content":"x","bold":true}}`)},
	{RuleRequired, "no body", `{"schema":"2.0"}`},
	{RuleRequired, "markdown without content", body(`{"tag":"markdown"}`)},
	{RuleRequired, "picture without alternative", body(`{"tag":"img","img_key":"k"}`)},
	{RuleRequired, "option without value", inForm(`{"tag":"select_static","name":"s","options":[{"text":{"tag":"plain_text","content":"o"}}]}`)},
	{RuleType, "number as content", body(`{"tag":"markdown","content":1}`)},
	{RuleType, "element that is text", body(`"hr"`)},
	{RuleType, "elements that are none", `{"schema":"2.0","body":{"elements":{}}}`},
	{RuleType, "expanded as text", body(`{"tag":"collapsible_panel","expanded":"yes","header":{"title":{"tag":"plain_text","content":"p"}}}`)},
	{RuleEnum, "template", `{"schema":"2.0","header":{"template":"pink","title":{"tag":"plain_text","content":"t"}},"body":{"elements":[]}}`},
	{RuleEnum, "button type", body(`{` + button + `,` + callback + `,"type":"filled"}`)},
	{RuleEnum, "text size", body(`{"tag":"markdown","content":"x","text_size":"huge"}`)},
	{RuleEnum, "colour", body(`{"tag":"div","text":{"tag":"plain_text","content":"x","text_color":"reddish"}}`)},
	{RuleEnum, "behaviour", body(`{` + button + `,"behaviors":[{"type":"toast"}]}`)},
	{RuleEnum, "flex mode", body(`{"tag":"column_set","flex_mode":"wrap","columns":[]}`)},
	{RuleRange, "page size", body(`{"tag":"table","page_size":11,"columns":[],"rows":[]}`)},
	{RuleRange, "max_length 0", inForm(`{"tag":"input","name":"i","max_length":0}`)},
	{RuleRange, "max_length 1001", inForm(`{"tag":"input","name":"i","max_length":1001}`)},
	{RuleRange, "weight", body(`{"tag":"column_set","columns":[{"tag":"column","weight":6}]}`)},
	{RuleRange, "padding", body(`{"tag":"column_set","columns":[{"tag":"column","padding":"100px"}]}`)},
	{RuleRange, "margin of three", body(`{"tag":"hr","margin":"1px 2px 3px"}`)},
	{RuleRange, "date", inForm(`{"tag":"date_picker","name":"d","initial_date":"23.11.2026"}`)},
	{RuleEmpty, "title", `{"schema":"2.0","header":{"title":{"tag":"plain_text","content":" "}},"body":{"elements":[]}}`},
	{RuleEmpty, "picture key", body(`{"tag":"img","img_key":"","alt":{"tag":"plain_text","content":""}}`)},
	{RuleTag, "note is gone", body(`{"tag":"note","elements":[]}`)},
	{RuleTag, "action is gone", body(`{"tag":"action","actions":[]}`)},
	{RuleTag, "no tag", body(`{}`)},
	{RulePlace, "column at the root", body(`{"tag":"column","elements":[]}`)},
	{RulePlace, "no column in a column set", body(`{"tag":"column_set","columns":[{"tag":"hr"}]}`)},
	{RulePlace, "text as an element", body(`{"tag":"plain_text","content":"x"}`)},
	{RuleTextTag, "markdown on a button", body(`{"tag":"button","text":{"tag":"lark_md","content":"x"},` + callback + `}`)},
	{RuleUpdateMulti, "false", `{"schema":"2.0","config":{"update_multi":false},"body":{"elements":[]}}`},
	{RuleLocale, "config", `{"schema":"2.0","config":{"locales":["zh"]},"body":{"elements":[]}}`},
	{RuleLocale, "content", body(`{"tag":"markdown","content":"x","i18n_content":{"english":"x"}}`)},

	{RuleName, "space", body(`{` + button + `,` + callback + `,"name":"a b"}`)},
	{RuleNameTwice, "buttons", body(times(2, `{`+button+`,`+callback+`,"name":"a"}`))},
	{RuleNameTwice, "form and input", inForm(`{"tag":"input","name":"f"}`)},
	{RuleID, "too long", body(`{"tag":"hr","element_id":"abcdefghijklmnopqrstu"}`)},
	{RuleIDTwice, "two rules", body(times(2, `{"tag":"hr","element_id":"a"}`))},
	{RuleFormRoot, "in a panel", body(`{"tag":"collapsible_panel","header":{"title":{"tag":"plain_text","content":"p"}},"elements":[
		{"tag":"form","name":"f","elements":[{` + button + `,"name":"r","form_action_type":"submit"}]}]}`)},
	{RuleFormNested, "form in a form", inForm(`{"tag":"form","name":"g","elements":[{` + button + `,"name":"h","form_action_type":"submit"}]}`)},
	{RuleFormChart, "chart in a form", inForm(smallChart)},
	{RuleFormSubmit, "only a reset", body(`{"tag":"form","name":"f","elements":[{` + button + `,"name":"r","form_action_type":"reset"}]}`)},
	{RuleFormName, "input without a name", inForm(`{"tag":"input"}`)},
	{RuleFormName, "empty name", body(`{"tag":"form","name":"","elements":[{` + button + `,"name":"r","form_action_type":"submit"}]}`)},
	{RuleFormAction, "ordinary button", inForm(`{` + button + `,` + callback + `,"name":"x"}`)},
	{RuleActionType, "submit outside", body(`{` + button + `,"name":"x","form_action_type":"submit"}`)},
	{RuleNeed, "required outside", body(`{"tag":"input","name":"i","required":true}`)},
	{RuleMulti, "outside", body(`{"tag":"multi_select_static","name":"m",` + choices("a") + `}`)},
	{RuleMulti, "pictures outside", body(`{"tag":"select_img","name":"m","multi_select":true,"options":[{"img_key":"k","value":"a"}]}`)},
	{RuleTableRoot, "in a column", body(`{"tag":"column_set","columns":[{"tag":"column","elements":[` + smallTable + `]}]}`)},
	{RuleTableRoot, "in a form", inForm(smallTable)},
	{RuleTableColumn, "twice a", table(`{"name":"a","data_type":"text"},{"name":"a","data_type":"text"}`, `"a":"x"`)},
	{RuleTableKey, "cell without a column", table(`{"name":"a","data_type":"text"}`, `"a":"x","b":"y"`)},
	{RuleTableGap, "column without a cell", table(`{"name":"a","data_type":"text"}`, ``)},
	{RuleTableCell, "number as text", table(`{"name":"a","data_type":"number"}`, `"a":"1"`)},
	{RuleTableCell, "option colour", table(`{"name":"a","data_type":"options"}`, `"a":[{"text":"x","color":"pink"}]`)},

	{RuleConfirm, "ordinary button", body(`{` + button + `,` + callback + `,"confirm":{"title":{"tag":"plain_text","content":"t"},"text":{"tag":"plain_text","content":"x"}}}`)},
	{RuleNoEffect, "no behaviour", body(`{` + button + `}`)},
	{RuleCallback, "text as value", body(`{` + button + `,"behaviors":[{"type":"callback","value":"x"}]}`)},
	{RuleLink, "script", body(`{` + button + `,"behaviors":[{"type":"open_url","default_url":"javascript:x"}]}`)},
	{RuleLink, "card link", `{"schema":"2.0","card_link":{"url":"ftp://x"},"body":{"elements":[]}}`},
	{RuleOptions, "none", inForm(`{"tag":"select_static","name":"s","options":[]}`)},
	{RuleOption, "twice", inForm(`{"tag":"select_static","name":"s",` + choices("a a") + `}`)},
	{RuleInitial, "option", inForm(`{"tag":"select_static","name":"s","initial_option":"b",` + choices("a") + `}`)},
	{RuleInitial, "index", inForm(`{"tag":"select_static","name":"s","initial_index":2,` + choices("a") + `}`)},
	{RuleInitial, "selected", inForm(`{"tag":"multi_select_static","name":"s","selected_values":["b"],` + choices("a") + `}`)},
	{RuleDefault, "too long", inForm(`{"tag":"input","name":"i","max_length":2,"default_value":"abc"}`)},

	{RuleMention, "everybody", body(md(`hello <at id=all></at>`))},
	{RuleMention, "unfinished", body(md(`<at id=all`))},
	{RuleMention, "in a table cell", table(`{"name":"a","data_type":"lark_md"}`, `"a":"<at id=all>"`)},
	{RuleMention, "person", body(`{"tag":"div","text":{"tag":"lark_md","content":"<person id='ou_1'>"}}`)},
	{RuleHTML, "script", body(md(`<script>`))},
	{RuleHTML, "less than", body(md(`3 < 4`))},
	{RuleHTML, "in a translation", body(`{"tag":"markdown","content":"x","i18n_content":{"en_us":"<b>"}}`)},
	{RuleMdLink, "script", body(md(`[x](javascript:void)`))},
	{RuleMdLink, "attribute", body(md(`<a href='file:///etc'>x`))},
	{RuleMdTables, "five", body(md(strings.Repeat("|a|b|\n|---|---|\n|1|2|\n\n", 5)))},

	{RuleChartType, "unknown", chart(`{"type":"gauge"}`)},
	{RuleChartType, "text", chart(`"bar"`)},
	{RuleChartData, "no values", chart(`{"type":"pie","categoryField":"x","valueField":"y","data":{"values":[]}}`)},
	{RuleChartData, "text as value", chart(`{"type":"pie","categoryField":"x","valueField":"y","data":{"values":[{"x":"a","y":"1"}]}}`)},
	{RuleChartData, "object as value", chart(`{"type":"bar","xField":"x","yField":"y","data":{"values":[{"x":{},"y":1}]}}`)},
	{RuleChartField, "not in the data", chart(`{"type":"bar","xField":"x","yField":"y","data":[{"values":[{"x":"a"}]}]}`)},
	{RuleChartField, "not in the spec", chart(`{"type":"line","xField":"x","data":{"values":[{"x":"a","y":1}]}}`)},
}

func TestEachRuleRejectsAMinimalBrokenCard(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range broken {
		seen[c.rule] = true
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			ps := Validate([]byte(c.card))
			rules := map[string]bool{}
			for _, p := range ps {
				rules[p.Rule] = true
				if p.Message == "" {
					t.Errorf("no message: %v", p)
				}
			}
			many := c.rule == RuleMdTables && rules[RuleTables] // five tables are too many for the card, too
			if !rules[c.rule] || len(rules) != 1 && !many {
				t.Errorf("got %v, want only %s", ps, c.rule)
			}
		})
	}
	for _, rule := range allRules {
		if !seen[rule] {
			t.Errorf("no broken card for %s", rule)
		}
	}
}

// What stands next to the broken cards must be fine, or they prove nothing.
func TestValidCardsPass(t *testing.T) {
	for name, c := range map[string]string{
		"smallest":     body(""),
		"form":         inForm(`{"tag":"input","name":"i","max_length":1,"default_value":"a"}`),
		"five deep":    nested(5),
		"200 elements": body(times(200, `{"tag":"hr"}`)),
		"three tables": body(times(3, smallTable)),
		"five charts":  body(times(5, smallChart)),
		"50 columns":   manyColumns(50),
		"label of 100": body(`{"tag":"button","text":{"tag":"plain_text","content":"` + strings.Repeat("字", 100) + `"},` + callback + `}`),
		"markdown":     body(md("**b** <font color='red'>x</font><br>[l](https://example.com/a) ![p](img_1) :DONE:\n| a | b |\n|---|:-:|\n| 1 | 2 |")),
		"own text size": `{"schema":"2.0","config":{"style":{"text_size":{"mine":{"default":"medium"}},"color":{"c1":{"light_mode":"rgba(0,0,0,1)"}}}},
			"body":{"elements":[{"tag":"markdown","content":"x","text_size":"mine"},{"tag":"div","text":{"tag":"plain_text","content":"x","text_color":"c1"}}]}}`,
		"selects":       inForm(`{"tag":"select_static","name":"s","initial_option":"b",` + choices("a b") + `},{"tag":"select_person","name":"p","options":[]},{"tag":"multi_select_person","name":"q","required":false,"options":[]}`),
		"cells":         table(`{"name":"a","data_type":"number","format":{"precision":2,"symbol":"¥"}},{"name":"b","data_type":"persons"},{"name":"c","data_type":"options"},{"name":"d","data_type":"date","date_format":"YYYY"}`, `"a":1.5,"b":["ou_1"],"c":[{"text":"x","color":"blue"}],"d":1699341315000`),
		"translations":  body(`{"tag":"div","text":{"tag":"plain_text","content":"x","i18n_content":{"zh_cn":"字","en_us":"x"}}}`),
		"disabled":      body(`{` + button + `,"disabled":true,"disabled_tips":{"tag":"plain_text","content":"no"}}`),
		"mobile link":   body(`{` + button + `,"behaviors":[{"type":"open_url","default_url":"https://example.com","pc_url":"lark://msgcard/unsupported_action"}]}`),
		"grouped bars":  chart(`{"type":"bar","xField":["x","s"],"yField":"y","seriesField":"s","data":{"values":[{"x":"a","s":"1","y":null}]}}`),
		"sideways bars": chart(`{"type":"bar","direction":"horizontal","xField":"y","yField":"x","data":{"values":[{"x":"a","y":3}]}}`),
		"plain at":      body(`{"tag":"div","text":{"tag":"plain_text","content":"<at id=all>"}}`),
		"value is data": body(`{` + button + `,"behaviors":[{"type":"callback","value":{"tag":"note","x":{"tag":1}}}]}`),
		"checker":       body(`{"tag":"checker","name":"c","text":{"tag":"lark_md","content":"x"},"checked_style":{"opacity":0.5},"button_area":{"buttons":[{` + button + `,` + callback + `}]}}`),
		"container":     body(`{"tag":"interactive_container","width":"fill","behaviors":[{"type":"callback","value":{}}],"elements":[{"tag":"person","user_id":"ou_1","style":"capsule"}]}`),
	} {
		if ps := Validate([]byte(c)); len(ps) > 0 {
			t.Errorf("%s: %v", name, ps)
		}
	}
}

func TestPathsNameThePlace(t *testing.T) {
	ps := Validate([]byte(body(`{"tag":"hr"},{"tag":"column_set","columns":[{"tag":"column","elements":[{"tag":"div","text":{"tag":"plain_text","content":1}}]}]}`)))
	if len(ps) != 1 || ps[0].Path != "body.elements[1].columns[0].elements[0].text.content" {
		t.Errorf("problems %v", ps)
	}
}

func TestMessagesRepeatNoTextOfTheCard(t *testing.T) {
	secret := "13800138000"
	for _, p := range Validate([]byte(body(md("<"+secret+"> ["+secret+"](x:"+secret+")") + `,{"tag":"select_static","options":[],"initial_option":"` + secret + `"}`))) {
		if strings.Contains(p.String(), secret) {
			t.Errorf("%v", p)
		}
	}
}

func FuzzValidateNeverPanics(f *testing.F) {
	for _, c := range broken[:40] {
		if len(c.card) < 2000 {
			f.Add([]byte(c.card))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { Validate(b) })
}
