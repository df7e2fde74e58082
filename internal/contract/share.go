package contract

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// share splits the credit of a contract that is just being signed with the
// colleague from whom it was taken over not long ago, where the setting says so
// (HO-02). The contract counts for its owner, who gets an odd 分 too.
func (s *Service) share(ctx context.Context, c *Contract) error {
	days := ShareDays.Of(ctx, s.Rules)
	if c.HandedFrom == 0 || c.HandedFrom == c.CreditUser || c.SignedOn > s.Calendar.DayOf(c.HandedAt).AddDays(int(days)) || days == 0 {
		return nil
	}
	u, err := s.People.User(ctx, c.HandedFrom)
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return err
	}
	c.ShareUser, c.ShareTeam, c.ShareAmount = c.HandedFrom, u.Team, c.Amount/2
	return s.Effects.Audit(ctx, crm.Audit{Action: "contract.shared", Ref: c.ID.Ref(), Rule: "HO-02",
		Detail: map[string]any{"owner": c.CreditUser, "former": c.ShareUser, "handed": s.Calendar.DayOf(c.HandedAt), "signed": c.SignedOn, "days": days, "amount": int64(c.ShareAmount)}})
}

// credit are the facts of a signature (sign 1) or of its end (-1).
func credit(c Contract, at time.Time, day crm.Day, sign int64) []crm.Fact {
	own := crm.Fact{At: at, Day: day, User: c.CreditUser, Team: c.CreditTeam, Key: FactSigned, Qty: sign, Amount: crm.Money(sign) * (c.Amount - c.ShareAmount), Ref: c.ID.Ref()}
	if c.ShareUser == 0 {
		return []crm.Fact{own}
	}
	other := own
	other.User, other.Team, other.Qty, other.Amount = c.ShareUser, c.ShareTeam, 0, crm.Money(sign)*c.ShareAmount
	return []crm.Fact{own, other}
}
