package lead

import (
	"regexp"
	"strings"

	"crmbot/internal/crm"
)

var (
	mobileIn  = regexp.MustCompile(`(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}`)
	mailIn    = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	companyIn = regexp.MustCompile(`[\p{Han}A-Za-z（）()·]{2,40}?(?:股份有限公司|有限责任公司|有限公司|集团公司|公司|集团|科技|工厂|研究院)`)
	introIn   = regexp.MustCompile(`^(?:您好|你好)?(?:我们是|我们|我是|这里是|这是|来自|是)`)
	personIn  = regexp.MustCompile(`[\p{Han}]{1,3}(?:总监|经理|主任|先生|女士|老师|总|工|董)`)
)

// ReadMessage finds what a forwarded message says about somebody new: company,
// person, number and address. What it cannot tell stays empty; the whole text is
// the need, for a person to cut.
func ReadMessage(text string) Info {
	text = strings.TrimSpace(text)
	in := Info{Email: mailIn.FindString(text), Need: cut(crm.Normalize(strings.ReplaceAll(text, "\n", " ")), 1000)}
	if m := mobileIn.FindString(text); m != "" {
		if _, err := crm.ParsePhone(m); err == nil {
			in.Phone = m
		}
	}
	found := companyIn.FindString(text)
	in.Company = introIn.ReplaceAllString(found, "")
	in.Contact = strings.TrimLeft(personIn.FindString(strings.Replace(text, found, " ", 1)), "的是我叫和姓")
	return in
}
