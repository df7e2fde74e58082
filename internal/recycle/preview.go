package recycle

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Affected is a record whose release day a change of rules would move.
type Affected struct {
	Ref       crm.Ref
	Name      string
	Owner     crm.UserID
	OwnerName string
	// Before and After are its release days; empty: none.
	Before, After crm.Day
}

// AffectedOwner sums up a person's records.
type AffectedOwner struct {
	Owner crm.UserID
	Name  string
	// Sooner and Later are how many records would be released earlier and later;
	// Earliest is the first release day of those that move.
	Sooner, Later int
	Earliest      crm.Day
}

// Preview is what a change of a setting would do (RC-02). Nothing is stored.
type Preview struct {
	Key       string
	Scope     rule.Scope
	Value     string
	Effective time.Time
	// Looked is how many owned records were worked out, Affected how many of them
	// would have another day.
	Looked, Affected int
	Sooner, Later    int
	// Earliest is the first release under the change of a record that it moves. By
	// RC-03 it is never before Safe.
	Earliest, Safe crm.Day
	Owners         []AffectedOwner // most records first
	// Records are the first page of those affected, the earliest owners' first; the
	// rest comes from PreviewPage.
	Records []Affected
	// More reports that there are further records behind the last one looked at.
	More crm.Ref
}

// Preview works out what would happen if the setting had the value for the scope
// from the moment on (RC-02): for any setting that moves release days, all of
// recycling and P-11.leads. It reads page by page, locks and stores nothing, and
// may be stopped.
func (s *Service) Preview(ctx context.Context, key string, scope rule.Scope, value string, effective time.Time) (Preview, error) {
	p := Preview{Key: key, Scope: scope, Value: value, Effective: effective, Safe: graceEnd(effective, int(Grace.Of(ctx, s.d.Rules)), s.d.Calendar)}
	owners := map[crm.UserID]*AffectedOwner{}
	x, err := s.suppose(ctx, key, scope, value, effective)
	if err != nil {
		return p, err
	}
	var after crm.Ref
	for {
		list, looked, last, err := x.page(ctx, after)
		if err != nil {
			return p, err
		}
		p.Looked += looked
		for _, a := range list {
			p.Affected++
			o := owners[a.Owner]
			if o == nil {
				o = &AffectedOwner{Owner: a.Owner, Name: a.OwnerName}
				owners[a.Owner] = o
			}
			if a.sooner() {
				p.Sooner, o.Sooner = p.Sooner+1, o.Sooner+1
			} else {
				p.Later, o.Later = p.Later+1, o.Later+1
			}
			p.Earliest, o.Earliest = earlier(p.Earliest, a.After), earlier(o.Earliest, a.After)
			if len(p.Records) < PreviewPageSize {
				p.Records = append(p.Records, a)
			} else if p.More.ID == 0 {
				p.More = p.Records[len(p.Records)-1].Ref
			}
		}
		if last.ID == 0 {
			break
		}
		after = last
	}
	for _, o := range owners {
		p.Owners = append(p.Owners, *o)
	}
	slices.SortFunc(p.Owners, func(x, y AffectedOwner) int {
		return cmp.Or(cmp.Compare(y.Sooner, x.Sooner), cmp.Compare(y.Later, x.Later), cmp.Compare(x.Owner, y.Owner))
	})
	return p, nil
}

// PreviewPageSize is how many affected records a page has.
const PreviewPageSize = 200

// PreviewPage are the affected records behind the record, in order of it, about
// a page of them; more is from where it goes on, the zero Ref: there are no more.
func (s *Service) PreviewPage(ctx context.Context, key string, scope rule.Scope, value string, effective time.Time, after crm.Ref) (list []Affected, more crm.Ref, err error) {
	x, err := s.suppose(ctx, key, scope, value, effective)
	if err != nil {
		return nil, after, err
	}
	for {
		page, _, last, err := x.page(ctx, after)
		if err != nil {
			return list, after, err
		}
		list, after = append(list, page...), last
		if last.ID == 0 || len(list) >= PreviewPageSize {
			break
		}
	}
	if len(list) > PreviewPageSize {
		list = list[:PreviewPageSize]
		after = list[len(list)-1].Ref
	}
	return list, after, nil
}

// PreviewAll are the affected records by owner, then by day, at most n; more
// reports that there are others.
func (s *Service) PreviewAll(ctx context.Context, key string, scope rule.Scope, value string, effective time.Time, n int) (list []Affected, more bool, err error) {
	x, err := s.suppose(ctx, key, scope, value, effective)
	if err != nil {
		return nil, false, err
	}
	var after crm.Ref
	for {
		page, _, last, err := x.page(ctx, after)
		if err != nil {
			return nil, false, err
		}
		if list, after = append(list, page...), last; last.ID == 0 || len(list) > n {
			break
		}
	}
	if more = len(list) > n; more {
		list = list[:n]
	}
	slices.SortStableFunc(list, func(x, y Affected) int {
		return cmp.Or(cmp.Compare(x.OwnerName, y.OwnerName), cmp.Compare(x.Owner, y.Owner), cmp.Compare(x.After, y.After), cmp.Compare(x.Ref.ID, y.Ref.ID))
	})
	return list, more, nil
}

func (a Affected) sooner() bool { return a.After != "" && (a.Before == "" || a.After < a.Before) }

// earlier is the earlier of two days; none is later than any.
func earlier(a, b crm.Day) crm.Day {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}
