package handlers

import (
	"slices"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// leadArgs is a command about one lead: which one, and what follows.
type leadArgs struct{ target, rest string }

func parseLeadArgs(rest string) (leadArgs, error) {
	target, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if target == "" {
		return leadArgs{}, crm.Invalid("请写线索编号", "name the lead")
	}
	return leadArgs{target: target, rest: strings.TrimSpace(tail)}, nil
}

// parseLeadPerson is parseLeadArgs for what needs a person.
func parseLeadPerson(rest string) (leadArgs, error) {
	in, err := parseLeadArgs(rest)
	if err == nil && in.rest == "" {
		err = crm.Invalid("请写同事的姓名或 @", "name the colleague, or use @")
	}
	return in, err
}

func parseRest(rest string) (string, error) { return strings.TrimSpace(rest), nil }

func parseWords(rest string) ([]string, error) {
	return strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" ,，、;\n", r) }), nil
}

// poolArgs is what narrows the pool list, and behind which lead it goes on.
type poolArgs struct {
	words []string
	after crm.LeadID
	// accounts asks for the pool of accounts.
	accounts     bool
	afterAccount crm.AccountID
}

func parsePool(rest string) (poolArgs, error) {
	words, _ := parseWords(rest)
	var p poolArgs
	if len(words) > 0 && slices.Contains([]string{"客户", "客户公海", "account", "accounts"}, strings.ToLower(words[0])) {
		p.accounts, words = true, words[1:]
	}
	for _, w := range words {
		if code, ok := strings.CutPrefix(w, ">"); ok {
			if id, ok := accountCode(code); ok && p.accounts {
				p.afterAccount = id
				continue
			}
			ref, err := crm.ParseRef(code)
			if err != nil || ref.Kind != crm.KindLead {
				return p, crm.Invalid("“"+w+"”不是线索编号", "“"+w+"” is no code of a lead")
			}
			p.after = crm.LeadID(ref.ID)
			continue
		}
		p.words = append(p.words, w)
	}
	return p, nil
}

// looksLikePhone reports whether a word is meant as a telephone number, be it
// right or wrong: mostly digits.
func looksLikePhone(w string) bool {
	digits, others := 0, 0
	for _, r := range w {
		if r >= '0' && r <= '9' {
			digits++
		} else if !strings.ContainsRune("+-()", r) {
			others++
		}
	}
	return digits >= 5 && others == 0
}

func userRef(id crm.UserID) string { return strconv.FormatInt(int64(id), 10) }

func parseUserRef(ref string) (crm.UserID, error) {
	n, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return 0, crm.NotFound("没有这个人", "there is no such person")
	}
	return crm.UserID(n), nil
}
