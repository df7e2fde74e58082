package crm

// Lang is the language a person is answered in. The zero value is Chinese.
type Lang string

// The languages that every card and message exists in.
const (
	Chinese Lang = ""
	English Lang = "en"
)

// T picks the text in the language.
func (l Lang) T(zh, en string) string {
	if l == English {
		return en
	}
	return zh
}

// Text is a text in both languages.
type Text struct{ Zh, En string }

// In picks the text in the language.
func (t Text) In(l Lang) string { return l.T(t.Zh, t.En) }
