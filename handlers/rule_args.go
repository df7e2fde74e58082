package handlers

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// ruleArgs is what `/规则` says: nothing, a filter, or a verb with its number or a
// key with a new value, for whom, from when and why.
type ruleArgs struct {
	Verb ruleVerb
	// Number is a version to take back or an urgent change to answer.
	Number int64
	Proof  string // of what was tried out
	Filter string
	Value  string
	// Scope is for whom, as written: "team" and a name; none: the company.
	ScopeKind, Scope string
	Day              crm.Day
	Urgent           bool
	Reason           string
}

type ruleVerb int

const (
	ruleShow    ruleVerb = iota
	ruleBack             // take a version back
	ruleApprove          // agree to an urgent change
	ruleDecline
	ruleTry     // what would a change do
	ruleList    // the list of records of that
	ruleConfirm // make a change that was tried out
)

var ruleVerbs = map[string]ruleVerb{"撤回": ruleBack, "回滚": ruleBack, "rollback": ruleBack, "同意": ruleApprove, "approve": ruleApprove, "拒绝": ruleDecline, "decline": ruleDecline,
	"试算": ruleTry, "try": ruleTry, "名单": ruleList, "list": ruleList, "确认": ruleConfirm, "confirm": ruleConfirm}

// ruleWords are the words in front of "=".
var ruleWords = map[string]string{"团队": "team", "team": "team", "角色": "role", "role": "role", "人员": "user", "person": "user", "范围": "scope", "scope": "scope", "生效": "from", "from": "from"}

func parseRule(rest string) (ruleArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	tail = strings.TrimSpace(tail)
	var in ruleArgs
	in.Verb = ruleVerbs[strings.ToLower(head)]
	switch in.Verb {
	case ruleShow:
		return ruleChangeArgs(in, head, tail)
	case ruleBack, ruleApprove, ruleDecline:
		n, err := strconv.ParseInt(tail, 10, 64)
		if err != nil || n <= 0 {
			if in.Verb == ruleBack {
				return in, crm.Invalid("请写要撤回的版本号，如 /规则 撤回 7", "name the version to take back, such as /rules rollback 7")
			}
			return in, crm.Invalid("请写加急修改的编号，如 /规则 同意 3", "name the urgent change, such as /rules approve 3")
		}
		in.Number = n
		return in, nil
	case ruleConfirm:
		in.Proof, tail, _ = strings.Cut(tail, " ")
		tail = strings.TrimSpace(tail)
	}
	key, more, _ := strings.Cut(tail, " ")
	in, err := ruleChangeArgs(in, key, strings.TrimSpace(more))
	if err == nil && in.Value == "" {
		return in, crm.Invalid("请写设置的编号和新的值，如 /规则 试算 P-03.leads 40", "write the setting's key and the new value, such as /rules try P-03.leads 40")
	}
	return in, err
}

// ruleChangeArgs reads the value and what follows it in any order.
func ruleChangeArgs(in ruleArgs, key, text string) (ruleArgs, error) {
	in.Filter = key
	if text == "" {
		return in, nil
	}
	value, rest, _ := strings.Cut(text, " ")
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		value, rest = ruleStructure(text)
	}
	in.Value = value
	var reason []string
	for _, w := range ruleFields(rest) {
		name, of, ok := strings.Cut(w, "=")
		switch what := ruleWords[strings.ToLower(name)]; {
		case ok && what == "from":
			d, err := crm.ParseDay(of)
			if err != nil {
				return in, err
			}
			in.Day = d
		case ok && what != "":
			if in.ScopeKind != "" {
				return in, crm.Invalid("范围只能写一个", "name one team, role or person only")
			}
			in.ScopeKind, in.Scope = what, strings.Trim(of, `"“”`)
		case w == "加急" || strings.EqualFold(w, "urgent"):
			in.Urgent = true
		default:
			reason = append(reason, w)
		}
	}
	in.Reason = strings.Join(reason, " ")
	return in, nil
}

// ruleStructure divides a structure from what follows it. One that cannot be read
// is all of the text, so that the setting's own check names what is wrong.
func ruleStructure(text string) (value, rest string) {
	dec := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return text, ""
	}
	end := int(dec.InputOffset())
	var b bytes.Buffer
	if json.Compact(&b, raw) == nil {
		return b.String(), text[end:]
	}
	return text[:end], text[end:]
}

// ruleFields are the words of a text; quotes keep a name with spaces together.
func ruleFields(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' || r == '“' || r == '”' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\n' || r == '\t')
	})
}
