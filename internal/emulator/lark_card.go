package emulator

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"crmbot/cards/larkjson"
)

// cardError is the platform's refusal of a card.
func cardError(sub int, path, msg string) *LarkError {
	return &LarkError{Code: 230099, Msg: fmt.Sprintf("Failed to create card content, ext=ErrCode: %d; ErrPath: %s; ErrMsg: %s; ErrorValue: ; ", sub, path, msg)}
}

var atTag = regexp.MustCompile(`<(?:at|person) id=['"]?(\w+)`)

// checkCard refuses a card as the platform would; the caller holds the lock.
func (l *Lark) checkCard(raw []byte) *LarkError {
	if len(raw) > larkMaxCard {
		return &LarkError{Code: 230025, Msg: "The length of the message content reaches its limit."}
	}
	if l.opt.Trusting {
		return nil
	}
	if problems := larkjson.Validate(raw); len(problems) > 0 {
		p, sub := problems[0], 200621 // the platform names the first problem only
		switch p.Rule {
		case larkjson.RuleBytes:
			return &LarkError{Code: 230025, Msg: "The length of the message content reaches its limit."}
		case larkjson.RuleElements:
			return cardError(11310, "ROOT", "element exceeds the limit")
		case larkjson.RuleTables:
			return cardError(11310, "ROOT", "card table number over limit")
		case larkjson.RuleTag:
			sub = 200861
		}
		return cardError(sub, "ROOT -> "+p.Path, p.Rule)
	}
	var root any
	if json.Unmarshal(raw, &root) != nil {
		return cardError(200621, "ROOT", "parse card json err")
	}
	var e *LarkError
	eachNode(root, func(n map[string]any) {
		ids := []any{n["user_id"]}
		if list, ok := n["persons"].([]any); ok {
			for _, p := range list {
				if o, ok := p.(map[string]any); ok {
					ids = append(ids, o["id"])
				}
			}
		}
		if n["tag"] == "markdown" || n["tag"] == "lark_md" {
			for _, m := range atTag.FindAllStringSubmatch(fmt.Sprint(n["content"]), -1) {
				ids = append(ids, m[1])
			}
		}
		for _, id := range ids {
			if s, ok := id.(string); ok && s != "" && s != "all" && l.people[s] == nil && e == nil {
				e = cardError(100290, "ROOT", "invalid user resource")
			}
		}
		if key, ok := n["img_key"].(string); ok && e == nil {
			if _, known := l.blobs[key]; !known {
				e = cardError(200570, "ROOT", "invalid image keys")
			}
		}
	})
	return e
}

// eachNode calls fn for every object of a card except callback values and
// chart data.
func eachNode(v any, fn func(n map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		fn(v)
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if k != "value" && k != "behaviors" && k != "chart_spec" {
				eachNode(v[k], fn)
			}
		}
	case []any:
		for _, x := range v {
			eachNode(x, fn)
		}
	}
}

// LarkControl is a button of a card that can be pressed.
type LarkControl struct {
	Label, Name string
	// Value is the callback value, nil if the button has none.
	Value json.RawMessage
	// Form is the name of the form around a submit button; Fields are its inputs.
	Form     string
	Fields   []LarkField
	Disabled bool
}

// LarkField is one input of a form.
type LarkField struct {
	Tag, Name, Label string
	Default          any // string or []string
	Required         bool
	// Options are label and value of each choice.
	Options [][2]string
}

// LarkControls are the buttons of a card in the order of reading.
func LarkControls(card []byte) []LarkControl {
	var root struct {
		Body struct {
			Elements []json.RawMessage `json:"elements"`
		} `json:"body"`
	}
	if json.Unmarshal(card, &root) != nil {
		return nil
	}
	var out []LarkControl
	for _, e := range root.Body.Elements {
		collect(e, "", nil, &out)
	}
	return out
}

type cardNode struct {
	Tag      string            `json:"tag"`
	Name     string            `json:"name"`
	Elements []json.RawMessage `json:"elements"`
	Columns  []json.RawMessage `json:"columns"`
	Text     struct {
		Content string `json:"content"`
	} `json:"text"`
	Label struct {
		Content string `json:"content"`
	} `json:"label"`
	Behaviors []struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	} `json:"behaviors"`
	Submit   string `json:"form_action_type"`
	Disabled bool   `json:"disabled"`
	Required bool   `json:"required"`
	Options  []struct {
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
		Value string `json:"value"`
	} `json:"options"`
	DefaultValue   string   `json:"default_value"`
	InitialOption  string   `json:"initial_option"`
	InitialDate    string   `json:"initial_date"`
	InitialTime    string   `json:"initial_time"`
	SelectedValues []string `json:"selected_values"`
}

var inputTags = []string{"input", "select_static", "multi_select_static", "select_person", "multi_select_person", "date_picker", "picker_time", "picker_datetime"}

