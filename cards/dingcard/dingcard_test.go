package dingcard_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"crmbot/cards/card"
	"crmbot/cards/chart"
	"crmbot/cards/dingcard"
	"crmbot/cards/internal/cardtest"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files")

var levels = map[string]dingcard.Level{"public": dingcard.LevelPublic, "template": dingcard.LevelTemplate, "plain": dingcard.LevelPlain}

// options draw charts as one pixel, because a real one takes long; see
// TestChartsAreDrawnUnlessTheyCannotBe for real ones.
var options = dingcard.Options{FormTemplate: "form.schema", Chart: func(c card.Chart, _ crm.Lang) ([]byte, error) {
	return cardtest.Pixel(), chart.Check(c)
}}

type fataler interface{ Fatalf(string, ...any) }

func render(t fataler, c card.Card, l dingcard.Level) (dingcard.Out, []card.Lossy) {
	out, lossy, err := dingcard.Render(c, l, options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return out, lossy
}

// markdown is the text that people see.
func markdown(o dingcard.Out) string {
	if o.Message != nil {
		return o.Message.Text
	}
	return o.Params["markdown"]
}

// show is a rendering as a readable file; JSON variables are indented.
func show(o dingcard.Out, lossy []card.Lossy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "alert: %s\n", o.Alert)
	if m := o.Message; m != nil {
		key, _, _ := m.Robot()
		fmt.Fprintf(&b, "%s\ntitle: %s\n----\n%s\n----\n", key, m.Title, m.Text)
		for _, l := range m.Buttons {
			fmt.Fprintf(&b, "[%s] %s\n", l.Title, l.URL)
		}
	} else {
		fmt.Fprintf(&b, "template: %s\n", o.TemplateID)
		var keys []string
		for k := range o.Params {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			v := o.Params[k]
			var pretty bytes.Buffer
			if json.Indent(&pretty, []byte(v), "", "  ") == nil {
				v = pretty.String()
			}
			fmt.Fprintf(&b, "---- %s\n%s\n", k, v)
		}
	}
	for _, i := range o.Images {
		fmt.Fprintf(&b, "image %s: %s\n", i.Placeholder, i.Alt)
	}
	for _, l := range lossy {
		fmt.Fprintf(&b, "lossy %s: %s\n", l.Block, l.Shown)
	}
	return b.String()
}

func TestSamplesMatchGoldenFilesAndValidate(t *testing.T) {
	for name, level := range levels {
		for lang, l := range cardtest.Langs {
			for _, s := range cardtest.Samples(l) {
				out, lossy := render(t, s.Card, level)
				if p := dingcard.Validate(out); p != nil {
					t.Errorf("%s %s %s: %v", s.Name, lang, name, p)
				}
				cardtest.Golden(t, *update, name+"/"+s.Name+"."+lang+".txt", show(out, lossy))
			}
		}
	}
}

func TestLanguagesDoNotMix(t *testing.T) {
	for name, level := range levels {
		for _, s := range cardtest.Samples(crm.English) {
			out, _ := render(t, s.Card, level)
			for _, r := range show(out, nil) {
				if unicode.Is(unicode.Han, r) || strings.ContainsRune("，。：；（）、", r) {
					t.Errorf("%s %s: %q in an English card", s.Name, name, r)
					break
				}
			}
		}
		for _, s := range cardtest.Samples(crm.Chinese) {
			out, _ := render(t, s.Card, level)
			for _, w := range []string{"reply", "Reply", "unavailable", "takes effect", "More", "People", "not shown", "required", "No rows"} {
				if strings.Contains(strings.ReplaceAll(show(out, nil), "required\":", ""), w+" ") {
					t.Errorf("%s %s: %q in a Chinese card", s.Name, name, w)
				}
			}
		}
	}
}

// buttons are the buttons of a card by their text.
func buttons(t *testing.T, o dingcard.Out) map[string]map[string]any {
	t.Helper()
	var obj struct {
		Buttons []map[string]any `json:"msgButtons"`
	}
	if err := json.Unmarshal([]byte(o.Params["sys_full_json_obj"]), &obj); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for _, b := range obj.Buttons {
		out[b["text"].(string)] = b
	}
	return out
}

