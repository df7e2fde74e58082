package account

import (
	"context"
	"errors"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// LeadData is what an account takes over from the lead that it was.
type LeadData struct {
	ID      crm.LeadID
	Company string
	Contact ContactDraft
	Region  string
	// Industry and USCC may be empty.
	Industry, USCC string
	Owner          crm.UserID
	Team           crm.TeamID
	// Seat is the owner's, taken before the lead was read.
	Seat pool.Seat

	into crm.AccountID // the account that was named; zero: found by the company
}

// Leads are the leads that become accounts.
type Leads interface {
	// Convert checks the actor's right and lets make build the account in the
	// transaction that closes the lead and moves its duplicate keys.
	Convert(ctx context.Context, a crm.Actor, id crm.LeadID, make func(ctx context.Context, l LeadData) (crm.Ref, error)) error
}

// Convert turns a lead into an account of the lead's owner with the lead's
// contact. The name replaces the lead's company where that is missing. An
// account of the same company that the actor may see takes the lead in.
func (s *Service) Convert(ctx context.Context, a crm.Actor, id crm.LeadID, name string) (Account, error) {
	return s.convert(ctx, a, id, name, 0)
}

// ConvertInto makes a lead part of an account that the actor may see: one
// company that came in twice under two names.
func (s *Service) ConvertInto(ctx context.Context, a crm.Actor, id crm.LeadID, into crm.AccountID) (Account, error) {
	x, err := s.Get(ctx, a, into)
	if err != nil {
		return x, err
	}
	return s.convert(ctx, a, id, "", x.ID)
}

func (s *Service) convert(ctx context.Context, a crm.Actor, id crm.LeadID, name string, into crm.AccountID) (Account, error) {
	var x Account
	err := s.Leads.Convert(ctx, a, id, func(ctx context.Context, l LeadData) (crm.Ref, error) {
		if name != "" {
			l.Company = name
		}
		if into != 0 {
			x, err := s.Store.Account(ctx, into)
			if err != nil {
				return crm.Ref{}, err
			}
			l.Company, l.into = x.Name, into
		}
		if l.Company == "" {
			return crm.Ref{}, crm.Refused("F-01", "线索 "+id.String()+" 没有公司名称", "lead "+id.String()+" has no company").WithNext("写上公司：/转客户 "+id.String()+" 公司名称", "name it: /convert "+id.String()+" COMPANY")
		}
		var err error
		x, err = s.adopt(ctx, a, l)
		return x.ID.Ref(), err
	})
	s.told(ctx, a, err)
	return x, err
}

// joined is a known account that a lead becomes part of: one that the actor may
// see, and out of the pool it goes to the lead's owner, as a claim.
func (s *Service) joined(ctx context.Context, a crm.Actor, x Account, seat pool.Seat) (Account, error) {
	r, err := s.Rights(ctx, a, x)
	if err != nil {
		return x, err
	}
	if !r.See {
		return x, s.taken(ctx, x)
	}
	if x.Owner != 0 {
		return x, nil
	}
	if x, err = s.Store.LockAccount(ctx, x.ID); err != nil {
		return x, err
	}
	if err := claimable(x); err != nil {
		if errors.Is(err, pool.ErrLost) {
			err = s.moved(x.ID)
		}
		return x, err
	}
	home, err := s.Gate.Pool(ctx, x.home())
	if err != nil {
		return x, err
	}
	m := pool.Move{Ref: x.ID.Ref(), Reason: pool.Claim, Pool: home, Claimable: x.ClaimableAt, Exempt: x.Dealt()}
	moved, err := s.Gate.Give(ctx, a, seat, m, 1, s.move(a, x, Live, "", nil))
	if errors.Is(err, pool.ErrLost) {
		return x, s.moved(x.ID)
	}
	if err != nil {
		return x, s.withCandidates(ctx, seat.User.ID, err)
	}
	e := moved.Entries[0]
	x.Owner, x.Team, x.OwnedAt, x.Version = e.To, e.ToTeam, e.At, x.Version+1
	return x, s.record(ctx, FactClaim, e.At, e.To, e.ToTeam, x.ID)
}

// adopt makes or finds the account of a lead in the caller's transaction. The
// duplicate keys are the lead's and move with it.
func (s *Service) adopt(ctx context.Context, a crm.Actor, l LeadData) (Account, error) {
	d, key, err := s.check(Draft{Name: l.Company, Region: l.Region, Industry: l.Industry})
	if err != nil {
		return Account{}, err
	}
	if code, ok := crm.USCC(l.USCC); ok {
		d.USCC = code
	}
	have, err := s.Store.AccountsByKey(ctx, []string{key})
	if err != nil {
		return Account{}, err
	}
	now := s.Clock.Now()
	x, known := have[key]
	if l.into != 0 {
		if x, err = s.Store.Account(ctx, l.into); err != nil {
			return Account{}, err
		}
		known = true
	}
	if known {
		if x, err = s.joined(ctx, a, x, l.Seat); err != nil {
			return Account{}, err
		}
	} else {
		x = Account{Name: d.Name, Key: key, Level: d.Level, Region: d.Region, Industry: d.Industry, USCC: d.USCC, FromLead: l.ID, CreatedAt: now, UpdatedAt: now}
		if _, err := s.add(ctx, a, l.Seat, pool.Create, []*Account{&x}, false); err != nil {
			return Account{}, err
		}
	}
	c := l.Contact
	if c.Name == "" && c.Mobile == "" {
		return x, nil
	}
	if c.Name == "" {
		c.Name = d.Name
	}
	if key := crm.MobileKey(c.Mobile); key != "" {
		c.Mobile = key
	}
	have2, err := s.Store.Contacts(ctx, x.ID)
	if err != nil {
		return Account{}, err
	}
	for _, o := range have2 {
		if o.Mobile != "" && o.Mobile == c.Mobile || o.Name == c.Name {
			return x, nil
		}
	}
	return x, s.Store.AddContacts(ctx, []*Contact{{Account: x.ID, Name: cutRunes(c.Name, 40), Mobile: cutRunes(c.Mobile, 30), Email: c.Email, Title: c.Title, Role: c.Role, CreatedBy: l.Owner, CreatedAt: now}})
}
