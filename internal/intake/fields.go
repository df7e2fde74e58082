package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// Limits of a request.
const (
	MaxBody   = 32 << 10 // bytes
	maxFields = 60
	maxName   = 40   // characters of a field's name
	maxExtra  = 300  // of the value of a field that is only noted
	maxNote   = 1000 // of all of them together
)

// Trap is the field of a form that people do not see: who fills it in is a
// machine. KeyField is where a form that cannot set headers has its key.
const (
	Trap     = "website"
	KeyField = "key"
)

// known are the fields that become the lead's own, with their greatest length in
// characters. The lead's own rules bound them too; these name the field.
var known = []struct {
	name string
	max  int
	what crm.Text
	to   func(*lead.Info) *string
}{
	{"company", 100, crm.Text{Zh: "公司", En: "company"}, func(i *lead.Info) *string { return &i.Company }},
	{"contact", 50, crm.Text{Zh: "联系人", En: "contact"}, func(i *lead.Info) *string { return &i.Contact }},
	{"phone", 60, crm.Text{Zh: "电话", En: "phone"}, func(i *lead.Info) *string { return &i.Phone }},
	{"email", 100, crm.Text{Zh: "邮箱", En: "e-mail"}, func(i *lead.Info) *string { return &i.Email }},
	{"city", 30, crm.Text{Zh: "城市", En: "city"}, func(i *lead.Info) *string { return &i.City }},
	{"need", 1000, crm.Text{Zh: "需求", En: "need"}, func(i *lead.Info) *string { return &i.Need }},
	{"campaign", 60, crm.Text{Zh: "活动", En: "campaign"}, func(i *lead.Info) *string { return &i.Campaign }},
}

// problem is a request that is answered with a 4xx.
type problem struct {
	status int
	// code is stable for programs, field is the field that it is about.
	code, field string
	err         *crm.Error
}

// Error implements error.
func (p *problem) Error() string { return p.code + ": " + p.err.Error() }

func bad(status int, code, field, zh, en string) *problem {
	return &problem{status, code, field, crm.Invalid(zh, en)}
}

// parseJSON reads a flat object of texts, numbers and truth values.
func parseJSON(body []byte) (map[string]string, *problem) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil || raw == nil {
		return nil, bad(400, "bad_json", "", "请求体不是 JSON 对象", "the body is not a JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(400, "bad_json", "", "JSON 对象之后还有内容", "there is something after the JSON object")
	}
	out := make(map[string]string, len(raw))
	for _, k := range slices.Sorted(maps.Keys(raw)) {
		switch v := raw[k].(type) {
		case nil:
		case string:
			out[k] = v
		case json.Number:
			out[k] = v.String()
		case bool:
			out[k] = fmt.Sprint(v)
		default:
			return nil, bad(422, "bad_field", k, "字段 "+k+" 应是文字或数字", "the field "+k+" must be a text or a number")
		}
	}
	return out, nil
}

// parseForm reads form encoding; several values of one field become one.
func parseForm(body []byte) (map[string]string, *problem) {
	vs, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, bad(400, "bad_form", "", "表单编码不对", "the form encoding is wrong")
	}
	out := make(map[string]string, len(vs))
	for k, v := range vs {
		out[k] = strings.Join(slices.DeleteFunc(v, func(s string) bool { return s == "" }), "、")
	}
	return out, nil
}

// info makes the lead's fields of what was sent: what is not known is kept in
// the note, so that nothing that somebody wrote is lost.
func info(src Source, in map[string]string) (lead.Info, *problem) {
	out := lead.Info{Source: src.Channel}
	if len(in) > maxFields {
		return out, bad(422, "too_many_fields", "", fmt.Sprintf("字段太多：%d 个，最多 %d 个", len(in), maxFields), fmt.Sprintf("too many fields: %d, at most %d", len(in), maxFields))
	}
	own := map[string]bool{Trap: true, KeyField: true}
	for _, f := range known {
		own[f.name] = true
		v := crm.Normalize(in[f.name])
		if n := utf8.RuneCountInString(v); n > f.max {
			return out, bad(422, "too_long", f.name, fmt.Sprintf("%s太长：%d 个字，最多 %d 个", f.what.Zh, n, f.max), fmt.Sprintf("the %s is too long: %d characters, at most %d", f.what.En, n, f.max))
		}
		*f.to(&out) = v
	}
	var note []string
	for _, k := range slices.Sorted(maps.Keys(in)) {
		v := crm.Normalize(in[k])
		if own[k] || v == "" {
			continue
		}
		name := crm.Normalize(k)
		if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
			return out, bad(422, "bad_field", "", fmt.Sprintf("字段名应为 1 到 %d 个字", maxName), fmt.Sprintf("a field's name has 1 to %d characters", maxName))
		}
		if n := utf8.RuneCountInString(v); n > maxExtra {
			return out, bad(422, "too_long", k, fmt.Sprintf("%s 太长：%d 个字，最多 %d 个", name, n, maxExtra), fmt.Sprintf("%s is too long: %d characters, at most %d", name, n, maxExtra))
		}
		note = append(note, name+": "+v)
	}
	out.Note = strings.Join(note, "\n")
	if n := utf8.RuneCountInString(out.Note); n > maxNote {
		return out, bad(422, "too_long", "", fmt.Sprintf("其他字段合计 %d 个字，最多 %d 个", n, maxNote), fmt.Sprintf("the other fields have %d characters together, at most %d", n, maxNote))
	}
	if out.Campaign == "" {
		c := crm.Normalize(in["utm_campaign"])
		if utf8.RuneCountInString(c) > 60 {
			return out, bad(422, "too_long", "utm_campaign", "utm_campaign 太长，最多 60 个字", "utm_campaign is too long, at most 60 characters")
		}
		out.Campaign = c
	}
	if out.Campaign == "" {
		out.Campaign = src.Campaign
	}
	return out, check(&out)
}

// check names the field that the lead's own rules would refuse.
func check(in *lead.Info) *problem {
	switch {
	case in.Company == "" && in.Contact == "":
		return bad(422, "missing", "company", "缺少公司和联系人，至少需要一个", "company and contact are both missing; one of them is needed")
	case in.Phone == "" && in.Email == "":
		return bad(422, "missing", "phone", "缺少电话和邮箱，至少需要一个", "phone and e-mail are both missing; one of them is needed")
	case in.Email != "" && !crm.IsEmail(in.Email):
		return bad(422, "bad_field", "email", "邮箱格式不对", "this is no e-mail address")
	}
	if in.Phone != "" {
		if _, err := crm.ParsePhone(in.Phone); err != nil {
			return bad(422, "bad_field", "phone", crm.MessageOf(err, crm.Chinese), crm.MessageOf(err, crm.English))
		}
	}
	if err := in.Clean(); err != nil {
		field := ""
		if crm.CompanyKey(in.Company) == "" && in.Company != "" {
			field = "company"
		}
		return bad(422, "bad_field", field, crm.MessageOf(err, crm.Chinese), crm.MessageOf(err, crm.English))
	}
	return nil
}
