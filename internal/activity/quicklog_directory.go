package activity

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/pinyin"
)

// Candidate is a record that a word of a quick log may name.
type Candidate struct {
	Ref  crm.Ref
	Name string
	// Score tells how well the word names it, 0 to 1.
	Score float64
}

// ColleagueCandidate is a colleague that a word of a quick log may name.
type ColleagueCandidate struct {
	ID    crm.UserID
	Name  string
	Score float64
}

// Directory finds the records that words of a quick log may name. Candidates
// come best first and, of equal score, the one touched most recently first.
// Words that name nothing give no candidates and no error.
type Directory interface {
	// Customers are the accounts and leads that the actor may log on.
	Customers(word string) ([]Candidate, error)
	// Contacts are the people of one customer.
	Contacts(customer crm.Ref, word string) ([]Candidate, error)
	// Colleagues are the people of the organisation, for joint visits.
	Colleagues(word string) ([]ColleagueCandidate, error)
}

// Book is a Directory over lists in memory. It does not change after it was made
// and is safe for concurrent use.
type Book struct {
	customers  []Candidate
	names      []pinyin.Name // of the customers
	contacts   map[crm.Ref][]Candidate
	colleagues []ColleagueCandidate
}

// NewBook makes a Directory of the actor's own customers, the one touched most
// recently first, their contacts by customer, and the colleagues. Scores in the
// lists are ignored.
func NewBook(customers []Candidate, contacts map[crm.Ref][]Candidate, colleagues []ColleagueCandidate) *Book {
	b := &Book{customers: customers, contacts: contacts, colleagues: colleagues, names: make([]pinyin.Name, len(customers))}
	for i, c := range customers {
		b.names[i] = pinyin.NewName(c.Name)
	}
	return b
}

// Customers implements Directory. A code such as L-12 names its record.
func (b *Book) Customers(word string) ([]Candidate, error) {
	if ref, err := crm.ParseRef(word); err == nil {
		for _, c := range b.customers {
			if c.Ref == ref {
				c.Score = 1
				return []Candidate{c}, nil
			}
		}
		return nil, nil
	}
	query := pinyin.NewName(word)
	return ranked(b.customers, func(i int) float64 { return query.Score(b.names[i]) }), nil
}

// Contacts implements Directory.
func (b *Book) Contacts(customer crm.Ref, word string) ([]Candidate, error) {
	people := b.contacts[customer]
	return ranked(people, func(i int) float64 { return ContactScore(word, people[i].Name) }), nil
}

// Colleagues implements Directory.
func (b *Book) Colleagues(word string) ([]ColleagueCandidate, error) {
	var out []ColleagueCandidate
	for _, c := range b.colleagues {
		if c.Name == word {
			c.Score = 1
			out = append(out, c)
		}
	}
	return out, nil
}

const maxCandidates = 8

// ranked are the candidates that score, best first; equal ones keep their order.
func ranked(list []Candidate, score func(i int) float64) []Candidate {
	var out []Candidate
	for i, c := range list {
		if c.Score = score(i); c.Score > 0 {
			out = append(out, c)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out[:min(len(out), maxCandidates)]
}

// titles are the words that people put behind a surname, longest first where
// one begins another.
const titles = `总工程师|总经理|副经理|副总裁|副总|总裁|总监|总工|总|董事长|董秘|董|老板|经理|主任|主管|主席|工程师|工|老师|女士|先生|小姐|处长|科长|部长|局长|院长|所长|校长|厂长|店长|站长|队长|组长|会计|采购|博士|教授|助理|秘书|书记|律师|医生|师傅|哥|姐`

var (
	titledName   = regexp.MustCompile(`^(\p{Han}{1,3}?)(` + titles + `)`)
	englishTitle = regexp.MustCompile(`^(?i:mr|mrs|ms|miss|dr)(?:\. ?| )[A-Z][A-Za-z-]{1,20}`)
)

// ContactScore tells how well a word names a person of a customer, 0 to 1: the
// name itself, surname and title (王总 for 王建国), part of the name, pinyin.
func ContactScore(word, name string) float64 {
	word, name = crm.Normalize(word), crm.Normalize(name)
	switch {
	case word == "" || name == "":
		return 0
	case strings.EqualFold(word, name):
		return 1
	}
	if m := titledName.FindStringSubmatch(word); m != nil && len(m[0]) == len(word) {
		if strings.HasPrefix(name, m[1]) {
			return 0.9
		}
		return 0
	}
	if utf8.RuneCountInString(word) >= 2 && strings.Contains(strings.ToLower(name), strings.ToLower(word)) {
		return 0.85
	}
	if pinyin.IsQuery(word) && len(word) >= 2 && slices.Contains(pinyin.Keys(name), strings.ToLower(word)) {
		return 0.85
	}
	return 0
}
