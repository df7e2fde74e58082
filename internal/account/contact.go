package account

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// ContactDraft is what a person says about a new contact.
type ContactDraft struct {
	Name, Mobile, Email, Title string
	Role                       Role
}

// Contacts are the people of an account as the actor may see them: in full for
// the owner, leaders and company-wide roles, else masked (P-08, PM-01).
func (s *Service) Contacts(ctx context.Context, a crm.Actor, id crm.AccountID) ([]Contact, error) {
	x, r, err := s.get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	cs, err := s.Store.Contacts(ctx, x.ID)
	if err != nil || r.People {
		return cs, err
	}
	for i := range cs {
		if cs[i].CreatedBy != a.ID {
			cs[i] = cs[i].Masked()
		}
	}
	return cs, nil
}

// Contact opens one contact of an account that the actor may see, masked where
// the actor may not see the person (P-08).
func (s *Service) Contact(ctx context.Context, a crm.Actor, id crm.ContactID) (Contact, error) {
	c, err := s.Store.Contact(ctx, id)
	if err != nil {
		return Contact{}, err
	}
	_, r, err := s.get(ctx, a, c.Account)
	if crm.CodeOf(err) == crm.CodeNotFound { // whose contact it is stays untold, too
		return Contact{}, crm.NotFound("没有联系人 "+id.String(), "there is no contact "+id.String())
	}
	if err != nil {
		return Contact{}, err
	}
	if !r.People && c.CreatedBy != a.ID {
		c = c.Masked()
	}
	return c, nil
}

// AddContact adds a person to an account. The same number at the same account
// is refused as a duplicate (DU-01).
func (s *Service) AddContact(ctx context.Context, a crm.Actor, id crm.AccountID, d ContactDraft) (Contact, Account, error) {
	d.Name, d.Title, d.Email = oneLine(d.Name), oneLine(d.Title), strings.ToLower(oneLine(d.Email))
	switch {
	case d.Name == "":
		return Contact{}, Account{}, crm.Invalid("请写联系人姓名", "the contact's name is needed")
	case utf8.RuneCountInString(d.Name) > 40:
		return Contact{}, Account{}, crm.Invalid("联系人姓名最多 40 个字", "a contact's name has at most 40 characters")
	case utf8.RuneCountInString(d.Title) > 40 || len(d.Email) > 120:
		return Contact{}, Account{}, crm.Invalid("职位最多 40 个字，邮箱最多 120 个字符", "a title has at most 40 characters, an e-mail address 120")
	}
	if d.Mobile = oneLine(d.Mobile); d.Mobile != "" {
		n, err := crm.ParsePhone(d.Mobile)
		if err != nil {
			return Contact{}, Account{}, err
		}
		d.Mobile = n
	}
	var c Contact
	var x Account
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		var r Rights
		if x, r, err = s.get(ctx, a, id); err != nil {
			return err
		}
		if a.Frozen {
			return frozen()
		}
		if r.Collaborates {
			return crm.Forbidden("协作人可以查看和记跟进，不能改资料（PM-01）", "a collaborator reads and logs, and does not change the data (PM-01)").WithNext("请负责人添加联系人", "let the owner add the contact")
		}
		if !r.People {
			// Whether a number is known there is as telling as the number.
			return crm.Refused("P-08", x.ID.String()+" 在公海，它的联系人对您是隐藏的，不能添加", x.ID.String()+" is in the pool and its contacts are hidden from you; you cannot add one").
				WithNext("先认领：/认领 "+x.ID.String()+"，或请公海管理员添加", "claim it first: /claim "+x.ID.String()+", or let the pool's manager add it")
		}
		id = x.ID
		have, err := s.Store.Contacts(ctx, id)
		if err != nil {
			return err
		}
		for _, o := range have {
			if d.Mobile != "" && o.Mobile == d.Mobile || d.Mobile == "" && o.Name == d.Name {
				return crm.Conflict("DU-01", fmt.Sprintf("%s 已有联系人 %s(%s)", x.Name, o.Name, o.ID.Ref()), fmt.Sprintf("%s already has the contact %s (%s)", x.Name, o.Name, o.ID.Ref())).
					WithNext("无需重复添加", "it need not be added again")
			}
		}
		now := s.Clock.Now()
		c = Contact{Account: id, Name: d.Name, Mobile: d.Mobile, Email: d.Email, Title: d.Title, Role: d.Role, CreatedBy: a.ID, CreatedAt: now}
		if err := s.Store.AddContacts(ctx, []*Contact{&c}); err != nil {
			return err
		}
		if err := s.Effects.Record(ctx, crm.Fact{At: now, Day: s.Calendar.DayOf(now), User: a.ID, Team: a.Team, Key: FactNewContact, Qty: 1, Ref: c.ID.Ref()}); err != nil {
			return err
		}
		if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "contact.create", Ref: c.ID.Ref(), Detail: map[string]any{"account": int64(id)}}); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, id.Ref())
	})
	return c, x, err
}

func oneLine(s string) string { return crm.Normalize(strings.ReplaceAll(s, "\n", " ")) }
