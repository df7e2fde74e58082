// Package pool owns the question who owns what: the pools that records without
// an owner wait in, the one gate through which every change of ownership goes,
// and the append-only ledger of those changes with its limits: hold limit,
// claim quota, cool-down and embargo.
package pool

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// DefaultPool is the pool that the first migration makes: everything that no
// other pool takes goes there; DefaultAccountPool is its twin for accounts.
const (
	DefaultPool        crm.PoolID = 1
	DefaultAccountPool crm.PoolID = 2
)

// Pool is a place where records without an owner wait to be claimed. A record
// has exactly one home pool (P-01).
type Pool struct {
	ID crm.PoolID
	// Name is what people call it; empty for the default pool, see Title.
	Name string
	// Kind is what sort of records it holds: leads or accounts.
	Kind crm.Kind
	// Sort breaks ties between pools that fit equally well: the lowest wins.
	Sort int
	// Users and Teams are who may see and claim; both empty: everybody. Teams
	// include the teams below them.
	Users []crm.UserID
	Teams []crm.TeamID
	// Managers look after the pool: they see its records in full, assign them and
	// change the pool's settings.
	Managers []crm.UserID
	// Regions are the cities or regions whose records it takes; empty: all.
	Regions []string
	// Daily replaces the claim quota P-04 for claims from this pool; zero: the
	// quota of the settings.
	Daily int
	// Offday allows claims on days that are not worked, as many as the setting
	// P-04.offday says.
	Offday bool
	// NewHours and RecycleHours replace the embargo P-07 for records that come
	// into this pool new or recycled.
	NewHours, RecycleHours Override
	// Views replaces the daily number of detail views (P-08) for this pool.
	Views Override
	// Hidden names further fields that are hidden until claimed (P-08):
	// company, contact, title, need, note.
	Hidden []string
	// Retired pools take no new records.
	Retired bool
	// MovesTo is where the records of a retired pool go; zero: they stay.
	MovesTo crm.PoolID
	// Version counts the changes of the pool.
	Version int64
}

// Override is a number of a pool that replaces the one of the settings; the
// zero value replaces nothing.
type Override struct {
	Set   bool
	Value int
}

// Title is the pool's name in the language.
func (p Pool) Title(l crm.Lang) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Kind == crm.KindAccount:
		return l.T("客户公海", "Account pool")
	}
	return l.T("公海", "Public pool")
}

// Word is the pool as a word of a filter: "#3"; empty for none.
func Word(id crm.PoolID) string {
	if id == 0 {
		return ""
	}
	return "#" + strconv.FormatInt(int64(id), 10)
}

// ParseWord reads it back.
func ParseWord(w string) (crm.PoolID, bool) {
	digits, ok := strings.CutPrefix(w, "#")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return crm.PoolID(n), err == nil && n > 0
}

// Hides reports whether the pool hides the field until the record is claimed.
func (p Pool) Hides(field string) bool { return slices.Contains(p.Hidden, field) }

// Place is what is known of a record that looks for its home pool.
type Place struct {
	Kind crm.Kind
	// Explicit is the pool that somebody named; zero: none.
	Explicit crm.PoolID
	// User is the person whose pool is looked for: the creator or last owner.
	User crm.UserID
	// Teams are the person's team and all teams above it, nearest first.
	Teams []crm.TeamID
	// Regions are the record's city and region.
	Regions []string
}

// Choose picks the home pool of a record (P-01): the named one, else a pool
// whose scope names the person, else the one of the narrowest department, else
// the lowest sort number; a pool for the record's region comes before one for
// all regions. It returns false when no pool takes the record.
func Choose(pools []Pool, w Place) (Pool, bool) {
	var fit []Pool
	for _, p := range pools {
		if p.Retired || p.Kind != w.Kind {
			continue
		}
		if w.Explicit != 0 {
			if p.ID == w.Explicit {
				return p, true
			}
			continue
		}
		if takesRegion(p, w.Regions) && scopeRank(p, w.User, w.Teams) < outOfScope {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return Pool{}, false
	}
	return slices.MinFunc(fit, func(a, b Pool) int {
		return cmp.Or(cmp.Compare(scopeRank(a, w.User, w.Teams), scopeRank(b, w.User, w.Teams)),
			cmp.Compare(regionRank(a), regionRank(b)), cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.ID, b.ID))
	}), true
}

// Visible reports whether a person of these teams (own team first, then those
// above) may see the pool and claim from it.
func (p Pool) Visible(a crm.Actor, teams []crm.TeamID) bool {
	if p.Manages(a) || scopeRank(p, a.ID, teams) < outOfScope {
		return true
	}
	return slices.ContainsFunc(p.Teams, a.Leads)
}

// Open reports whether the pool is for everybody.
func (p Pool) Open() bool { return len(p.Users) == 0 && len(p.Teams) == 0 }

// Manages reports whether the actor looks after the pool: its managers and the
// company-wide roles. They see its records in full and assign them.
func (p Pool) Manages(a crm.Actor) bool {
	return a.All || a.System || a.ID != 0 && slices.Contains(p.Managers, a.ID)
}

const outOfScope = 1 << 20

// scopeRank is how closely the pool's scope fits the person: 0 names them, 1
// their own team, 2 the team above, …; a pool for everybody comes after those.
func scopeRank(p Pool, user crm.UserID, teams []crm.TeamID) int {
	if p.Open() {
		return outOfScope - 1
	}
	if user != 0 && slices.Contains(p.Users, user) {
		return 0
	}
	for i, t := range teams {
		if slices.Contains(p.Teams, t) {
			return 1 + i
		}
	}
	return outOfScope
}

func takesRegion(p Pool, regions []string) bool {
	if len(p.Regions) == 0 {
		return true
	}
	return slices.ContainsFunc(regions, func(r string) bool {
		return r != "" && slices.ContainsFunc(p.Regions, func(x string) bool { return strings.EqualFold(x, r) })
	})
}

func regionRank(p Pool) int {
	if len(p.Regions) > 0 {
		return 0
	}
	return 1
}
