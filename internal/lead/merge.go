package lead

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Merges is what the store does when two records become one.
type Merges interface {
	// MoveReferences gives what was done and planned with one record to the other.
	MoveReferences(ctx context.Context, from, to crm.Ref) error
	// MoveFiles gives only the files.
	MoveFiles(ctx context.Context, from, to crm.Ref) error
	// MergeLead stores the data and times of a lead that took another one in.
	MergeLead(ctx context.Context, l Lead, now time.Time) error
	// SetMergedLead notes what a lead became part of.
	SetMergedLead(ctx context.Context, id, into crm.LeadID) error
}

// Choice says whose value a field has after a merge.
type Choice string

// The choices.
const (
	Keep  Choice = "keep"  // the survivor's
	Other Choice = "other" // that of the one that is merged
	Both  Choice = "both"  // one behind the other
)

// MergeField is one part of the data that a merge decides about.
type MergeField struct {
	Key  string
	Name crm.Text
	// Joins reports that both values can be kept, one behind the other with the
	// text between them.
	Joins string
	of    func(*Info) *string
}

// MergeFields are all parts of the data, in the order of the card.
var MergeFields = []MergeField{
	{"company", crm.Text{Zh: "公司", En: "company"}, "", func(in *Info) *string { return &in.Company }},
	{"contact", crm.Text{Zh: "联系人", En: "contact"}, "", func(in *Info) *string { return &in.Contact }},
	{"title", crm.Text{Zh: "职位", En: "position"}, "", func(in *Info) *string { return &in.Title }},
	{"phone", crm.Text{Zh: "电话", En: "phone"}, " / ", func(in *Info) *string { return &in.Phone }},
	{"email", crm.Text{Zh: "邮箱", En: "e-mail"}, "", func(in *Info) *string { return &in.Email }},
	{"address", crm.Text{Zh: "地址", En: "address"}, "", func(in *Info) *string { return &in.Address }},
	{"city", crm.Text{Zh: "城市", En: "city"}, "", func(in *Info) *string { return &in.City }},
	{"region", crm.Text{Zh: "区域", En: "region"}, "", func(in *Info) *string { return &in.Region }},
	{"industry", crm.Text{Zh: "行业", En: "industry"}, "", func(in *Info) *string { return &in.Industry }},
	{"source", crm.Text{Zh: "来源", En: "source"}, "", func(in *Info) *string { return &in.Source }},
	{"campaign", crm.Text{Zh: "活动", En: "campaign"}, "", func(in *Info) *string { return &in.Campaign }},
	{"size", crm.Text{Zh: "规模", En: "size"}, "", func(in *Info) *string { return &in.Size }},
	{"budget", crm.Text{Zh: "预算", En: "budget"}, "", func(in *Info) *string { return &in.Budget }},
	{"need", crm.Text{Zh: "需求", En: "need"}, "; ", func(in *Info) *string { return &in.Need }},
	{"note", crm.Text{Zh: "备注", En: "note"}, "; ", func(in *Info) *string { return &in.Note }},
	{"uscc", crm.Text{Zh: "信用代码", En: "credit code"}, "", func(in *Info) *string { return &in.USCC }},
}

// Value is the field of a lead's data.
func (f MergeField) Value(in Info) string { return *f.of(&in) }

// Differs reports whether the two have different values, so that somebody must
// choose.
func (f MergeField) Differs(keep, other Info) bool {
	a, b := f.Value(keep), f.Value(other)
	return a != "" && b != "" && a != b
}

// First is what is chosen when nobody says otherwise: both where both can be
// kept, else the survivor's.
func (f MergeField) First() Choice {
	if f.Joins != "" {
		return Both
	}
	return Keep
}

// MergeInfo is the data of the survivor: what one of them lacks comes from the
// other, and where they differ the choice decides, or what First says.
func MergeInfo(keep, other Info, choices map[string]Choice) (Info, error) {
	for _, f := range MergeFields {
		have, v := f.of(&keep), f.Value(other)
		switch c := choices[f.Key]; {
		case !f.Differs(keep, other):
			if *have == "" {
				*have = v
			}
		case c == Other:
			*have = v
		case (c == Both || c == "" && f.First() == Both) && f.Joins != "":
			if !strings.Contains(*have, v) {
				*have += f.Joins + v
			}
		}
	}
	return keep, keep.Clean()
}

// mergers may merge what they can see.
var mergers = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin, crm.Marketing}

// MayMerge reports whether the actor's roles allow merging at all.
func MayMerge(a crm.Actor) bool { return !a.Frozen && a.Is(mergers...) }

