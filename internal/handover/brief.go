package handover

import (
	"context"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// Brief is what a new owner must know about a customer (HO-03).
type Brief struct {
	Ref      crm.Ref
	Title    string
	Contacts []string
	Bought   []string
	Open     crm.Money
	Talks    []lead.StoryItem
	Promises []Promise
	// Silent is how many days ago the last talk was; -1: never.
	Silent int
	// Overdue are promises whose day has passed.
	Overdue int
	From    crm.UserID
}

// BriefOf is the brief about a lead or an account that the actor owns, or whose
// owner they lead.
func (s *Service) BriefOf(ctx context.Context, a crm.Actor, ref crm.Ref) (Brief, error) {
	b := Brief{Ref: ref, Silent: -1}
	switch ref.Kind {
	case crm.KindLead:
		v, err := s.d.Leads.Peek(ctx, a, crm.LeadID(ref.ID))
		if err != nil {
			return b, err
		}
		if v.Masked {
			return b, crm.Forbidden(ref.String()+" 在公海，没有交接简报", ref.String()+" is in the pool and has no brief")
		}
		b.Title, b.Contacts = v.Name(), []string{strings.TrimSpace(v.Contact + " " + v.Lead.Title + " " + v.Phone)}
	case crm.KindAccount:
		x, err := s.d.Accounts.Get(ctx, a, crm.AccountID(ref.ID))
		if err != nil {
			return b, err
		}
		b.Title = x.Name
		if b.Contacts, err = s.d.Store.Reachers(ctx, ref, 3); err != nil {
			return b, err
		}
	default:
		return b, crm.Invalid("简报只有线索和客户有", "only leads and accounts have a brief").WithNext("例如 /简报 A-3", "for example /brief A-3")
	}
	var err error
	if b.Bought, err = s.d.Store.Bought(ctx, ref, 5); err != nil {
		return b, err
	}
	if b.Open, err = s.d.Store.OpenMoney(ctx, ref); err != nil {
		return b, err
	}
	if b.Promises, err = s.d.Store.Promises(ctx, ref, 5); err != nil {
		return b, err
	}
	if b.Talks, err = s.d.Teller.Story(ctx, ref, 3); err != nil {
		return b, err
	}
	now := s.d.Clock.Now()
	if len(b.Talks) > 0 {
		b.Silent = int(now.Sub(b.Talks[0].At).Hours() / 24)
	}
	for _, p := range b.Promises {
		if p.Day < s.d.Calendar.DayOf(now) {
			b.Overdue++
		}
	}
	past, err := s.d.Gate.History(ctx, ref, 1)
	if len(past) > 0 && past[0].Reason == pool.Handover {
		b.From = past[0].From
	}
	return b, err
}
