// Package lead is about leads: people or companies that might buy and that
// somebody must talk to first. It has the rules for making, claiming, passing
// on and releasing them; ownership itself goes through the gate of package pool.
package lead

import (
	"time"

	"crmbot/internal/crm"
)

// The keys of the facts that leads write.
const (
	FactNew     = "lead.new"
	FactClaim   = "lead.claim"
	FactRelease = "lead.release"
	// FactConverted is a lead that became an account.
	FactConverted = "lead.converted"
	// FactFirstContact is written by activities when Touch reports the first one.
	FactFirstContact = "lead.first_contact"
)

// Status is what became of a lead.
type Status string

// The states.
const (
	Open      Status = "open"      // with an owner or in the pool
	Review    Status = "review"    // in the pool, data being checked (P-17): not claimable
	Converted Status = "converted" // became an account
	Invalid   Status = "invalid"   // given up for good
	Merged    Status = "merged"    // part of another lead, see Lead.Merged
)

// Name is the state's word in the language.
func (s Status) Name(l crm.Lang) string {
	switch s {
	case Open:
		return l.T("跟进中", "open")
	case Review:
		return l.T("资料核对中", "data under review")
	case Converted:
		return l.T("已转客户", "converted")
	case Invalid:
		return l.T("无效", "invalid")
	case Merged:
		return l.T("已合并", "merged")
	}
	return string(s)
}

// Grade is how promising a lead is: A to D, empty when not graded.
type Grade string

// Grades are all grades, best first.
var Grades = []Grade{"A", "B", "C", "D"}

// Valid reports whether g is one of A to D.
func (g Grade) Valid() bool { return len(g) == 1 && g[0] >= 'A' && g[0] <= 'D' }

// Info is what people write about a lead.
type Info struct {
	Company string // the company's name as written; may be empty when Contact is not
	Contact string
	Title   string // the contact's position
	// Phone is one or more numbers as written.
	Phone    string
	Email    string
	Address  string
	City     string
	Region   string
	Industry string
	Source   string // how it came: a name of the sources setting, or free text
	Need     string // product interest
	Budget   string // budget or time of purchase
	Note     string
	USCC     string // 统一社会信用代码
	Campaign string // what brought it, within its source: "春季投放"
	Size     string // the company's size as written: "50-99 人"
}

// Lead is one lead.
type Lead struct {
	ID crm.LeadID
	Info
	Grade Grade
	// GradeGiven marks a grade that somebody set rather than the score.
	GradeGiven bool
	Score      Score
	// Standing is what the score made of it, whatever Given says instead.
	Standing Standing
	Given    Given
	Status   Status
	// Quality is the release reason that put the data in doubt (P-17): empty,
	// "wrong_number" or "duplicate".
	Quality string
	// Owner is who follows it up; zero: the pool. Team is the owner's team at
	// the time of the last change of owner.
	Owner crm.UserID
	Team  crm.TeamID
	// Pool is the home pool, also while it is owned.
	Pool      crm.PoolID
	CreatedBy crm.UserID // zero: the system
	// Import is the import that made it and ImportRow its row there; zero: none.
	Import    int64
	ImportRow int
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version counts changes of owner and data; touches do not count.
	Version int64
	// OwnedAt is when the present owner got it; zero in the pool.
	OwnedAt time.Time
	// HandedAt is when it was last handed over from a leaver (HO-02); zero: never.
	HandedAt time.Time
	// PooledAt is when it last came into the pool, ClaimableAt when the embargo
	// ends (P-07).
	PooledAt, ClaimableAt time.Time
	// FirstContactAt is the first valid activity ever; LastActivityAt any
	// activity; LastValidAt the last valid one (P-10). Zero: none.
	FirstContactAt, LastActivityAt, LastValidAt time.Time
	// NeedAt is when its need was confirmed (L-07); zero: not yet.
	NeedAt time.Time
	// Became is the account that it was converted to; zero: none.
	Became crm.AccountID
	// Merged is the lead that it became part of; zero: none.
	Merged crm.LeadID
}

// Ref is the lead's code.
func (l Lead) Ref() crm.Ref { return l.ID.Ref() }

// Name is what the lead is called: the company, else the contact, else the code.
func (l Lead) Name() string {
	switch {
	case l.Company != "":
		return l.Company
	case l.Contact != "":
		return l.Contact
	}
	return l.ID.String()
}

// InPool reports whether it waits in a pool.
func (l Lead) InPool() bool { return l.Owner == 0 && (l.Status == Open || l.Status == Review) }

// Contacted reports whether the present owner had a valid contact since they
// got the lead.
func (l Lead) Contacted() bool {
	return l.Owner != 0 && !l.LastValidAt.IsZero() && !l.LastValidAt.Before(l.OwnedAt)
}

// Handed reports whether the present owner got it by a hand-over.
func (l Lead) Handed() bool {
	return l.Owner != 0 && !l.HandedAt.IsZero() && l.HandedAt.Equal(l.OwnedAt)
}

// Masked is the lead as it may be shown to somebody who has not claimed it
// (P-08): phone, e-mail and address hidden, and the further fields that its
// pool hides.
func (l Lead) Masked(hides func(field string) bool) Lead {
	l.Phone, l.Email = crm.MaskPhone(l.Phone), crm.MaskEmail(l.Email)
	if l.Address != "" {
		l.Address = "****"
	}
	for field, v := range map[string]*string{"company": &l.Company, "contact": &l.Contact, "title": &l.Title, "need": &l.Need, "note": &l.Note} {
		if *v == "" || !hides(field) {
			continue
		}
		if field == "contact" {
			*v = crm.MaskName(*v)
		} else {
			*v = "****"
		}
	}
	return l
}