// Merging are two leads that may become one.
type Merging struct {
	Keep, Other Seen
	// Owner is the name of whoever has the survivor afterwards; empty: the pool.
	// Loses is the name of an owner who has neither then.
	Owner, Loses string
}

// maxTwins is how many similar names a lead's card shows.
const maxTwins = 3

// Twins are the records with a name like the lead's that the actor may see, if they
// may merge: what came in by a form, a file or against the question is asked about
// here (DU-01).
func (s *Service) Twins(ctx context.Context, a crm.Actor, v Seen) ([]DuplicateOf, error) {
	if a.System || !MayMerge(a) || !v.part(a).Decides || v.Company == "" || v.Status != Open && v.Status != Review {
		return nil, nil
	}
	ms, err := s.d.Duplicates.Similar(ctx, v.Company, maxTwins+1)
	if err != nil {
		return nil, err
	}
	var out []DuplicateOf
	for _, m := range ms {
		if m.Ref == v.Ref() || len(out) == maxTwins {
			continue
		}
		d, err := s.existing(ctx, a, m)
		if crm.CodeOf(err) == crm.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if d.Open {
			out = append(out, d)
		}
	}
	return out, nil
}

func (v Seen) part(a crm.Actor) pool.Part {
	if v.Owner == 0 {
		return pool.Part{Ref: v.Ref(), Free: true, Decides: v.Manages}
	}
	return pool.Part{Ref: v.Ref(), Decides: a.CanSee(v.Owner, v.Team)}
}

// MergePreview shows what a merge of other into keep would do.
func (s *Service) MergePreview(ctx context.Context, a crm.Actor, keep, other crm.LeadID) (Merging, error) {
	if err := mayAct(a); err != nil {
		return Merging{}, err
	}
	if !MayMerge(a) {
		return Merging{}, crm.Forbid(a, crm.Manager, crm.Marketing)
	}
	var m Merging
	var err error
	if m.Keep, err = s.Peek(ctx, a, keep); err != nil {
		return m, err
	}
	if m.Other, err = s.Peek(ctx, a, other); err != nil {
		return m, err
	}
	if err := pool.MayMerge(m.Keep.part(a), m.Other.part(a)); err != nil {
		return m, err
	}
	if m.Keep.ID == m.Other.ID {
		return m, crm.Conflict("DU-01", keep.String()+" 和 "+other.String()+" 已是同一条线索", keep.String()+" and "+other.String()+" are one lead already")
	}
	for _, l := range []Lead{m.Keep.Lead, m.Other.Lead} {
		if l.Status != Open && l.Status != Review {
			return m, crm.Conflict("DU-01", l.ID.String()+" "+l.Status.Name(crm.Chinese)+"，不能合并", l.ID.String()+" is "+l.Status.Name(crm.English)+" and cannot be merged").
				WithNext("线索可并入客户：/合并 "+l.ID.String()+" A-3", "a lead can become part of an account: /merge "+l.ID.String()+" A-3")
		}
	}
	m.Owner = m.Keep.OwnerName
	switch {
	case m.Keep.Owner == 0:
		m.Owner = m.Other.OwnerName
	case m.Other.Owner != 0 && m.Other.Owner != m.Keep.Owner:
		m.Loses = m.Other.OwnerName
	}
	return m, nil
}

// Merge makes one lead of two, in one transaction: other becomes part of keep,
// with its activities, plans, steps, collaborators, files, inquiries and
// duplicate keys. Its code opens keep from then on. The survivor keeps its owner;
// one from the pool goes to the owner of the other, whatever the hold limit says,
// because nobody gained a lead. Facts stay as they are: two leads did come in.
func (s *Service) Merge(ctx context.Context, a crm.Actor, keep, other crm.LeadID, choices map[string]Choice) (Seen, error) {
	m, err := s.MergePreview(ctx, a, keep, other)
	if err != nil {
		return Seen{}, err
	}
	keep, other = m.Keep.ID, m.Other.ID
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		var seat pool.Seat
		if m.Keep.Owner == 0 && m.Other.Owner != 0 {
			var err error
			if seat, err = s.d.Gate.Seat(ctx, crm.KindLead, m.Other.Owner); err != nil {
				return err
			}
		}
		locked := map[crm.LeadID]Lead{}
		for _, id := range []crm.LeadID{min(keep, other), max(keep, other)} { // one order for all
			l, err := s.d.Store.LockLead(ctx, id)
			if err != nil {
				return err
			}
			locked[id] = l
		}
		k, o := locked[keep], locked[other]
		if k.Version != m.Keep.Version || o.Version != m.Other.Version {
			return s.moved(keep)
		}
		return s.merge(ctx, a, seat, k, o, choices)
	})
	if errors.Is(err, pool.ErrLost) {
		return Seen{}, s.moved(keep)
	}
	if err != nil {
		return Seen{}, err
	}
	return s.Show(ctx, a, keep)
}

