package handlers

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"crmbot/internal/lead"
)

// parseNewLead reads "公司 联系人 电话 来源". The number is found wherever it
// stands. A company's name of several words ends at its legal form (Ltd, GmbH), at
// a comma or at its quotation mark. Of three and more words in Latin letters without
// one of these nobody can tell where the contact begins: they are all taken for the
// company, and the form asks. An underscore stands for a space.
func parseNewLead(rest string) (lead.Info, error) {
	var in lead.Info
	words := leadWords(rest)
	before, after := words, []leadWord(nil)
	for i, w := range words {
		if i > 0 && !w.quoted && looksLikePhone(w.text) {
			in.Phone, before, after = w.text, words[:i], words[i+1:]
			break
		}
	}
	n := companyWords(before)
	in.Company, in.Contact = joinWords(before[:n]), joinWords(before[n:])
	in.Source = joinWords(after) // divided by what the settings know as a source
	return in, nil
}

// leadWord is a word, or several in quotation marks.
type leadWord struct {
	text   string
	quoted bool
	// comma reports that one follows.
	comma bool
}

var leadWordPattern = regexp.MustCompile(`"([^"]+)"|“([^”]+)”|([^\s,，、_]*_\S*|[^\s,，、]+)|[,，、]`)

func leadWords(s string) []leadWord {
	var out []leadWord
	for _, m := range leadWordPattern.FindAllStringSubmatch(s, -1) {
		quoted := strings.TrimSpace(m[1] + m[2])
		switch {
		case quoted != "":
			out = append(out, leadWord{text: quoted, quoted: true})
		case m[3] != "":
			out = append(out, leadWord{text: strings.ReplaceAll(m[3], "_", " ")})
		case len(out) > 0:
			out[len(out)-1].comma = true
		}
	}
	return out
}

func joinWords(words []leadWord) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			if words[i-1].comma {
				b.WriteByte(',')
			}
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// legalForms are the words by which companies' names end.
var legalForms = []string{"ltd", "limited", "inc", "incorporated", "llc", "llp", "plc", "corp", "corporation", "company", "co", "gmbh", "ag", "kg", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "ab", "oy", "pty", "pte", "bhd", "holdings", "group"}

// companyWords is how many of the words before the number are the company's name.
func companyWords(words []leadWord) int {
	latin := len(words) > 0
	for i, w := range words {
		latin = latin && !w.quoted && isLatin(w.text)
		if i == 0 && w.quoted {
			return 1
		}
	}
	form := func(w leadWord) bool {
		return !w.quoted && slices.Contains(legalForms, strings.ToLower(strings.ReplaceAll(w.text, ".", "")))
	}
	// The last of several: "Acme Co., Ltd." ends in two of them.
	for i := len(words) - 1; i > 0; i-- {
		if form(words[i]) && latin {
			return i + 1
		}
	}
	for i, w := range words {
		if w.comma {
			return i + 1
		}
	}
	if latin && len(words) >= 3 {
		return len(words)
	}
	return min(len(words), 1)
}

func isLatin(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) {
			return false
		}
	}
	return true
}