// click is the callback that DingTalk sends for a button.
func click(t *testing.T, b map[string]any) dingcard.Click {
	t.Helper()
	content, err := json.Marshal(map[string]any{"cardPrivateData": map[string]any{"actionIds": []any{b["id"]}, "params": b["params"]}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dingcard.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPublicButtonsCallBackWithTheirAction(t *testing.T) {
	out, _ := render(t, cardtest.Lead(crm.Chinese), dingcard.LevelPublic)
	if out.TemplateID != dingcard.PublicTemplate {
		t.Errorf("template %s", out.TemplateID)
	}
	bs := buttons(t, out)
	claim := bs["认领"]
	if claim["id"] != "sample.claim" || claim["request"] != true || claim["color"] != "blue" {
		t.Errorf("claim button %v", claim)
	}
	if c := click(t, claim); c.Wire.Name != "sample.claim" || string(c.Wire.Payload) != `{"lead":12}` {
		t.Errorf("claim sends %s %s", c.Wire.Name, c.Wire.Payload)
	}
	if bs["释放"]["color"] != "red" || bs["官网"]["url"] != "https://example.com/?a=1&b=2" {
		t.Errorf("buttons %v", bs)
	}
	if _, ok := bs["转给同事"]; ok {
		t.Error("a disabled button can be pressed")
	}
	for _, want := range []string{"转给同事：不可用，只有负责人可以转交", "释放 L-12？ 7 天内不能再认领", "/跟进 L-12"} {
		if !strings.Contains(out.Params["markdown"], want) {
			t.Errorf("%q is missing in %s", want, out.Params["markdown"])
		}
	}
}

func TestTheNameOfTheActionIsFoundInIDOrParams(t *testing.T) {
	for content, want := range map[string]string{
		`{"cardPrivateData":{"actionIds":["sample.claim"],"params":{}}}`:      "sample.claim",
		`{"cardPrivateData":{"actionIds":["sample.claim#2"]}}`:                "sample.claim",
		`{"cardPrivateData":{"actionIds":["sample.claim_3"]}}`:                "sample.claim",
		`{"cardPrivateData":{"actionIds":["button_1"],"params":{"a":"x.y"}}}`: "x.y",
		`{"cardPrivateData":{"actionIds":[],"params":{}}}`:                    "",
		`{}`: "",
	} {
		c, err := dingcard.Decode([]byte(content))
		if err != nil || c.Wire.Name != want {
			t.Errorf("%s: %q, %v", content, c.Wire.Name, err)
		}
	}
	for _, bad := range []string{``, `[]`, `{"cardPrivateData":{"params":{"a":"x","p":"{"}}}`, `{"cardPrivateData":{"params":{"form":{"x":"1"}}}}`,
		`{"cardPrivateData":{"params":{"form":{"_wires":"[{\"a\":\"x\"},{\"a\":\"y\"}]","_button":{"value":"7"}}}}}`} {
		if c, err := dingcard.Decode([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, c)
		}
	}
}

// rows is the pool with so many rows.
func rows(n int) card.Card {
	pool := cardtest.Pool(crm.Chinese)
	for i, b := range pool.Blocks {
		if table, ok := b.(card.Table); ok {
			table.Rows = table.Rows[:n]
			pool.Blocks[i] = table
		}
	}
	return pool
}

func TestRowsOfASmallTableHaveButtonsBelow(t *testing.T) {
	out, _ := render(t, rows(5), dingcard.LevelPublic)
	bs := buttons(t, out)
	for i := 20; i < 25; i++ {
		label := fmt.Sprintf("认领 L-%d", i)
		if c := click(t, bs[label]); string(c.Wire.Payload) != fmt.Sprintf(`{"lead":%d}`, i) {
			t.Errorf("%s sends %s", label, c.Wire.Payload)
		}
	}
	// More would be a longer list than the table; their commands stand in the
	// rows, also of those that other platforms show on a second page.
	out, _ = render(t, rows(12), dingcard.LevelPublic)
	if bs := buttons(t, out); len(bs) != 1 || !strings.Contains(out.Params["markdown"], "| /认领 L-31 |") {
		t.Errorf("twelve rows: %d buttons, %s", len(bs), out.Params["markdown"])
	}
}

func TestPublicFormBecomesItsCommand(t *testing.T) {
	out, lossy := render(t, cardtest.VisitForm(crm.Chinese), dingcard.LevelPublic)
	if !slices.Contains(lossy, card.Lossy{Block: "form", Shown: "text command"}) {
		t.Errorf("the form's loss is not said: %v", lossy)
	}
	for _, want := range []string{"/拜访 华星 电话 聊了报价 明天回访", "客户（必填）", "价格 / 账期 / 演示"} {
		if !strings.Contains(out.Params["markdown"], want) {
			t.Errorf("%q is missing", want)
		}
	}
	if bs := buttons(t, out); len(bs) != 0 {
		t.Errorf("a form with required inputs has buttons without them: %v", bs)
	}
}

func TestFormWithoutRequiredInputsKeepsItsButtons(t *testing.T) {
	c := cardtest.Approval(crm.Chinese)
	for i, b := range c.Blocks {
		if f, ok := b.(card.Form); ok {
			f.Inputs = append(slices.Clone(f.Inputs), card.Input{Kind: card.TextInput, Name: "n", Label: "编号", Default: "7", Required: true})
			c.Blocks[i] = f
		}
	}
	out, _ := render(t, c, dingcard.LevelPublic)
	bs := buttons(t, out)
	yes, no := click(t, bs["同意"]), click(t, bs["驳回"])
	if string(yes.Wire.Payload) != `{"request":7,"verdict":"approve"}` || string(no.Wire.Payload) != `{"request":7,"verdict":"reject"}` {
		t.Errorf("payloads %s and %s", yes.Wire.Payload, no.Wire.Payload)
	}
	if bs["同意"]["id"] == bs["驳回"]["id"] {
		t.Error("two buttons with one id")
	}
	if yes.Values["n"] != "7" || len(yes.Values) != 1 {
		t.Errorf("values %v, want the default", yes.Values)
	}
}

func TestFormTemplateCarriesTheWholeForm(t *testing.T) {
	out, _ := render(t, cardtest.VisitForm(crm.Chinese), dingcard.LevelTemplate)
	if out.TemplateID != "form.schema" || out.Params["form_btn_text"] != "提交" {
		t.Errorf("template %s, button %q", out.TemplateID, out.Params["form_btn_text"])
	}
	var form struct{ Fields []map[string]any }
	if err := json.Unmarshal([]byte(out.Params["form"]), &form); err != nil {
		t.Fatal(err)
	}
	types := map[string]any{}
	submitted := map[string]any{}
	for _, f := range form.Fields {
		name := f["name"].(string)
		types[name] = f["type"]
		if d := f["defaultValue"]; d != nil {
			submitted[name] = d // the reader changes nothing
		}
	}
	for name, want := range map[string]string{"customer": "TEXT", "way": "SELECT", "topics": "MULTI_SELECT", "companion": "SELECT", "day": "DATE",
		"at": "TIME", "people": "NUMBER", "quote": "TEXT", "note": "TEXT_AREA"} {
		if types[name] != want {
			t.Errorf("%s is %v, want %s", name, types[name], want)
		}
	}
	submitted["note"] = "聊了报价"
	submitted["_button"] = map[string]any{"index": 1, "value": "1"}
	content, _ := json.Marshal(map[string]any{"cardPrivateData": map[string]any{"actionIds": []string{"form"}, "params": map[string]any{"form": submitted}}})
	c, err := dingcard.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if c.Wire.Name != "sample.decide" || string(c.Wire.Payload) != `{"request":0,"verdict":"draft"}` {
		t.Errorf("the second button sends %s %s", c.Wire.Name, c.Wire.Payload)
	}
	for name, want := range map[string]string{"customer": "华星贸易", "way": "call", "topics": "price,terms", "day": "2026-03-02", "note": "聊了报价"} {
		if c.Values[name] != want {
			t.Errorf("%s = %q, want %q", name, c.Values[name], want)
		}
	}
	if _, ok := c.Values["_wires"]; ok {
		t.Error("the form's own fields are among the values")
	}
}

func TestFormThatDoesNotFitBecomesItsCommand(t *testing.T) {
	in := card.Input{Kind: card.SelectInput, Name: "c", Label: "客户"}
	for i := range 200 {
		in.Options = append(in.Options, card.Option{Value: fmt.Sprint(i), Label: fmt.Sprintf("客户 %d", i)})
	}
	c := card.Card{Title: "t", Blocks: []card.Block{card.Form{Name: "f", Inputs: []card.Input{in}, Example: "/选 1",
		Submit: card.Button{Label: "好", Action: cardtest.Log{}, Command: "/选"}}}}
	out, _ := render(t, c, dingcard.LevelTemplate)
	if _, ok := out.Params["form"]; ok || out.TemplateID != dingcard.PublicTemplate {
		t.Error("the form is on the form template")
	}
	if p := dingcard.Validate(out); p != nil {
		t.Error(p)
	}
	if !strings.Contains(out.Params["markdown"], "/选 1") {
		t.Error("the command is missing")
	}
}

func TestPlainButtonsSendTheirCommand(t *testing.T) {
	out, _ := render(t, cardtest.Lead(crm.Chinese), dingcard.LevelPlain)
	key, param, err := out.Message.Robot()
	if err != nil || key != "sampleActionCard3" {
		t.Fatalf("%s, %v", key, err)
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(param), &fields); err != nil {
		t.Fatal(err)
	}
	if fields["actionTitle1"] != "认领" || fields["actionURL1"] != "dtmd://dingtalkclient/sendMessage?content=%2F%E8%AE%A4%E9%A2%86%20L-12" {
		t.Errorf("first button %s %s", fields["actionTitle1"], fields["actionURL1"])
	}
	if fields["actionURL3"] != "https://example.com/?a=1&b=2" {
		t.Errorf("third button opens %s", fields["actionURL3"])
	}
	if !strings.Contains(out.Message.Text, "[3 次]("+dingcard.SendLink("/跟进 L-12")+")") {
		t.Error("the value does not open its evidence")
	}
}

func TestNumberOfPlainButtons(t *testing.T) {
	for n, want := range map[int]string{0: "sampleMarkdown", 1: "sampleActionCard", 2: "sampleActionCard2", 5: "sampleActionCard5", 6: "sampleMarkdown"} {
		c := card.Card{Title: "t", Blocks: []card.Block{card.P("x")}}
		for i := range n {
			c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: fmt.Sprint("b", i), Action: cardtest.Log{}, Command: fmt.Sprint("/x ", i)}}})
		}
		out, lossy := render(t, c, dingcard.LevelPlain)
		key, _, _ := out.Message.Robot()
		if key != want {
			t.Errorf("%d buttons: %s, want %s", n, key, want)
		}
		if n == 6 {
			if strings.Count(out.Message.Text, "](dtmd://") != 6 || len(lossy) != 1 {
				t.Errorf("six buttons are %s, %v", out.Message.Text, lossy)
			}
		}
		if body, err := out.Message.Webhook(); err != nil || !json.Valid([]byte(body)) {
			t.Errorf("webhook body %s, %v", body, err)
		}
	}
}

