package activity

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"crmbot/internal/crm"
	"crmbot/internal/pinyin"
)

const (
	maxOwnAccounts = 500
	// maxLookups bounds the searches that one line causes beyond the person's own
	// customers, because a line is tried word by word.
	maxLookups = 6
)

// directory is the Directory of one actor for one line: their own customers in
// memory, everything else that they may see by search.
type directory struct {
	ctx context.Context
	s   *Service
	a   crm.Actor

	own      *Book              // nil until loaded
	list     []Candidate        // of own
	met      map[crm.Ref]string // the contact of a lead
	sure     bool               // one of them was named well
	lookups  int
	searched map[string][]Candidate
	contacts map[crm.Ref][]Candidate
}

func (s *Service) directory(ctx context.Context, a crm.Actor) *directory {
	return &directory{ctx: ctx, s: s, a: a, met: map[crm.Ref]string{}, searched: map[string][]Candidate{}, contacts: map[crm.Ref][]Candidate{}}
}

// load reads the actor's own customers once, the most recent first.
func (d *directory) load() error {
	if d.own != nil {
		return nil
	}
	type dated struct {
		Candidate
		at time.Time
	}
	var list []dated
	ls, err := d.s.d.Leads.Own(d.ctx, d.a)
	if err != nil {
		return err
	}
	for _, l := range ls {
		at := l.OwnedAt
		if l.LastActivityAt.After(at) {
			at = l.LastActivityAt
		}
		list = append(list, dated{Candidate{Ref: l.Ref(), Name: l.Name()}, at})
		d.met[l.Ref()] = l.Contact
	}
	xs, _, err := d.s.d.Accounts.Mine(d.ctx, d.a, 0, maxOwnAccounts)
	if err != nil {
		return err
	}
	for _, x := range xs {
		at := x.OwnedAt
		if x.ActiveAt.After(at) {
			at = x.ActiveAt
		}
		list = append(list, dated{Candidate{Ref: x.ID.Ref(), Name: x.Name}, at})
	}
	slices.SortStableFunc(list, func(x, y dated) int { return y.at.Compare(x.at) })
	for _, c := range list {
		d.list = append(d.list, c.Candidate)
	}
	d.own = NewBook(d.list, nil, nil)
	return nil
}

// Customers implements Directory.
func (d *directory) Customers(word string) ([]Candidate, error) {
	if err := d.load(); err != nil {
		return nil, err
	}
	word = strings.TrimSpace(word)
	out, err := d.own.Customers(word)
	if err != nil || len(out) > 0 && out[0].Score >= AskBelow {
		d.sure = d.sure || err == nil && out[0].Score >= goodSplit
		return out, err
	}
	if d.sure && strings.Contains(word, " ") && strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return out, nil // Chinese names have no spaces: the words behind 华星 are others
	}
	key := strings.ToLower(word)
	more, known := d.searched[key]
	if !known {
		if d.lookups >= maxLookups {
			return out, nil
		}
		d.lookups++
		if more, err = d.search(word); err != nil {
			return nil, err
		}
		d.searched[key] = more
	}
	for _, c := range more {
		if !slices.ContainsFunc(out, func(o Candidate) bool { return o.Ref == c.Ref }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y Candidate) int { return cmp.Compare(y.Score, x.Score) })
	return out[:min(len(out), maxCandidates)], nil
}

// search finds leads and accounts of others, and deals by code, that the actor
// may log on.
func (d *directory) search(word string) ([]Candidate, error) {
	var out []Candidate
	if ref, err := crm.ParseRef(word); err == nil {
		rec, err := d.s.Record(d.ctx, d.a, ref)
		switch crm.CodeOf(err) {
		case "":
			d.met[ref] = rec.Contact
			return []Candidate{{Ref: ref, Name: rec.Name, Score: 1}}, nil
		case crm.CodeInternal, crm.CodeUnavailable:
			return nil, err
		}
		return nil, nil
	}
	ls, err := d.s.d.Leads.Search(d.ctx, d.a, word, maxCandidates)
	if err != nil {
		return nil, err
	}
	for _, l := range ls {
		if l.Owner != 0 {
			d.met[l.Ref()] = l.Contact
			out = append(out, Candidate{Ref: l.Ref(), Name: l.Name(), Score: pinyin.Score(word, l.Name())})
		}
	}
	xs, err := d.s.d.Accounts.Search(d.ctx, d.a, word, maxCandidates)
	if err != nil {
		return nil, err
	}
	for _, x := range xs {
		out = append(out, Candidate{Ref: x.ID.Ref(), Name: x.Name, Score: pinyin.Score(word, x.Name)})
	}
	out = slices.DeleteFunc(out, func(c Candidate) bool { return c.Score <= 0 })
	slices.SortStableFunc(out, func(x, y Candidate) int { return cmp.Compare(y.Score, x.Score) })
	return out, nil
}

// Contacts implements Directory. The contact of a lead is no record of its own
// and is named by the lead.
func (d *directory) Contacts(customer crm.Ref, word string) ([]Candidate, error) {
	list, known := d.contacts[customer]
	if !known {
		switch customer.Kind {
		case crm.KindLead:
			if n := d.met[customer]; n != "" {
				list = []Candidate{{Ref: customer, Name: n}}
			}
		case crm.KindAccount:
			cs, err := d.s.d.Accounts.Contacts(d.ctx, d.a, crm.AccountID(customer.ID))
			if err != nil {
				return nil, err
			}
			for _, c := range cs {
				if !c.Left {
					list = append(list, Candidate{Ref: c.ID.Ref(), Name: c.Name})
				}
			}
		}
		d.contacts[customer] = list
	}
	return ranked(list, func(i int) float64 { return ContactScore(word, list[i].Name) }), nil
}

// Colleagues implements Directory.
func (d *directory) Colleagues(word string) ([]ColleagueCandidate, error) {
	us, err := d.s.d.People.Find(d.ctx, word)
	var out []ColleagueCandidate
	for _, u := range us {
		if strings.EqualFold(u.Name, word) && u.ID != d.a.ID {
			out = append(out, ColleagueCandidate{ID: u.ID, Name: u.Name, Score: 1})
		}
	}
	return out, err
}
