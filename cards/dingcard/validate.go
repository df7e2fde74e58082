package dingcard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that DingTalk would refuse or show wrongly.
type Problem struct {
	Field string // the variable or part
	Text  string
}

// Validate checks what was rendered against DingTalk's limits. Nil means that
// nothing is known to be wrong.
func Validate(o Out) []Problem {
	v := &validator{}
	switch {
	case o.Message != nil && o.Params != nil:
		v.add("out", "both a card and a message")
	case o.Message != nil:
		v.message(*o.Message, o.Images)
	case o.Params != nil:
		v.card(o)
	default:
		v.add("out", "neither a card nor a message")
	}
	if o.Alert == "" || !utf8.ValidString(o.Alert) || strings.Contains(o.Alert, "\n") {
		v.add("alert", "must be one line of text")
	}
	return v.problems
}

type validator struct{ problems []Problem }

func (v *validator) add(field, format string, a ...any) {
	v.problems = append(v.problems, Problem{field, fmt.Sprintf(format, a...)})
}

func (v *validator) card(o Out) {
	if o.TemplateID == "" {
		v.add("cardTemplateId", "is empty")
	}
	for k, s := range o.Params {
		if k == "" || len(k) > KeyLimit {
			v.add(k, "key of %d bytes, at most %d", len(k), KeyLimit)
		}
		if len(s) > ParamLimit {
			v.add(k, "%d bytes, at most %d", len(s), ParamLimit)
		}
		if !utf8.ValidString(s) {
			v.add(k, "not UTF-8")
		}
	}
	for _, k := range []string{"title", "markdown", "sys_full_json_obj"} {
		if _, ok := o.Params[k]; !ok {
			v.add(k, "is missing")
		}
	}
	if strings.TrimSpace(o.Params["title"]) == "" {
		v.add("title", "is empty")
	}
	v.markdown("markdown", o.Params["markdown"], o.Images)
	v.buttons(o.Params["sys_full_json_obj"])
	if f, ok := o.Params["form"]; ok {
		v.form(f)
	}
}

func (v *validator) buttons(raw string) {
	var obj struct {
		Buttons []struct {
			Text, Color, ID, URL, IOSURL string
			Request                      bool
			Params                       map[string]any
		} `json:"msgButtons"`
	}
	if err := json.Unmarshal([]byte(raw), &obj); err != nil || obj.Buttons == nil {
		v.add("sys_full_json_obj", "not an object with msgButtons: %v", err)
		return
	}
	ids := map[string]bool{}
	for i, b := range obj.Buttons {
		field := fmt.Sprintf("msgButtons[%d]", i)
		if strings.TrimSpace(b.Text) == "" {
			v.add(field, "has no text")
		}
		if b.Color != "blue" && b.Color != "gray" && b.Color != "red" {
			v.add(field, "color %q", b.Color)
		}
		if b.Request {
			if b.ID == "" || ids[b.ID] {
				v.add(field, "id %q is empty or used twice", b.ID)
			}
			ids[b.ID] = true
			if a, _ := b.Params[paramAction].(string); a == "" {
				v.add(field, "names no action in params")
			}
			for k, p := range b.Params {
				if _, ok := p.(string); !ok {
					v.add(field, "param %s is not a string", k)
				}
			}
		} else if !httpURL(b.URL) {
			v.add(field, "does nothing")
		}
	}
}

var formTypes = map[string]bool{"TEXT": true, "TEXT_AREA": true, "NUMBER": true, "SELECT": true, "MULTI_SELECT": true, "DATE": true, "TIME": true}

func (v *validator) form(raw string) {
	var obj struct{ Fields []formField }
	if err := json.Unmarshal([]byte(raw), &obj); err != nil || len(obj.Fields) == 0 {
		v.add("form", "not an object with fields: %v", err)
		return
	}
	names := map[string]bool{}
	for i, f := range obj.Fields {
		field := fmt.Sprintf("form.fields[%d]", i)
		if f.Name == "" || names[f.Name] {
			v.add(field, "name %q is empty or used twice", f.Name)
		}
		names[f.Name] = true
		if f.Label == "" {
			v.add(field, "has no label")
		}
		if !formTypes[f.Type] {
			v.add(field, "type %q", f.Type)
		}
		if (f.Type == "SELECT" || f.Type == "MULTI_SELECT") && len(f.Options) == 0 {
			v.add(field, "has no options")
		}
		values := map[string]bool{}
		for _, o := range f.Options {
			if o.Value == "" || o.Text == "" || values[o.Value] {
				v.add(field, "option %q is empty or used twice", o.Value)
			}
			values[o.Value] = true
		}
	}
	if !names[wiresField] {
		v.add("form", "carries no action")
	}
}

func (v *validator) message(m Message, images []Image) {
	if strings.TrimSpace(m.Title) == "" {
		v.add("title", "is empty")
	}
	if strings.TrimSpace(m.Text) == "" {
		v.add("text", "is empty")
	}
	if len(m.Buttons) > MessageButtons {
		v.add("buttons", "%d, at most %d", len(m.Buttons), MessageButtons)
		return
	}
	for i, b := range m.Buttons {
		field := fmt.Sprintf("buttons[%d]", i)
		if strings.TrimSpace(b.Title) == "" {
			v.add(field, "has no title")
		}
		if !httpURL(b.URL) && !sendURL(b.URL) {
			v.add(field, "opens %q", b.URL)
		}
	}
	v.markdown("text", m.Text, images)
	key, param, err := m.Robot()
	if err != nil {
		v.add("msgParam", "%v", err)
		return
	}
	if len(param) > MessageLimit {
		v.add("msgParam", "%s with %d bytes, at most %d", key, len(param), MessageLimit)
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(param), &fields); err != nil {
		v.add("msgParam", "not an object of strings: %v", err)
	}
	if body, err := m.Webhook(); err != nil || len(body) > WebhookLimit {
		v.add("webhook", "%d bytes, at most %d (%v)", len(body), WebhookLimit, err)
	}
}

// links finds the targets of links and pictures.
var links = regexp.MustCompile(`(!?)\[[^\]]*\]\(([^)]*)\)`)

// markdown checks that every link leads to a page, sends a command or is a
// picture that is known.
func (v *validator) markdown(field, s string, images []Image) {
	known := map[string]bool{}
	for _, i := range images {
		known[i.Placeholder] = true
	}
	if !utf8.ValidString(s) {
		v.add(field, "not UTF-8")
	}
	for _, m := range links.FindAllStringSubmatch(s, -1) {
		picture, target := m[1] == "!", m[2]
		switch {
		case picture && (known[target] || strings.HasPrefix(target, "@") || httpURL(target)):
		case !picture && (httpURL(target) || sendURL(target)):
		default:
			v.add(field, "link to %q", target)
		}
	}
	if strings.Contains(strings.ToLower(s), "@all") {
		v.add(field, "mentions everybody")
	}
}

func httpURL(u string) bool {
	return (strings.HasPrefix(u, "http://") || strings.HasPrefix(u, "https://")) && !strings.ContainsAny(u, " \n()<>")
}

func sendURL(u string) bool {
	return strings.HasPrefix(u, sendPrefix) && len(u) > len(sendPrefix) && !strings.ContainsAny(u, " \n()<>")
}
