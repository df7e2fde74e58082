package handlers

import (
	"slices"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// assignArgs is what `/分配` says.
type assignArgs struct {
	// try is the change that is tried out; tries reports that there is one to try,
	// or the rules in force.
	try   string
	tries bool
	// codes are the leads; pool reports that they are those of the pool that the
	// words narrow, at most n.
	codes []string
	pool  bool
	words []string
	n     int
	// who is the rest: a person, or a search for one lead.
	who              string
	rules, confirmed bool
}

func parseAssign(rest string) (assignArgs, error) {
	words := strings.Fields(rest)
	in := assignArgs{n: defaultBatch}
	if len(words) == 0 {
		return in, crm.Invalid("请写线索编号", "name the leads")
	}
	first := strings.ToLower(words[0])
	if first == "试算" || first == "try" {
		in.tries, in.try = true, strings.Join(words[1:], " ")
		return in, nil
	}
	in.pool = first == "公海" || first == "pool"
	if in.pool {
		words = words[1:]
	}
	for len(words) > 0 {
		last := strings.ToLower(words[len(words)-1])
		switch {
		case slices.Contains(confirmWords, last):
			in.confirmed = true
		case slices.Contains(rulesWords, last):
			in.rules = true
		default:
			last = ""
		}
		if last == "" {
			break
		}
		words = words[:len(words)-1]
	}
	if !in.pool {
		for len(words) > 0 {
			if r, err := crm.ParseRef(words[0]); err != nil || r.Kind != crm.KindLead {
				break
			}
			in.codes, words = append(in.codes, words[0]), words[1:]
		}
		in.who = strings.Join(words, " ")
		return in, nil
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if n, ok := countOf(w); ok {
			in.n = n
			continue
		}
		if wrongCount(w) {
			return in, crm.Invalid("“"+clipText(w)+"”不是数量，请写 1 以上的数字", "“"+clipText(w)+"” is no number of leads; write 1 or more").WithNext("例如 /分配 公海 A 20个 给 李娜", "for example /assign pool A 20 to Grace Liu")
		}
		if w == "给" || strings.EqualFold(w, "to") || strings.HasPrefix(w, "@") {
			var who []string
			for ; i < len(words); i++ {
				if n, ok := countOf(words[i]); ok {
					in.n = n
					continue
				}
				who = append(who, words[i])
			}
			if !strings.HasPrefix(w, "@") {
				who = who[1:]
			}
			in.who = strings.Join(who, " ")
			break
		}
		in.words = append(in.words, w)
	}
	return in, nil
}

// countOf reads "20个", "20条", "20".
func countOf(w string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(w, "个"), "条"))
	return n, err == nil && n > 0
}

// wrongCount reports that a word was meant as a number and is none: "0个", "三个".
func wrongCount(w string) bool {
	s := strings.TrimSuffix(strings.TrimSuffix(w, "个"), "条")
	if _, err := strconv.Atoi(s); err == nil {
		return true
	}
	return s != w && s != "" && strings.Trim(s, "0123456789.+-零一二两三四五六七八九十百几") == ""
}

var (
	confirmWords = []string{"确认", "confirm"}
	rulesWords   = []string{"按规则", "rules"}
)

// defaultBatch is how many leads of the pool one line gives out that does not
// say; confirmAbove is from how many on it asks first.
const (
	defaultBatch = 20
	confirmAbove = 5
)
