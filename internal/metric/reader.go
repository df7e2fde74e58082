package metric

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Filter selects facts. Empty Users or Teams mean everybody; both given must
// both hold. Teams are the teams of the moment of the fact (F-06).
type Filter struct {
	Keys   []string
	Period crm.Period
	Users  []crm.UserID
	Teams  []crm.TeamID
	// AtLeast leaves out facts of a smaller amount; zero: none. Negative facts
	// count by their absolute amount. Only FactRecords looks at it.
	AtLeast crm.Money
}

// Sum is the sum of the facts of one person, in one team, of one key.
type Sum struct {
	User        crm.UserID
	Team        crm.TeamID
	Key         string
	Qty, Amount int64
	// First is the first day of the period with such a fact.
	First crm.Day
}

// Record is one fact as evidence of a number.
type Record struct {
	At     time.Time
	Day    crm.Day
	User   crm.UserID
	Team   crm.TeamID
	Key    string
	Qty    int64
	Amount crm.Money
	Ref    crm.Ref // zero when the fact is about no record
}

// Store reads facts.
type Store interface {
	// FactSums adds up daily sums per person, team and key.
	FactSums(ctx context.Context, f Filter) ([]Sum, error)
	// FactPoints are single facts, oldest first, for medians.
	FactPoints(ctx context.Context, f Filter) ([]Record, error)
	// FactRecords is one page of single facts, newest first, and how many there
	// are in all.
	FactRecords(ctx context.Context, f Filter, offset, limit int) ([]Record, int, error)
}

// Reader reads metrics for many people at once: the number of queries does not
// depend on how many people and metrics are asked for. It checks no rights;
// Service does.
type Reader struct {
	reg   *Registry
	store Store
}

// NewReader reads from the store.
func NewReader(reg *Registry, store Store) *Reader { return &Reader{reg: reg, store: store} }

// Registry is the reader's registry.
func (r *Reader) Registry() *Registry { return r.reg }

// Result holds the facts of a reading, from which each metric's value is had
// per person, per team and in all.
type Result struct {
	cells map[cell]*Tally
}

type cell struct {
	user crm.UserID
	team crm.TeamID
}

// manyUsers is the size from which people are picked out of the result here
// instead of naming each in the query.
const manyUsers = 200

// Read sums the facts behind the metrics over a period. Unknown metrics are
// ignored: reports keep names of metrics that are long gone. It runs one query,
// and one more when a metric is a median.
func (r *Reader) Read(ctx context.Context, metrics []string, p crm.Period, users []crm.UserID, teams []crm.TeamID) (Result, error) {
	res := Result{cells: map[cell]*Tally{}}
	sums, medians := r.factKeys(metrics)
	f := Filter{Period: p, Users: users, Teams: teams}
	var keep map[crm.UserID]bool
	if len(users) > manyUsers {
		f.Users, keep = nil, make(map[crm.UserID]bool, len(users))
		for _, u := range users {
			keep[u] = true
		}
	}
	if len(sums) > 0 {
		f.Keys = sums
		rows, err := r.store.FactSums(ctx, f)
		if err != nil {
			return res, err
		}
		for _, s := range rows {
			if keep == nil || keep[s.User] {
				t := res.at(s.User, s.Team)
				t.AddSum(s.Key, s.Qty, s.Amount)
				t.begin(s.First)
			}
		}
	}
	if len(medians) > 0 {
		f.Keys = medians
		points, err := r.store.FactPoints(ctx, f)
		if err != nil {
			return res, err
		}
		for _, x := range points {
			if keep == nil || keep[x.User] {
				t := res.at(x.User, x.Team)
				t.AddPoint(x.Key, x.Ref.String(), x.Qty)
				t.begin(x.Day)
			}
		}
	}
	return res, nil
}

// factKeys are the fact keys behind the metrics: those that are summed and
// those whose single values are needed, each once and sorted.
func (r *Reader) factKeys(metrics []string) (sums, medians []string) {
	for _, m := range metrics {
		d, ok := r.reg.Get(m)
		if !ok {
			continue
		}
		if d.Aggregate == MedianQty {
			medians = append(medians, d.keys()...)
		} else {
			sums = append(sums, d.keys()...)
		}
	}
	slices.Sort(sums)
	slices.Sort(medians)
	return slices.Compact(sums), slices.Compact(medians)
}

func (r Result) at(u crm.UserID, t crm.TeamID) *Tally {
	k := cell{u, t}
	if r.cells[k] == nil {
		r.cells[k] = &Tally{}
	}
	return r.cells[k]
}

// ByUser are the tallies per person, over all teams they were in.
func (r Result) ByUser() map[crm.UserID]*Tally {
	out := map[crm.UserID]*Tally{}
	for k, t := range r.cells {
		if out[k.user] == nil {
			out[k.user] = &Tally{}
		}
		out[k.user].Add(t)
	}
	return out
}

// ByTeam are the tallies per team of the moment of each fact (F-06).
func (r Result) ByTeam() map[crm.TeamID]*Tally {
	out := map[crm.TeamID]*Tally{}
	for k, t := range r.cells {
		if out[k.team] == nil {
			out[k.team] = &Tally{}
		}
		out[k.team].Add(t)
	}
	return out
}

// Total is the tally of everything that was read.
func (r Result) Total() *Tally {
	var out Tally
	for _, t := range r.cells {
		out.Add(t)
	}
	return &out
}

// Records is one page of the facts behind a metric, newest first, and how many
// there are.
func (r *Reader) Records(ctx context.Context, metric string, f Filter, offset, limit int) ([]Record, int, error) {
	d, ok := r.reg.Get(metric)
	if !ok {
		return nil, 0, crm.NotFound("没有这个指标："+metric, "there is no such metric: "+metric)
	}
	f.Keys = d.keys()
	slices.Sort(f.Keys)
	f.Keys = slices.Compact(f.Keys)
	return r.store.FactRecords(ctx, f, offset, limit)
}

// Facts is one page of facts by their own keys, newest first.
func (r *Reader) Facts(ctx context.Context, f Filter, limit int) ([]Record, error) {
	rows, _, err := r.store.FactRecords(ctx, f, 0, limit)
	return rows, err
}
