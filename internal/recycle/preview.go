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
	// Records are the first of those affected, PreviewAll has all of them.
	Records []Affected
}

// previewShown is how many records a preview names.
const previewShown = 200

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
	err = x.each(ctx, func(list []Affected, looked int) bool {
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
			if len(p.Records) < previewShown {
				p.Records = append(p.Records, a)
			}
		}
		return true
	})
	if err != nil {
		return p, err
	}
	for _, o := range owners {
		p.Owners = append(p.Owners, *o)
	}
	slices.SortFunc(p.Owners, func(x, y AffectedOwner) int {
		return cmp.Or(cmp.Compare(y.Sooner, x.Sooner), cmp.Compare(y.Later, x.Later), cmp.Compare(x.Owner, y.Owner))
	})
	return p, nil
}

// PreviewAll are the affected records by owner, then by day, at most n; more
// reports that there are others.
func (s *Service) PreviewAll(ctx context.Context, key string, scope rule.Scope, value string, effective time.Time, n int) (list []Affected, more bool, err error) {
	x, err := s.suppose(ctx, key, scope, value, effective)
	if err != nil {
		return nil, false, err
	}
	err = x.each(ctx, func(page []Affected, _ int) bool {
		list = append(list, page...)
		return len(list) <= n
	})
	if err != nil {
		return nil, false, err
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