func collect(raw json.RawMessage, form string, fields []LarkField, out *[]LarkControl) {
	var n cardNode
	if json.Unmarshal(raw, &n) != nil {
		return
	}
	if n.Tag == "form" {
		form, fields = n.Name, formFields(n.Elements)
	}
	if n.Tag == "button" {
		c := LarkControl{Label: n.Text.Content, Name: n.Name, Disabled: n.Disabled}
		if n.Submit == "submit" {
			c.Form, c.Fields = form, fields
		}
		callback := n.Submit == "submit"
		for _, b := range n.Behaviors {
			if b.Type == "callback" {
				c.Value, callback = b.Value, true
			}
		}
		if callback {
			*out = append(*out, c)
		}
	}
	for _, e := range append(slices.Clone(n.Elements), n.Columns...) {
		collect(e, form, fields, out)
	}
}

// formFields finds the inputs of a form; the text before an input without a
// label of its own is its label.
func formFields(elements []json.RawMessage) []LarkField {
	var out []LarkField
	before := ""
	for _, e := range elements {
		var n cardNode
		if json.Unmarshal(e, &n) != nil {
			continue
		}
		if n.Tag == "div" || n.Tag == "markdown" {
			before = strings.TrimSuffix(n.Text.Content, " *")
			continue
		}
		if !slices.Contains(inputTags, n.Tag) {
			out = append(out, formFields(append(slices.Clone(n.Elements), n.Columns...))...)
			continue
		}
		f := LarkField{Tag: n.Tag, Name: n.Name, Label: n.Label.Content, Required: n.Required, Default: n.DefaultValue + n.InitialOption + n.InitialDate + n.InitialTime}
		if f.Label == "" {
			f.Label = before
		}
		if len(n.SelectedValues) > 0 {
			f.Default = n.SelectedValues
		}
		for _, o := range n.Options {
			f.Options = append(f.Options, [2]string{o.Text.Content, o.Value})
		}
		out = append(out, f)
	}
	return out
}

// LarkCardText is every word of a card, one text a line: what a person reads.
func LarkCardText(card []byte) string {
	var root map[string]any
	if json.Unmarshal(card, &root) != nil {
		return ""
	}
	delete(root, "config")
	var b strings.Builder
	words(root["header"], &b)
	words(root["body"], &b)
	return strings.TrimRight(b.String(), "\n")
}

var markup = regexp.MustCompile(`</?[a-z_]+[^<>]*>`)

// plainMarkdown takes the markup out of markdown.
func plainMarkdown(s string) string {
	return html.UnescapeString(strings.ReplaceAll(markup.ReplaceAllString(s, ""), "**", ""))
}

func words(v any, b *strings.Builder) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			words(x, b)
		}
	case map[string]any:
		tag, _ := v["tag"].(string)
		if s, ok := v["content"].(string); ok {
			if tag == "markdown" || tag == "lark_md" {
				s = plainMarkdown(s)
			}
			b.WriteString(s + "\n")
			return
		}
		switch tag {
		case "table":
			tableWords(v, b)
			return
		case "chart":
			chartWords(v["chart_spec"], b)
			return
		}
		for _, k := range []string{"title", "subtitle", "text_tag_list", "header", "label", "text", "placeholder", "options", "disabled_tips", "elements", "columns"} {
			words(v[k], b)
		}
		for _, k := range []string{"default_value", "initial_date", "initial_time"} {
			if s, ok := v[k].(string); ok {
				b.WriteString(s + "\n")
			}
		}
	}
}

func tableWords(t map[string]any, b *strings.Builder) {
	var names []string
	cols, _ := t["columns"].([]any)
	for _, c := range cols {
		if m, ok := c.(map[string]any); ok {
			names = append(names, fmt.Sprint(m["name"]))
			fmt.Fprintf(b, "%v\t", m["display_name"])
		}
	}
	b.WriteByte('\n')
	rows, _ := t["rows"].([]any)
	for _, r := range rows {
		m, _ := r.(map[string]any)
		for _, n := range names {
			switch x := m[n].(type) {
			case string:
				b.WriteString(plainMarkdown(x))
			case []any:
				for _, o := range x {
					if om, ok := o.(map[string]any); ok {
						fmt.Fprint(b, om["text"])
					}
				}
			case nil:
			default:
				fmt.Fprint(b, x)
			}
			b.WriteByte('\t')
		}
		b.WriteByte('\n')
	}
}

func chartWords(v any, b *strings.Builder) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			chartWords(x, b)
		}
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if k == "data" || k == "values" || k == "title" || k == "text" {
				chartWords(v[k], b)
				continue
			}
			switch x := v[k].(type) {
			case string, float64:
				fmt.Fprintf(b, "%v ", x)
			}
		}
		b.WriteByte('\n')
	case string:
		b.WriteString(v + "\n")
	}
}
