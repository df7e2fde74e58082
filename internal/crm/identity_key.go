package crm

import (
	"regexp"
	"slices"
	"strings"
)

// freeMail are the domains on which anybody can have an address, so that two
// people there are not of one company.
var freeMail = strings.Fields(`qq.com foxmail.com 163.com 126.com yeah.net 188.com sina.com sina.cn sohu.com tom.com 21cn.com aliyun.com 139.com 189.cn wo.cn
 gmail.com googlemail.com outlook.com hotmail.com live.com live.cn msn.com yahoo.com yahoo.cn yahoo.com.cn icloud.com me.com mac.com aol.com proton.me protonmail.com gmx.com mail.com zoho.com yandex.com`)

var emailForm = regexp.MustCompile(`^[^\s@,;<>"]+@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})$`)

// EmailDomainKey is the domain of a company's e-mail address in lower case
// (DU-01). It is "" for free mail, where the domain tells nothing, and for what
// is no address.
func EmailDomainKey(s string) string {
	domain := emailDomain(s)
	for d := domain; d != ""; {
		if slices.Contains(freeMail, d) {
			return ""
		}
		_, d, _ = strings.Cut(d, ".") // vip.163.com is free mail too
	}
	return domain
}

// IsEmail reports whether s has the form of an e-mail address.
func IsEmail(s string) bool { return emailDomain(s) != "" }

func emailDomain(s string) string {
	if m := emailForm.FindStringSubmatch(strings.ToLower(Normalize(s))); m != nil {
		return m[1]
	}
	return ""
}

// usccAlphabet are the characters of GB 32100 by value; I, O, S, V and Z are
// not used.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// USCC is the 统一社会信用代码 in its normal form: 18 characters, upper case. It
// reports false when the form or the check character of GB 32100-2015 is wrong.
func USCC(s string) (string, bool) {
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(Normalize(s)))
	if len(code) != 18 {
		return "", false
	}
	sum := 0
	for i := range code {
		v := strings.IndexByte(usccAlphabet, code[i])
		if v < 0 || i >= 2 && i < 8 && v > 9 {
			return "", false // characters 3 to 8 are the place's number
		}
		if i < len(usccWeights) {
			sum += v * usccWeights[i]
		}
	}
	if usccAlphabet[(31-sum%31)%31] != code[17] {
		return "", false
	}
	return code, true
}
