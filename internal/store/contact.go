package store

import (
	"context"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/crm"
)

type contactRow struct {
	ID           int64
	AccountID    int64
	Name         string
	Mobile       string
	Email        string
	Title        string
	DecisionRole string
	HasLeft      bool
	CreatedBy    int64
	CreatedMs    int64
	ActiveMs     int64
	Version      int64
}

func (contactRow) TableName() string { return "crm_contacts" }

func contactRowOf(c account.Contact) contactRow {
	return contactRow{ID: int64(c.ID), AccountID: int64(c.Account), Name: c.Name, Mobile: c.Mobile, Email: c.Email, Title: c.Title, DecisionRole: string(c.Role), HasLeft: c.Left,
		CreatedBy: int64(c.CreatedBy), CreatedMs: ms(c.CreatedAt), ActiveMs: ms(c.ActiveAt), Version: c.Version}
}

func (r contactRow) entity() account.Contact {
	return account.Contact{ID: crm.ContactID(r.ID), Account: crm.AccountID(r.AccountID), Name: r.Name, Mobile: r.Mobile, Email: r.Email, Title: r.Title, Role: account.Role(r.DecisionRole),
		Left: r.HasLeft, CreatedBy: crm.UserID(r.CreatedBy), CreatedAt: at(r.CreatedMs), ActiveAt: at(r.ActiveMs), Version: r.Version}
}

// Contact implements account.Store.
func (d *DB) Contact(ctx context.Context, id crm.ContactID) (account.Contact, error) {
	var r contactRow
	err := d.read(ctx).Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return account.Contact{}, crm.NotFound("没有联系人 "+id.String(), "there is no contact "+id.String())
	}
	return r.entity(), err
}

// Contacts implements account.Store.
func (d *DB) Contacts(ctx context.Context, id crm.AccountID) ([]account.Contact, error) {
	var rows []contactRow
	if err := d.read(ctx).Where("account_id = ?", int64(id)).Order("has_left, id").Limit(200).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]account.Contact, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}

// AddContacts implements account.Store.
func (d *DB) AddContacts(ctx context.Context, cs []*account.Contact) error {
	if len(cs) == 0 {
		return nil
	}
	rows := make([]contactRow, len(cs))
	for i, c := range cs {
		c.Version = 1
		rows[i] = contactRowOf(*c)
	}
	if err := d.write(ctx).CreateInBatches(rows, 100).Error; err != nil {
		return err
	}
	for i, c := range cs {
		c.ID = crm.ContactID(rows[i].ID)
	}
	return nil
}

// UpdateContact implements account.Store.
func (d *DB) UpdateContact(ctx context.Context, c *account.Contact) error {
	r := contactRowOf(*c)
	r.Version++
	res := d.write(ctx).Model(&contactRow{}).Select("*").Omit("id").Where("id = ? AND version = ?", r.ID, c.Version).Updates(&r)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return crm.Stale("", "联系人 "+c.ID.String()+" 已被别人修改", "contact "+c.ID.String()+" was changed by somebody else").WithNext("请重新打开再改", "please open it again")
	}
	c.Version = r.Version
	return nil
}

// TouchContact implements account.Store.
func (d *DB) TouchContact(ctx context.Context, id crm.ContactID, when time.Time) error {
	return d.write(ctx).Model(&contactRow{}).Where("id = ? AND active_ms < ?", int64(id), ms(when)).Update("active_ms", ms(when)).Error
}
