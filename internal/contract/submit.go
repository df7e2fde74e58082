package contract

import (
	"context"
	"strconv"
	"time"

	"crmbot/internal/approval"
	"crmbot/internal/crm"
)

// KindContract is the kind of subject under which contracts are approved.
const KindContract = "contract"

// SubmitForApproval hands the contract in (CT-01): its content is kept as this
// round's version, the request is bound to its hash (AP-04), and the approvers
// get their cards.
func (s *Service) SubmitForApproval(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, urgent bool, note string) (Contract, approval.Request, error) {
	var req approval.Request
	c, err := s.change(ctx, a, id, version, func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error) {
		if !CanWork(a, *c) {
			return nil, crm.Forbid(a, crm.Manager)
		}
		from := c.State
		to, err := Next(from, Submit)
		if err != nil {
			return nil, err
		}
		if err := check(c.Content); err != nil {
			return nil, err
		}
		c.State, c.Cause, c.Hash = to, "", HashOf(c.Content)
		c.Round++
		if err := s.Store.AddContractContent(ctx, c.ID, c.Round, c.Hash, c.Content, now); err != nil {
			return nil, err
		}
		req, err = s.Approvals.Submit(ctx, a, approval.Submission{Kind: KindContract, Category: c.Type, Ref: c.ID.Ref(), Title: c.Number + " " + c.AccountName, Amount: c.Amount,
			Hash: c.Hash, Round: c.Round, Owner: c.Owner, Urgent: urgent, Note: note})
		if err != nil {
			return nil, err
		}
		if err := s.credit(ctx, *c, FactSubmitted, now, c.Round == 1, c.Amount-c.SubmittedAmount); err != nil {
			return nil, err
		}
		c.SubmittedAmount = c.Amount
		if err := s.Customers.Touch(ctx, c.Account, 0, now); err != nil {
			return nil, err
		}
		return []Entry{{Event: Submit, From: from, To: to, Note: req.ID.String()}}, nil
	})
	return c, req, err
}

// credit records a contract's number and amount for its owner: the first time
// as one contract, later as the difference only, so that one contract never
// counts twice.
func (s *Service) credit(ctx context.Context, c Contract, key string, now time.Time, first bool, amount crm.Money) error {
	f := crm.Fact{At: now, Day: s.Calendar.DayOf(now), User: c.Owner, Key: key, Amount: amount, Ref: c.ID.Ref()}
	if first {
		f.Qty = 1
	}
	if f.Qty == 0 && f.Amount == 0 {
		return nil
	}
	var err error
	if f.Team, err = s.teamNow(ctx, c); err != nil {
		return err
	}
	return s.Effects.Record(ctx, f)
}

// teamNow is the owner's team of this moment, which a fact belongs to (F-06).
func (s *Service) teamNow(ctx context.Context, c Contract) (crm.TeamID, error) {
	u, err := s.People.User(ctx, c.Owner)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return c.Team, nil
	}
	return u.Team, err
}

// Kind implements approval.Subject.
func (s *Service) Kind() string { return KindContract }

// Hash implements approval.Subject.
func (s *Service) Hash(ctx context.Context, ref crm.Ref) (string, error) {
	c, err := s.Store.Contract(ctx, crm.ContractID(ref.ID), false)
	if err != nil {
		return "", err
	}
	return HashOf(c.Content), nil
}

// Parties implements approval.Subject: the owners of the contracts, of their
// customers and of their deals.
func (s *Service) Parties(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]crm.UserID, error) {
	ids := make([]crm.ContractID, len(refs))
	for i, r := range refs {
		ids[i] = crm.ContractID(r.ID)
	}
	found, err := s.Store.ContractParties(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.Ref][]crm.UserID, len(refs))
	for _, r := range refs {
		if p, ok := found[crm.ContractID(r.ID)]; ok {
			out[r] = p
		}
	}
	return out, nil
}

// Ended implements approval.Subject: the request's end moves the contract in
// the same transaction.
func (s *Service) Ended(ctx context.Context, a crm.Actor, r approval.Request) error {
	c, err := s.Store.Contract(ctx, crm.ContractID(r.Ref.ID), true)
	if err != nil {
		return err
	}
	if c.Round != r.Round || c.State != Pending {
		return nil // of an earlier submission
	}
	now := s.Clock.Now()
	on, cause := Reject, Cause("")
	switch r.State {
	case approval.Approved:
		on = Approve
	case approval.Rejected:
		cause = ByApprover
	case approval.Returned:
		cause = Returned
	case approval.Withdrawn:
		cause = Withdrawn
	case approval.Void:
		cause = Changed
	default:
		return nil
	}
	from := c.State
	if c.State, err = Next(from, on); err != nil {
		return err
	}
	c.Cause, c.UpdatedAt = cause, now
	if on == Approve {
		if err := s.credit(ctx, c, FactApproved, now, c.ApprovedAt.IsZero(), c.Amount-c.ApprovedAmount); err != nil {
			return err
		}
		c.ApprovedAt, c.ApprovedAmount = now, c.Amount
	}
	event := on
	if on == Reject {
		event = logged(cause)
	}
	return s.store(ctx, &c, []Entry{{Event: event, From: from, To: c.State, Note: r.ID.String()}}, a.ID, now)
}

