package cards

import (
	"encoding/json"
	"fmt"
	"strings"

	"crmbot/internal/account"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
)

// RuleWords tells the structure of a setting in words, for those that are read
// most; nil: it is shown as it is stored.
func RuleWords(l crm.Lang, key string) func(value string) string {
	switch key {
	case lead.Periods.Key:
		return wordsOf(func(m map[lead.Grade]lead.Period) (lines []string) {
			for _, g := range lead.Grades {
				p := m[g]
				lines = append(lines, l.T(fmt.Sprintf("%s：%d 工作小时内首次联系，%d 个工作日无有效跟进即回收", g, p.ContactHours, p.IdleDays),
					fmt.Sprintf("%s: first contact within %d working hours, recycled after %s without a valid activity", g, p.ContactHours, workingDays(p.IdleDays))))
			}
			return lines
		})
	case recycle.AccountPeriods.Key:
		return wordsOf(func(m map[string]recycle.AccountPeriod) (lines []string) {
			for _, level := range account.Levels {
				p := m[string(level)]
				line := l.T(fmt.Sprintf("%s：%d 天无有效跟进", level, p.IdleDays), fmt.Sprintf("%s: %d days without a valid activity", level, p.IdleDays))
				if p.NoDealDays > 0 {
					line += l.T(fmt.Sprintf("，或 %d 天无商机", p.NoDealDays), fmt.Sprintf(", or %d without a deal", p.NoDealDays))
				}
				if p.Review {
					line += l.T("，由经理复核，不自动回收", "; a manager reviews it, it is never recycled by itself")
				}
				lines = append(lines, line)
			}
			return lines
		})
	case assign.Timers.Key:
		return wordsOf(func(m map[lead.Grade]int) (lines []string) {
			for _, g := range lead.Grades {
				lines = append(lines, l.T(fmt.Sprintf("%s：%d 工作分钟", g, m[g]), fmt.Sprintf("%s: %d working minutes", g, m[g])))
			}
			return lines
		})
	}
	return nil
}

// wordsOf reads the value for say; what cannot be read is shown as it is.
func wordsOf[T any](say func(T) []string) func(string) string {
	return func(value string) string {
		var v T
		if json.Unmarshal([]byte(value), &v) != nil {
			return value
		}
		return strings.Join(say(v), "\n")
	}
}
