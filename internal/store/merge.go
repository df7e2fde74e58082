package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// MoveReferences implements lead.Merges and account.Merges: what was done and
// planned with one record belongs to the other from now on. Every statement
// finds its rows by an index. Facts stay where they are: they tell of their
// moment.
func (d *DB) MoveReferences(ctx context.Context, from, to crm.Ref) error {
	old, now := from.String(), to.String()
	var users []int64
	err := d.read(ctx).Table("crm_activity_people AS p").Joins("JOIN crm_activities AS a ON a.id = p.activity_id").Where("a.customer = ?", old).Distinct("p.user_id").Order("p.user_id").Pluck("p.user_id", &users).Error
	if err != nil {
		return err
	}
	for part := range slices.Chunk(users, 500) {
		// One visit a day and customer counts (V-01): of two the survivor's stays.
		var days []struct {
			UserID int64
			Day    string
		}
		if err := d.read(ctx).Table("crm_visit_credits").Where("user_id IN ? AND customer = ?", part, now).Find(&days).Error; err != nil {
			return err
		}
		for _, x := range days {
			if err := d.write(ctx).Exec("DELETE FROM crm_visit_credits WHERE user_id = ? AND customer = ? AND day = ?", x.UserID, old, x.Day).Error; err != nil {
				return err
			}
		}
		if err := d.write(ctx).Exec("UPDATE crm_visit_credits SET customer = ? WHERE user_id IN ? AND customer = ?", now, part, old).Error; err != nil {
			return err
		}
	}
	// Who was there both times keeps both: a person is one row of an activity.
	var mine []int64
	if err := d.read(ctx).Table("crm_collaborators").Where("ref = ?", now).Pluck("user_id", &mine).Error; err != nil {
		return err
	}
	if len(mine) > 0 {
		if err := d.write(ctx).Exec("DELETE FROM crm_collaborators WHERE ref = ? AND user_id IN ?", old, mine).Error; err != nil {
			return err
		}
	}
	for _, s := range []statement{
		{"UPDATE crm_activity_people SET customer = ? WHERE activity_id IN (SELECT id FROM crm_activities WHERE customer = ?) AND customer = ?", []any{now, old, old}},
		{"UPDATE crm_activities SET subject = ? WHERE subject = ?", []any{now, old}},
		{"UPDATE crm_activities SET customer = ? WHERE customer = ?", []any{now, old}},
		{"UPDATE crm_next_steps SET subject = ? WHERE subject = ?", []any{now, old}},
		{"UPDATE crm_visit_plans SET subject = ? WHERE customer = ? AND subject = ?", []any{now, old, old}},
		{"UPDATE crm_visit_plans SET customer = ? WHERE customer = ?", []any{now, old}},
		{"UPDATE crm_collaborators SET ref = ? WHERE ref = ?", []any{now, old}},
		{"UPDATE crm_record_files SET ref = ? WHERE ref = ?", []any{now, old}},
		{"UPDATE crm_inquiries SET ref = ? WHERE ref = ?", []any{now, old}},
	} {
		if err := d.write(ctx).Exec(s.query, s.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// MoveTerms implements lead.Index: the survivor is found under both names.
func (d *DB) MoveTerms(ctx context.Context, from, to crm.Ref) error {
	var old, have []string
	terms := func(ref crm.Ref, out *[]string) error {
		return d.read(ctx).Model(&searchTermRow{}).Where("kind = ? AND record_id = ?", string(ref.Kind), ref.ID).Pluck("term", out).Error
	}
	if err := terms(from, &old); err != nil {
		return err
	}
	if err := terms(to, &have); err != nil {
		return err
	}
	if err := d.write(ctx).Where("kind = ? AND record_id = ?", string(from.Kind), from.ID).Delete(&searchTermRow{}).Error; err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(t string) bool { return slices.Contains(have, t) })
	return d.AddTerms(ctx, map[crm.Ref][]string{to: old})
}

// MergeLead implements lead.Merges.
func (d *DB) MergeLead(ctx context.Context, l lead.Lead, now time.Time) error {
	r := leadRowOf(&l)
	return d.write(ctx).Table("crm_leads").Where("id = ?", r.ID).Updates(map[string]any{"company": r.Company, "contact": r.Contact, "title": r.Title, "phone": r.Phone, "email": r.Email, "address": r.Address, "city": r.City, "region": r.Region,
		"industry": r.Industry, "source": r.Source, "campaign": r.Campaign, "need": r.Need, "budget": r.Budget, "note": r.Note, "uscc": r.Uscc, "company_size": r.CompanySize, "need_ms": r.NeedMs,
		"first_contact_ms": r.FirstContactMs, "last_activity_ms": r.LastActivityMs, "last_valid_ms": r.LastValidMs, "updated_ms": ms(now), "version": gorm.Expr("version + 1")}).Error
}

// SetMergedLead implements lead.Merges.
func (d *DB) SetMergedLead(ctx context.Context, id, into crm.LeadID) error {
	return d.write(ctx).Table("crm_leads").Where("id = ?", int64(id)).Update("merged_id", int64(into)).Error
}

// MoveChildren implements account.Merges.
func (d *DB) MoveChildren(ctx context.Context, from, to crm.AccountID, now time.Time) (deals []crm.DealID, err error) {
	if err := d.read(ctx).Model(&dealRow{}).Where("account_id = ?", int64(from)).Order("id").Pluck("id", &deals).Error; err != nil {
		return nil, err
	}
	for part := range slices.Chunk(deals, 500) {
		if err := d.write(ctx).Model(&dealRow{}).Where("id IN ?", part).Updates(map[string]any{"account_id": int64(to), "updated_ms": ms(now), "version": gorm.Expr("version + 1")}).Error; err != nil {
			return nil, err
		}
	}
	return deals, d.write(ctx).Exec("UPDATE crm_leads SET account_id = ? WHERE account_id = ?", int64(to), int64(from)).Error
}

// MoveContact implements account.Merges.
func (d *DB) MoveContact(ctx context.Context, id crm.ContactID, to crm.AccountID) error {
	return d.write(ctx).Model(&contactRow{}).Where("id = ?", int64(id)).Updates(map[string]any{"account_id": int64(to), "version": gorm.Expr("version + 1")}).Error
}

// JoinContacts implements account.Merges.
func (d *DB) JoinContacts(ctx context.Context, from, to crm.ContactID) error {
	return d.write(ctx).Exec("UPDATE crm_activities SET contact_id = ? WHERE contact_id = ?", int64(to), int64(from)).Error
}

// MergedInto implements account.Merges.
func (d *DB) MergedInto(ctx context.Context, id crm.AccountID) ([]crm.AccountID, error) {
	var ids []crm.AccountID
	err := d.read(ctx).Model(&accountRow{}).Where("merged_id = ? AND state = ?", int64(id), string(account.Merged)).Order("id").Limit(50).Pluck("id", &ids).Error
	return ids, err
}