func TestChartsArePicturesThatAreFilledIn(t *testing.T) {
	for name, level := range levels {
		out, _ := render(t, cardtest.Charts(crm.Chinese), level)
		if len(out.Images) != 7 {
			t.Fatalf("%s: %d pictures", name, len(out.Images))
		}
		ids := map[string]string{}
		for i, img := range out.Images[1:] {
			ids[img.Placeholder] = fmt.Sprintf("@lAL%d", i)
		}
		full := out.Fill(ids)
		md := markdown(full)
		if strings.Contains(md, "media-") || len(full.Images) != 0 {
			t.Errorf("%s: placeholders are left in %s", name, md)
		}
		if !strings.Contains(md, "![来源客户数](@lAL0)") {
			t.Errorf("%s: the second picture is not filled in: %s", name, md)
		}
		if !strings.Contains(md, "［图片：签约金额］") || strings.Contains(md, "![签约金额]") {
			t.Errorf("%s: the picture that failed has no text", name)
		}
		if p := dingcard.Validate(full); p != nil {
			t.Errorf("%s: %v", name, p)
		}
		if !strings.Contains(markdown(out), "media-1") {
			t.Errorf("%s: Fill changed the original", name)
		}
	}
}

func TestChartsAreDrawnUnlessTheyCannotBe(t *testing.T) {
	report := cardtest.Report(crm.Chinese)
	out, _, err := dingcard.Render(report, dingcard.LevelPublic, dingcard.Options{})
	if err != nil || len(out.Images) != 1 {
		t.Fatal(err, out.Images)
	}
	if img, err := png.Decode(bytes.NewReader(out.Images[0].Data)); err != nil || img.Bounds().Dx() < 600 {
		t.Errorf("not a picture for a phone: %v", err)
	}
	bad := card.Chart{Kind: card.BarChart, Title: "坏图", Categories: []string{"甲"}, Series: []card.Series{{Values: []float64{math.NaN()}}}}
	out, lossy, err := dingcard.Render(card.Card{Title: "t", Blocks: []card.Block{bad}}, dingcard.LevelPublic, dingcard.Options{})
	if err != nil || len(out.Images) != 0 || len(lossy) != 1 || !strings.Contains(out.Params["markdown"], "坏图") || !strings.Contains(out.Params["markdown"], "甲") {
		t.Errorf("a chart that cannot be drawn: %v %v %v", out, lossy, err)
	}
}

