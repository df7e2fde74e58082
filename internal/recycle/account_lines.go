package recycle

import (
	"fmt"
	"slices"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

var accountLevels = []string{"KA", "A", "B", "C"}

// accountLines is how people write the periods of accounts.
var accountLines = &rule.Brief[map[string]AccountPeriod]{
	Help: crm.Text{Zh: "每级一行：无有效跟进天数 / 无商机天数（0 不限）；“复核”：由经理复核，不回收",
		En: "a line for each level: days without a valid activity / without a deal (0: no such bound); “review”: a manager reviews it, it is not recycled"},
	Write: func(l crm.Lang, m map[string]AccountPeriod) (out [][2]string) {
		for _, level := range accountLevels {
			p := m[level]
			text := fmt.Sprintf("%d/%d", p.IdleDays, p.NoDealDays)
			if p.Review {
				text += l.T(" 复核", " review")
			}
			out = append(out, [2]string{level, text})
		}
		return out
	},
	Read: func(m *map[string]AccountPeriod, name string, n []int, text string) bool {
		if len(n) != 2 || !slices.Contains(accountLevels, name) {
			return false
		}
		if *m == nil {
			*m = map[string]AccountPeriod{}
		}
		(*m)[name] = AccountPeriod{IdleDays: n[0], NoDealDays: n[1], Review: strings.Contains(text, "复核") || strings.Contains(strings.ToLower(text), "review")}
		return true
	},
}
