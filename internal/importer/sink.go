package importer

import (
	"context"
	"fmt"
	"strings"

	"crmbot/internal/account"
	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// sink takes the rows of one kind. A sink lives for one pass over one file.
type sink interface {
	// put says what becomes of the rows and, with commit, does it. One call is one
	// transaction, or several for kinds that keep their own books (leads, which
	// repeated rows cannot make twice).
	put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error)
	// undo takes one row back in the transaction of the context; false: it was
	// changed since and stays.
	undo(ctx context.Context, a crm.Actor, r bulk.Result) (bool, error)
	// joins reports whether put takes part in the caller's transaction.
	joins() bool
}

// Nouns are the services that the rows go to.
type Nouns struct {
	Leads    LeadImporter
	Accounts *account.Service
	Deals    *deal.Service
	// OrgStore keeps people and teams, Directory is told to read them again.
	OrgStore  org.Store
	Directory *org.Directory
	// Pool finds a lead pool by name; nil: files cannot name pools.
	Pool func(ctx context.Context, name string) (crm.PoolID, error)
}

// LeadImporter is the part of the lead service that the importer needs.
type LeadImporter interface {
	Import(ctx context.Context, a crm.Actor, rows []lead.NewLead, o lead.ImportOptions) ([]lead.RowResult, error)
	UndoImport(ctx context.Context, a crm.Actor, importID int64) (removed, kept int, err error)
}

func (s *Service) sink(ctx context.Context, m Mapping, job int64) (sink, error) {
	if m.Kind == Org {
		return newOrgSink(ctx, s.Nouns)
	}
	p, err := loadPeople(ctx, s.Nouns.Directory)
	if err != nil {
		return nil, err
	}
	switch m.Kind {
	case Leads:
		l := &leadSink{s: s, job: job, people: p, seen: map[string]int{}}
		if m.Pool != "" {
			if s.Nouns.Pool == nil {
				return nil, crm.Invalid("没有公海池“"+m.Pool+"”", "there is no pool “"+m.Pool+"”")
			}
			if l.pool, err = s.Nouns.Pool(ctx, m.Pool); err != nil {
				return nil, err
			}
		}
		return l, nil
	case Accounts:
		return &accountSink{s: s, m: m, people: p}, nil
	case Products:
		return &productSink{s: s, m: m}, nil
	case Deals:
		return &dealSink{s: s, m: m, people: p}, nil
	}
	return nil, crm.Invalid("不能导入“"+string(m.Kind)+"”", "cannot import “"+string(m.Kind)+"”")
}

// people finds persons by name or employee number, leavers too: history names
// them.
type people struct {
	byName map[string][]org.User
	byNo   map[string]org.User
}

func loadPeople(ctx context.Context, d *org.Directory) (people, error) {
	all, err := d.Everyone(ctx)
	if err != nil {
		return people{}, err
	}
	p := people{byName: map[string][]org.User{}, byNo: map[string]org.User{}}
	for _, u := range all {
		p.byName[personKey(u.Name)] = append(p.byName[personKey(u.Name)], u)
		if u.EmployeeNo != "" {
			p.byNo[personKey(u.EmployeeNo)] = u
		}
	}
	return p, nil
}

func personKey(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// find is the person of the name; empty text is nobody and no error.
func (p people) find(text string) (org.User, error) {
	k := personKey(text)
	if k == "" {
		return org.User{}, nil
	}
	if u, ok := p.byNo[k]; ok {
		return u, nil
	}
	switch list := p.byName[k]; len(list) {
	case 1:
		return list[0], nil
	case 0:
		return org.User{}, crm.NotFound("没有叫“"+cutRunes(text, 30)+"”的人", "nobody is called “"+cutRunes(text, 30)+"”").WithNext("请先导入人员", "import the people first")
	default:
		return org.User{}, crm.Invalid(fmt.Sprintf("有 %d 个人叫“%s”，请用工号", len(list), cutRunes(text, 30)), fmt.Sprintf("%d people are called “%s”; use the employee number", len(list), cutRunes(text, 30)))
	}
}

// split sorts rows that the file itself made bad from the good ones and returns
// the places of the good ones.
func split[T any](rows []row, out []bulk.Result, make func(r row) (T, error)) (good []T, at []int) {
	for i, r := range rows {
		if r.bad != (crm.Text{}) {
			out[i] = bulk.Result{Outcome: bulk.Bad, Reason: r.bad}
			continue
		}
		v, err := make(r)
		if err != nil {
			out[i] = bulk.BadErr(err)
			continue
		}
		good, at = append(good, v), append(at, i)
	}
	return good, at
}

func merge(out []bulk.Result, at []int, res []bulk.Result) {
	for j, i := range at {
		out[i] = res[j]
	}
}
