package importer

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

var (
	dayFirstYear = regexp.MustCompile(`^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?$`)
	dayCompact   = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	daySerial    = regexp.MustCompile(`^(\d{5})(?:\.\d+)?$`)
)

// parseDay reads a date: with the year first, as a serial number of a workbook,
// or in the mapping's own form.
func parseDay(s, layout string) (crm.Day, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if layout != "" {
		if t, err := time.Parse(layout, s); err == nil {
			return crm.Day(t.Format(time.DateOnly)), nil
		}
	}
	for _, form := range []*regexp.Regexp{dayFirstYear, dayCompact} {
		if m := form.FindStringSubmatch(s); m != nil {
			y, _ := strconv.Atoi(m[1])
			mo, _ := strconv.Atoi(m[2])
			d, _ := strconv.Atoi(m[3])
			if day, ok := crm.NewDay(y, time.Month(mo), d); ok {
				return day, nil
			}
			return "", badDate(s)
		}
	}
	if m := daySerial.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		if n >= 20000 && n < 80000 { // 1954 to 2119
			return crm.Day("1899-12-30").AddDays(n), nil
		}
	}
	return "", badDate(s)
}

func badDate(s string) error {
	s = cutRunes(s, 30)
	return crm.Invalid("看不懂日期“"+s+"”，应如 2026-03-05", "cannot read the date “"+s+"”; it should be like 2026-03-05")
}

// parseAmount reads an amount, times the factor of its column.
func parseAmount(s string, times int64) (crm.Money, error) {
	if strings.TrimSpace(s) == "" {
		return 0, nil
	}
	m, err := crm.ParseMoney(strings.TrimPrefix(strings.TrimSpace(s), "$"))
	if err != nil {
		return 0, err
	}
	if times > 1 {
		if m > crm.MaxMoney/crm.Money(times) {
			return 0, crm.Invalid("金额太大", "the amount is too large")
		}
		m *= crm.Money(times)
	}
	return m, nil
}

// parseCount reads a whole number, with separators between thousands.
func parseCount(s string) (int64, error) {
	t := strings.NewReplacer(",", "", "，", "", " ", "").Replace(s)
	t = strings.TrimSuffix(strings.TrimSuffix(t, "人"), ".0")
	if t == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil || n < 0 {
		return 0, crm.Invalid("“"+cutRunes(s, 20)+"”不是整数", "“"+cutRunes(s, 20)+"” is no whole number")
	}
	return n, nil
}

// parseRoles reads one or more roles in either language; empty means rep.
func parseRoles(s string) ([]crm.Role, error) {
	if strings.TrimSpace(s) == "" {
		return []crm.Role{crm.Rep}, nil
	}
	var out []crm.Role
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",，、;/|", r) }) {
		w = strings.ToLower(strings.TrimSpace(w))
		found := false
		for _, r := range crm.Roles {
			if w == string(r) || w == r.Name(crm.Chinese) || w == strings.ToLower(r.Name(crm.English)) {
				out, found = append(out, r), true
			}
		}
		if r, ok := map[string]crm.Role{"经理": crm.Manager, "总监": crm.Director, "销售代表": crm.Rep, "sales": crm.Rep, "老板": crm.Boss, "运营": crm.Marketing}[w]; ok && !found {
			out, found = append(out, r), true
		}
		if !found {
			return nil, crm.Invalid("没有角色“"+w+"”", "there is no role “"+w+"”").WithNext("可用：销售、销售经理、销售总监、法务、财务、市场、客服、总经理、管理员", "use rep, manager, director, legal, finance, marketing, service, boss or admin")
		}
	}
	return out, nil
}
