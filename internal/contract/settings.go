package contract

import (
	"fmt"
	"regexp"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Type is a kind of contract (CT-03).
type Type struct {
	// Code begins the numbers of this type: capital letters and digits.
	Code string `json:"code"`
	Zh   string `json:"zh"`
	En   string `json:"en"`
}

// Types are the contract types in force; the first is the default of the form.
var Types = rule.JSON[[]Type]{
	Key: "CT-03.types", Title: crm.Text{Zh: "合同类型（编号前缀和名称）", En: "contract types (number prefix and names)"},
	Default: []Type{{"BUY", "买家合同", "buyer contract"}, {"SUP", "供应商合同", "supplier contract"}, {"BIZ", "业务板块合同", "business line contract"}},
	Valid:   checkTypes,
}

// ReversalDays is how long after the signature a termination takes the credit
// back (CT-02).
var ReversalDays = rule.Int{Key: "CT-02.reversal", Title: crm.Text{Zh: "签署后多少天内终止要冲回业绩", En: "a termination takes the credit back within"},
	Unit: crm.Text{Zh: "天", En: "days"}, Default: 30, Min: 0, Max: 3650}

// ShareDays is how long after a hand-over the former owner gets half of what a
// contract is signed for; 0: the new owner gets it all (HO-02).
var ShareDays = rule.Int{Key: "HO-02.share_days", Title: crm.Text{Zh: "交接后多少天内签约，金额与原负责人各记一半（0：全记给新负责人）", En: "a contract signed so soon after a hand-over is credited half to its former owner (0: all to the new one)"},
	Unit: crm.Text{Zh: "天", En: "days"}, Default: 0, Min: 0, Max: 365}

// Settings are the run-time settings of contracts.
func Settings() []rule.Def { return []rule.Def{Types.Def(), ReversalDays.Def(), ShareDays.Def()} }

var typeCode = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,7}$`)

func checkTypes(ts []Type) error {
	if len(ts) == 0 || len(ts) > 30 {
		return crm.Invalid(fmt.Sprintf("合同类型需要 1 到 30 个，现在 %d 个", len(ts)), fmt.Sprintf("1 to 30 contract types are needed, not %d", len(ts)))
	}
	seen := map[string]bool{}
	for _, t := range ts {
		if !typeCode.MatchString(t.Code) || seen[t.Code] {
			return crm.Invalid("合同类型代码“"+t.Code+"”重复或不是 1 到 8 位大写字母数字", "the type code “"+t.Code+"” is used twice or is not 1 to 8 capital letters and digits")
		}
		if strings.TrimSpace(t.Zh) == "" || strings.TrimSpace(t.En) == "" {
			return crm.Invalid("合同类型 "+t.Code+" 需要中英文名称", "the contract type "+t.Code+" needs a name in both languages")
		}
		seen[t.Code] = true
	}
	return nil
}

// FindType finds a type by its code or one of its names, also without the
// word 合同.
func FindType(ts []Type, text string) (Type, bool) {
	low := strings.ToLower(strings.TrimSpace(text))
	for _, t := range ts {
		for _, n := range []string{t.Code, t.Zh, t.En, strings.TrimSuffix(t.Zh, "合同"), strings.TrimSuffix(t.En, " contract")} {
			if low != "" && low == strings.ToLower(n) {
				return t, true
			}
		}
	}
	return Type{}, false
}

// TypeName is the type's name, or its code when it was removed since.
func TypeName(ts []Type, code string, l crm.Lang) string {
	for _, t := range ts {
		if t.Code == code {
			return l.T(t.Zh, t.En)
		}
	}
	return code
}

// Number is the number of the n-th contract of the type in the month of the
// day (CT-03).
func Number(code string, day crm.Day, n int64) string {
	return fmt.Sprintf("%s-%s-%04d", code, month(day), n)
}

// counter names what the numbers of a type and month are counted by.
func counter(code string, day crm.Day) string { return "contract:" + code + ":" + month(day) }

func month(d crm.Day) string {
	y, m, _ := d.Date()
	return fmt.Sprintf("%04d%02d", y, int(m))
}
