package app

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"crmbot/internal/account"
	"crmbot/internal/attachment"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
	"crmbot/internal/store"
)

// companyKeys gives accounts the duplicate keys that leads keep: one company is
// one record, whichever of the two it is (DU-01).
type companyKeys struct {
	found *lead.Duplicates
	index lead.Index
}

// Holder implements account.Keys.
func (k companyKeys) Holder(ctx context.Context, company, uscc string) (crm.Ref, error) {
	m, _, err := k.found.Exact(ctx, lead.Identity{Company: company, USCC: uscc})
	return m.Ref, err
}

// Claim implements account.Keys.
func (k companyKeys) Claim(ctx context.Context, owner crm.Ref, company, uscc string) error {
	err := k.found.Add(ctx, owner, lead.Identity{Company: company, USCC: uscc})
	if errors.Is(err, lead.ErrKeyTaken) {
		return crm.Conflict("DU-01", "公司“"+company+"”刚刚被别人建立", "somebody else has just created “"+company+"”").WithNext("请重试", "please try again").WithCause(err)
	}
	return err
}

// Move implements account.Keys.
func (k companyKeys) Move(ctx context.Context, from, to crm.Ref) error {
	return k.found.Move(ctx, from, to)
}

// Drop implements account.Keys.
func (k companyKeys) Drop(ctx context.Context, owner crm.Ref) error {
	return k.index.DropKeys(ctx, owner)
}

// describeAccount tells whoever enters a lead that its company is an account
// already (DU-02).
func describeAccount(db *store.DB, accounts *account.Service) lead.Describe {
	return func(ctx context.Context, ref crm.Ref) (lead.Existing, error) {
		x, err := db.Account(ctx, crm.AccountID(ref.ID))
		if err != nil {
			return lead.Existing{}, err
		}
		status := crm.Text{Zh: "客户", En: "account"}
		if !x.DealtAt.IsZero() {
			status = crm.Text{Zh: "已成交客户", En: "account that has bought"}
		}
		due, err := accounts.ReleaseDay(ctx, x)
		return lead.Existing{Title: x.Name, Owner: x.Owner, Team: x.Team, InPool: x.InPool(), Pool: max(x.HomePool, pool.DefaultAccountPool), Status: status, Release: due, Claimable: x.ClaimableAt, Review: x.State == account.Review}, err
	}
}

// nurturePool is the pool in which recycling lets records of a kind rest, by the mark
// that it made with it (P-19).
func nurturePool(db *store.DB) func(ctx context.Context, kind crm.Kind) (crm.PoolID, error) {
	return func(ctx context.Context, kind crm.Kind) (crm.PoolID, error) {
		mark, err := db.Mark(ctx, "nurture:"+string(kind))
		if err != nil || mark == "" {
			return 0, err
		}
		id, err := strconv.ParseInt(mark, 10, 64)
		if err != nil {
			return 0, nil // as recycling reads it: there is none
		}
		return crm.PoolID(id), nil
	}
}

// dueOf tells when an account is due to go back to its pool.
func dueOf(r *recycle.Service) account.DueDay {
	return func(ctx context.Context, x account.Account) (crm.Day, error) {
		v, err := r.Of(ctx, x.ID.Ref())
		return v.Release, err
	}
}

// recordRights tells who may read a lead or an account in full.
func recordRights(leads *lead.Service, accounts *account.Service) attachment.Rights {
	return func(ctx context.Context, a crm.Actor, ref crm.Ref) (crm.Ref, bool, error) {
		if ref.Kind == crm.KindAccount {
			x, err := accounts.Peek(ctx, a, crm.AccountID(ref.ID))
			return x.ID.Ref(), x.People, err
		}
		l, err := leads.Peek(ctx, a, crm.LeadID(ref.ID))
		return l.Ref(), !l.Masked, err
	}
}

// poolNamed finds a pool of leads by its name.
func poolNamed(g *pool.Gate) func(ctx context.Context, name string) (crm.PoolID, error) {
	return func(ctx context.Context, name string) (crm.PoolID, error) {
		list, err := g.Pools(ctx)
		if err != nil {
			return 0, err
		}
		for _, p := range list {
			if p.Kind == crm.KindLead && !p.Retired && (strings.EqualFold(p.Title(crm.Chinese), name) || strings.EqualFold(p.Title(crm.English), name)) {
				return p.ID, nil
			}
		}
		return 0, crm.NotFound("没有公海池“"+name+"”", "there is no pool “"+name+"”")
	}
}

// leadsOfAccounts lets leads become accounts.
type leadsOfAccounts struct{ leads *lead.Service }

// Convert implements account.Leads.
func (c leadsOfAccounts) Convert(ctx context.Context, a crm.Actor, id crm.LeadID, make func(ctx context.Context, l account.LeadData) (crm.Ref, error)) error {
	_, err := c.leads.Convert(ctx, a, id, func(ctx context.Context, l lead.Lead, seat pool.Seat) (crm.Ref, error) {
		region := l.City
		if region == "" {
			region = l.Region
		}
		return make(ctx, account.LeadData{Seat: seat, ID: l.ID, Company: l.Company, Region: region, Industry: l.Industry, USCC: l.USCC, Owner: l.Owner, Team: l.Team,
			Contact: account.ContactDraft{Name: l.Contact, Mobile: l.Phone, Email: l.Email, Title: l.Title}})
	})
	return err
}

// recycleAccount gives accounts back that nobody worked on.
func recycleAccount(accounts *account.Service) recycle.Mover {
	return recycle.Mover{
		Free: func(ctx context.Context, ref crm.Ref, owner crm.UserID, _ recycle.Verdict, to crm.PoolID) (bool, error) {
			return accounts.Recycle(ctx, crm.AccountID(ref.ID), "", "", to, func(_ context.Context, x account.Account) (bool, error) { return x.Owner == owner, nil })
		},
		Return: func(ctx context.Context, ref crm.Ref, from crm.PoolID) error {
			return accounts.Return(ctx, crm.AccountID(ref.ID), from)
		},
		GiveBack: func(ctx context.Context, a crm.Actor, ref crm.Ref, nurture crm.PoolID, check func(ctx context.Context) error) error {
			return accounts.GiveBack(ctx, a, crm.AccountID(ref.ID), nurture, check)
		},
	}
}
