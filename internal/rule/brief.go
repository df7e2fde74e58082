package rule

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// Brief is how a structure of a few numbers per entry is written by people: one
// entry to a line, "A: 4/3", or in one word, "A4/3,B9/5".
type Brief[T any] struct {
	// Help says what the numbers are.
	Help crm.Text
	// Write are the entries, each its name and what follows.
	Write func(l crm.Lang, v T) [][2]string
	// Read adds an entry to the value: its name in capital letters, its numbers, and
	// all that is written behind the name. False: it cannot be.
	Read func(v *T, name string, numbers []int, text string) bool
}

var (
	briefEntry  = regexp.MustCompile(`^([A-Za-z]+)\s*[:：=]?\s*(.*)$`)
	briefNumber = regexp.MustCompile(`\d+`)
)

// long is the structure that the text says; false when it says none.
func (b *Brief[T]) long(text string) (string, bool) {
	if b == nil {
		return "", false
	}
	var v T
	for _, entry := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\n,，、;；", r) }) {
		m := briefEntry.FindStringSubmatch(strings.TrimSpace(entry))
		if m == nil {
			return "", false
		}
		var numbers []int
		for _, s := range briefNumber.FindAllString(m[2], -1) {
			n, err := strconv.Atoi(s)
			if err != nil {
				return "", false
			}
			numbers = append(numbers, n)
		}
		if !b.Read(&v, strings.ToUpper(m[1]), numbers, m[2]) {
			return "", false
		}
	}
	raw, err := json.Marshal(v)
	return string(raw), err == nil
}

// short is the value in lines; false when there is no such form of it.
func (b *Brief[T]) short(l crm.Lang, raw string) ([]string, bool) {
	var v T
	if b == nil || json.Unmarshal([]byte(raw), &v) != nil {
		return nil, false
	}
	var lines []string
	for _, e := range b.Write(l, v) {
		lines = append(lines, e[0]+l.T("：", ": ")+e[1])
	}
	return lines, true
}

// Lines is a value as people write it in a form, "" when the setting has no such
// form; Word is it as one word of a command.
func (d Def) Lines(l crm.Lang, value string) string {
	if d.short == nil {
		return ""
	}
	lines, _ := d.short(l, value)
	return strings.Join(lines, "\n")
}

// Word implements what Lines says.
func (d Def) Word(l crm.Lang, value string) string {
	return strings.NewReplacer("：", "", ": ", "", " ", "", "\n", ",").Replace(d.Lines(l, value))
}

// Long is the stored form of what people wrote in lines or one word; as it is when
// it is neither.
func (d Def) Long(text string) string {
	if d.long == nil || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return text
	}
	if raw, ok := d.long(text); ok {
		return raw
	}
	return text
}