// Brief implements approval.Subject: what matters for deciding on a phone.
func (s *Service) Brief(ctx context.Context, r approval.Request) (approval.Brief, error) {
	id := crm.ContractID(r.Ref.ID)
	now, ok, err := s.Store.ContractContent(ctx, id, r.Round)
	if err != nil || !ok {
		return approval.Brief{}, err
	}
	types := s.TypesNow(ctx)
	both := func(f func(l crm.Lang) string) crm.Text { return crm.Text{Zh: f(crm.Chinese), En: f(crm.English)} }
	line := func(f Field, v crm.Text, wide bool) approval.Line {
		return approval.Line{Label: both(f.Name), Value: v, Wide: wide}
	}
	b := approval.Brief{Facts: []approval.Line{
		line(FieldCustomer, approval.Same(now.AccountName), true),
		line(FieldAmount, both(now.Amount.Format), false),
		line(FieldType, both(func(l crm.Lang) string { return TypeName(types, now.Type, l) }), false),
		line(FieldTerms, approval.Same(now.Terms), true),
		line(FieldStarts, approval.Same(string(now.StartsOn)), false),
		line(FieldEnds, both(func(l crm.Lang) string { return ValueText(FieldEnds, string(now.EndsOn), types, l) }), false),
		line(FieldChannel, both(now.Channel.Name), false),
	}}
	if now.Remark != "" {
		b.Facts = append(b.Facts, line(FieldRemark, approval.Same(now.Remark), true))
	}
	if r.Round > 1 {
		before, ok, err := s.Store.ContractContent(ctx, id, r.Round-1)
		if err != nil {
			return b, err
		}
		if ok {
			b.Changes = changes(before, now, types)
		}
	}
	h, err := s.Store.ContractHistory(ctx, now.Account, id)
	if err != nil {
		return b, err
	}
	b.History = historyLines(h)
	return b, nil
}

func changes(before, after Content, types []Type) []approval.Change {
	var out []approval.Change
	for _, d := range DiffOf(before, after) {
		in := func(v string) crm.Text {
			return crm.Text{Zh: ValueText(d.Field, v, types, crm.Chinese), En: ValueText(d.Field, v, types, crm.English)}
		}
		x := approval.Change{Label: fieldNames[d.Field], Before: in(d.Before), After: in(d.After)}
		if d.Field == FieldAmount && before.Amount > 0 {
			p := percent(after.Amount-before.Amount, before.Amount)
			x.After.Zh, x.After.En = x.After.Zh+"（"+p+"）", x.After.En+" ("+p+")"
		}
		out = append(out, x)
	}
	return out
}

// percent is part of whole with sign and one decimal: "+12.5%".
func percent(part, whole crm.Money) string {
	p := strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 1, 64) + "%"
	if part > 0 {
		return "+" + p
	}
	return p
}

func historyLines(h History) []approval.Line {
	if h.Signed == 0 && h.Open == 0 {
		return []approval.Line{{Label: crm.Text{Zh: "历史合同", En: "Earlier contracts"}, Value: crm.Text{Zh: "首次签约客户", En: "first contract with this customer"}}}
	}
	signed := func(l crm.Lang) string {
		return l.T(strconv.FormatInt(h.Signed, 10)+" 份，共 "+h.Amount.Short(l), strconv.FormatInt(h.Signed, 10)+", "+h.Amount.Short(l)+" in all")
	}
	out := []approval.Line{{Label: crm.Text{Zh: "已签合同", En: "Signed before"}, Value: crm.Text{Zh: signed(crm.Chinese), En: signed(crm.English)}}}
	if h.LastOn != "" {
		out = append(out, approval.Line{Label: crm.Text{Zh: "最近签约", En: "Last signed"}, Value: approval.Same(string(h.LastOn))})
	}
	if h.Open > 0 {
		out = append(out, approval.Line{Label: crm.Text{Zh: "另有在途合同", En: "Others under way"}, Value: approval.Same(strconv.FormatInt(h.Open, 10)), Alert: true})
	}
	return out
}