func (s *Service) merge(ctx context.Context, a crm.Actor, seat pool.Seat, k, o Lead, choices map[string]Choice) error {
	now := s.d.Clock.Now()
	info, err := MergeInfo(k.Info, o.Info, choices)
	if err != nil {
		return err
	}
	home, err := s.d.Gate.Pool(ctx, k.Pool)
	if err != nil {
		return err
	}
	taken := pool.Move{Ref: o.Ref(), From: o.Owner, FromTeam: o.Team, Reason: pool.Merge, Pool: home, Note: k.ID.String(), Uncounted: true}
	if _, err := s.d.Gate.Free(ctx, a, taken, 1, func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		ok, err := s.d.Store.MoveLead(ctx, o, st, Merged, "duplicate")
		if err != nil || !ok {
			return nil, err
		}
		return []crm.Ref{o.Ref()}, s.d.Store.SetMergedLead(ctx, o.ID, k.ID)
	}); err != nil {
		return err
	}
	kept := pool.Move{Ref: k.Ref(), From: k.Owner, FromTeam: k.Team, Reason: pool.Merge, Pool: home, Note: o.ID.String(), Uncounted: true}
	if seat.User.ID != 0 {
		_, err = s.d.Gate.Give(ctx, a, seat, kept, 1, s.move(a, k, Open, ""))
	} else {
		err = s.d.Gate.Joined(ctx, a, kept)
	}
	if err != nil {
		return err
	}
	k.Info = info
	k.FirstContactAt, k.LastActivityAt, k.LastValidAt = earlier(k.FirstContactAt, o.FirstContactAt), later(k.LastActivityAt, o.LastActivityAt), later(k.LastValidAt, o.LastValidAt)
	k.NeedAt = earlier(k.NeedAt, o.NeedAt)
	if err := s.d.Store.MergeLead(ctx, k, now); err != nil {
		return err
	}
	if k.Owner != 0 { // else it goes to the other's owner, who let them in
		if err := s.collabs().Joined(ctx, a, o.Ref(), k.Ref(), o.Owner, k.Owner, now); err != nil {
			return err
		}
	}
	if err := s.d.Store.MoveReferences(ctx, o.Ref(), k.Ref()); err != nil {
		return err
	}
	if err := s.d.Duplicates.Move(ctx, o.Ref(), k.Ref()); err != nil {
		return err
	}
	if err := s.d.Index.MoveTerms(ctx, o.Ref(), k.Ref()); err != nil {
		return err
	}
	var changed []string
	for key, c := range choices {
		changed = append(changed, key+"="+string(c))
	}
	slices.Sort(changed)
	if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.merge", Ref: k.Ref(), Rule: "DU-01", Detail: map[string]any{"other": o.ID.String(), "choices": changed}}); err != nil {
		return err
	}
	if o.Owner != 0 && o.Owner != a.ID && o.Owner != k.Owner && seat.User.ID == 0 {
		if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(o.Owner), View: crm.View{Name: ViewTaken, Ref: o.ID.String()}}); err != nil {
			return err
		}
	}
	if err := s.Rescore(ctx, k.Ref()); err != nil {
		return err
	}
	return s.d.Effects.Refresh(ctx, k.Ref(), o.Ref())
}

// earlier is the earlier of two moments, of which one may be missing.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// maxMerges bounds how far a chain of merged leads is followed.
const maxMerges = 16

// stored is the lead, or the one that it became part of.
func (s *Service) stored(ctx context.Context, id crm.LeadID) (Lead, error) {
	l, err := s.d.Store.Lead(ctx, id)
	for n := 0; err == nil && l.Status == Merged && l.Merged != 0 && n < maxMerges; n++ {
		l, err = s.d.Store.Lead(ctx, l.Merged)
	}
	return l, err
}

// mergedInto refuses to change a lead that is part of another one.
func mergedInto(l Lead) error {
	return crm.Conflict("DU-01", l.ID.String()+" 已合并到 "+l.Merged.String(), l.ID.String()+" became part of "+l.Merged.String()).WithNext("查看：/线索 "+l.Merged.String(), "look at it: /lead "+l.Merged.String())
}