func TestLongCardsAreCutAndSayHowMuch(t *testing.T) {
	c := card.Card{Title: strings.Repeat("长", 500), Lang: crm.Chinese}
	for i := range 2000 {
		c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{{Label: fmt.Sprintf("第 %d 项", i), Value: "说明文字", Tone: card.Danger}}})
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: "确定", Action: cardtest.Log{}, Command: "/好"}}})
	for name, level := range levels {
		out, lossy := render(t, c, level)
		if p := dingcard.Validate(out); p != nil {
			t.Errorf("%s: %v", name, p)
		}
		md := markdown(out)
		if strings.Count(md, "**")%2 != 0 || strings.Count(md, "<font") != strings.Count(md, "</font>") {
			t.Errorf("%s: cut inside markup", name)
		}
		shown := strings.Count(md, "第 ")
		if said := fmt.Sprintf("还有 %d 行未显示", 2000-shown); !strings.Contains(md+out.Params["tips"], said) {
			t.Errorf("%s: does not say %q", name, said)
		}
		if !slices.Contains(lossy, card.Lossy{Block: "card", Shown: "the first part"}) {
			t.Errorf("%s: lossy %v", name, lossy)
		}
		if level != dingcard.LevelPlain && buttons(t, out)["确定"] == nil {
			t.Errorf("%s: the button was cut off", name)
		}
	}
}

