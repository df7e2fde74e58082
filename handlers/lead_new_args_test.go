package handlers

import "testing"

func TestALeadInOneLine(t *testing.T) {
	for line, want := range map[string][4]string{
		"华星科技 王总 13800138000 展会": {"华星科技", "王总", "13800138000", "展会"},
		"华星科技，王总，13800138000，展会": {"华星科技", "王总", "13800138000", "展会"},
		"13800138000":                                       {"13800138000", "", "", ""},
		"华星科技 13800138000 展会 上海":                            {"华星科技", "", "13800138000", "展会 上海"},
		"华星 王 总 13800138000":                                {"华星", "王 总", "13800138000", ""},
		"**粗体**'; 周总 13400134000":                           {"**粗体**';", "周总", "13400134000", ""},
		"Huaxing Wang 13800138000 referral":                 {"Huaxing", "Wang", "13800138000", "referral"},
		"Huaxing_Technology Wang 13800138000":               {"Huaxing Technology", "Wang", "13800138000", ""},
		"Blue Ocean Co., Ltd. John Smith +8613800138000 ad": {"Blue Ocean Co., Ltd.", "John Smith", "+8613800138000", "ad"},
		"Blue Ocean GmbH 13800138000":                       {"Blue Ocean GmbH", "", "13800138000", ""},
		"Blue Ocean Trading Li 13800138000":                 {"Blue Ocean Trading Li", "", "13800138000", ""},
		"Siemens_(China)_Co.,_Ltd. Wang 13800138000":        {"Siemens (China) Co., Ltd.", "Wang", "13800138000", ""},
		`"Acme, Inc." Wang 13800138000`:                     {"Acme, Inc.", "Wang", "13800138000", ""},
		"Blue Ocean Trading, Wang 13800138000":              {"Blue Ocean Trading", "Wang", "13800138000", ""},
		`"Blue Ocean" Wang 13800138000`:                     {"Blue Ocean", "Wang", "13800138000", ""},
		"“Blue Ocean” Wang 13800138000":                     {"Blue Ocean", "Wang", "13800138000", ""},
		`"Blue Ocean Wang 13800138000`:                      {`"Blue Ocean Wang`, "", "13800138000", ""},
		"Acme John Smith 13800138000":                       {"Acme John Smith", "", "13800138000", ""},
		"Acme, John Smith 13800138000":                      {"Acme", "John Smith", "13800138000", ""},
		"":                                                  {},
	} {
		got, err := parseNewLead(line)
		if err != nil || [4]string{got.Company, got.Contact, got.Phone, got.Source} != want {
			t.Errorf("%q: %q, %q, %q, %q, %v, want %q", line, got.Company, got.Contact, got.Phone, got.Source, err, want)
		}
	}
}