func TestOneLongParagraphIsCutInside(t *testing.T) {
	c := card.Card{Title: "t", Blocks: []card.Block{card.B(strings.Repeat("很长的话", 3000))}}
	for name, level := range levels {
		out, _ := render(t, c, level)
		if p := dingcard.Validate(out); p != nil {
			t.Errorf("%s: %v", name, p)
		}
		if md := markdown(out); !strings.Contains(md, "很长的话很长的话") || strings.Contains(md, "**") {
			t.Errorf("%s: %.80s", name, md)
		}
	}
}

func TestTooManyButtonsBecomeCommands(t *testing.T) {
	c := card.Card{Title: "t", Blocks: []card.Block{card.P("x")}}
	for i := range 40 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: fmt.Sprint("认领", i), Action: cardtest.Claim{Lead: int64(i)}, Command: fmt.Sprint("/认领 L-", i)}}})
	}
	out, _ := render(t, c, dingcard.LevelPublic)
	if p := dingcard.Validate(out); p != nil {
		t.Error(p)
	}
	bs := buttons(t, out)
	for i := range 40 {
		_, pressed := bs[fmt.Sprint("认领", i)]
		typed := strings.Contains(out.Params["markdown"]+"\n", fmt.Sprintf("回复 /认领 L-%d ", i)) || strings.Contains(out.Params["markdown"]+"\n", fmt.Sprintf("回复 /认领 L-%d\n", i))
		if pressed == typed {
			t.Errorf("button %d: pressed %v, typed %v", i, pressed, typed)
		}
	}
}

func TestLinksMustBeHTTP(t *testing.T) {
	for _, u := range []string{"javascript:alert(1)", "dtmd://dingtalkclient/sendMessage?content=x", "//evil"} {
		for name, b := range map[string]card.Block{
			"span":   card.Text{Spans: []card.Span{{Text: "x", URL: u}}},
			"button": card.Buttons{Items: []card.Button{{Label: "x", URL: u}}},
		} {
			for _, level := range levels {
				if _, _, err := dingcard.Render(card.Card{Title: "t", Blocks: []card.Block{b}}, level, options); err == nil {
					t.Errorf("%s with link %q was rendered", name, u)
				}
			}
		}
	}
	if _, _, err := dingcard.Render(cardtest.Lead(crm.Chinese), "nonsense", options); err == nil {
		t.Error("an unknown level was rendered")
	}
}
